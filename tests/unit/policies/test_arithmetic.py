"""Exact arithmetic on fen (docs/domain.md#3.1): ratios are fractions, rounding is half up and happens once."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.arithmetic import Band, covered, marginal, round_half_up, share

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


GAPS = (Band(1000, Fraction(0)), Band(3000, Fraction(1, 2)), Band(5000, Fraction(0)), Band(None, Fraction(4, 5)))


@pytest.mark.parametrize(
    ("start", "end", "paid", "paying", "reached"),
    [
        (0, 900, 0, 0, 0),  # wholly where nothing is paid
        (0, 2000, 0, 1000, 0),  # 1,000 of it pay nothing, with or without a cap
        (0, 2000, 1, 1000, 2),  # one fen more of the cap covers two fen more
        (0, 2000, 500, 1000, 1000),  # all that the bands pay
        (0, 9000, 1000, 6000, 2000),  # 2,000 × 50%; the gap up to 5,000 is over no cap
        (0, 9000, 1001, 6000, 2001),  # and 1 ÷ 80% = 1.25
        (2500, 9000, 400, 4500, 688),  # 500 × 50% = 250, 150 ÷ 80% = 187.5, up
    ],
)
def test_what_a_payment_covers(start: int, end: int, paid: int, paying: int, reached: int) -> None:
    assert covered(start, end, paid, GAPS) == (paying, reached)


@given(st.integers(0, 9000), st.integers(0, 9000), st.integers(0, 4000))
def test_a_fen_of_the_cap_never_moves_much(start: int, more: int, paid: int) -> None:
    end = start + more
    paid = min(paid, int(marginal(end, GAPS) - marginal(start, GAPS)))
    (paying, less), (_, reached) = covered(start, end, max(0, paid - 1), GAPS), covered(start, end, paid, GAPS)
    assert 0 <= less <= reached <= paying <= more
    assert reached - less <= 3  # 1 ÷ 50%, and the rounding
