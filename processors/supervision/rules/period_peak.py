"""集中时段虚增 (``period_peak``): a hospital whose bills crowd in a month, at the ends of months, or in holidays.

Definition: the share of a hospital's stays, or visits, of a year that falls (a) ``month`` in one calendar month,
December for the year's end, (b) ``month_end`` in the last ``last_days`` days of months, (c) ``holiday`` by the day of
admission on the
``holidays``. A peak has ``least_cases`` or more and a share more than ``excess`` above what is to be expected: the
larger of the hospital's own share of up to ``years`` years before and of the share of the other hospitals of its tier
in the year. By a binomial test against that share, over all hospitals and periods by Benjamini and Hochberg.
The other hospitals of the tier stand in for epidemics and seasons: what all have is no peak. A hospital without
``least_cases`` before is held against them alone, and the lead says so. Suspicious where the share is more than twice
the expected.
Money at risk: of what was paid in the peak the part beyond the expected.
Exclusions: reversed bills; bills of 31 December for stays that go on.
False alarms: an epidemic in one township, school checks, a backlog of settlement, a hospital that opened in the year.
Law: 条例 (国务院令735) 第四十条. SUPERVISION section 2, rule 16.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct

from policies.supervision.peer_rules import PeriodPeakTerms
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim
from processors.supervision.peers import (
    TIER_NAMES,
    by_hospital,
    by_region,
    grouped,
    last_day,
    named,
    part_at_risk,
    probability,
    share,
    span,
    tier_of,
)
from processors.supervision.rule import PeerStanding, RuleFinding, SupervisionContext, SupervisionRule, YearClaims
from processors.supervision.statistics.discoveries import discoveries, excess_p

CODE = "period_peak"
EXCLUDED = (
    "年末分段结算、已冲销的结算单 bills of 31 December for stays that go on, reversed bills",
    "全县同级医院都有的季节与疫情 seasons and epidemics that the tier's other hospitals have too",
)
UNCHECKED = ("本乡镇疫情、集中体检 an epidemic or checks in one township", "结算积压 a backlog of settlement")
Within = Callable[[SupervisedClaim], bool]


class _Peak(Struct, frozen=True):
    """A hospital's cases of a period against all of its year; ``own`` is its share before, None where it is unknown."""

    hospital_id: str
    tier: int
    setting: str
    period: str
    cases: Sequence[SupervisedClaim]
    of: int
    own: Fraction | None
    others: Fraction | None
    p: float

    @property
    def expected(self) -> Fraction:
        """The larger of its own share before and of the others'."""
        return max(self.own or Fraction(0), self.others or Fraction(0))

    @property
    def share(self) -> Fraction:
        """What part of the year lies in the period."""
        return Fraction(len(self.cases), self.of)


def _find(year: YearClaims, context: SupervisionContext) -> Iterable[RuleFinding]:
    before = by_region(year.before)
    for region, claims in by_region(year.claims).items():
        terms = context.text(last_day(claims), region).rules.period_peak
        if terms.used:
            first = year.year - terms.years.value
            earlier = _counted(claim for claim in before.get(region, ()) if claim.year >= first)
            now = _counted(claims)
            peaks = [
                peak
                for setting in ("stay", "visit")
                for peak in _peaks(_of(now, setting), _of(earlier, setting), setting, terms, year.year, context)
            ]
            found = discoveries([peak.p for peak in peaks], float(terms.level.value))
            for peak, discovered in zip(peaks, found, strict=True):
                if discovered and peak.share > (1 + terms.excess.value) * peak.expected:
                    yield _finding(peak, now, earlier, year.year, context)


def _counted(claims: Iterable[SupervisedClaim]) -> list[SupervisedClaim]:
    return [claim for claim in claims if claim.standing and not claim.interim and claim.bill.total > 0]


def _of(claims: Sequence[SupervisedClaim], setting: str) -> list[SupervisedClaim]:
    return [claim for claim in claims if claim.is_stay == (setting == "stay")]


def _periods(terms: PeriodPeakTerms, year: int) -> dict[str, Within]:
    periods: dict[str, Within] = {f"month-{month:02d}": _in_month(month) for month in range(1, 13)}
    periods["month_end"] = lambda claim: _is_month_end(claim.ends_on, terms.last_days.value)
    if any(holiday.first.year == year for holiday in terms.holidays.value):
        periods["holiday"] = lambda claim: any(holiday.holds(claim.starts_on) for holiday in terms.holidays.value)
    return periods


