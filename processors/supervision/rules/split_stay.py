"""分解住院 split_stay: one treatment billed as several stays.

Definition, of a person: an admission within ``days`` (N) of a discharge from the same hospital with the same disease:
the same scheme's disease, ICD-10 category or, milder, block; ``chain_stays`` stays or more in one hospital whose gaps
are all within N, whatever their diagnoses. Of a hospital in a year: a jump of gaps right behind N (patients come back
on day N+1).
Parameters: ``days`` 15, ``suspicious_within`` 7, ``violation_within`` 2, ``exempt``, ``chain_stays``, ``jump_*``.
Exclusions: emergencies, ``exempt`` diagnoses (chemotherapy and radiotherapy, dialysis, birth), a stay that was referred
from the first or came back from a referral, maternity and day surgery, death.
False alarms: planned operations in two steps; a disease that comes back.
Law: 医疗保障基金使用监督管理条例 Art. 38(1). No national threshold exists: N is the county's.
At risk: what the funds paid of the stays behind the first.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import comb

from policies.supervision.icd import any_within
from policies.supervision.person_rules import SplitStayTerms
from policies.supervision.text import SupervisionText
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedPerson
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.stays import (
    SupervisedStay,
    by_person,
    gap_days,
    likeness,
    milder,
    outlier_size,
    paid_by_layer,
    stays_of,
)

CODE = "split_stay"
EXCLUDED = (
    "急诊再入院 emergencies",
    "放化疗、透析、分娩（豁免诊断）exempt diagnoses: chemotherapy, radiotherapy, dialysis, birth",
    "转诊转出及转回 stays along a referral",
    "生育、日间手术 maternity and day surgery",
)
UNCHECKED = (
    "计划性分次手术：须看病案 operations planned in steps: needs the medical record",
    "出院时是否治愈：须看出院小结 whether the patient was well at discharge: needs the summary",
)
PLANNED = frozenset({"maternity", "day_surgery"})


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Pairs of stays with the same disease, and chains whatever their diagnoses."""
    stays = person.stays
    if len(stays) < 2:
        return
    by_hospital: dict[str, list[SupervisedStay]] = {}
    for stay in stays:
        by_hospital.setdefault(stay.hospital_id, []).append(stay)
    for own in by_hospital.values():
        for first, second in pairwise(own):
            text = context.text(second.starts_on, second.claim.region)
            if 0 <= gap_days(first, second) <= text.rules.split_stay.days.value:
                yield from _pair(first, second, stays, text)
        yield from _chains(own, stays, context)


def _pair(
    first: SupervisedStay, second: SupervisedStay, stays: Sequence[SupervisedStay], text: SupervisionText
) -> Iterator[RuleFinding]:
    terms = text.rules.split_stay
    alike = likeness(first.claim, second.claim)
    if alike is None or _excused(first, second, stays, terms):
        return
    gap = gap_days(first, second)
    severity = _severity(gap, terms)
    if alike == "block":
        severity = milder(severity)
    yield RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=("pair", first.stay_id, second.stay_id),
        claims=(*first.claims, *second.claims),
        evidence={
            "gap_days": gap,
            "alike": alike,
            "diagnoses": [list(first.claim.diagnoses), list(second.claim.diagnoses)],
        },
        region=second.claim.region,
        person_id=second.claim.person_id,
        hospital_id=second.hospital_id,
        dates=(first.starts_on, first.ends_on, second.starts_on, second.ends_on),
        at_risk=second.paid_by_layer,
        outlier=outlier_size(severity, 1 - gap / (terms.days.value + 1)),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _severity(gap: int, terms: SplitStayTerms) -> Severity:
    if gap <= terms.violation_within.value:
        return "violation"
    return terms.severity if gap <= terms.suspicious_within.value else "hint"


def _excused(
    first: SupervisedStay, second: SupervisedStay, stays: Sequence[SupervisedStay], terms: SplitStayTerms
) -> bool:
    admission = first.claim.admission_id
    if second.claim.emergency or second.claim.stay_kind in PLANNED or first.claim.stay_kind in PLANNED:
        return True
    if any_within((*first.claim.diagnoses, *second.claim.diagnoses), terms.exempt.value):
        return True
    if admission is None:
        return False
    # referred from the first, or by way of a stay elsewhere that was
    along = (stay for stay in stays if stay is second or first.ends_on <= stay.starts_on <= second.starts_on)
    return any(admission in stay.claim.referral for stay in along)


