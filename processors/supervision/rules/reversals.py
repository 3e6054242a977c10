"""冲红 (``reversals``): a hospital that takes bills back often, bills them again at more, or does so when the books
were closed.

Definition: (a) ``rate`` ``cases`` or more reversed bills of a year at a rate above the ``percentile`` of all
hospitals' and above chance by the funnel of all hospitals (arcsine scale, overdispersion after winsorising; Benjamini
and Hochberg).
(b) ``rebilled`` so many or more reversed bills that stand again for the same person, hospital and days at more than
``higher`` above. (c) ``late`` ``cases`` or more reversed more than ``close_days`` days after the end of the bill's
month, by the day on which the ledger recorded it.
Money at risk: of (b) what the funds pay for the new bills, the part that is more than before; of (a) and (c) none:
what is reversed nets to zero. They are ranked by the outlier alone.
Exclusions: days on which ``fault_hospitals`` hospitals or more reversed ``fault_cases`` bills or more each: a fault
of systems. Where most of a year's reversals were recorded on one day, old files were loaded: faults and lateness
can't be told then.
False alarms: a new program, a new clerk, bills corrected at the patient's wish.
Law: 条例 (国务院令735) 第三十八条 (三), 第四十条. SUPERVISION section 2, rule 17.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from msgspec import structs

from events.county_time import COUNTY_TIME
from policies.supervision.peer_rules import ReversalsTerms
from policies.supervision.text import SupervisionText
from processors.supervision.claim import SupervisedClaim
from processors.supervision.peers import (
    by_hospital,
    by_region,
    figure,
    grouped,
    last_day,
    money,
    named,
    part_at_risk,
    probability,
    share,
    span,
)
from processors.supervision.rule import PeerStanding, RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.statistics.discoveries import discoveries
from processors.supervision.statistics.funnel import FunnelPoint, funnel
from processors.supervision.statistics.outliers import percentile_of

CODE = "reversals"
UNCHECKED = (
    "冲红原因是否属实（须原始单据） whether the reason is true: needs papers",
    "是否应患者要求更正 whether the patient asked for it",
)
CHAINS = 50
"""So many chains of reversal and new bill a lead shows, those that grew most."""
Chain = tuple[SupervisedClaim, SupervisedClaim]


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    for region, claims in by_region(year.claims).items():
        text = context.text(last_day(claims), region)
        terms = text.rules.reversals
        if terms.used:
            reversed_ = [claim for claim in claims if claim.reversal is not None]
            loaded = _was_loaded(reversed_)
            faults = frozenset() if loaded else _fault_days(reversed_, terms)
            counted = [claim for claim in reversed_ if _reversed_on(claim) not in faults]
            excluded, unchecked = _told(faults, loaded=loaded)
            for finding in _findings(claims, counted, text, year.year, loaded=loaded):
                yield structs.replace(finding, excluded=excluded, unchecked=unchecked)


def _findings(
    claims: Sequence[SupervisedClaim],
    counted: Sequence[SupervisedClaim],
    text: SupervisionText,
    year: int,
    *,
    loaded: bool,
) -> Iterator[RuleFinding]:
    terms = text.rules.reversals
    yield from _rates(by_hospital(claims), by_hospital(counted), text, year)
    standing = grouped((claim for claim in claims if claim.standing), _same_service)
    for hospital_id, own in sorted(by_hospital(counted).items()):
        chains = list(_chains(own, standing, terms))
        if len(chains) >= terms.rebilled.value:
            yield _rebilled(hospital_id, chains, text, year)
        late = [] if loaded else [claim for claim in own if _is_late(claim, terms)]
        if len(late) >= terms.cases.value:
            yield _late(hospital_id, late, text, year)


def _told(faults: frozenset[date], *, loaded: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    days = "、".join(day.isoformat() for day in sorted(faults)) or "无 none"
    excluded = (f"系统故障日 days of a fault of systems: {days}",)
    if loaded:
        told = "多数冲红同日入账，疑为补录，不判断系统故障与关账后冲红 most recorded on one day: old files loaded"
        return (), (told, *UNCHECKED)
    return excluded, UNCHECKED


def _reversed_on(claim: SupervisedClaim) -> date:
    if claim.reversal is None:
        raise ValueError(claim.claim_id)
    return claim.reversal.recorded_at.astimezone(COUNTY_TIME).date()


def _by_day(reversed_: Iterable[SupervisedClaim]) -> dict[date, list[SupervisedClaim]]:
    return grouped(reversed_, _reversed_on)


def _was_loaded(reversed_: Sequence[SupervisedClaim]) -> bool:
    days = _by_day(reversed_)
    return len(reversed_) > 1 and 2 * max(map(len, days.values())) > len(reversed_)


def _fault_days(reversed_: Sequence[SupervisedClaim], terms: ReversalsTerms) -> frozenset[date]:
    return frozenset(
        day
        for day, cases in _by_day(reversed_).items()
        if sum(len(own) >= terms.fault_cases.value for own in by_hospital(cases).values())
        >= terms.fault_hospitals.value
    )


def _rates(
    claims: Mapping[str, Sequence[SupervisedClaim]],
    counted: Mapping[str, Sequence[SupervisedClaim]],
    text: SupervisionText,
    year: int,
) -> Iterator[RuleFinding]:
    terms = text.rules.reversals
    hospitals = sorted(claims)
    drawn = funnel([(len(counted.get(hospital, ())), len(claims[hospital])) for hospital in hospitals])
    line = percentile_of([point.rate for point in drawn.points], float(terms.percentile.value * 100))
    found = discoveries([point.p for point in drawn.points], float(terms.level.value))
    for hospital, point, discovered in zip(hospitals, drawn.points, found, strict=True):
        if discovered and point.cases >= terms.cases.value and point.rate > line:
            yield _rate_finding(hospital, counted[hospital], point, drawn.target, line, text, year, len(hospitals))


def _rate_finding(
    hospital_id: str,
    own: Sequence[SupervisedClaim],
    point: FunnelPoint,
    target: float,
    line: float,
    text: SupervisionText,
    year: int,
    hospitals: int,
) -> RuleFinding:
    remark = f"仅 {hospitals} 家医院 few hospitals" if hospitals < 20 else None
    return RuleFinding(
        rule=CODE,
        severity=text.rules.reversals.severity,
        text=text,
        terms=text.rules.reversals,
        key=(hospital_id, str(year), "rate"),
        claims=named(own),
        evidence={
            "kind": "rate",
            "reversed": point.cases,
            "bills": point.of,
            "rate": share(point.rate),
            "rate_of_all": share(target),
            "percentile_line": share(line),
            "warning_limit": share(point.warning[1]),
            "control_limit": share(point.control[1]),
            "z": figure(point.z),
            "p": probability(point.p),
            "by_month": {month: len(of) for month, of in sorted(grouped(own, _month).items())},
        },
        region=own[0].region,
        hospital_id=hospital_id,
        dates=span(own),
        at_risk={},
        outlier=max(1.0, point.z),
        peers=PeerStanding(f"全部医院 all hospitals · {year}", hospitals, share(target), None, figure(point.z), remark),
    )


def _month(claim: SupervisedClaim) -> str:
    return f"{claim.ends_on.month:02d}"


def _same_service(claim: SupervisedClaim) -> tuple[str, str, date, date, bool]:
    return claim.person_id, claim.hospital_id, claim.starts_on, claim.ends_on, claim.is_stay


def _chains(
    own: Sequence[SupervisedClaim],
    standing: Mapping[tuple[str, str, date, date, bool], Sequence[SupervisedClaim]],
    terms: ReversalsTerms,
) -> Iterator[Chain]:
    """Each reversed bill with the cheapest later one that stands for the same service and costs so much more."""
    used: set[str] = set()
    for before in sorted(own, key=lambda claim: claim.entry):
        later = [
            again
            for again in standing.get(_same_service(before), ())
            if again.entry > before.entry
            and again.claim_id not in used
            and again.bill.total > before.bill.total * (1 + terms.higher.value)
        ]
        if later:
            again = min(later, key=lambda claim: (claim.bill.total, claim.claim_id))
            used.add(again.claim_id)
            yield before, again


def _rebilled(hospital_id: str, chains: Sequence[Chain], text: SupervisionText, year: int) -> RuleFinding:
    at_risk: dict[str, int] = {}
    for before, again in chains:
        more = Fraction(again.bill.total - before.bill.total, again.bill.total)
        for layer, fen in part_at_risk([again], more).items():
            at_risk[layer] = at_risk.get(layer, 0) + fen
    costliest = sorted(chains, key=lambda chain: (chain[0].bill.total - chain[1].bill.total, chain[1].claim_id))
    old, new = (sum(chain[side].bill.total for chain in chains) for side in (0, 1))
    return RuleFinding(
        rule=CODE,
        severity=text.rules.reversals.severity,
        text=text,
        terms=text.rules.reversals,
        key=(hospital_id, str(year), "rebilled"),
        claims=named([claim for chain in chains for claim in chain]),
        evidence={
            "kind": "rebilled",
            "chains": [
                {
                    "reversed": before.claim_id,
                    "reversal": before.reversal.event_id if before.reversal is not None else None,
                    "billed_again": again.claim_id,
                    "before": money(before.bill.total),
                    "after": money(again.bill.total),
                }
                for before, again in costliest[:CHAINS]
            ],
            "number": len(chains),
            "before": money(old),
            "after": money(new),
        },
        region=chains[0][0].region,
        hospital_id=hospital_id,
        dates=span(again for _, again in chains),
        at_risk=at_risk,
        outlier=max(1.0, new / max(old, 1)),
        facts=tuple(before.reversal for before, _ in costliest[:CHAINS] if before.reversal is not None),
    )


def _is_late(claim: SupervisedClaim, terms: ReversalsTerms) -> bool:
    month_end = (claim.ends_on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return (_reversed_on(claim) - month_end).days > terms.close_days.value


def _late(hospital_id: str, late: Sequence[SupervisedClaim], text: SupervisionText, year: int) -> RuleFinding:
    return RuleFinding(
        rule=CODE,
        severity="hint",
        text=text,
        terms=text.rules.reversals,
        key=(hospital_id, str(year), "late"),
        claims=named(late),
        evidence={
            "kind": "late",
            "number": len(late),
            "reversed_on": {claim.claim_id: _reversed_on(claim).isoformat() for claim in named(late)[:CHAINS]},
            "total": money(sum(claim.bill.total for claim in late)),
        },
        region=late[0].region,
        hospital_id=hospital_id,
        dates=span(late),
        at_risk={},
        outlier=len(late) / text.rules.reversals.cases.value,
    )


RULE = SupervisionRule(code=CODE, logic=1, name="冲红频繁", of_year=_find)
