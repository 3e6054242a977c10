"""Means, ratios of sums, rates and growth, each exact, with its number of cases and an interval of 95%."""

import math
from dataclasses import dataclass
from fractions import Fraction

from msgspec import Struct

from processors.supervision.statistics.intervals import wilson

Z = 1.959964
"""Of the normal distribution, for an interval of 95%."""


class ItemMeasure(Struct, frozen=True):
    """What an item comes to: ``numerator`` ÷ ``denominator`` (money in fen), ``n`` cases, an interval of 95%.

    ``low`` and ``high`` are None where one case alone says nothing of it.
    """

    value: Fraction
    numerator: int
    denominator: int
    n: int
    low: float | None
    high: float | None

    @property
    def error(self) -> float | None:
        """About the standard error that the interval stands for."""
        return None if self.low is None or self.high is None else (self.high - self.low) / (2 * Z)


@dataclass(slots=True)
class Pairs:
    """Sums over cases of an amount ``y``, not negative, and of what it is held against, ``x``; with x = 1 the ratio is
    the mean. ``within``: no ``y`` is more than its ``x``."""

    n: int = 0
    y: int = 0
    x: int = 0
    yy: int = 0
    xx: int = 0
    xy: int = 0
    within: bool = True

    def add(self, y: int, x: int = 1) -> None:
        """Count a case."""
        self.n += 1
        self.y += y
        self.x += x
        self.yy += y * y
        self.xx += x * x
        self.xy += x * y
        self.within = self.within and y <= x

    def ratio(self) -> ItemMeasure | None:
        """Σy ÷ Σx with the interval of a ratio of sums: √(n ÷ (n − 1) · Σ(y − r·x)²) ÷ Σx, not under 0,
        nor over 1 where no part is more than its whole; None without cases."""
        if self.n == 0 or self.x <= 0:
            return None
        value = Fraction(self.y, self.x)
        if self.n == 1:
            return ItemMeasure(value, self.y, self.x, 1, None, None)
        residual = self.yy - 2 * value * self.xy + value * value * self.xx
        half = Z * math.sqrt(residual * self.n / (self.n - 1)) / self.x
        most = 1.0 if self.within else math.inf
        low, high = max(0.0, float(value) - half), min(most, float(value) + half)
        return ItemMeasure(value, self.y, self.x, self.n, low, high)


@dataclass(slots=True)
class Hits:
    """How many of some cases have what is counted."""

    hits: int = 0
    n: int = 0

    def add(self, hit: bool) -> None:
        """Count a case."""
        self.n += 1
        self.hits += hit

    def rate(self) -> ItemMeasure | None:
        """hits ÷ n with Wilson's interval; None without cases."""
        if self.n == 0:
            return None
        return ItemMeasure(Fraction(self.hits, self.n), self.hits, self.n, self.n, *wilson(self.hits, self.n))


def growth(now: ItemMeasure | None, before: ItemMeasure | None) -> ItemMeasure | None:
    """now ÷ before − 1 of two means, its interval by the errors of both on the scale of logarithms; None where one
    lacks. ``n`` is that of the smaller side. Numerator and denominator are the two means, rounded to the fen.
    """
    if now is None or before is None or now.value <= 0 or before.value <= 0:
        return None
    ratio, n = now.value / before.value, min(now.n, before.n)
    parts = (ratio - 1, round(now.value), round(before.value), n)
    if now.error is None or before.error is None:
        return ItemMeasure(*parts, None, None)
    spread = math.exp(Z * math.hypot(now.error / float(now.value), before.error / float(before.value)))
    return ItemMeasure(*parts, float(ratio) / spread - 1, float(ratio) * spread - 1)