def _in_month(month: int) -> Within:
    return lambda claim: claim.ends_on.month == month


def _is_month_end(day: date, days: int) -> bool:
    return day.day > monthrange(day.year, day.month)[1] - days


def _peaks(
    now: Sequence[SupervisedClaim],
    earlier: Sequence[SupervisedClaim],
    setting: str,
    terms: PeriodPeakTerms,
    year: int,
    context: SupervisionContext,
) -> Iterator[_Peak]:
    own_now, own_before = by_hospital(now), by_hospital(earlier)
    tiers = {hospital_id: tier_of(hospital_id, own, context) for hospital_id, own in own_now.items()}
    least = terms.least_cases.value
    for period, within in sorted(_periods(terms, year).items()):
        inside = {hospital_id: [case for case in own if within(case)] for hospital_id, own in own_now.items()}
        of_tier: dict[int, tuple[int, int]] = {}
        for hospital_id, tier in tiers.items():
            cases, of = of_tier.get(tier, (0, 0))
            of_tier[tier] = cases + len(inside[hospital_id]), of + len(own_now[hospital_id])
        for hospital_id, own in sorted(own_now.items()):
            cases, of = of_tier[tiers[hospital_id]]
            past = own_before.get(hospital_id, ())
            mine = inside[hospital_id]
            before = Fraction(sum(map(within, past)), len(past)) if len(past) >= least else None
            rest = of - len(own)
            others = Fraction(cases - len(mine), rest) if rest >= least else None
            if len(mine) >= least and (before is not None or others is not None):
                expected = max(before or Fraction(0), others or Fraction(0))
                p = excess_p(len(mine), len(own), float(expected))
                yield _Peak(hospital_id, tiers[hospital_id], setting, period, mine, len(own), before, others, p)


def _finding(
    peak: _Peak,
    now: Sequence[SupervisedClaim],
    earlier: Sequence[SupervisedClaim],
    year: int,
    context: SupervisionContext,
) -> RuleFinding:
    text = context.text(last_day(peak.cases), peak.cases[0].region)
    terms = text.rules.period_peak
    severity: Severity = "suspicious" if peak.share > 2 * peak.expected else terms.severity
    remark = None
    if peak.own is None:
        remark = "本院往年例数不足，只与同级其他医院比较 few cases before: compared with the tier alone"
    elif peak.others is None:
        remark = "没有同级其他医院可比 no other hospital of the tier"
    return RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(peak.hospital_id, str(year), peak.setting, peak.period),
        claims=named(peak.cases),
        evidence={
            "period": peak.period,
            "setting": peak.setting,
            "cases": len(peak.cases),
            "cases_of_year": peak.of,
            "share": share(peak.share),
            "own_share_before": None if peak.own is None else share(peak.own),
            "others_share": None if peak.others is None else share(peak.others),
            "p": probability(peak.p),
            "profile": _profile(_mine(now, peak)).get(year, {}),
            "profiles_before": {str(of): months for of, months in sorted(_profile(_mine(earlier, peak)).items())},
        },
        region=peak.cases[0].region,
        hospital_id=peak.hospital_id,
        dates=span(peak.cases),
        at_risk=part_at_risk(peak.cases, 1 - peak.expected / peak.share),
        outlier=min(10.0, float(peak.share / peak.expected)) if peak.expected else 10.0,
        peers=PeerStanding(
            f"{TIER_NAMES[peak.tier]} · 其他医院 other hospitals · {year}",
            sum(case.tier == peak.tier and case.hospital_id != peak.hospital_id for case in now),
            "" if peak.others is None else share(peak.others),
            None,
            None,
            remark,
        ),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _mine(claims: Sequence[SupervisedClaim], peak: _Peak) -> list[SupervisedClaim]:
    return [claim for claim in _of(claims, peak.setting) if claim.hospital_id == peak.hospital_id]


def _profile(claims: Sequence[SupervisedClaim]) -> Mapping[int, dict[str, int]]:
    """Cases by year and month."""
    found: dict[int, dict[str, int]] = {}
    for of, own in grouped(claims, lambda claim: claim.year).items():
        months = grouped(own, lambda claim: f"{claim.ends_on.month:02d}")
        found[of] = {month: len(cases) for month, cases in sorted(months.items())}
    return found


RULE = SupervisionRule(code=CODE, logic=1, name="集中时段虚增", of_year=_find)
