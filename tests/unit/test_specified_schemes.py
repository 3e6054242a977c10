"""docs/domain.md binds: every amount of its scheme tables is the scheme's own, under the same grade.

A row of a table is read as numbers in their order, ``none``, ``yes`` and ``no``; years and days only say from when. The
probes beside its label say where in the scheme each of them stands.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from policies.arithmetic import Band
from policies.scheme import Scheme
from policies.values import Circumstances, Parameter
from tests.engine import scheme
from tests.markdown import code, page, section, table

PAGE = page("domain.md")
SCHEMES = ("fusong", "changzhi", "shanggao", "anyi", "liaoning", "jiamusi")
GRADES = re.compile(r"\b(seed|public|later|assumed)\b")
DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b")
YEAR = re.compile(r"\b20\d\d\b(?!,\d{3})")
TOKEN = re.compile(r"\d+(?:,\d{3})*%?|\b(?:none|yes|no)\b")

Found = tuple[object, str]
"""A value of the scheme, and its grade."""
Probe = Callable[[Scheme], Iterator[Found]]


@dataclass(frozen=True)
class At:
    """A value of a layer's rules for one setting, in given circumstances; every case that has it must agree."""

    layer: str
    field: str
    setting: str = "inpatient"
    group: str = "general"
    tier: int = 3
    year: int = 2019
    place: str | None = None
    card: str | None = None
    number: int | None = None

    def __call__(self, of: Scheme) -> Iterator[Found]:
        """The value; for bands every edge and ratio."""
        poor = ("poor",) if self.group in (*of.poor_categories, "poor") else ()
        circumstances = Circumstances(
            day=date(self.year, 12, 1),
            tier=self.tier,
            place=self.place,  # type: ignore[arg-type]
            card_class=self.card,
            disease=None,
            groups=(self.group, *poor, "general"),
        )
        found = {(repr(value), grade): (value, grade) for value, grade in self._found(of, circumstances)}
        assert len(found) == 1, f"{self}: {list(found)}"
        ((value, grade),) = found.values()
        yield from _flat(value, grade)

    def _found(self, of: Scheme, circumstances: Circumstances) -> Iterator[Found]:
        for stage in of.stages:
            for case in stage.cases if stage.layer == self.layer else ():
                if case.when.setting is None or self.setting not in case.when.setting:
                    continue
                holder: Any = case
                if self.number is not None:
                    holder = case.groups[self.number] if case.rule == "bucket_ratios" else None
                parameter: Parameter[Any] | None = getattr(holder, self.field, None)
                if parameter is not None:
                    at = parameter.find(circumstances)
                    if at is not None:  # another case is the group's
                        yield at.value, parameter.root[at.row].grade


@dataclass(frozen=True)
class Premium:
    """What a payer pays of a layer's premium of a year for a category."""

    layer: str
    category: str
    payer: str
    year: int = 2019

    def __call__(self, of: Scheme) -> Iterator[Found]:
        """The sum, in yuan."""
        (row,) = [
            row
            for row in of.premiums
            if (row.layer, row.payer) == (self.layer, self.payer)
            and self.category in row.for_
            and row.holds_on(date(self.year, 6, 1))
        ]
        yield from _flat(row.value, row.grade)


def administration(*names: str) -> Probe:
    """What else the law states: only its grade counts, and its value where it is a number."""

    def probe(of: Scheme) -> Iterator[Found]:
        for fact in of.administration:
            if fact.name in names:
                yield (f"{fact.value}" if fact.value.isdigit() else ""), fact.grade

    return probe


def granted(kind: str, *fields: str) -> Probe:
    """The amounts of a grant."""

    def probe(of: Scheme) -> Iterator[Found]:
        (grant,) = [grant for grant in of.grants if grant.kind == kind]
        for name in fields:
            yield from _flat(getattr(grant, name), grant.grade)

    return probe


def offered(setting: str) -> Probe:
    """The first days on which a setting is taken, and the same in the cases of basic."""

    def probe(of: Scheme) -> Iterator[Found]:
        cases = [case.when for case in of.stages[0].cases if case.when.setting == [setting]]
        for offer, when in zip(of.settings[setting], cases, strict=True):  # type: ignore[index]
            assert (offer.from_, offer.tiers) == (when.from_, when.tiers)
            yield str(offer.from_), offer.grade

    return probe


