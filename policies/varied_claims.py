"""A scheme's sample claims, varied by what the rows of its values name: each way in which other values hold, once."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice, product
from typing import Any, NamedTuple

from msgspec.structs import replace

from policies.claim import BillParts, Claim, Place
from policies.claim_facts import SIZES, AskedFacts, FactKey, NumberRange, TooManyWays, ways
from policies.engine import open_claim
from policies.sample_claims import Sample, TooMany, hospital_at, sample, samples
from policies.scheme import Scheme
from policies.values import GROUPS, Parameter, Row, located_parameters

MOST_LOOKED_AT = 100_000
"""Variations of one scheme's samples; ``docs/examples`` have at most 3,240."""


class _Variety(NamedTuple):
    """What rows name: places, sets of categories, days, and facts of stays and of others."""

    places: Sequence[Place]
    categories: Sequence[tuple[str, ...]]
    days: Sequence[date]
    facts: dict[bool, list[AskedFacts]]


def varied(scheme: Scheme) -> list[Sample]:
    """A sample for each set of values that can hold together, of a bill of one yuan in scope. Raises ``TooMany``."""
    sizes = [100, *sorted(edges_of_size(scheme))]
    values = {
        id(case): [value for _, value in located_parameters(case, ())]
        for stage in scheme.stages
        for case in stage.cases
    }
    limits = [value for _, value in located_parameters(scheme.limits, ())]
    found: dict[object, Claim] = {}
    variations = islice(_variations(scheme), MOST_LOOKED_AT + 1)
    for number, claim in enumerate(dict.fromkeys(variations)):
        if number == MOST_LOOKED_AT:
            raise TooMany(MOST_LOOKED_AT)
        found.setdefault(tuple(_holding(scheme, of_size(claim, size), values, limits) for size in sizes), claim)
    return [sample(scheme, claim) for claim in found.values()]


def of_size(claim: Claim, size: int) -> Claim:
    """The claim with a bill of ``size`` fen, all in scope."""
    return replace(claim, bill=BillParts(size, size, 0, 0, 0))


def edges_of_size(scheme: Scheme) -> set[int]:
    """Bills, in fen, at which what rows and conditions ask of the size turns."""
    spans = (value for key in _asked(scheme) for name, value in key if name in SIZES)
    return {size for span in spans if isinstance(span, NumberRange) for edge in span.edges for size in (edge - 1, edge)}


def _asked(scheme: Scheme) -> Iterator[FactKey]:
    for parameter in scheme.parameters.values():
        yield from parameter.asked
    for stage in scheme.stages:
        for case in stage.cases:
            yield from (condition.asked for condition in case.conditions)


def _variations(scheme: Scheme) -> Iterator[Claim]:
    variety = _variety(scheme)
    bare = dict.fromkeys(of_size(each.claim, 100) for each in samples(scheme))
    for claim in bare:
        days = (day for day in dict.fromkeys((claim.date, *variety.days)))
        offered = [day for day in days if scheme.offers(claim.setting, claim.tier, day)]
        categories = dict.fromkeys((claim.categories, *variety.categories))
        places = (None, *variety.places)
        for day, held, place, facts in product(offered, categories, places, variety.facts[claim.is_stay]):
            moved = _with_facts(replace(claim, date=day, categories=held), facts)
            yield (
                moved
                if place is None
                else replace(moved, hospital_region=hospital_at(claim.region, place), filed=place != "unfiled")
            )


def _variety(scheme: Scheme) -> _Variety:
    rows: list[Row[Any]] = [row for parameter in scheme.parameters.values() for row in parameter.root]
    keys = [tuple((name, value) for name, value in key if name not in SIZES) for key in _asked(scheme)]
    try:
        facts = {stay: ways(keys, scheme.insurance_types, inpatient=stay) for stay in (True, False)}
    except TooManyWays:
        raise TooMany(MOST_LOOKED_AT) from None
    return _Variety(
        places=sorted({row.place for row in rows if row.place}),
        categories=[(group,) for group in sorted({group for row in rows for group in row.for_} - {*GROUPS})],
        days=[day for day in scheme.turns if scheme.holds_on(day)],
        facts=facts,
    )


def _with_facts(claim: Claim, facts: AskedFacts) -> Claim:
    return replace(
        claim,
        insurance_type=facts.insurance_type,
        age=facts.age,
        household_id="sample" if facts.household else None,
        contracted_doctor=facts.contracted_doctor,
        emergency=facts.emergency,
        stay_kind=facts.stay_kind,
        stay_number=facts.stay,
    )


def _holding(
    scheme: Scheme, claim: Claim, values: dict[int, list[Parameter[Any]]], limits: list[Parameter[Any]]
) -> tuple[object, ...]:
    """What decides a claim: its setting and tier, and by stage the case and the row of each of its values."""
    tariff = open_claim(scheme, claim).tariff
    circumstances = scheme.circumstances(claim)
    cases = [scheme.case(stage, claim, quota=tariff is not None) for stage in range(len(scheme.path))]
    cases = [case if case is None or case.serves(scheme.path[at], claim) else None for at, case in enumerate(cases)]
    asked = [*limits, *(value for case in cases if case is not None for value in values[id(case)])]
    found = (value.find(circumstances) for value in asked)
    return (
        *(claim.setting, claim.tier, tariff and tariff.row),
        *(id(case) for case in cases),
        *(each and each.row for each in found),
    )
