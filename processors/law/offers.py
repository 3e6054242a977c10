"""What a county takes claims for on a day: settings with their tiers, the diseases that its rules know, the values."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from events.money import yuan
from policies.claim_facts import words as fact_words
from policies.condition import Condition
from policies.explain import stated_text, value_name
from policies.grants import AnyGrant
from policies.rule_context import Rule
from policies.rules.bucket_ratios import BucketRatios, Group
from policies.scheme import Scheme
from policies.values import Row

CASE_QUOTA = "case_quota"
CHRONIC_LIST = "chronic_list"
_GROUP = re.compile(r"\.groups\[(\d+)\]")
_CASE = re.compile(r"stages\[(\d+)\]\.cases\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class OfferedDisease:
    """A disease that a scheme knows. ``uses`` are layers, ``case_quota`` and kinds of grants that ask for it."""

    code: str
    name: str
    icd10: str | None
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferedValue:
    """A value in force. ``part`` is a layer, ``case_quota`` or ``grants``.

    ``when`` is what its case asks for beside setting and diseases: words of ``_words``. ``unless`` are conditions, each
    of which exempts from it where all its words, diseases among them, hold. ``cite`` says where the value is our
    reading. ``for_`` are categories, ``poor`` or ``general``. None: every tier, the person's own prefecture,
    every class of card, the whole of what the rule pays for. ``buckets`` are parts of the bill as ``S+C``; ``facts``
    what the value asks of the claim's facts, in the words of ``policies.claim_facts``.
    """

    part: str
    settings: tuple[str, ...]
    when: tuple[str, ...]
    unless: tuple[tuple[str, ...], ...]
    diseases: tuple[str, ...]
    name: str
    for_: tuple[str, ...]
    tiers: tuple[int, ...] | None
    place: str | None
    card_class: str | None
    facts: tuple[str, ...] | None
    buckets: str | None
    value: str
    grade: str
    cite: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What a scheme offers on a day. ``settings``: by name the tiers of hospitals, null for every tier."""

    scheme: Scheme
    day: date
    settings: dict[str, list[int] | None]
    card_classes: tuple[str, ...]
    diseases: tuple[OfferedDisease, ...]
    values: tuple[OfferedValue, ...]

    def told(self, region: str) -> dict[str, Any]:
        """The reply of ``claims.rules`` for a region: what a hospital's program asks for, without the values."""
        scheme = self.scheme
        return {
            "region": region,
            "scheme": scheme.name,
            "insurance_types": list(scheme.insurance_types),
            "title": scheme.title,
            "day": self.day.isoformat(),
            "settings": self.settings,
            "diseases": sorted(disease.code for disease in self.diseases),
            "document": scheme.document,
            "hash": scheme.content_hash,
            "from": scheme.valid.from_.isoformat(),
            "until": scheme.valid.until.isoformat() if scheme.valid.until else None,
            "poor": sorted(scheme.poor_categories),
            "card_classes": list(self.card_classes),
            "chronic_list": self._chronic_list(),
            "disease_details": [asdict(disease) | {"uses": list(disease.uses)} for disease in self.diseases],
        }

    def _chronic_list(self) -> list[dict[str, Any]] | None:
        if not self.scheme.chronic_list:
            return None
        return [
            {"code": entry.disease, "class": entry.class_, "layers": entry.layers}
            for entry in self.scheme.chronic_list
            if entry.holds_on(self.day)
        ]

    def values_told(self) -> list[dict[str, Any]]:
        """The values in force as JSON would hold them."""
        return [
            {name.rstrip("_"): told for name, told in asdict(value).items() if told is not None}
            for value in self.values
        ]


def offered(scheme: Scheme, day: date) -> Offers:
    """What a scheme in force on a day offers on it."""
    settings: dict[str, list[int] | None] = {}
    for setting, offers in scheme.settings.items():
        tiers = [offer.tiers for offer in offers if offer.holds_on(day)]
        if tiers:
            named = [tier for some in tiers if some is not None for tier in some]
            settings[setting] = None if None in tiers else sorted(set(named))
    values = tuple(value for value in _values(scheme, day) if not value.settings or settings.keys() & value.settings)
    classes = {value.card_class for value in values if value.card_class}
    classes |= {case.when.card_class for _, case in _cases(scheme, day) if case.when.card_class is not None}
    uses: dict[str, list[str]] = {}
    for disease, use in _uses(scheme, day):
        if use not in uses.setdefault(disease, []):
            uses[disease].append(use)
    diseases = tuple(
        OfferedDisease(code, disease.name, disease.icd10_text, tuple(uses[code]))
        for code, disease in scheme.terms.diseases.items()
        if code in uses
    )
    return Offers(scheme, day, settings, tuple(sorted(classes)), diseases, values)


def _cases(scheme: Scheme, day: date) -> Iterator[tuple[str, Rule]]:
    """The cases that decide claims of a day, each with its layer."""
    for stage in scheme.stages:
        for case in stage.cases:
            if case.when.from_ is None or case.when.from_ <= day:
                yield stage.layer, case


