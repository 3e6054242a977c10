"""Early warning of funds (基金运行预警): months payable, payment rate, progress, deviation, growth, run-out month."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from msgspec import Struct, structs

from events.money import yuan
from policies.supervision.warning import WarningLines
from processors.accounts.forecast import YEAR, Forecast, ForecastTerms, Month, after, forecast
from processors.accounts.fund_account import Account

Level = Literal["normal", "yellow", "red", "unknown"]
_ORDER: tuple[Level, ...] = ("unknown", "normal", "yellow", "red")
NO_INCOME = (
    "未登记收入和期初余额，不判断可支付月数、支付率和用完月份 no income is noted: nothing is said of what is left"
)
NO_BUDGET = "未登记年度预算 no budget is noted"
SUPPLEMENTARY = "supplementary"
LITTLE_HISTORY = {
    "none": "账本历史不足，不作预测 too little history: nothing is forecast",
    "mean": "账本历史不足一年，按月均推算，无季节 less than a year: each month is taken like the mean",
    "one_year": "账本历史不足两年，增幅按 0 推算 less than two years: growth is taken for 0",
}


class FundFlow(Struct, frozen=True):
    """What belongs to one month of a fund, in fen."""

    account: Account
    month: Month
    income: int
    spending: int
    opening: int
    premiums: int = 0
    """of the income what the ledger booked itself"""

    @property
    def says_income(self) -> bool:
        """Whether it tells what the fund has: premiums are booked for some persons alone, but for those who are bought
        supplementary insurance, where they are all of its income.
        """
        noted = self.opening or self.income != self.premiums
        return bool(noted or (self.premiums and self.account.fund == SUPPLEMENTARY))


class Indicator(Struct, frozen=True):
    """One indicator: ``value`` is months, a share or points; None where it can't be said. ``lines`` name its terms."""

    name: str
    value: Fraction | None
    level: Level
    yellow: Fraction
    red: Fraction | None
    lines: tuple[str, ...]


class FundWarning(Struct, frozen=True):
    """A fund at the end of a month; amounts in fen. ``level`` is the worst of its indicators."""

    account: Account
    year: int
    as_of: date
    balance: int
    income: int
    spending: int
    budget: int | None
    expected: int | None
    mean_spending: Fraction | None
    time_share: Fraction
    indicators: tuple[Indicator, ...]
    course: Forecast
    level: Level
    has_surplus: bool
    remarks: tuple[str, ...]
    terms: dict[str, dict[str, Any]]

    def json(self) -> dict[str, Any]:
        """The warning for people and programs: money in yuan, shares to four decimals, months to two."""
        told: dict[str, Any] = self.account._asdict() | {"year": self.year, "as_of": self.as_of.isoformat()}
        told |= {name: yuan(getattr(self, name)) for name in ("balance", "income", "spending")}
        for name in ("budget", "expected"):
            told[name] = None if getattr(self, name) is None else yuan(getattr(self, name))
        told["mean_spending"] = None if self.mean_spending is None else yuan(round(self.mean_spending))
        told["time_share"] = _decimal(self.time_share, 4)
        told |= {each.name: _shown(each) for each in self.indicators if each.name != "run_out"}
        told["run_out"] = {course: _month_text(month) for course, month in self.course.run_out.items()}
        told["months_left"] = dict(self.course.months_left)
        told["growth"] = {course: _decimal(growth, 4) for course, growth in self.course.growth.items()}
        told |= {"basis": self.course.basis, "history_months": self.course.history_months}
        told |= {"level": self.level, "levels": {each.name: each.level for each in self.indicators}}
        return told | {"has_surplus": self.has_surplus, "remarks": list(self.remarks), "lines": self.terms}


def as_of_year(year: int, today: date) -> date | None:
    """The end of the last complete month of a year; None where none is complete yet."""
    last = after((today.year, today.month), -1) if year >= today.year else (year, YEAR)
    return None if last[0] < year else date(*last, monthrange(*last)[1])


