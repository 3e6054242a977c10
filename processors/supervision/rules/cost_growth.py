"""次均费用增长 (``cost_growth``): a hospital whose stays grew dearer from one month on.

Definition: ``months`` months running or more, each with ``least_cases`` discharges or more, as many a year before and
in the month before the run, whose mean cost is more than ``growth`` above that of the same month a year ago, the
first ``months`` of them also above that of the month before the run; and whose costs are higher than a year ago by a
one-sided Welch test of the logarithms, by Benjamini and Hochberg over all hospitals with enough cases. The growth of
all costs is split into volume, price and mix by disease group; where mix makes more of it than price, the lead is a
hint.
Money at risk: of what was paid in the run the part that price makes of the costs.
Exclusions: stays billed in two parts, reversed bills.
False alarms: a new ward or surgeon, an epidemic, a price reform; the growth of the tier's other hospitals stands
beside it.
Law: 条例 (国务院令735) 第三十八条 (二). SUPERVISION section 2, rule 14.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct

from policies.supervision.peer_rules import CostGrowthTerms
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim
from processors.supervision.peers import (
    TIER_NAMES,
    by_hospital,
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
    standing_stays,
    tier_of,
    total_of,
)
from processors.supervision.rule import PeerStanding, RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.statistics.discoveries import discoveries, welch_p
from processors.supervision.statistics.growth_parts import Cases, growth_parts
from processors.supervision.statistics.peer_groups import disease_group

CODE = "cost_growth"
EXCLUDED = (
    "年末分段结算的住院、已冲销的结算单 stays billed in two parts, reversed bills",
    "每月不足例数的月份 months of few cases",
)
UNCHECKED = (
    "病情轻重与新开展项目（须病案与明细） severity and new services: needs records and item lines",
    "物价调整 price reforms",
)
Months = Mapping[str, Sequence[SupervisedClaim]]


class _Run(Struct, frozen=True):
    """A run of dear months of a hospital; empty where it has none."""

    hospital_id: str
    tier: int
    months: tuple[str, ...]
    all_months: Months
    p: float


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    before = by_region(year.before)
    for region, claims in by_region(year.claims).items():
        terms = context.text(last_day(claims), region).rules.cost_growth
        if terms.used:
            known = [claim for claim in before.get(region, ()) if claim.year == year.year - 1]
            stays = standing_stays([*known, *claims])
            runs = list(_runs(stays, year.year, terms, context))
            found = discoveries([run.p for run in runs], float(terms.level.value))
            for run, discovered in zip(runs, found, strict=True):
                if run.months and discovered:
                    yield _finding(run, stays, year.year, context)


def _runs(
    stays: Sequence[SupervisedClaim], year: int, terms: CostGrowthTerms, context: SupervisionContext
) -> Iterator[_Run]:
    """Of each hospital with enough cases to tell, its longest run."""
    for hospital_id, own in sorted(by_hospital(stays).items()):
        months = {
            month: cases
            for month, cases in grouped(own, lambda stay: month_of(stay.ends_on)).items()
            if len(cases) >= terms.least_cases.value
        }
        comparable = [month for month in sorted(months) if month[:4] == str(year) and year_before(month) in months]
        if len(comparable) >= terms.months.value:
            run = max(_candidates(months, comparable, terms), key=len, default=())
            p = 1.0
            if run:
                p = welch_p(_costs(months, run), _costs(months, [year_before(month) for month in run]))
            yield _Run(hospital_id, tier_of(hospital_id, own, context), run, months, p)


def _candidates(months: Months, comparable: Sequence[str], terms: CostGrowthTerms) -> Iterator[tuple[str, ...]]:
    factor = 1 + terms.growth.value
    dear = [month for month in comparable if _mean(months[month]) > factor * _mean(months[year_before(month)])]
    for first in dear:
        run = [first]
        while month_after(run[-1]) in dear:
            run.append(month_after(run[-1]))
        start = months.get(month_before(first))
        if len(run) >= terms.months.value and start is not None:
            line = factor * _mean(start)
            if all(_mean(months[month]) > line for month in run[: terms.months.value]):
                yield tuple(run)


def _finding(run: _Run, stays: Sequence[SupervisedClaim], year: int, context: SupervisionContext) -> RuleFinding:
    after = [stay for month in run.months for stay in run.all_months[month]]
    earlier = [stay for month in run.months for stay in run.all_months[year_before(month)]]
    parts = growth_parts(_cases(earlier), _cases(after))
    text = context.text(last_day(after), after[0].region)
    terms = text.rules.cost_growth
    severity: Severity = terms.severity if parts.price >= parts.mix else "hint"
    growth = _mean(after) / _mean(earlier) - 1
    start = run.all_months[month_before(run.months[0])]
    return RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(run.hospital_id, str(year), run.months[0]),
        claims=named(after),
        evidence={
            "months": list(run.months),
            "discharges": len(after),
            "discharges_year_before": len(earlier),
            "mean_cost": money(_mean(after)),
            "mean_cost_year_before": money(_mean(earlier)),
            "mean_cost_month_before": money(_mean(start)),
            "growth_on_year": share(growth),
            "growth_on_month": share(_mean(after) / _mean(start) - 1),
            "p": probability(run.p),
            "total_growth": money(parts.growth),
            "volume": money(parts.volume),
            "price": money(parts.price),
            "mix": money(parts.mix),
            "trend": {month: money(_mean(cases)) for month, cases in sorted(run.all_months.items())},
        },
        region=after[0].region,
        hospital_id=run.hospital_id,
        dates=span(after),
        at_risk=part_at_risk(after, Fraction(max(parts.price, 0), total_of(after))),
        outlier=max(1.0, float(growth / terms.growth.value)),
        peers=_tier(run, stays, growth),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _tier(run: _Run, stays: Sequence[SupervisedClaim], growth: Fraction) -> PeerStanding:
    """What the other hospitals of the tier did in the same months."""
    wanted = {*run.months, *(year_before(month) for month in run.months)}
    others = [
        stay
        for stay in stays
        if stay.tier == run.tier and stay.hospital_id != run.hospital_id and month_of(stay.ends_on) in wanted
    ]
    after = by_hospital(stay for stay in others if month_of(stay.ends_on) in run.months)
    earlier = by_hospital(stay for stay in others if month_of(stay.ends_on) not in run.months)
    growths = sorted(_mean(after[each]) / _mean(earlier[each]) - 1 for each in after if each in earlier)
    group = f"{TIER_NAMES[run.tier]} · 其他医院同期增幅 other hospitals' growth"
    if not growths:
        return PeerStanding(group, 0, "", None, None, "没有同级医院可比 no other hospital of the tier")
    middle = len(growths) // 2
    median = growths[middle] if len(growths) % 2 else (growths[middle - 1] + growths[middle]) / 2
    below = sum(each < growth for each in growths) / len(growths) * 100
    remark = f"仅 {len(growths)} 家 few hospitals" if len(growths) < 20 else None
    return PeerStanding(group, len(growths), share(median), figure(below, 1), None, remark)


def _cases(stays: Sequence[SupervisedClaim]) -> dict[str, Cases]:
    groups = grouped(stays, lambda stay: disease_group(stay.diagnoses, stay.disease))
    return {group: Cases(len(own), total_of(own)) for group, own in groups.items()}


def _costs(months: Months, wanted: Iterable[str]) -> list[int]:
    return [stay.bill.total for month in wanted for stay in months[month]]


def _mean(stays: Sequence[SupervisedClaim]) -> Fraction:
    return Fraction(total_of(stays), len(stays))


def year_before(month: str) -> str:
    """The same month a year before: 2018-03 of 2019-03."""
    return f"{int(month[:4]) - 1}{month[4:]}"


def month_before(month: str) -> str:
    """The month before: 2018-12 of 2019-01."""
    return year_before(f"{month[:5]}12") if month[5:] == "01" else f"{month[:5]}{int(month[5:]) - 1:02d}"


def month_after(month: str) -> str:
    """The next month: 2020-01 of 2019-12."""
    return f"{int(month[:4]) + 1}-01" if month[5:] == "12" else f"{month[:5]}{int(month[5:]) + 1:02d}"


RULE = SupervisionRule(code=CODE, logic=1, name="次均费用增长", of_year=_find)
