"""Cited values of a supervision text, and what a rule's section holds beside them."""

from fractions import Fraction
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, RootModel

from events.money import yuan
from policies.supervision.days import DayRange
from policies.supervision.icd import IcdRange, IcdRanges
from policies.values import Amount, Cited, Ratio, Strict

V = TypeVar("V")
Severity = Literal["hint", "suspicious", "violation"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
SEVERITY_NAMES: dict[Severity, str] = {"hint": "提示", "suspicious": "可疑", "violation": "违规"}
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Number = Annotated[Fraction, Field(ge=0)]


class CitedValue(Cited, Generic[V]):
    """One value of a supervision text, with its grade and where it stands."""

    value: V


CitedCount = CitedValue[Count]
CitedRatio = CitedValue[Ratio]
"""From 0% to 100%."""
CitedNumber = CitedValue[Number]
"""An exact number, as 3.5."""
CitedIcd = CitedValue[IcdRanges]


class CitedAmount(CitedValue[Amount]):
    """An amount, in fen."""


class CitedAmounts(CitedValue[tuple[Amount, ...]]):
    """Some amounts, in fen each."""


class CitedSection(Strict):
    """A part of a text whose values are cited."""

    def described(self) -> dict[str, dict[str, Any]]:
        """Its cited values by name, for people and for the ledger: value, grade and where it stands."""
        found = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, CitedValue):
                found[name] = {"value": _told(value), "grade": value.grade, "cite": value.citation}
        return found


class RuleTerms(CitedSection):
    """What every rule of supervision states: its version, whether it is used, its ground in the law, and its words.

    ``version`` rises with each change of the rule's values; ``clause`` is the law or order that what it finds breaks.
    """

    version: Annotated[int, Field(ge=1)]
    used: bool = True
    clause: Annotated[str, Field(min_length=1)]
    severity: Severity


def _told(cited: CitedValue[Any]) -> Any:
    match cited:
        case CitedAmount():
            return yuan(cited.value)
        case CitedAmounts():
            return [yuan(amount) for amount in cited.value]
        case _:
            return plain_value(cited.value)


def plain_value(value: Any) -> Any:
    """A value as JSON shows it; a ratio as a decimal fraction."""
    match value:
        case Fraction():
            return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
        case IcdRange() | DayRange():
            return str(value)
        case tuple() | list() | frozenset():
            return [plain_value(each) for each in value]
        case dict():
            return {str(key): plain_value(each) for key, each in value.items()}
        case RootModel():
            return plain_value(value.root)
        case BaseModel():
            return {name: plain_value(getattr(value, name)) for name in type(value).model_fields}
        case _:
            return value
