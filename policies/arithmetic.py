"""Exact arithmetic on fen: ratios are fractions, rounding is half up and happens once (docs/domain.md#3.1)."""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple


def round_half_up(amount: Fraction) -> int:
    """Round a non-negative exact amount of fen to a whole fen, halves up."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def share(fen: int, ratio: Fraction) -> int:
    """``round(fen × ratio)`` in whole fen."""
    return (2 * fen * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)


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


def paid_for(start: int, paid: int, bands: Sequence[Band]) -> int:
    """The fen above ``start`` for which ``paid`` fen pay at the bands' ratios, rounded once: what a cap leaves covered.

    A band at ratio 0 costs nothing, so it is covered whole while the next one is reached.
    """
    left, at = Fraction(paid), Fraction(start)
    for band in bands:
        if not left:
            break
        if band.to is not None and band.to <= at:
            continue
        if band.ratio:
            reach = at + left / band.ratio
        elif band.to is None:
            break
        else:
            reach = Fraction(band.to)
        end = reach if band.to is None else min(reach, Fraction(band.to))
        left -= (end - at) * band.ratio
        at = end
    return round_half_up(at - start)


_NOTHING = Fraction(0)
