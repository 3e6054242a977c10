"""The trace of a decision: the values it used and each step's arithmetic, compact enough to store with every payout.

An entry is ``["v", path, row]``, a value by its place in the pinned scheme, or ``["a", label, fen, expression, …]``, a
step's arithmetic: an expression with a place for each of the numbers behind it, fen or a word. ``policies.explain``
renders it against the scheme; wording it takes longer than deciding, and most are never read.
"""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar

from policies.values import Found

T = TypeVar("T")


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

    def step(self, label: str, fen: int, expression: str, *numbers: int | str) -> int:
        """Note one step's arithmetic, and give its result in fen: ``expression`` has a ``{}`` for each number, fen or
        a word."""
        self.entries.append(("a", label, fen, expression, *numbers))
        return fen
