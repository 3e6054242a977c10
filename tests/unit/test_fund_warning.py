"""A fund's early warning: each indicator by hand, on the line and beside it, and what little history does not say."""

from datetime import date
from fractions import Fraction

import pytest

from policies.supervision.text import built_in
from processors.accounts.forecast import ForecastTerms, Month, after, forecast
from processors.accounts.fund_account import Account
from processors.accounts.fund_warning import FundFlow, FundWarning, as_of_year, warn

ACCOUNT = Account("shanggao", "360923", "basic_fund", None)
TERMS = ForecastTerms(Fraction(5, 100), Fraction(30, 100), 3, 36)
LINES = built_in().warning


def months(first: Month, amounts: list[int]) -> dict[Month, int]:
    return {after(first, place): fen for place, fen in enumerate(amounts)}


def told(
    spending: dict[Month, int],
    income: dict[Month, int],
    *,
    opening: int = 0,
    budget: int | None = None,
    year: int = 2019,
) -> FundWarning:
    first = min((*spending, *income))
    flows = [
        FundFlow(ACCOUNT, month, income.get(month, 0), spending.get(month, 0), 0) for month in {*spending, *income}
    ]
    last = max(month for month in (*spending, *income) if month[0] == year)
    as_of = as_of_year(year, date(*after(last), 1))
    assert as_of is not None
    return warn(ACCOUNT, [*flows, FundFlow(ACCOUNT, first, 0, 0, opening)], year, as_of, budget, LINES)


def levels(warning: FundWarning) -> dict[str, str]:
    return {each.name: each.level for each in warning.indicators}


@pytest.mark.parametrize(
    ("opening", "level"),
    [(600, "normal"), (599, "yellow"), (300, "yellow"), (299, "red"), (-1, "red")],
)
def test_months_payable_on_the_line_and_under_it(opening: int, level: str) -> None:
    """100 a month in and out: the balance is the opening one, of six months 600, of three 300."""
    flat = months((2019, 1), [100] * 12)
    warning = told(flat, flat, opening=opening)
    assert levels(warning)["months_payable"] == level
    assert warning.balance == opening


def test_payment_rate_progress_and_deviation() -> None:
    """Half a year: 600 spent of 620 received, 96.77%; of a budget of 1,000 60% in 181 of 365 days, 49.59%."""
    six = months((2019, 1), [100] * 6)
    warning = told(six, months((2019, 1), [620, 0, 0, 0, 0, 0]), opening=5000, budget=1000)
    found = {each.name: each for each in warning.indicators}
    assert (found["payment_rate"].value, found["payment_rate"].level) == (Fraction(600, 620), "yellow")
    assert found["time_progress"].value == Fraction(60, 100) - Fraction(181, 365)
    assert found["time_progress"].level == "red"
    # six months are carried on like their mean: 1,200 in the year, a fifth over the budget
    assert (warning.expected, found["budget_deviation"].value) == (1200, Fraction(1, 5))
    assert (found["budget_deviation"].level, warning.course.basis, warning.level) == ("red", "mean", "red")
    assert any("不足一年" in remark for remark in warning.remarks)


def test_a_year_that_is_over_is_held_as_it_was() -> None:
    """1,260 of 1,200: 5%, on the line, is no deviation yet; a fen more is."""
    income = months((2019, 1), [200] * 12)
    on_line = told(months((2019, 1), [105] * 12), income, budget=1200)
    assert levels(on_line)["budget_deviation"] == "normal"
    over = told(months((2019, 1), [105] * 11 + [106]), income, budget=1200)
    assert (over.expected, levels(over)["budget_deviation"]) == (1261, "yellow")
    assert over.time_share == 1


def test_spending_grows_faster_than_income_for_two_quarters() -> None:
    """2018: 100 in and out each month; 2019: 110 out, 105 in: 5 points in each quarter."""
    spending = months((2018, 1), [100] * 12 + [110] * 12)
    both = told(spending, months((2018, 1), [100] * 12 + [105] * 12), opening=9999)
    found = {each.name: each for each in both.indicators}["growth_gap"]
    assert (found.value, found.level) == (Fraction(1, 20), "yellow")
    # until September income grew as fast: 110 · 9 = 990; then nothing came, and only the last quarter is behind
    once = told(spending, months((2018, 1), [100] * 12 + [110] * 9 + [0] * 3), opening=9999)
    assert levels(once)["growth_gap"] == "normal"
    assert levels(told(months((2019, 1), [1] * 12), months((2019, 1), [1] * 12)))["growth_gap"] == "unknown"