def _uses(scheme: Scheme, day: date) -> Iterator[tuple[str, str]]:
    """Diseases that rules, the case quota and grants of a day name, each with what names it."""
    for path, parameter in scheme.parameters.items():
        case = _case_of(scheme, path)
        use = CASE_QUOTA if path.startswith(CASE_QUOTA) else case[0] if case else ""
        for row in parameter.root:
            if use and row.disease is not None and row.holds_on(day):
                yield row.disease, use
    for layer, rule in _cases(scheme, day):
        for condition in (rule.when, *rule.unless):
            for disease in condition.diseases or ():
                yield disease, layer
    for grant in scheme.grants:
        if grant.holds_on(day):
            for disease in grant.diseases:
                yield disease, grant.kind
    for entry in scheme.chronic_list:
        if entry.holds_on(day):
            yield entry.disease, CHRONIC_LIST


def _values(scheme: Scheme, day: date) -> Iterator[OfferedValue]:
    seen: set[OfferedValue] = set()
    for path, parameter in scheme.parameters.items():
        for row in parameter.root:
            value = _value(scheme, path, row, day) if row.holds_on(day) else None
            if value is not None and value not in seen:
                seen.add(value)
                yield value
    yield from (_grant(grant) for grant in scheme.grants if grant.holds_on(day))


def _value(scheme: Scheme, path: str, row: Row[Any], day: date) -> OfferedValue | None:
    """A value of a rule or of the case quota; None of what is no hospital's matter."""
    found = _case_of(scheme, path)
    if found is not None:
        part, case = found
        asked, group = case.when, _group(case, path)
        elsewhere = row.tier is not None and asked.tiers is not None and not set(row.tier) & set(asked.tiers)
        if elsewhere or (asked.from_ is not None and asked.from_ > day):
            return None
        unless = tuple((*_words(condition), *(condition.diseases or ())) for condition in case.unless)
        diseases = tuple(asked.diseases or ())
    elif path.startswith(CASE_QUOTA):
        part, asked, unless, diseases = CASE_QUOTA, Condition(setting=["inpatient"], poor=True), (), ()
        group = None
    else:
        return None
    tiers = row.tier or (group.tiers if group else None)
    prescribers = (f"prescriber {_numbers(group.prescriber_tiers)}",) if group and group.prescriber_tiers else ()
    return OfferedValue(
        part=part,
        settings=tuple(asked.setting or ()),
        when=(*_words(asked), *prescribers),
        unless=unless,
        diseases=(row.disease,) if row.disease else diseases,
        name=value_name(path),
        for_=tuple(row.for_),
        tiers=None if tiers is None else tuple(tiers),
        place=row.place,
        card_class=row.class_,
        facts=tuple(fact_words(row.asked)) or None,
        buckets="+".join(group.buckets) if group else None,
        value=stated_text(scheme, path, row.value),
        grade=row.grade,
        cite=row.citation,
    )


def _grant(grant: AnyGrant) -> OfferedValue:
    when = f"over {yuan(grant.threshold)}" if grant.kind == "annual" else "late"
    return OfferedValue(
        part="grants",
        settings=() if grant.kind == "annual" else grant.settings,
        when=(when,),
        unless=(),
        diseases=tuple(grant.diseases),
        name=grant.kind,
        for_=("poor",),
        tiers=None,
        place=None,
        card_class=None,
        facts=None,
        buckets=None,
        value=yuan(grant.amount),
        grade=grant.grade,
        cite=grant.citation,
    )


def _case_of(scheme: Scheme, path: str) -> tuple[str, Rule] | None:
    found = _CASE.match(path)
    if found is None:
        return None
    stage = scheme.stages[int(found[1])]
    return stage.layer, stage.cases[int(found[2])]


def _group(case: Rule, path: str) -> Group | None:
    """The group of parts of the bill that a ratio is for."""
    found = _GROUP.search(path)
    return case.groups[int(found[1])] if found is not None and isinstance(case, BucketRatios) else None


def _numbers(tiers: Sequence[int]) -> str:
    return ",".join(map(str, tiers))


def _words(condition: Condition) -> Iterator[str]:
    """``poor``, categories, ``late``, ``tier 2,3``, ``class I``, ``card_or_disease``, ``case_quota``, ``by bureau``,
    ``place county``, and the words of ``policies.claim_facts``.

    ``prescriber 2,3`` stands among them where a group asks for it, ``over 10000.00`` where a grant asks for so much of
    the year's own share, in yuan.
    """
    yield from ("poor",) if condition.poor else ()
    yield from condition.member or ()
    yield from ("late",) if condition.late else ()
    yield from (f"tier {_numbers(condition.tiers)}",) if condition.tiers is not None else ()
    yield from (f"class {condition.card_class}",) if condition.card_class is not None else ()
    yield from ("card_or_disease",) if condition.card_or_disease else ()
    yield from (CASE_QUOTA,) if condition.case_quota else ()
    yield from (f"by {condition.submitted_by}",) if condition.submitted_by is not None else ()
    yield from (f"place {place}" for place in condition.place or ())
    yield from fact_words(condition.asked)
