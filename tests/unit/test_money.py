"""Money at the border: what is taken, what is refused and why, and that nothing is lost on the way."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from events.money import MAX_FEN, Yuan, parse_yuan, yuan


def short(value: object) -> str:
    return repr(value)[:30]


@pytest.mark.parametrize(
    ("sent", "fen"),
    [
        ("12345.67", 1234567),
        ("12345.6", 1234560),  # one decimal is tenths of a yuan, not fen
        ("12345", 1234500),
        ("0", 0),
        ("0.05", 5),
        ("007.50", 750),
        ("0" * 5000 + "1.00", 100),  # int() itself refuses more than 4,300 digits
        ("99999999999.99", MAX_FEN),
        (20000, 2000000),
        (Decimal("12.340"), 1234),
        (Decimal("1e2"), 10000),
        (Decimal("-0.0"), 0),
        (Decimal("0e-999999999"), 0),
        (Decimal("99999999999.99"), MAX_FEN),
    ],
    ids=short,
)
def test_reads_exact_amounts(sent: object, fen: int) -> None:
    assert parse_yuan(sent) == fen


@pytest.mark.parametrize(
    ("sent", "mend"),
    [
        ("12.345", "two decimals"),
        ("", "two decimals"),
        (".5", "two decimals"),
        ("5.", "two decimals"),
        ("+5", "two decimals"),
        (" 5", "two decimals"),
        ("5.00\n", "two decimals"),
        ("1e2", "two decimals"),
        ("1,000.00", "two decimals"),
        ("１２", "two decimals"),  # full-width digits are digits to \d and to int()
        ("-5.00", "negative"),
        ("100000000000", "too large"),
        ("9" * 100_000, "too large"),
        (-1, "negative"),
        (10**11, "too large"),
        (10**4000, "too large"),
        (Decimal("-0.01"), "negative"),
        (Decimal("0.125"), "finer than a fen"),
        (Decimal("99999999999.999"), "finer than a fen"),  # would round to more than the largest
        (Decimal("0." + "0" * 60 + "1"), "finer than a fen"),
        (Decimal("0.01" + "0" * 60 + "1"), "finer than a fen"),  # more digits than a decimal context keeps
        (Decimal("1e11"), "too large"),
        (Decimal("NaN"), "two decimals"),
        (Decimal("sNaN"), "two decimals"),
        (Decimal("Infinity"), "two decimals"),
        (True, "two decimals"),
        (12.5, "two decimals"),
        (None, "two decimals"),
        (["1.00"], "two decimals"),
    ],
    ids=short,
)
def test_refuses_with_what_to_mend(sent: object, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        parse_yuan(sent)


@pytest.mark.parametrize("sent", ["1e999999999", "1e-999999999", "123456789e99999999"])
def test_huge_exponents_cost_nothing(sent: str) -> None:
    began = time.thread_time()  # of this thread's own work: a busy machine takes none of it
    with pytest.raises(ValueError, match=r"too large|finer"):
        parse_yuan(Decimal(sent))
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(
    ("fen", "text"), [(1234560, "12345.60"), (5, "0.05"), (0, "0.00"), (-5, "-0.05"), (-100, "-1.00"), (-199, "-1.99")]
)
def test_writes_two_decimals(fen: int, text: str) -> None:
    assert yuan(fen) == text


@given(st.integers(0, MAX_FEN))
def test_text_and_number_come_back(fen: int) -> None:
    assert parse_yuan(yuan(fen)) == fen
    assert parse_yuan(Decimal(fen) / 100) == fen


class Paid(BaseModel):
    amount: Yuan


def test_a_model_holds_fen_and_shows_yuan() -> None:
    paid = Paid.model_validate({"amount": "12.30"})
    assert paid.amount == 1230
    assert paid.model_dump(mode="json") == {"amount": "12.30"}
    assert Paid.model_validate(paid.model_dump(mode="json")) == paid
    with pytest.raises(ValidationError):
        Paid.model_validate({"amount": "-1"})
