"""Exact arithmetic on fen (docs/domain.md#3.1): ratios are fractions, rounding is half up and happens once."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.arithmetic import Band, marginal, round_half_up, share

BANDS = (Band(100, Fraction(1, 2)), Band(300, Fraction(3, 4)), Band(None, Fraction(1)))
# ratios as a scheme writes them, to a tenth of a per cent
RATIOS = st.integers(0, 1000).map(lambda permille: Fraction(permille, 1000))


@pytest.mark.parametrize(
    ("amount", "fen"),
    [
        (Fraction(0), 0),
        (Fraction(1, 2), 1),
        (Fraction(49, 100), 0),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(2), 2),
    ],
)
def test_halves_round_up_and_never_to_even(amount: Fraction, fen: int) -> None:
    assert round_half_up(amount) == fen


@pytest.mark.parametrize(
    ("fen", "ratio", "part"),
    [
        (10, Fraction(85, 100), 9),
        (10, Fraction(84, 100), 8),
        (2, Fraction(3, 4), 2),
        (7, Fraction(1), 7),
        (7, Fraction(0), 0),
    ],
)
def test_share(fen: int, ratio: Fraction, part: int) -> None:
    # 8.5, up; 8.4; 1.5, up
    assert share(fen, ratio) == part


@pytest.mark.parametrize(
    ("amount", "total"),
    [
        (-5, 0),
        (0, 0),
        (1, Fraction(1, 2)),
        (100, 50),  # the first band to its edge
        (101, Fraction(203, 4)),  # 50 + 0.75
        (300, 200),  # 50 + 200 × 3/4
        (310, 210),
    ],
)
def test_marginal(amount: int, total: Fraction) -> None:
    assert marginal(amount, BANDS) == total


@given(st.integers(0, 10**13), RATIOS)
def test_share_is_what_decimals_say(fen: int, ratio: Fraction) -> None:
    exact = Decimal(fen) * Decimal(ratio.numerator) / Decimal(ratio.denominator)
    assert share(fen, ratio) == round_half_up(fen * ratio) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_marginal_rises_by_no_more_than_the_amount(amount: int, more: int) -> None:
    assert 0 <= marginal(amount + more, BANDS) - marginal(amount, BANDS) <= more
