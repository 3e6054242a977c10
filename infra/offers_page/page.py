"""Renders what counties offer on a day."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from infra.files.region_names import region_named
from infra.offers_page import names
from infra.person_file.page import templates
from processors.law.offers import CASE_QUOTA, OfferedDisease, OfferedValue, Offers

_DIGITS = 6
"""Of a region's code; a scheme may name the first two or four."""


@dataclass(frozen=True, slots=True)
class Line:
    """A value for one sort of persons: by tiers of hospitals what it is, and where it stands."""

    name: tuple[str, str]
    whom: tuple[str, str]
    by_tier: tuple[tuple[tuple[str, str] | None, str], ...]
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The values of a layer that hold under the same conditions."""

    part: str
    name: tuple[str, str]
    settings: tuple[str, ...]
    when: tuple[str, str]
    unless: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class SchemeSection:
    """A scheme with what it offers, as the page shows it."""

    offers: Offers
    regions: tuple[str, ...]
    diseases: tuple[tuple[OfferedDisease, tuple[str, ...]], ...]
    parts: tuple[Part, ...]


def style_sheet() -> str:
    """The page's style, for a page that names it by its address."""
    return templates("infra.offers_page").get_template("offers.css").render(words=names)


def page(offers: Sequence[Offers], as_of: datetime, style_url: str = "") -> str:
    """What schemes in force offer on a day, as one HTML page.

    It needs nothing beside it, but for the style where ``style_url`` says that this is at an address of its own.
    ``as_of`` is the database's time at which they were in force.
    """
    template = templates("infra.offers_page").get_template("offers.html")
    return template.render(sections=[_section(each) for each in offers], as_of=as_of, words=names, style_url=style_url)


def served(offers: Offers) -> tuple[str, ...]:
    """The regions of a scheme by name and code; a code of two or four digits is all that begins with it."""
    return tuple(
        str(region_named(region.ljust(_DIGITS, "0"))) + ("及所辖" if len(region) < _DIGITS else "")
        for region in offers.scheme.regions
    )


def _section(offers: Offers) -> SchemeSection:
    quotas: dict[str, list[OfferedValue]] = {}
    for value in offers.values:
        if value.part == CASE_QUOTA:
            quotas.setdefault(value.diseases[0], []).append(value)
    return SchemeSection(
        offers=offers,
        regions=served(offers),
        diseases=tuple((disease, _quota(quotas.get(disease.code, ()))) for disease in offers.diseases),
        parts=tuple(_parts(value for value in offers.values if value.part != CASE_QUOTA)),
    )


def _quota(values: Iterable[OfferedValue]) -> tuple[str, ...]:
    return tuple(f"{names.tiers_named(value.tiers)[0]} {value.value}" for value in values)


def _parts(values: Iterable[OfferedValue]) -> Iterable[Part]:
    def condition(value: OfferedValue) -> tuple[object, ...]:
        return value.part, value.settings, value.when, value.unless, value.diseases

    for _, grouped in groupby(values, condition):
        held = list(grouped)
        first = held[0]
        diseases = names.joined(map(names.word, first.diseases))
        many = f"{len(first.diseases)}种疾病，见上表", f"{len(first.diseases)} diseases, see above"
        of_diseases = () if not first.diseases else (many if len(first.diseases) > 3 else diseases,)
        yield Part(
            part=first.part,
            name=names.PARTS[first.part],
            settings=first.settings,
            when=names.joined([*map(names.word, first.when), *of_diseases]),
            unless=tuple(map(names.words, first.unless)),
            lines=tuple(_lines(held)),
        )


def _lines(values: Sequence[OfferedValue]) -> Iterable[Line]:
    rows: dict[tuple[object, ...], list[OfferedValue]] = {}
    for value in values:
        rows.setdefault((value.name, value.for_, value.place, value.card_class, value.facts, value.buckets), []).append(
            value
        )
    for held in rows.values():
        first = held[0]
        named = {
            group for value in values if (value.name, value.place) == (first.name, first.place) for group in value.for_
        }
        yield Line(
            name=_named(first),
            whom=_whom(first, named - set(first.for_)),
            by_tier=tuple((names.tiers_named(each.tiers) if each.tiers else None, _amount(each)) for each in held),
            sources=tuple(dict.fromkeys((each.grade, each.cite) for each in held)),
        )


def _named(value: OfferedValue) -> tuple[str, str]:
    name: Mapping[str, tuple[str, str]] = names.VALUES
    chinese, english = name[value.name]
    if value.buckets is None:
        return chinese, english
    of = names.buckets_named(value.buckets)
    return f"{chinese}：{of[0]}", f"{english}: {of[1]}"


def _amount(value: OfferedValue) -> str:
    """A value; one ratio from the line on needs no edge."""
    return value.value.removeprefix("0.00以上 above: ")


def _whom(value: OfferedValue, others: AbstractSet[str]) -> tuple[str, str]:
    """For whom a value is, beside values of the same name for others: the most closely named one counts."""
    parts = [names.group(group, others) for group in value.for_]
    if value.for_ == ("general",) and not others and (value.place or value.card_class or value.facts):
        parts = []
    if value.place is not None:
        parts.append(names.PLACES[value.place])
    if value.card_class is not None:
        parts.append(names.class_named(value.card_class))
    parts += map(names.word, value.facts or ())
    return names.joined(parts)