def warn(
    account: Account,
    flows: Iterable[FundFlow],
    year: int,
    as_of: date,
    budget: int | None,
    lines: WarningLines,
    first: Month | None = None,
) -> FundWarning:
    """A fund at the end of a month of ``year``; of ``flows`` those of later months are left out.

    ``first`` is the month with which the history begins; that of the first flow where it is not given.
    """
    last = (as_of.year, as_of.month)
    known = [flow for flow in flows if flow.month <= last]
    spending, income = _by_month(known, "spending"), _by_month(known, "income")
    balance = sum(flow.opening + flow.income - flow.spending for flow in known)
    has_income = any(flow.says_income for flow in known)
    course = forecast(spending, income, last, balance, _terms(lines), first)
    if not has_income:
        unsaid: dict[str, None] = dict.fromkeys(course.run_out)
        course = structs.replace(course, run_out=unsaid, months_left=unsaid)
    spent, received = _of_year(spending, year), _of_year(income, year)
    mean = _mean(spending, last, course.history_months)
    time_share = Fraction((as_of - date(year, 1, 1)).days + 1, (date(year + 1, 1, 1) - date(year, 1, 1)).days)
    expected = _expected(spent, course, year, last)
    found = (
        _months(balance, mean, lines) if has_income else _unsaid("months_payable", lines),
        _rate(spent, received, lines) if has_income else _unsaid("payment_rate", lines),
        _over("time_progress", None if not budget else Fraction(spent, budget) - time_share, lines),
        _over("budget_deviation", None if not budget or expected is None else Fraction(expected, budget) - 1, lines),
        _growth_gap(spending, income, last, lines) if has_income else _UNSAID_GAP,
        _run_out(course, lines) if has_income else _unsaid("run_out", lines),
    )
    months = found[0].value
    return FundWarning(
        account=account,
        year=year,
        as_of=as_of,
        balance=balance,
        income=received,
        spending=spent,
        budget=budget,
        expected=expected,
        mean_spending=mean,
        time_share=time_share,
        indicators=found,
        course=course,
        level=max((each.level for each in found), key=_ORDER.index),
        has_surplus=months is not None and months > lines.months_surplus.value,
        remarks=_remarks(course, has_income=has_income, has_budget=bool(budget)),
        terms=lines.described(),
    )


def _terms(lines: WarningLines) -> ForecastTerms:
    return ForecastTerms(
        Fraction(lines.forecast_spread.value),
        Fraction(lines.forecast_growth_bound.value),
        lines.forecast_least_months.value,
        lines.forecast_horizon.value,
    )


def _by_month(flows: Iterable[FundFlow], name: str) -> dict[Month, int]:
    sums: dict[Month, int] = {}
    for flow in flows:
        if getattr(flow, name):
            sums[flow.month] = sums.get(flow.month, 0) + getattr(flow, name)
    return sums


def _of_year(months: Mapping[Month, int], year: int, until: int = YEAR) -> int:
    return sum(fen for month, fen in months.items() if month[0] == year and month[1] <= until)


def _mean(spending: Mapping[Month, int], last: Month, history: int) -> Fraction | None:
    """Mean spending of the last twelve months, or of as many as there are; None where there are none."""
    months = min(YEAR, history)
    return Fraction(sum(spending.get(after(last, -back), 0) for back in range(months)), months) if months else None


def _expected(spent: int, course: Forecast, year: int, last: Month) -> int | None:
    """What the year comes to: spent, and of the months that are left the base course; None where that is not known."""
    if last == (year, YEAR):
        return spent
    return None if course.basis == "none" else spent + _of_year(course.spending, year)


def _line(lines: WarningLines, name: str) -> Fraction:
    return Fraction(getattr(lines, name).value)


def _indicator(name: str, value: Fraction | None, level: Level, lines: WarningLines) -> Indicator:
    names = (f"{name}_yellow", f"{name}_red")
    return Indicator(name, value, level, _line(lines, names[0]), _line(lines, names[1]), names)


def _unsaid(name: str, lines: WarningLines) -> Indicator:
    return _indicator(name, None, "unknown", lines)