def test_three_courses_by_hand() -> None:
    """2018 spends 100 a month, 2019 110; 600 are left and nothing comes in.

    Base: 10% more, 121 a month: 4 months 484, the fifth 605 > 600. High: 15%, 126.5: 506, then 632.5. Low: 5%, 115.5:
    577.5 in five months, 693 in six.
    """
    spending = months((2018, 1), [100] * 12 + [110] * 12)
    course = forecast(spending, {}, (2019, 12), 600, TERMS)
    assert course.basis == "seasons"
    assert course.growth == {"base": Fraction(1, 10), "high": Fraction(15, 100), "low": Fraction(5, 100)}
    assert course.run_out == {"base": (2020, 5), "high": (2020, 5), "low": (2020, 6)}
    assert course.spending[2020, 1] == 121


def test_seasons_and_yearly_income_move_the_month() -> None:
    """All is spent in December, 1,200 a year, as it was in the year before; 1,000 come in each January."""
    spending = months((2018, 1), ([0] * 11 + [1200]) * 2)
    income = months((2018, 1), ([1000] + [0] * 11) * 2)
    course = forecast(spending, income, (2019, 12), 250, TERMS)
    # 250 + 1,000 − 1,200 = 50 in December 2020, then −150 in December 2021
    assert course.run_out["base"] == (2021, 12)
    assert course.spending[2020, 11] == 0
    # 5% more: 250 + 1,000 − 1,260 = −10
    assert course.run_out["high"] == (2020, 12)
    # 5% less: +1,000 − 1,140, then − 1,083, then − 1,028.85: 250 − 140 − 83 − 28.85 = −1.85 in the third December
    assert course.run_out["low"] == (2022, 12)


def test_little_history_says_so() -> None:
    two = forecast(months((2019, 1), [100, 100]), {}, (2019, 2), 50, TERMS)
    assert (two.basis, two.history_months, two.run_out["base"]) == ("none", 2, None)
    one_year = forecast(months((2019, 1), [100] * 12), {}, (2019, 12), 150, TERMS)
    assert (one_year.basis, one_year.growth["base"], one_year.run_out["base"]) == ("one_year", Fraction(0), (2020, 2))
    below = forecast(months((2019, 1), [100] * 12), {}, (2019, 12), -1, TERMS)
    assert below.months_left == {"base": 0, "high": 0, "low": 0}


def test_a_fund_whose_income_nobody_notes_is_not_called_empty() -> None:
    warning = told(months((2019, 1), [100] * 12), {}, budget=1200)
    found = levels(warning)
    assert (warning.balance, found["months_payable"], found["payment_rate"], found["run_out"]) == (
        -1200,
        "unknown",
        "unknown",
        "unknown",
    )
    assert (found["budget_deviation"], warning.level) == ("normal", "normal")
    assert any("未登记收入" in remark for remark in warning.remarks)


def test_a_warning_as_programs_read_it() -> None:
    flat = months((2018, 1), [100_00] * 24)
    said = told(flat, flat, opening=350_00, budget=1200_00).json()
    assert (said["as_of"], said["balance"], said["months_payable"], said["payment_rate"]) == (
        "2019-12-31",
        "350.00",
        "3.50",
        "1.0000",
    )
    assert (said["time_progress"], said["budget_deviation"], said["growth_gap"]) == ("0.0000", "0.0000", "0.0000")
    # 5% more than comes in: 5 a month, then 10.25, then 15.7625; 350 − 60 − 123 leaves 167, short in the eleventh month
    assert said["run_out"] == {"base": None, "high": "2022-11", "low": None}
    assert said["levels"]["payment_rate"] == "yellow"
    assert said["lines"]["months_payable_red"]["value"] == 3


def test_months_that_are_complete() -> None:
    assert as_of_year(2019, date(2020, 2, 1)) == date(2019, 12, 31)
    assert as_of_year(2020, date(2020, 3, 31)) == date(2020, 2, 29)
    assert as_of_year(2020, date(2020, 1, 15)) is None
    assert as_of_year(2021, date(2020, 3, 1)) is None
