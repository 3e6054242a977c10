"""What a simulation takes for granted of the years to come: balances and incomes of funds, growth, enrolment."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from events.money import parse_yuan
from policies.reform import ReformError, read_mapping, told_faults

MONTHS = 12
WHOLE = 10_000
"""Basis points of a whole."""
MOST_YEARS = 20


def basis_points(value: object) -> int:
    """A percentage such as ``8%`` or ``-1.5%`` as basis points. Raises ``ValueError``."""
    text = str(value)
    try:
        points = Fraction(text.removesuffix("%")) * 100
    except (ValueError, ZeroDivisionError):
        points = Fraction(1, 2)
    if not text.endswith("%") or points.denominator != 1:
        raise ValueError(f"“{text}”不是百分比，应写成 8% 或 -1.25% a percentage is wanted, with at most two decimals")
    return int(points)


def _fen(value: object) -> int:
    return parse_yuan(str(value))


Percentage = Annotated[int, BeforeValidator(basis_points), Field(gt=-WHOLE, le=WHOLE)]
Yuan = Annotated[int, BeforeValidator(_fen)]


class AssumedFund(Struct, frozen=True):
    """A fund that pays some ``layers``: its balance at the end of the base year, and its income of that year, fen."""

    name: str
    layers: tuple[str, ...]
    balance: int
    income: int


class Assumptions(Struct, frozen=True):
    """``year`` is the base year, ``years`` how many follow. ``growth`` is that of costs a person, ``enrolment`` that of
    the persons, ``income_growth`` that of what is paid in a person, each a year in basis points."""

    year: int
    years: int
    growth: int
    enrolment: int
    income_growth: int
    funds: tuple[AssumedFund, ...]


class _FundFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    layers: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    balance: Yuan
    income: Yuan


class _AssumptionsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Annotated[int, Field(ge=2000, le=2100)]
    years: Annotated[int, Field(ge=1, le=MOST_YEARS)] = 3
    growth: Percentage = 0
    enrolment: Percentage = 0
    income_growth: Percentage = 0
    funds: Annotated[tuple[_FundFile, ...], Field(min_length=1, max_length=20)]


class FundYear(Struct, frozen=True):
    """A fund in a year: what it spends, what it has at the end, and for how many months of such spending that lasts;
    None where it spends nothing. Fen."""

    year: int
    spending: Fraction
    balance: Fraction
    months: Fraction | None


def course(assumed: Assumptions, fund: AssumedFund, spending: int) -> list[FundYear]:
    """The base year, in which the fund spends so many fen, and those that follow. The balance of the base year is that
    of the books: what a reform would have cost in it is counted from the next year on."""
    persons = Fraction(WHOLE + assumed.enrolment, WHOLE)
    spent, income, balance = Fraction(spending), Fraction(fund.income), Fraction(fund.balance)
    years = [_year(assumed.year, spent, balance)]
    for number in range(1, assumed.years + 1):
        spent *= persons * Fraction(WHOLE + assumed.growth, WHOLE)
        income *= persons * Fraction(WHOLE + assumed.income_growth, WHOLE)
        balance += income - spent
        years.append(_year(assumed.year + number, spent, balance))
    return years


def lowest_months(years: Sequence[FundYear]) -> Fraction | None:
    """The fewest months payable of the years after the base year; None where nothing is spent."""
    known = [year.months for year in years[1:] if year.months is not None]
    return min(known, default=None)


def _year(year: int, spent: Fraction, balance: Fraction) -> FundYear:
    months = max(balance, Fraction(0)) * MONTHS / spent if spent > 0 else None
    return FundYear(year, spent, balance, months)


def read_assumptions(text: bytes, file: str) -> Assumptions:
    """Read assumptions from YAML; ``file`` stands for it in errors. Raises ``ReformError``."""
    plain, lines = read_mapping(text, file)
    try:
        said = _AssumptionsFile.model_validate(plain)
    except ValidationError as error:
        raise ReformError(told_faults(error, lines, file)) from None
    funds = tuple(AssumedFund(fund.name, fund.layers, fund.balance, fund.income) for fund in said.funds)
    names = [fund.name for fund in funds]
    if len(set(names)) < len(names):
        raise ReformError([f"{file}:{lines.at(('funds',))}: 基金重名 two funds have the same name"])
    return Assumptions(said.year, said.years, said.growth, said.enrolment, said.income_growth, funds)