def _over(name: str, value: Fraction | None, lines: WarningLines) -> Indicator:
    """Yellow and red above the lines."""
    if value is None:
        return _unsaid(name, lines)
    yellow, red = _line(lines, f"{name}_yellow"), _line(lines, f"{name}_red")
    return _indicator(name, value, "red" if value > red else "yellow" if value > yellow else "normal", lines)


def _months(balance: int, mean: Fraction | None, lines: WarningLines) -> Indicator:
    """Below the lines; a fund below zero is red, one that spends nothing has no number of months."""
    if mean is None or mean <= 0:
        return _indicator("months_payable", None, "red" if balance < 0 else "unknown", lines)
    months = max(Fraction(0), balance / mean)
    yellow, red = _line(lines, "months_payable_yellow"), _line(lines, "months_payable_red")
    level: Level = "red" if months < red else "yellow" if months < yellow else "normal"
    return _indicator("months_payable", months, level, lines)


def _rate(spent: int, received: int, lines: WarningLines) -> Indicator:
    """Spending of income; where the year has had none and something was spent, it is red without a number."""
    if received <= 0:
        return _indicator("payment_rate", None, "red" if spent > 0 else "unknown", lines)
    return _over("payment_rate", Fraction(spent, received), lines)


def _growth_gap(
    spending: Mapping[Month, int], income: Mapping[Month, int], last: Month, lines: WarningLines
) -> Indicator:
    """Growth of spending less that of income, both since January against the year before, at the ends of quarters."""
    wanted = lines.growth_gap_quarters.value
    first_of_quarter = last[1] % 3
    ends = [after(last, -first_of_quarter - 3 * back) for back in range(max(1, wanted))]
    gaps = [_gap(spending, income, end) for end in ends]
    level: Level = "unknown"
    if gaps[0] is not None:
        running = all(gap is not None and gap > 0 for gap in gaps)
        level = "yellow" if wanted and running else "normal"
    return Indicator("growth_gap", gaps[0], level, Fraction(0), None, ("growth_gap_quarters",))


def _gap(spending: Mapping[Month, int], income: Mapping[Month, int], end: Month) -> Fraction | None:
    year, month = end
    now = [_of_year(of, year, month) for of in (spending, income)]
    before = [_of_year(of, year - 1, month) for of in (spending, income)]
    return None if min(before) <= 0 else Fraction(now[0], before[0]) - Fraction(now[1], before[1])


_UNSAID_GAP = Indicator("growth_gap", None, "unknown", Fraction(0), None, ("growth_gap_quarters",))


def _run_out(course: Forecast, lines: WarningLines) -> Indicator:
    """Months until the base course is below zero; none within the horizon is normal."""
    left = course.months_left["base"]
    if left is None:
        return _indicator("run_out", None, "unknown" if course.basis == "none" else "normal", lines)
    yellow, red = lines.run_out_yellow.value, lines.run_out_red.value
    return _indicator(
        "run_out", Fraction(left), "red" if left <= red else "yellow" if left <= yellow else "normal", lines
    )


def _remarks(course: Forecast, *, has_income: bool, has_budget: bool) -> tuple[str, ...]:
    told = [] if has_income else [NO_INCOME]
    told += [] if has_budget else [NO_BUDGET]
    return (*told, *([LITTLE_HISTORY[course.basis]] if course.basis in LITTLE_HISTORY else []))


def _shown(indicator: Indicator) -> str | None:
    return (
        None if indicator.value is None else _decimal(indicator.value, 2 if indicator.name == "months_payable" else 4)
    )


def _decimal(value: Fraction, places: int) -> str:
    """A fraction to so many decimals, half away from zero."""
    scaled = abs(value) * 10**places
    digits = int(scaled + Fraction(1, 2))
    whole, part = divmod(digits, 10**places)
    return f"{'-' if value < 0 and digits else ''}{whole}.{part:0{places}}"


def _month_text(month: Month | None) -> str | None:
    return None if month is None else f"{month[0]}-{month[1]:02}"


def worst(warnings: Sequence[FundWarning]) -> Level:
    """The worst level of several funds."""
    return max((each.level for each in warnings), key=_ORDER.index, default="unknown")
