"""What made the costs grow: more cases, dearer cases of the same kind, or more cases of dear kinds."""

from collections.abc import Mapping
from fractions import Fraction

from msgspec import Struct


class Cases(Struct, frozen=True, gc=False):
    """So many cases of a kind and what they cost together, in fen."""

    number: int
    cost: int


class GrowthParts(Struct, frozen=True, gc=False):
    """Fen. ``volume`` + ``price`` + ``mix`` is exactly ``growth``."""

    growth: int
    volume: int
    price: int
    mix: int


def growth_parts(before: Mapping[str, Cases], after: Mapping[str, Cases]) -> GrowthParts:
    """Split the growth of costs between two periods, each given by kind of case (a disease group).

    Volume: the change in the number of all cases, at the mean cost before. Price: of each kind, the cases after, at the
    change of its mean cost. Mix: what is left, which is the cases after at the costs before, less as many of the kinds
    before. A kind that is new has no cost before, so its price is not said to have changed: it counts as mix. The parts
    are rounded to the fen, mix last, so that they add up.
    Raises ValueError where there were no cases before.
    """
    number, cost = _sum(before)
    number_after, cost_after = _sum(after)
    if not number:
        raise ValueError("no cases before to compare with")
    volume = round(Fraction((number_after - number) * cost, number))
    price = round(
        sum(
            (
                Fraction(kind.cost) - Fraction(before[name].cost * kind.number, before[name].number)
                for name, kind in after.items()
                if name in before and before[name].number
            ),
            Fraction(0),
        )
    )
    growth = cost_after - cost
    return GrowthParts(growth, volume, price, growth - volume - price)


def _sum(cases: Mapping[str, Cases]) -> tuple[int, int]:
    return sum(kind.number for kind in cases.values()), sum(kind.cost for kind in cases.values())