def _chains(
    own: Sequence[SupervisedStay], stays: Sequence[SupervisedStay], context: SupervisionContext
) -> Iterator[RuleFinding]:
    chain = [own[0]]
    for first, second in pairwise(own):
        terms = context.text(second.starts_on, second.claim.region).rules.split_stay
        if 0 <= gap_days(first, second) <= terms.days.value and not _excused(first, second, stays, terms):
            chain.append(second)
            continue
        yield from _chain(chain, context)
        chain = [second]
    yield from _chain(chain, context)


def _chain(chain: Sequence[SupervisedStay], context: SupervisionContext) -> Iterator[RuleFinding]:
    last = chain[-1].claim
    text = context.text(chain[-1].starts_on, last.region)
    terms = text.rules.split_stay
    if len(chain) < terms.chain_stays.value:
        return
    claims = tuple(claim for stay in chain for claim in stay.claims)
    yield RuleFinding(
        rule=CODE,
        severity=terms.severity,
        text=text,
        terms=terms,
        key=("chain", chain[0].stay_id),
        claims=claims,
        evidence={
            "stays": len(chain),
            "gap_days": [gap_days(first, second) for first, second in pairwise(chain)],
            "diagnoses": [list(stay.claim.diagnoses) for stay in chain],
        },
        region=last.region,
        person_id=last.person_id,
        hospital_id=last.hospital_id,
        dates=tuple(day for stay in chain for day in (stay.starts_on, stay.ends_on)),
        at_risk=paid_by_layer(claim for stay in chain[1:] for claim in stay.claims),
        outlier=outlier_size(terms.severity, (len(chain) - terms.chain_stays.value) / 10),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def find_jumps(year: YearClaims, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Hospitals whose patients come back right behind day N, more often than right before it."""
    gaps: dict[str, list[tuple[int, SupervisedStay]]] = {}
    for claims in by_person([*year.before, *year.claims]).values():
        stays = stays_of(claims)
        last: dict[str, SupervisedStay] = {}
        for stay in stays:
            first = last.get(stay.hospital_id)
            last[stay.hospital_id] = stay
            if first is None or stay.claim.year != year.year:
                continue
            terms = context.text(stay.starts_on, stay.claim.region).rules.split_stay
            if gap_days(first, stay) >= 0 and not _excused(first, stay, stays, terms):
                gaps.setdefault(stay.hospital_id, []).append((gap_days(first, stay), stay))
    for hospital_id, found in sorted(gaps.items()):
        yield from _jump(hospital_id, found, context)


def _jump(
    hospital_id: str, found: Sequence[tuple[int, SupervisedStay]], context: SupervisionContext
) -> Iterator[RuleFinding]:
    latest = max((stay for _, stay in found), key=lambda stay: (stay.starts_on, stay.claim.claim_id))
    region = latest.claim.hospital_region
    text = context.text(latest.starts_on, region)
    terms = text.rules.split_stay
    limit, width = terms.days.value, terms.jump_days.value
    before = sum(limit - width < gap <= limit for gap, _ in found)
    behind = [stay for gap, stay in found if limit < gap <= limit + width]
    cases = before + len(behind)
    if cases < terms.jump_cases.value or len(behind) <= before:
        return
    chance = Fraction(sum(comb(cases, count) for count in range(len(behind), cases + 1)), 2**cases)
    if chance > terms.jump_level.value:
        return
    claims = sorted((claim for stay in behind for claim in stay.claims), key=lambda claim: claim.claim_id)
    yield RuleFinding(
        rule=CODE,
        severity=milder(terms.severity),
        text=text,
        terms=terms,
        key=("jump",),
        claims=tuple(claims),
        evidence={
            "gaps": {str(day): sum(gap == day for gap, _ in found) for day in range(limit + 2 * width + 1)},
            "up_to_n": before,
            "behind_n": len(behind),
            "chance": f"{float(chance):.6f}",
        },
        region=region,
        hospital_id=hospital_id,
        outlier=outlier_size("hint", len(behind) / cases),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


RULE = SupervisionRule(code=CODE, logic=2, name="分解住院", of_person=find, of_year=find_jumps)