def operations(of: Scheme) -> Iterator[Found]:
    """What the insurer's account may cost, of a year's premiums, and at most."""
    account = of.supplementary_account
    assert account is not None
    assert account.operations_limit is not None
    for stated in (account.operations, account.operations_limit):
        (row,) = stated.root
        yield from _flat(row.value, row.grade)


def published(of: Scheme) -> Iterator[Found]:
    """The published year, claims and then yuan."""
    year = of.published
    assert year is not None
    yield str(year.inpatient_claims), year.grade
    paid = [year.paid[layer] for layer in ("basic", "critical_illness", "assistance", "supplementary", "backstop")]
    for fen in (year.total, *paid):
        yield from _flat(fen, year.grade)


def by_tier(first: int, last: int, *fields: str, layer: str = "basic", **rest: Any) -> list[Probe]:
    """Fields of each tier in turn."""
    return [At(layer, field, tier=tier, **rest) for tier in range(first, last + 1) for field in fields]


def of_each(layer: str, *fields: str, groups: tuple[str, ...], **rest: Any) -> list[Probe]:
    """Fields of each group in turn."""
    return [At(layer, field, group=group, **rest) for group in groups for field in fields]


BOTH = ("general", "poor")
ILLNESS, SECOND = "critical_illness", "basic_second"
CHRONIC = {"setting": "chronic"}
CARDS = [At("basic", "cap", **CHRONIC, card=card) for card in ("I", "II")]  # type: ignore[arg-type]
PLACES = ("province", "elsewhere", "unfiled")
CHANGZHI_YEARS = (2017, 2018, 2019, 2020)

