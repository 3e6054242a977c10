"""One figure of each person, for goals and intervals: what some layers pay for him, or whether enough is paid."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from msgspec import Struct

from policies.assumptions import WHOLE
from projections.statements import StatementRow

DRAWS = 200
"""How often persons are drawn for an interval."""
INTERVAL = (5, 95)
"""Percentiles of an interval."""


class PersonFigure(Struct, frozen=True):
    """What ``layers`` (all where there are none) pay of a person's claims of a ``year`` (all where it is None), in fen;
    or, where ``reach`` is a ratio in basis points, 1 where at least so much of all his bills is paid and 0 where less
    is. It is of the ``poor`` alone where that is asked: of those with a claim of a poor person."""

    layers: tuple[str, ...] = ()
    year: int | None = None
    reach: int | None = None
    poor: bool = False

    def of(self, rows: Sequence[StatementRow], granted: int) -> int | None:
        """The figure of a person with these standing claims and grants; None where it is not of him."""
        if self.poor and not any(row.poor for row in rows):
            return None
        if self.reach is None:
            return sum(
                int(paid)
                for row in rows
                if self.year in (None, row.year)
                for layer, paid in row.layers
                if not self.layers or layer in self.layers
            )
        total, borne = sum(row.total for row in rows), sum(row.patient_share for row in rows) - granted
        return None if total <= 0 else int(borne * WHOLE <= total * (WHOLE - self.reach))

    def whole(self, figures: Sequence[int]) -> Fraction:
        """Of all persons: the sum in fen, or the part of them that has enough paid."""
        if self.reach is None:
            return Fraction(sum(figures))
        return Fraction(sum(figures), len(figures)) if figures else Fraction(0)

    def interval(self, figures: Sequence[int], seed: int) -> tuple[Fraction, Fraction] | None:
        """Where nine tenths of the wholes lie of as many persons drawn from these with replacement; None of nobody.

        It tells chance among persons, not error: all persons are counted.
        """
        if not figures:
            return None
        values, draw = np.sort(np.asarray(figures, dtype=np.int64)), np.random.default_rng(seed)
        number = len(values)
        sums = sorted(int(values[draw.integers(0, number, number)].sum()) for _ in range(DRAWS))
        low, high = (sums[DRAWS * percent // 100 - (percent > 50)] for percent in INTERVAL)
        return (
            (Fraction(low), Fraction(high)) if self.reach is None else (Fraction(low, number), Fraction(high, number))
        )
