"""结伴住院 (``admitted_together``): the same persons admitted to one hospital together, again and again.

Definition: ``persons`` or more whose admissions to one hospital lie within ``days`` days of one another, on ``times``
occasions or more in a year. Suspicious where chance would give fewer than one such group in twenty years: of the
hospital's persons with as many stays, at a chance of (2 · days + 1) ÷ 365 that two were admitted together.
Exclusions: a household counts as one person; dialysis, chemotherapy and radiotherapy, births, tumours, which come in
cycles.
False alarms: a village with one epidemic, a workplace accident, patients of a ward that calls them in by day.
Law: 条例 (国务院令735) 第四十条. SUPERVISION section 2, rule 19.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise, product
from math import comb

from policies.supervision.icd import any_within
from policies.supervision.peer_rules import AdmittedTogetherTerms
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim
from processors.supervision.peers import (
    by_hospital,
    by_region,
    grouped,
    last_day,
    money,
    named,
    probability,
    standing_stays,
    total_of,
)
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule, YearClaims

CODE = "admitted_together"
EXCLUDED = (
    "同一户按一人计 a household counts as one",
    "透析、放化疗、分娩、肿瘤 dialysis, chemotherapy and radiotherapy, births, tumours",
)
UNCHECKED = (
    "是否同村同疫、同一事故 an epidemic or accident they shared",
    "谁组织、谁接送（须走访） who brought them: needs a visit",
)
MOST_STAYS = 12
"""A person with more stays in a hospital's year comes for a standing treatment, and meets others by that alone."""
BY_CHANCE = 0.05
Days = tuple[date, ...]


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    for region, claims in by_region(year.claims).items():
        terms = context.text(last_day(claims), region).rules.admitted_together
        if terms.used and terms.times.value > 0:
            stays = [stay for stay in standing_stays(claims) if not any_within(stay.diagnoses[:1], terms.exempt.value)]
            for hospital_id, own in sorted(by_hospital(stays).items()):
                yield from _of_hospital(hospital_id, own, terms, year.year, context)


def _of_hospital(
    hospital_id: str,
    stays: Sequence[SupervisedClaim],
    terms: AdmittedTogetherTerms,
    year: int,
    context: SupervisionContext,
) -> Iterator[RuleFinding]:
    times = terms.times.value
    persons = {
        person: own
        for person, own in grouped(stays, lambda stay: stay.person_id).items()
        if times <= len({stay.starts_on for stay in own}) <= MOST_STAYS
    }
    households = {person: own[0].household_id or f"person {person}" for person, own in persons.items()}
    reported: set[frozenset[str]] = set()
    for group, occasions in _groups(persons, households, terms):
        if not any(group <= known for known in reported):
            reported.add(group)
            yield _finding(hospital_id, sorted(group), occasions, persons, year, context)


def _groups(
    persons: Mapping[str, Sequence[SupervisedClaim]], households: Mapping[str, str], terms: AdmittedTogetherTerms
) -> Iterator[tuple[frozenset[str], Days]]:
    """Each group with the first days of its occasions; the larger ones first."""
    reach = terms.days.value
    members: dict[Days, set[str]] = {}
    for person, own in persons.items():
        for days in combinations(sorted({stay.starts_on for stay in own}), terms.times.value):
            if all((later - earlier).days > reach for earlier, later in pairwise(days)):
                members.setdefault(days, set()).add(person)
    found = []
    for anchor in members:
        joined: set[str] = set()
        for offsets in product(range(reach + 1), repeat=len(anchor)):
            days = tuple(day + timedelta(days=offset) for day, offset in zip(anchor, offsets, strict=True))
            joined |= members.get(days, set())
        if len({households[person] for person in joined}) >= terms.persons.value:
            found.append((frozenset(joined), anchor))
    yield from sorted(found, key=lambda group: (-len(group[0]), group[1], sorted(group[0])))


def _finding(
    hospital_id: str,
    group: Sequence[str],
    occasions: Days,
    persons: Mapping[str, Sequence[SupervisedClaim]],
    year: int,
    context: SupervisionContext,
) -> RuleFinding:
    """A lead on all admissions of the group that lie in one of its occasions."""
    region = persons[group[0]][0].region
    text = context.text(last_day(persons[group[0]]), region)
    terms = text.rules.admitted_together
    reach = terms.days.value
    every = _occasions(group, persons, occasions[0], reach)
    together = [
        stay
        for person in group
        for stay in persons[person]
        if any(0 <= (stay.starts_on - day).days <= reach for day in every)
    ]
    chance = expected_by_chance(len(persons), len(group), terms)
    severity: Severity = "suspicious" if chance < BY_CHANCE else terms.severity
    return RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(hospital_id, str(year), *(day.isoformat() for day in occasions)),
        claims=named(together),
        evidence={
            "persons": list(group),
            "occasions": [day.isoformat() for day in every],
            "admissions": {
                person: sorted(stay.starts_on.isoformat() for stay in together if stay.person_id == person)
                for person in group
            },
            "households": len({persons[person][0].household_id or person for person in group}),
            "diagnoses": sorted({stay.diagnoses[0] for stay in together if stay.diagnoses}),
            "cost": money(total_of(together)),
            "persons_compared": len(persons),
            "groups_by_chance": probability(chance),
        },
        region=region,
        hospital_id=hospital_id,
        dates=tuple(sorted({stay.starts_on for stay in together})),
        outlier=float(len(group)),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _occasions(
    group: Sequence[str], persons: Mapping[str, Sequence[SupervisedClaim]], first: date, reach: int
) -> list[date]:
    """The first days of all occasions on which the whole group was admitted, from the first of them on."""
    days = {person: {stay.starts_on for stay in persons[person]} for person in group}
    found: list[date] = []
    for day in sorted({day for own in days.values() for day in own if day >= first}):
        within = {day + timedelta(days=offset) for offset in range(reach + 1)}
        if (not found or (day - found[-1]).days > reach) and all(own & within for own in days.values()):
            found.append(day)
    return found


def expected_by_chance(persons: int, group: int, terms: AdmittedTogetherTerms) -> float:
    """How many groups of this size chance would give among so many persons, each with the stays asked for."""
    once = min(1.0, (2 * terms.days.value + 1) / 365)
    return float(comb(persons, group) * once ** (terms.times.value * (group - 1)))


RULE = SupervisionRule(code=CODE, logic=1, name="结伴住院", of_year=_find)
