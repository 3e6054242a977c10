"""The trace of a decision: the values it used and each step's arithmetic, compact enough to store with every payout.

An entry is ``["v", path, row]``, a value by its place in the pinned scheme, or ``["s", label, expression, fen]``, a
step whose expression shows yuan. ``policies.explain`` renders it against the scheme.
"""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar

from events.money import yuan
from policies.values import Found

T = TypeVar("T")

__all__ = ["Trace", "percent", "yuan"]


@lru_cache(maxsize=1024)
def percent(ratio: Fraction) -> str:
    """A ratio as an exact percentage, ``85%``."""
    hundredfold = ratio * 100
    return f"{(Decimal(hundredfold.numerator) / hundredfold.denominator).normalize():f}%"


class Trace:
    """Collects entries while a rule decides."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Any, ...]] = []

    def use(self, found: Found[T]) -> T:
        """Note a value of the scheme as used, and give it."""
        self.entries.append(("v", found.path, found.row))
        return found.value

    def step(self, label: str, expression: str, fen: int) -> int:
        """Note one step's arithmetic, and give its result in fen."""
        self.entries.append(("s", label, expression, fen))
        return fen
