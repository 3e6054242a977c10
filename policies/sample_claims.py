"""Made-up claims, one for each way in which a scheme's conditions can meet a claim, and the cases that decide them."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations, product
from typing import Any, NamedTuple

from msgspec.structs import replace

from policies.chronic_list import takes
from policies.claim import BillParts, Claim, Place, place_of
from policies.claim_facts import SIZES, AskedFacts, TooManyWays, facts_of, facts_told, ways
from policies.condition import Condition
from policies.engine import open_claim
from policies.rule_context import Rule
from policies.scheme import ALL_TIERS, Scheme
from policies.value_gaps import PLACES
from policies.values import Row

MOST = 20_000
"""Samples of one scheme; the shipped ones have at most 168."""
MOST_TRIES = 1_000_000
"""Samples times cases."""


class Sample(NamedTuple):
    """A claim, whether its person is poor, whether it is under the case quota, and by stage the case that decides it.

    A case is told by its index; None where the layer does not run.
    """

    claim: Claim
    poor: bool
    quota: bool
    cases: tuple[int | None, ...]


class TooMany(ValueError):
    """A scheme whose conditions can be met in more ways than are tried."""

    def __init__(self, most: int) -> None:
        self.chinese = f"条件组合超过 {most} 种，无法逐一检查"
        self.english = f"the conditions can be met in more than {most} ways: too many to be tried"
        super().__init__(self.english)


def samples(scheme: Scheme) -> list[Sample]:
    """A sample for each way; raises ``TooMany``."""
    found: list[Sample] = []
    most = min(MOST, MOST_TRIES // sum(len(stage.cases) for stage in scheme.stages))
    try:
        for claim in _on_paper(scheme, _claims(scheme)):
            if len(found) >= most:
                raise TooMany(most)
            found.append(sample(scheme, claim))
    except TooManyWays:
        raise TooMany(most) from None
    return found


def sample(scheme: Scheme, claim: Claim) -> Sample:
    """A claim with the cases that decide it, chosen as the engine chooses them."""
    quota = open_claim(scheme, claim).quota is not None
    chosen = (scheme.case(stage, claim, quota=quota) for stage in range(len(scheme.path)))
    cases = tuple(_index(scheme.stages[stage].cases, case) for stage, case in enumerate(chosen))
    return Sample(claim, scheme.is_poor(claim.categories), quota, cases)


def _index(cases: Sequence[Rule], chosen: Rule | None) -> int | None:
    return next((index for index, case in enumerate(cases) if case is chosen), None)


def _conditions(scheme: Scheme) -> list[Condition]:
    return [condition for stage in scheme.stages for case in stage.cases for condition in case.conditions]


def _on_paper(scheme: Scheme, claims: Iterator[Claim]) -> Iterator[Claim]:
    """Each claim as its hospital's, and where a condition asks for it as a bureau's too."""
    asked = any(condition.submitted_by for condition in _conditions(scheme))
    for claim in claims:
        yield claim
        if asked:
            yield replace(claim, invoice="SAMPLE")


def who(scheme: Scheme, sample: Sample, *, by_values: bool = False) -> str:
    """A sample for people: tier, categories, disease, card, place and facts that conditions ask for.

    With ``by_values`` also what rows of values ask for but the bill's size, and the day where it is not the scheme's
    first.
    """
    claim = sample.claim
    known = scheme.terms.categories
    categories = "、".join(known[category].name for category in claim.categories) or "普通居民 not poor"
    named = [f"{claim.tier}级医院 tier {claim.tier}", categories]
    if claim.disease is not None:
        named.append(claim.disease)
    if claim.card_class is not None:
        named.append(f"{claim.card_class}类证 class {claim.card_class}")
    asking: list[Condition | Row[Any]] = [
        condition for stage in scheme.stages for case in stage.cases for condition in case.conditions
    ]
    if by_values:
        asking += [row for parameter in scheme.parameters.values() for row in parameter.root]
    if any(each.place for each in asking):
        named.append(place_of(claim))
    asked = [tuple(each for each in key.asked if not by_values or each[0] not in SIZES) for key in asking]
    if facts := facts_told(facts_of(claim), asked):
        named.append(facts)
    if by_values and claim.date > scheme.valid.from_:
        named.append(f"{claim.date} 起 from")
    return "，".join(named)


def _claims(scheme: Scheme) -> Iterator[Claim]:
    conditions = _conditions(scheme)
    late = (False, True) if any(condition.late for condition in conditions) else (False,)
    places = PLACES if any(condition.place for condition in conditions) else PLACES[:1]
    where = product(scheme.settings, _days(scheme, conditions), ALL_TIERS)
    persons = list(product(_category_sets(scheme, conditions), _diseases(scheme, conditions), late))
    asked = [condition.asked for condition in conditions]
    facts = {stay: ways(asked, scheme.insurance_types, inpatient=stay) for stay in (True, False)}
    for setting, day, tier in where:
        if not scheme.offers(setting, tier, day):
            continue
        cards = _cards(setting, conditions)
        for (held, disease, is_late), card, place, of_facts in product(
            persons, cards, places, facts[setting == "inpatient"]
        ):
            if setting != "chronic" or takes(
                scheme.chronic_list, disease, day
            ):  # a chronic claim names the disease of its card
                yield _claim(scheme, setting, day, tier, held, disease, is_late, card, place, of_facts)


def _days(scheme: Scheme, conditions: Sequence[Condition]) -> list[date]:
    """The first day, and those on which a condition, an offer or a tariff turns."""
    days = {scheme.valid.from_, *(condition.from_ for condition in conditions)}
    for offers in scheme.settings.values():
        days |= {day for offer in offers for day in (offer.from_, offer.until)}
    if scheme.case_quota is not None:
        days |= {day for row in scheme.case_quota.tariff.root for day in (row.from_, row.until)}
    return sorted(day for day in days if day is not None and scheme.holds_on(day))


def _category_sets(scheme: Scheme, conditions: Sequence[Condition]) -> list[tuple[str, ...]]:
    """One set of categories for each way in which ``poor`` and ``member`` can hold together; the smallest first."""
    asked = [frozenset(condition.member) for condition in conditions if condition.member is not None]
    named = scheme.poor_categories.union(*asked)
    relevant = [category for category in scheme.choice if category in named]
    found: dict[tuple[bool, ...], tuple[str, ...]] = {}
    for size in range(len(relevant) + 1):
        for held in combinations(relevant, size):
            ways = (scheme.is_poor(held), *(not members.isdisjoint(held) for members in asked))
            found.setdefault(ways, held)
    return list(found.values())


def _diseases(scheme: Scheme, conditions: Sequence[Condition]) -> list[str | None]:
    """None, and one disease for each way in which conditions and the tariff name diseases."""
    asked = [frozenset(condition.diseases) for condition in conditions if condition.diseases is not None]
    tariff = scheme.case_quota.tariff.root if scheme.case_quota is not None else []
    found: dict[object, str] = {}
    for disease in scheme.terms.diseases:
        rows = {
            (tuple(row.tier or ALL_TIERS), row.from_, row.until) for row in tariff if row.disease in (None, disease)
        }
        served = tuple(str(each.layers) for each in scheme.chronic_list if each.disease == disease)
        found.setdefault((tuple(disease in diseases for diseases in asked), frozenset(rows), served), disease)
    return [None, *found.values()]


def _cards(setting: str, conditions: Sequence[Condition]) -> list[tuple[str | None, bool]]:
    """Classes of the claim's chronic card, and whether the person has any: only a chronic claim has a class."""
    if setting == "chronic":
        return [("I", True), ("II", True)]
    asked = any(condition.card_or_disease for condition in conditions)
    return [(None, False), (None, True)] if asked else [(None, False)]


