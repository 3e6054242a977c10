"""目录外占比 (``out_of_catalog_share``): a hospital, or a bill, with far more out of catalog than others.

Definition: (a) ``month`` a hospital's months of ``least_bills`` bills or more whose share out of catalog (self-funded
÷ total) is above the ``percentile`` of all months of the hospitals of its tier in the year, and an outlier among
them: the robust z of the share above 3.5 and, as a one-sided p, found by Benjamini and Hochberg over all months of the
tier. One lead a hospital and year. With fewer than 20 such months of the tier, those of all tiers are the peers, and
the lead says so. (b) ``bill`` one bill of ``bill_total`` or more with ``bill_share`` or more out of catalog.
Money at risk: of what was paid for (a) the part that the share above the line is of the share; of (b) all.
Exclusions: reversed bills.
False alarms: an implant or drug that no catalog lists and the patient chose; a department that moved in; few patients.
Law: 条例 (国务院令735) 第十五条, 第三十八条 (七). SUPERVISION section 2, rule 13.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct

from policies.supervision.peer_rules import OutOfCatalogTerms
from processors.supervision.claim import SupervisedClaim
from processors.supervision.peers import (
    TIER_NAMES,
    by_region,
    figure,
    grouped,
    last_day,
    money,
    month_of,
    named,
    part_at_risk,
    probability,
    share,
    span,
    standing_of,
    tier_of,
    total_of,
)
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.statistics.discoveries import discoveries, normal_p
from processors.supervision.statistics.outliers import RelativePlace, percentile_of, places
from processors.supervision.statistics.peer_groups import LEAST_PEERS

CODE = "out_of_catalog_share"
EXCLUDED = ("已冲销的结算单 reversed bills",)
UNCHECKED = (
    "目录外项目是什么、患者是否同意（须明细与同意书） what it was and whether the patient agreed",
    "病种结构 case mix",
)


class _Month(Struct, frozen=True):
    hospital_id: str
    tier: int
    month: str
    bills: Sequence[SupervisedClaim]
    share: Fraction


class _Judgement(Struct, frozen=True):
    month: _Month
    place: RelativePlace
    line: float
    p: float
    fell_back: bool


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    for region, claims in by_region(year.claims).items():
        text = context.text(last_day(claims), region)
        terms = text.rules.out_of_catalog_share
        if terms.used:
            bills = [claim for claim in claims if claim.standing and claim.bill.total > 0]
            yield from _single_bills(bills, context)
            months = _months(bills, terms, context)
            marked = grouped_by_hospital(_outlying(months, terms))
            for hospital_id, found in sorted(marked.items()):
                trend = {month.month: share(month.share) for month in months if month.hospital_id == hospital_id}
                yield _finding(found, trend, year.year, context)


def _months(bills: Sequence[SupervisedClaim], terms: OutOfCatalogTerms, context: SupervisionContext) -> list[_Month]:
    found = []
    for (hospital_id, month), own in sorted(
        grouped(bills, lambda bill: (bill.hospital_id, month_of(bill.ends_on))).items()
    ):
        if len(own) >= terms.least_bills.value:
            part = Fraction(_self_funded(own), total_of(own))
            found.append(_Month(hospital_id, tier_of(hospital_id, own, context), month, own, part))
    return found


def _outlying(months: Sequence[_Month], terms: OutOfCatalogTerms) -> Iterator[_Judgement]:
    tiers: dict[int, list[_Month]] = {}
    for month in months:
        tiers.setdefault(month.tier, []).append(month)
    for tier, own in sorted(tiers.items()):
        peers, fell_back = (own, False) if len(own) >= LEAST_PEERS else (months, True)
        if len(peers) < LEAST_PEERS:
            continue
        shares = [float(month.share) for month in peers]
        line = percentile_of(shares, float(terms.percentile.value * 100))
        ranks = places(shares, logarithmic=False)
        p_values = [1.0 if place.z is None else normal_p(place.z) for place in ranks]
        found = discoveries(p_values, float(terms.level.value))
        for month, place, p, discovered in zip(peers, ranks, p_values, found, strict=True):
            # where half of the months have one share there is no z: their highest percentile speaks
            outlies = place.outlies_above and (discovered or place.z is None)
            if month.tier == tier and outlies and float(month.share) > line:
                yield _Judgement(month, place, line, p, fell_back)


def grouped_by_hospital(found: Iterable[_Judgement]) -> dict[str, list[_Judgement]]:
    """Judgements of months by their hospital."""
    hospitals: dict[str, list[_Judgement]] = {}
    for judgement in found:
        hospitals.setdefault(judgement.month.hospital_id, []).append(judgement)
    return hospitals


def _finding(
    found: Sequence[_Judgement], trend: Mapping[str, str], year: int, context: SupervisionContext
) -> RuleFinding:
    worst = max(found, key=lambda judgement: judgement.month.share)
    bills = [bill for judgement in found for bill in judgement.month.bills]
    text = context.text(last_day(bills), bills[0].region)
    at_risk: dict[str, int] = {}
    for judgement in found:
        over = 1 - Fraction(judgement.line) / judgement.month.share
        for layer, fen in part_at_risk(judgement.month.bills, over).items():
            at_risk[layer] = at_risk.get(layer, 0) + fen
    group = f"{TIER_NAMES[worst.month.tier]} · 医院各月 hospital months · {year}"
    remark = "同级不足 20 个院月，改与全部等级比较 too few of the tier: compared with all" if worst.fell_back else None
    return RuleFinding(
        rule=CODE,
        severity=text.rules.out_of_catalog_share.severity,
        text=text,
        terms=text.rules.out_of_catalog_share,
        key=(worst.month.hospital_id, str(year), "month"),
        claims=named(bills),
        evidence={
            "kind": "month",
            "months": {
                judgement.month.month: {
                    "bills": len(judgement.month.bills),
                    "self_funded": money(_self_funded(judgement.month.bills)),
                    "total": money(total_of(judgement.month.bills)),
                    "share": share(judgement.month.share),
                    "p": probability(judgement.p),
                }
                for judgement in found
            },
            "line": share(worst.line),
            "trend": dict(trend),
            "bills": len(bills),
        },
        region=bills[0].region,
        hospital_id=worst.month.hospital_id,
        dates=span(bills),
        at_risk=at_risk,
        outlier=worst.place.distance,
        peers=standing_of(group, worst.place, worst.place.n, remark, told=share),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _single_bills(bills: Sequence[SupervisedClaim], context: SupervisionContext) -> Iterator[RuleFinding]:
    for bill in bills:
        text = context.text(bill.ends_on, bill.region)
        terms = text.rules.out_of_catalog_share
        part = Fraction(bill.bill.self_funded, bill.bill.total)
        if bill.bill.total >= terms.bill_total.value and part >= terms.bill_share.value:
            yield RuleFinding(
                rule=CODE,
                severity=terms.severity,
                text=text,
                terms=terms,
                key=(bill.claim_id, "bill"),
                claims=(bill,),
                evidence={
                    "kind": "bill",
                    "self_funded": money(bill.bill.self_funded),
                    "total": money(bill.bill.total),
                    "share": share(part),
                    "line": figure(float(terms.bill_share.value * 100), 1) + "%",
                },
                region=bill.region,
                person_id=bill.person_id,
                hospital_id=bill.hospital_id,
                dates=(bill.ends_on,),
                excluded=EXCLUDED,
                unchecked=UNCHECKED[:1],
            )


def _self_funded(bills: Iterable[SupervisedClaim]) -> int:
    return sum(bill.bill.self_funded for bill in bills)


RULE = SupervisionRule(code=CODE, logic=1, name="目录外占比", of_year=_find)
