"""residual (docs/domain.md#residual): all of the buckets that it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.money import yuan
from policies.rules.residual import Residual
from tests.rules import BOUNDED, FEN, always, bill, decide, left, row, rule


@pytest.mark.parametrize(
    ("buckets", "paid", "rest"),
    [
        (["S", "C", "O"], "60.00", ("0.00", "0.00", "0.00")),
        (["S", "C"], "30.00", ("0.00", "0.00", "30.00")),
        (["C", "S"], "30.00", ("0.00", "0.00", "30.00")),  # named in another order, it is the same
        (["O"], "30.00", ("10.00", "20.00", "0.00")),
    ],
)
def test_all_of_the_buckets_named(buckets: list[str], paid: str, rest: tuple[str, str, str]) -> None:
    opened = bill("10", "20", "30", paid="500")
    decision = decide(rule(Residual, buckets=buckets, granted=always(True)), opened)
    assert (yuan(decision.paid), yuan(decision.base), left(opened)) == (paid, paid, rest)


def test_nothing_left_is_nothing_paid() -> None:
    opened = bill("0", "0", "30", paid="500")
    assert decide(rule(Residual, buckets=["S", "C"], granted=always(True)), opened).paid == 0


def test_only_to_whom_it_is_granted() -> None:
    kind = rule(Residual, buckets=["S", "C"], granted=[row(True, **{"for": "poor"}), row(False)])
    granted, withheld = bill("10", "20", "30"), bill("10", "20", "30")
    assert yuan(decide(kind, granted, groups=("poor", "general")).paid) == "30.00"
    assert yuan(decide(kind, withheld).paid) == "0.00"
    assert left(withheld) == ("10.00", "20.00", "30.00")


@BOUNDED
@given(FEN, FEN, FEN, st.lists(st.sampled_from("SCO"), unique=True, min_size=1))
def test_the_patient_is_left_what_is_not_named(s: int, c: int, o: int, buckets: list[str]) -> None:
    opened = bill(yuan(s), yuan(c), yuan(o))
    decide(rule(Residual, buckets=buckets, granted=always(True)), opened)
    expected = [0 if name in buckets else amount for name, amount in zip("SCO", (s, c, o), strict=True)]
    assert opened.left == expected