def _claim(
    scheme: Scheme,
    setting: str,
    day: date,
    tier: int,
    categories: tuple[str, ...],
    disease: str | None,
    late: bool,
    card: tuple[str | None, bool],
    place: Place,
    facts: AskedFacts,
) -> Claim:
    region = region_of(scheme)
    return Claim(
        claim_id="sample",
        person_id="sample",
        number=1,
        scheme=scheme.content_hash,
        date=day,
        setting=setting,
        tier=tier,
        hospital_id="sample",
        hospital_region=hospital_at(region, place),
        region=region,
        filed=place != "unfiled",
        prescriber_tier=0,
        card_class=card[0],
        any_card=card[1],
        disease=disease,
        late=late,
        prepaid=False,
        admission_id=None,
        referral=(),
        opened=1,
        source="sample",
        bill=BillParts(facts.total, facts.in_scope, 0, 0, facts.total - facts.in_scope),
        categories=categories,
        audits=(),
        standing=True,
        insurance_type=facts.insurance_type,
        age=facts.age,
        household_id="sample" if facts.household else None,
        contracted_doctor=facts.contracted_doctor,
        emergency=facts.emergency,
        stay_kind=facts.stay_kind,
        stay_number=facts.stay,
    )


def region_of(scheme: Scheme) -> str:
    """A region whose people the scheme serves: a county, unless the scheme names a prefecture alone."""
    return f"{scheme.regions[0]}0101"[:6] if len(scheme.regions[0]) == 2 else f"{scheme.regions[0]}01"[:6]


def hospital_at(region: str, place: Place) -> str:
    """A region at a place as the person's region sees it; outside the prefecture is all that ``unfiled`` asks for."""
    match place:
        case "county":
            return region
        case "prefecture":
            return f"{region[:4]}{'99' if region[4:] != '99' else '98'}"
        case "province":
            return f"{region[:2]}{'99' if region[2:4] != '99' else '98'}00"
        case _:
            return f"{'99' if region[:2] != '99' else '98'}0100"
