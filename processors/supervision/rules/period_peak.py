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
HOLIDAY = "holiday"
EXCLUDED = (
    "年末分段结算、已冲销的结算单 bills of 31 December for stays that go on, reversed bills",
    "全县同级医院都有的季节与疫情 seasons and epidemics that the tier's other hospitals have too",
)
UNCHECKED = ("本乡镇疫情、集中体检 an epidemic or checks in one township", "结算积压 a backlog of settlement")


class _Peak(Struct, frozen=True):
    """A hospital's cases of a period against all of its year; ``own`` is its share before, None where it is unknown."""

    hospital_id: str
    tier: int
    setting: str
    period: str
    cases: int
    of: int
    own: Fraction | None
    others: Fraction | None
    others_of: int
    p: float

    @property
    def expected(self) -> Fraction:
        """The larger of its own share before and of the others'."""
        return max(self.own or Fraction(0), self.others or Fraction(0))

    @property
    def share(self) -> Fraction:
        """What part of the year lies in the period."""
        return Fraction(self.cases, self.of)


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
                for peak in _peaks(_of(now, setting), _of(earlier, setting), setting, terms, context)
            ]
            found = discoveries([peak.p for peak in peaks], float(terms.level.value))
            marked = [
                peak
                for peak, discovered in zip(peaks, found, strict=True)
                if discovered and peak.share > (1 + terms.excess.value) * peak.expected
            ]
            if marked:
                periods_of = periods_by_day(terms)
                own, past = by_hospital(now), by_hospital(earlier)
                for peak in marked:
                    mine = _of(own[peak.hospital_id], peak.setting)
                    cases = [claim for claim in mine if peak.period in periods_of(claim)]
                    yield _finding(
                        peak, cases, mine, _of(past.get(peak.hospital_id, ()), peak.setting), year.year, context
                    )


def _counted(claims: Iterable[SupervisedClaim]) -> list[SupervisedClaim]:
    return [claim for claim in claims if claim.standing and not claim.interim and claim.bill.total > 0]


def _of(claims: Sequence[SupervisedClaim], setting: str) -> list[SupervisedClaim]:
    return [claim for claim in claims if claim.is_stay == (setting == "stay")]


class _Counts(Struct):
    """A hospital's cases of a year or of years, and how many of them lie in each period."""

    of: int = 0
    within: dict[str, int] = {}


def _counts(
    claims: Iterable[SupervisedClaim], periods_of: Callable[[SupervisedClaim], Iterable[str]]
) -> dict[str, _Counts]:
    found: dict[str, _Counts] = {}
    for claim in claims:
        counts = found.get(claim.hospital_id)
        if counts is None:
            counts = found[claim.hospital_id] = _Counts(0, {})
        counts.of += 1
        for period in periods_of(claim):
            counts.within[period] = counts.within.get(period, 0) + 1
    return found


def periods_by_day(terms: PeriodPeakTerms) -> Callable[[SupervisedClaim], Iterable[str]]:
    """The periods that a claim lies in: its month, the end of it, and holidays by the day that it began."""
    ends: dict[date, tuple[str, ...]] = {}
    starts: dict[date, bool] = {}

    def periods(claim: SupervisedClaim) -> Iterable[str]:
        day, begun = claim.ends_on, claim.starts_on
        if day not in ends:
            month = f"month-{day.month:02d}"
            is_end = day.day > monthrange(day.year, day.month)[1] - terms.last_days.value
            ends[day] = (month, "month_end") if is_end else (month,)
        if begun not in starts:
            starts[begun] = any(holiday.holds(begun) for holiday in terms.holidays.value)
        return (*ends[day], HOLIDAY) if starts[begun] else ends[day]

    return periods


def _peaks(
    now: Sequence[SupervisedClaim],
    earlier: Sequence[SupervisedClaim],
    setting: str,
    terms: PeriodPeakTerms,
    context: SupervisionContext,
) -> Iterator[_Peak]:
    periods_of = periods_by_day(terms)
    own_now, own_before = _counts(now, periods_of), _counts(earlier, periods_of)
    last = {claim.hospital_id: claim for claim in now}
    tiers = {hospital_id: tier_of(hospital_id, [last[hospital_id]], context) for hospital_id in own_now}
    # a year whose holidays the text does not state had none by this count: it says nothing of them
    is_stated = {claim.ends_on.year for claim in earlier} <= {each.first.year for each in terms.holidays.value}
    of_tier: dict[int, _Counts] = {}
    for hospital_id, counts in own_now.items():
        whole = of_tier.setdefault(tiers[hospital_id], _Counts(0, {}))
        whole.of += counts.of
        for period, cases in counts.within.items():
            whole.within[period] = whole.within.get(period, 0) + cases
    for hospital_id, counts in sorted(own_now.items()):
        tier, past = tiers[hospital_id], own_before.get(hospital_id, _Counts(0, {}))
        for period, cases in sorted(counts.within.items()):
            if cases >= terms.least_cases.value:
                before = _share(past.within.get(period, 0), past.of, terms) if period != HOLIDAY or is_stated else None
                rest = of_tier[tier].within[period] - cases, of_tier[tier].of - counts.of
                others = _share(*rest, terms)
                if before is not None or others is not None:
                    expected = max(before or Fraction(0), others or Fraction(0))
                    p = excess_p(cases, counts.of, float(expected))
                    yield _Peak(hospital_id, tier, setting, period, cases, counts.of, before, others, rest[1], p)


def _share(cases: int, of: int, terms: PeriodPeakTerms) -> Fraction | None:
    """None where there are too few to tell."""
    return Fraction(cases, of) if of >= terms.least_cases.value else None


def _finding(
    peak: _Peak,
    cases: Sequence[SupervisedClaim],
    mine: Sequence[SupervisedClaim],
    past: Sequence[SupervisedClaim],
    year: int,
    context: SupervisionContext,
) -> RuleFinding:
    text = context.text(last_day(cases), cases[0].region)
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
        claims=named(cases),
        evidence={
            "period": peak.period,
            "setting": peak.setting,
            "cases": peak.cases,
            "cases_of_year": peak.of,
            "share": share(peak.share),
            "own_share_before": None if peak.own is None else share(peak.own),
            "others_share": None if peak.others is None else share(peak.others),
            "p": probability(peak.p),
            "profile": _profile(mine).get(year, {}),
            "profiles_before": {str(of): months for of, months in sorted(_profile(past).items())},
        },
        region=cases[0].region,
        hospital_id=peak.hospital_id,
        dates=span(cases),
        at_risk=part_at_risk(cases, 1 - peak.expected / peak.share),
        outlier=min(10.0, float(peak.share / peak.expected)) if peak.expected else 10.0,
        peers=PeerStanding(
            f"{TIER_NAMES[peak.tier]} · 其他医院 other hospitals · {year}",
            peak.others_of,
            "" if peak.others is None else share(peak.others),
            None,
            None,
            remark,
        ),
        excluded=EXCLUDED,
        unchecked=UNCHECKED,
    )


def _profile(claims: Sequence[SupervisedClaim]) -> Mapping[int, dict[str, int]]:
    """Cases by year and month."""
    found: dict[int, dict[str, int]] = {}
    for of, own in grouped(claims, lambda claim: claim.year).items():
        months = grouped(own, lambda claim: f"{claim.ends_on.month:02d}")
        found[of] = {month: len(cases) for month, cases in sorted(months.items())}
    return found


RULE = SupervisionRule(code=CODE, logic=1, name="集中时段虚增", of_year=_find)