ROWS: dict[str, list[list[Probe]]] = {
    "fusong": [
        by_tier(1, 3, "deductible", "ratio"),
        [At("basic", "cap")],
        of_each("basic", "referral_credit", groups=BOTH),
        [At("basic", "ratio", **CHRONIC), At("basic", "cap", **CHRONIC)],  # type: ignore[arg-type]
        [At(ILLNESS, "line", year=year) for year in (2018, 2019)],
        [At(ILLNESS, "line", group="poor", year=year) for year in (2018, 2019)],
        [At(ILLNESS, "bands"), At(ILLNESS, "bands", group="poor", year=2018)],
        [At(ILLNESS, "bands", group="poor")],
        [At(ILLNESS, "cap"), *(At(ILLNESS, "cap", group="poor", year=year) for year in (2018, 2019))],
        [
            *(At("assistance", "ratio", group="registered_poor", year=year) for year in (2019, 2020)),
            *of_each("assistance", "ratio", groups=("destitute", "orphan")),
        ],
        [At("assistance", "ratio", group="dibao", year=year) for year in (2019, 2020)],
        [At("assistance", "deductible", group="poor"), At("assistance", "limit", group="poor")],
        [At("backstop", "to"), At("backstop", "to", **CHRONIC)],  # type: ignore[arg-type]
        [
            Premium("basic", "destitute", "assistance_fund"),
            Premium("basic", "registered_poor", "assistance_fund"),
            Premium("basic", "registered_poor", "county_finance"),
        ],
        [administration("roster_in_by_day", "roster_out_by_day")],
    ],
    "changzhi": [
        [*by_tier(0, 3, "deductible", "ratio"), At("basic", "cap")],
        [At("basic", "ratio", **CHRONIC), At("basic", "cap", **CHRONIC)],  # type: ignore[arg-type]
        of_each(ILLNESS, "line", groups=BOTH),
        [At(ILLNESS, "bands")],
        [At(ILLNESS, "bands", group="poor")],
        of_each(ILLNESS, "cap", groups=BOTH),
        [administration("settlement_order")],
        [At("assistance", "tiers", group="dibao")],
        [At("assistance", "tiers", group="registered_poor")],
        of_each("assistance", "deductible", "limit", groups=("dibao",)),
        of_each("assistance", "deductible", "limit", groups=("registered_poor",)),
        [
            *by_tier(0, 3, "out_of_catalog_control", layer="assistance", group="dibao"),
            At("assistance", "out_of_catalog_ratio", group="dibao"),
        ],
        [At("backstop", "granted", group="registered_poor")],
        [granted("one_off", "amount")],
        [Premium("basic", "dibao", "civil_affairs", year) for year in CHANGZHI_YEARS],
        [Premium("basic", "registered_poor", "county_finance", year) for year in CHANGZHI_YEARS],
        [Premium("basic", "veteran", "civil_affairs", year) for year in CHANGZHI_YEARS],
    ],
    "shanggao": [
        [*by_tier(1, 3, "deductible", "ratio"), At("basic", "cap")],
        [*by_tier(1, 3, "ratio", **CHRONIC, card="I"), *CARDS],
        [offered("general")],
        [At("basic", "ratio", setting="general"), At("basic", "cap", setting="general")],
        [*of_each(ILLNESS, "line", groups=BOTH), At(ILLNESS, "bands"), At(ILLNESS, "over_cap_ratio")],
        [At("supplementary", "ratio", number=number) for number in (0, 1)],
        [At("supplementary", "ceiling")],
        of_each("assistance", "ratio", groups=("destitute", "dibao", "registered_poor")),
        of_each("assistance", "deductible", groups=("destitute", "dibao", "registered_poor")),
        of_each("assistance", "limit", groups=("destitute", "dibao", "registered_poor")),
        [At("backstop", "to")],
        [Premium("basic", "registered_poor", "county_finance")],
        [
            Premium(ILLNESS, "registered_poor", "basic_fund"),
            Premium("supplementary", "registered_poor", "county_finance"),
        ],
        [administration("emergency_fund")],
        [published],
    ],
    "anyi": [
        by_tier(1, 3, "ratio"),
        [*by_tier(1, 3, "deductible"), At("basic", "cap")],
        [*by_tier(1, 3, "ratio", **CHRONIC, card="I"), *CARDS],
        of_each(ILLNESS, "line", groups=BOTH),
        of_each(ILLNESS, "bands", "over_cap_ratio", groups=("poor",)),
        of_each(ILLNESS, "bands", "over_cap_ratio", groups=("general",)),
        of_each("assistance", "ratio", groups=("destitute", "dibao", "registered_poor")),
        of_each("assistance", "limit", groups=("destitute", "dibao", "registered_poor")),
        [*(At("supplementary", "ratio", number=number) for number in (0, 1)), At("supplementary", "guarantee")],
        [Premium("basic", "registered_poor", "county_finance", year) for year in (2018, 2019, 2020)],
        [Premium("supplementary", "registered_poor", "poverty_alleviation_fund"), operations],
        [granted("annual", "amount", "threshold")],
        [probe for tier in (2, 3) for probe in (At(ILLNESS, "to", tier=tier), At("supplementary", "share", tier=tier))],
        [At("assistance", "granted", group="destitute")],
        [At("public_health", "granted")],
        [At("temporary_aid", "granted", group="poor")],
        [At("backstop", "granted", group="poor")],
    ],
    "liaoning": [
        [*by_tier(1, 3, "deductible", "ratio"), At("basic", "cap")],
        [At("basic", "ratio", **CHRONIC), At("basic", "cap", **CHRONIC)],  # type: ignore[arg-type]
        of_each(ILLNESS, "line", groups=BOTH),
        [At(ILLNESS, "bands")],
        [At(ILLNESS, "bands", group="poor")],
        [At(ILLNESS, "cap")],
        [At("assistance", "ratio"), At("assistance", "limit")],
        [At(SECOND, "ratio"), At(SECOND, "deductible"), At(SECOND, "limit")],
        [At("supplementary", "ratio", number=number) for number in (0, 1)],
        [At("supplementary", "ratio", number=0, setting="pharmacy")],
        [administration("over_treatment_by_person", "over_treatment_by_hospital")],
        [At("charity", "granted", group="poor")],
        [Premium("supplementary", "registered_poor", "assistance_fund")],
    ],
    "jiamusi": [
        [*by_tier(0, 3, "deductible", "ratio"), At("basic", "cap")],
        by_tier(0, 3, "ratio", group="poor"),
        [At("basic", field, place=place) for place in PLACES for field in ("deductible", "ratio")],
        [At("basic", "ratio", group="poor", place=place) for place in PLACES],
        [*of_each(ILLNESS, "line", groups=BOTH), At(ILLNESS, "bands"), *of_each(ILLNESS, "cap", groups=BOTH)],
        [At("basic", "ratio", setting="general"), At("basic", "cap", setting="general")],
    ],
}


