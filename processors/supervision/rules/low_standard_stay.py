"""低标准入院、挂床 (``low_standard_stay``): a stay that was hardly one.

Definition: a stay shorter than ``days`` whose cost is below ``cost_ratio`` of its peers' median; suspicious where the
main diagnosis is a light illness. Or a stay of ``bed_days`` or more whose cost a day is below ``bed_ratio`` of its
peers' median and below their ``bed_percentile``: a bed that may have been empty (挂床). Peers: tier × three
characters of the main diagnosis × year; the tier alone where they are fewer than 20.
Exclusions: day surgery, births, home beds, emergencies, a death within the stay or the day after, transfers, ``exempt``
diagnoses, stays billed in two parts.
False alarms: patients who left against advice, observation after a fall, a stay whose bill was split between
insurances. The ledger has no items and no ward checks: never a finding without one.
Law: 条例 (国务院令735) 第三十八条 (一)(二). SUPERVISION section 2, rules 4 and 5.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from policies.supervision.icd import any_within
from policies.supervision.peer_rules import LowStandardStayTerms
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim
from processors.supervision.peers import by_region, money, peer_standing, share, standing_stays
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.statistics.peer_groups import Peer, PeerPlace, disease_group, peer_places

CODE = "low_standard_stay"
NOT_ORDINARY = frozenset({"day_surgery", "maternity", "home_bed"})
EXCLUDED = (
    "日间手术、生育、家庭病床 day surgery, birth, home bed",
    "急诊、转院、住院期间或次日死亡 emergency, transfer, death within the stay or the day after",
    "透析、放化疗等例外诊断 exempt diagnoses",
)
UNCHECKED = (
    "有无手术与诊疗项目（须费用明细） surgery and treatment: needs item lines",
    "患者是否在床（须查房） whether the patient was in bed: needs a ward check",
    "是否自动出院 whether the patient left against advice",
)


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    for claims in by_region(year.claims).values():
        stays = standing_stays(claims)
        groups = [disease_group(stay.diagnoses, stay.disease) for stay in stays]
        costs = peer_places(
            [Peer(stay.tier, group, year.year, stay.bill.total) for stay, group in zip(stays, groups, strict=True)]
        )
        daily = peer_places(
            [
                Peer(stay.tier, group, year.year, stay.bill.total / stay.days)
                for stay, group in zip(stays, groups, strict=True)
            ]
        )
        onward = {admission for stay in stays for admission in stay.referral}
        moved = {(stay.person_id, stay.starts_on) for stay in stays}
        for stay, cost, per_day in zip(stays, costs, daily, strict=True):
            if not _transferred(stay, onward, moved):
                yield from _judged(stay, cost, per_day, context)


def _transferred(stay: SupervisedClaim, onward: set[str], moved: set[tuple[str, date]]) -> bool:
    """Whether the stay came from another, or another began where it ended."""
    if stay.referral or stay.admission_id in onward:
        return True
    return stay.ends_on != stay.starts_on and (stay.person_id, stay.ends_on) in moved


def _judged(
    stay: SupervisedClaim, cost: PeerPlace, per_day: PeerPlace, context: SupervisionContext
) -> Iterator[RuleFinding]:
    text = context.text(stay.ends_on, stay.region)
    terms = text.rules.low_standard_stay
    if not terms.used or cost.place is None or per_day.place is None:
        return
    short = stay.days < terms.days.value and stay.bill.total < terms.cost_ratio.value * _whole(cost.place.median)
    empty = (
        stay.days >= terms.bed_days.value
        and stay.bill.total < terms.bed_ratio.value * _whole(per_day.place.median) * stay.days
        and per_day.place.percentile < terms.bed_percentile.value * 100
    )
    if not (short or empty) or _is_exempt(stay, terms):
        return
    light = short and any_within(stay.diagnoses[:1], terms.light.value)
    severity: Severity = "suspicious" if light else terms.severity
    value, measured, place = (
        (stay.bill.total, cost, cost.place) if short else (stay.bill.total / stay.days, per_day, per_day.place)
    )
    median = place.median
    yield RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(stay.claim_id, "short" if short else "empty_bed"),
        claims=(stay,),
        evidence={
            "kind": "short" if short else "empty_bed",
            "days": stay.days,
            "cost": money(stay.bill.total),
            "cost_a_day": money(stay.bill.total / stay.days),
            "median": money(median),
            "quartiles": [money(edge) for edge in place.quartiles],
            "of_median": share(value / median),
            "main_diagnosis": stay.diagnoses[0] if stay.diagnoses else None,
            "light_illness": light,
        },
        region=stay.region,
        person_id=stay.person_id,
        hospital_id=stay.hospital_id,
        dates=(stay.starts_on, stay.ends_on),
        outlier=min(10.0, median / value),
        peers=peer_standing(measured),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _whole(fen: float) -> int:
    return round(fen)


def _is_exempt(stay: SupervisedClaim, terms: LowStandardStayTerms) -> bool:
    died = stay.died_on is not None and stay.died_on <= stay.ends_on + timedelta(days=1)
    return (
        stay.emergency or stay.stay_kind in NOT_ORDINARY or died or any_within(stay.diagnoses[:1], terms.exempt.value)
    )


RULE = SupervisionRule(code=CODE, logic=1, name="低标准入院、挂床", of_year=_find)
