"""Where a fund's balance is going: its own seasons carried on, in three courses. Exact; fen are rounded last.

The method can be redone in a spreadsheet. Of the twelve months that end with the last complete one, and of up to two
such years before, the share of each calendar month is averaged: the seasons. The spending of the last twelve months,
raised by the growth once a year ahead, is spread over them. Income comes again as in the last twelve months.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from msgspec import Struct

Month = tuple[int, int]
"""Year and month, 1 to 12."""
Basis = Literal["seasons", "one_year", "mean", "none"]
COURSES = ("base", "high", "low")
YEAR = 12
_YEARS = 3


class ForecastTerms(Struct, frozen=True):
    """How a course is reckoned, as the supervision text states it."""

    spread: Fraction
    growth_bound: Fraction
    least_months: int
    horizon: int


class Forecast(Struct, frozen=True):
    """Three courses from the month after the last known one.

    ``basis``: ``seasons`` (two years or more: growth is known), ``one_year`` (seasons of one year, growth taken for
    0), ``mean`` (less than a year: each month like the mean), ``none`` (too little: nothing is forecast). ``spending``
    is the base course's, fen by month. ``growth``, ``run_out`` and ``months_left`` are by course; None: not within the
    horizon.
    """

    basis: Basis
    history_months: int
    growth: dict[str, Fraction]
    spending: dict[Month, int]
    run_out: dict[str, Month | None]
    months_left: dict[str, int | None]


def after(month: Month, months: int = 1) -> Month:
    """The month so many later, or earlier."""
    place = month[0] * YEAR + month[1] - 1 + months
    return place // YEAR, place % YEAR + 1


def forecast(
    spending: Mapping[Month, int],
    income: Mapping[Month, int],
    last: Month,
    balance: int,
    terms: ForecastTerms,
    first: Month | None = None,
) -> Forecast:
    """The courses of a fund that has ``balance`` fen at the end of month ``last``.

    ``spending`` and ``income`` are fen by month; those without an entry between the ``first``
    (else the first that has one) and the last had none.
    """
    known = [month for month in (*spending, *income, *([first] if first else [])) if month <= last]
    history = _between(min(known), last) if known else []
    if len(history) < max(1, terms.least_months):
        return Forecast("none", len(history), {}, {}, dict.fromkeys(COURSES), dict.fromkeys(COURSES))
    windows = _windows(spending, last, len(history))
    growths = _growths(windows)
    basis: Basis = "mean" if not windows else "seasons" if growths else "one_year"
    bound = terms.growth_bound
    base = min(max(growths[0], -bound), bound) if growths else Fraction(0)
    growth = {
        "base": base,
        "high": max([base, *(min(each, bound) for each in growths)]) + terms.spread,
        "low": min([base, *(max(each, -bound) for each in growths)]) - terms.spread,
    }
    recent = history[-YEAR:]
    shares = _shares(windows)
    level = Fraction(sum(spending.get(month, 0) for month in recent) * YEAR, len(recent))
    comes_in = [_income(income, recent, number) for number in range(terms.horizon)]
    left: dict[str, int | None] = {}
    base_spending: dict[Month, int] = {}
    for course in COURSES:
        yearly = 1 + growth[course]
        spent = [level * yearly ** (number // YEAR + 1) * shares[number % YEAR] for number in range(terms.horizon)]
        left[course] = _months_left(Fraction(balance), comes_in, spent)
        if course == "base":
            base_spending = {after(last, number): round(fen) for number, fen in enumerate(spent, start=1)}
    run_out = {course: None if months is None else after(last, months) for course, months in left.items()}
    return Forecast(basis, len(history), growth, base_spending, run_out, left)


def _between(first: Month, last: Month) -> list[Month]:
    months = [first]
    while months[-1] < last:
        months.append(after(months[-1]))
    return months


def _windows(spending: Mapping[Month, int], last: Month, history: int) -> list[list[int]]:
    """Spending of up to three whole years that end with the last month, newest first, each from its first month on."""
    return [
        [spending.get(after(last, -YEAR * back - YEAR + 1 + place), 0) for place in range(YEAR)]
        for back in range(min(_YEARS, history // YEAR))
    ]


def _growths(windows: Sequence[Sequence[int]]) -> list[Fraction]:
    """Of each year over the one before, newest first, up to one that spent nothing."""
    sums = [sum(window) for window in windows]
    growths = []
    for newer, older in pairwise(sums):
        if older <= 0:
            break
        growths.append(Fraction(newer, older) - 1)
    return growths


def _shares(windows: Sequence[Sequence[int]]) -> list[Fraction]:
    """What part of a year's spending falls in each month after the last one; one twelfth where no year is known."""
    told = [(window, sum(window)) for window in windows if sum(window) > 0]
    if not told:
        return [Fraction(1, YEAR)] * YEAR
    shares = [[Fraction(fen, total) for fen in window] for window, total in told]
    return [sum(of_month, Fraction(0)) / len(told) for of_month in zip(*shares, strict=True)]


def _income(income: Mapping[Month, int], recent: Sequence[Month], number: int) -> Fraction:
    """What comes in so many months after the first one ahead: as in the same month of the last year, or the mean."""
    if len(recent) == YEAR:
        return Fraction(income.get(recent[number % YEAR], 0))
    return Fraction(sum(income.get(month, 0) for month in recent), len(recent))


def _months_left(balance: Fraction, comes_in: Sequence[Fraction], spent: Sequence[Fraction]) -> int | None:
    """In which month ahead the balance falls below zero, counted from 1; 0 where it is below already, None never."""
    if balance < 0:
        return 0
    for number, (more, less) in enumerate(zip(comes_in, spent, strict=True), start=1):
        balance += more - less
        if balance < 0:
            return number
    return None