def specified(name: str) -> list[list[str]]:
    """The rows of a scheme's table."""
    return table(section(PAGE, name))


@pytest.mark.parametrize("name", SCHEMES)
def test_every_row_is_looked_up(name: str) -> None:
    assert len(ROWS[name]) == len(specified(name))


@pytest.mark.parametrize(("name", "row"), [(name, row) for name in SCHEMES for row in range(len(ROWS[name]))], ids=str)
def test_a_row_says_what_the_scheme_says(name: str, row: int) -> None:
    label, amount, grade = specified(name)[row]
    found = [value for probe in ROWS[name][row] for value in probe(scheme(name))]
    values = [value for value, _ in found if value != ""]
    if all(DAY.fullmatch(str(value)) for value in values) and values:
        told = DAY.findall(amount)
    else:
        told = [token.replace(",", "") for token in TOKEN.findall(YEAR.sub("", amount))]
    if "general, and poor in 2018" in label:  # one text for two values
        told *= 2
    assert told == values, label
    assert set(GRADES.findall(grade)) == {grade for _, grade in found}, label


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_is_for_the_people_and_on_the_path_that_is_told(name: str) -> None:
    text, of = re.sub(r" \([^)]*\)", "", " ".join(section(PAGE, name).partition("|")[0].split())), scheme(name)
    (categories,) = re.findall(r"poor: ([a-z_, ]+)\.", text)
    assert set(categories.split(", ")) == of.poor_categories
    told = dict(re.findall(r"(inpatient|chronic|general|pharmacy): (the same|(?:[a-z_]+(?: → )?)+)", text))
    assert told.keys() == of.settings.keys()
    for setting, path in told.items():
        layers = told["inpatient" if path == "the same" else setting].split(" → ")
        walked = list(_layers(of, setting))
        assert set(layers) == set(walked) - {"public_health"}, setting
        assert layers == sorted(layers, key=lambda layer: len(walked) - walked[::-1].index(layer)), setting


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_is_of_the_place_and_the_days_that_are_told(name: str) -> None:
    (heading,) = re.findall(r"^### (.+)$", section(PAGE, name), re.MULTILINE)
    of = scheme(name)
    assert heading.startswith(of.title)
    (region,) = of.regions
    assert region in re.findall(r"(\d+?)(?:x|00)*\b", heading)
    assert DAY.findall(heading)[-1 if of.valid.until is None else -2] == str(of.valid.from_)
    if of.valid.until is not None:
        assert f"to {of.valid.until - timedelta(days=1)}" in heading


def test_targets_are_those_of_the_schemes() -> None:
    told = [
        (code(name)[0], code(target)[0], value, *GRADES.findall(grade), *YEAR.findall(target))
        for name, target, value, grade in table(section(PAGE, "targets"))
    ]
    states = [
        (name, each.name, f"{float(each.value * 100):g}%", each.grade, *([str(each.from_.year)] if each.from_ else []))
        for name in SCHEMES
        for each in scheme(name).targets
    ]
    assert told == states


def _layers(of: Scheme, setting: str) -> Iterator[str]:
    for stage in of.stages:
        if any(case.when.setting is None or setting in case.when.setting for case in stage.cases):
            yield stage.layer


def _flat(value: object, grade: str) -> Iterator[Found]:
    match value:
        case None:
            yield "none", grade
        case bool():
            yield ("yes" if value else "no"), grade
        case int():
            assert value % 100 == 0, f"{value} fen are no whole yuan"
            yield str(value // 100), grade
        case Fraction():
            yield f"{float(value * 100):g}%", grade
        case tuple():
            for band in value:
                assert isinstance(band, Band)
                if band.to is not None:
                    yield from _flat(band.to, grade)
                yield from _flat(band.ratio, grade)
        case _:
            raise AssertionError(f"{value!r} is no value of a scheme")
