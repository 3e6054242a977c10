"""Exact arithmetic on fen: ratios are fractions, rounding is half up and happens once (docs/domain.md#3.1)."""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple, TypeVar

Key = TypeVar("Key")


def round_half_up(amount: Fraction) -> int:
    """Round a non-negative exact amount of fen to a whole fen, halves up."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def share(fen: int, ratio: Fraction) -> int:
    """``round(fen × ratio)`` in whole fen."""
    return (2 * fen * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)


def add_to(sums: dict[Key, int], key: Key, fen: int) -> None:
    """Count an amount to the sum of a key."""
    sums[key] = sums.get(key, 0) + fen


class Band(NamedTuple):
    """One band of a marginal scale: amounts up to ``to`` (fen above the scale's zero; None = no end) at ``ratio``."""

    to: int | None
    ratio: Fraction


def marginal(amount: int, bands: Sequence[Band]) -> Fraction:
    """The exact sum over bands of ``amount`` fen, each slice at its band's ratio; 0 for amounts not above 0."""
    if amount <= 0:
        return _NOTHING
    # in whole numbers over one denominator: each step of a Fraction looks for common divisors
    denominator = lcm(*(band.ratio.denominator for band in bands))
    numerator = start = 0
    for band in bands:
        end = amount if band.to is None else min(amount, band.to)
        if end <= start:
            break
        numerator += (end - start) * band.ratio.numerator * (denominator // band.ratio.denominator)
        start = end
    return Fraction(numerator, denominator)


def covered(start: int, end: int, paid: int, bands: Sequence[Band]) -> tuple[int, int]:
    """Of the fen from ``start`` to ``end`` above the scale's zero those that lie in bands which pay anything, and those
    of them for which ``paid`` fen pay, rounded once: what lies between the two is over the cap that left ``paid``.

    A band at ratio 0 pays nothing with or without a cap, so nothing in it is over one.
    """
    paying, reached, left = 0, _NOTHING, Fraction(paid)
    for band in bands:
        upper = end if band.to is None else min(end, band.to)
        if upper > start:
            if band.ratio:
                paying += upper - start
                slice_ = min(Fraction(upper - start), left / band.ratio)
                reached += slice_
                left -= slice_ * band.ratio
            start = upper
    return paying, round_half_up(reached)


_NOTHING = Fraction(0)
