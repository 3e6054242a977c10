"""decided (docs/domain.md#decided): what somebody decides of a claim, within what is left to the person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.money import yuan
from policies.claim import Aid
from policies.rules.decision import Decided
from tests.engine import claim
from tests.rules import BOUNDED, FEN, always, bill, decide, left, row, rule

GRANTED = rule(Decided, granted=always(True))
LAYER = "assistance"  # the layer of tests.rules


def aids(*amounts: int, layer: str = LAYER) -> tuple[Aid, ...]:
    return tuple(Aid(number, layer, amount) for number, amount in enumerate(amounts, start=1))


@pytest.mark.parametrize(
    ("amounts", "paid", "rest"),
    [
        ((25_00,), "25.00", ("0.00", "5.00", "30.00")),  # out of S, then C
        ((25_00, 10_00), "35.00", ("0.00", "0.00", "25.00")),  # they add up
        ((100_00,), "60.00", ("0.00", "0.00", "0.00")),  # no more than is left to the person: 10 + 20 + 30
    ],
)
def test_what_was_decided_within_what_is_left(amounts: tuple[int, ...], paid: str, rest: tuple[str, str, str]) -> None:
    opened = bill("10", "20", "30", paid="500", aids=aids(*amounts))
    decision = decide(GRANTED, opened)
    assert (yuan(decision.paid), yuan(decision.base), left(opened)) == (paid, "60.00", rest)


def test_what_lies_beyond_a_case_quota_is_the_hospital_s() -> None:
    # 100 in scope, quota 80: 20 are the hospital's, and charity finds 80 left to the person
    opened = bill("100", quota="80", aids=aids(95_00))
    assert yuan(decide(GRANTED, opened).paid) == "80.00"
    assert tuple(map(yuan, opened.shares())) == ("0.00", "20.00")


def test_what_an_audit_laid_on_the_person_is_not_paid() -> None:
    opened = bill("100", aids=aids(500_00), audits=[("30", "person")])
    assert yuan(decide(GRANTED, opened).paid) == "70.00"


def test_it_runs_where_something_was_decided_for_its_layer() -> None:
    none, other, own = (claim("fusong", "2019-06-01", aids=each) for each in ((), aids(1, layer="charity"), aids(1)))
    assert [GRANTED.serves(LAYER, each) for each in (none, other, own)] == [False, False, True]


def test_only_to_whom_it_is_granted() -> None:
    kind = rule(Decided, granted=[row(True, **{"for": "poor"}), row(False)])
    assert yuan(decide(kind, bill("10", aids=aids(5_00)), groups=("poor", "general")).paid) == "5.00"
    assert decide(kind, bill("10", aids=aids(5_00))).paid == 0


@BOUNDED
@given(FEN, FEN, FEN, st.lists(FEN, min_size=1, max_size=3))
def test_never_more_than_was_decided_nor_than_is_left(s: int, c: int, o: int, amounts: list[int]) -> None:
    opened = bill(yuan(s), yuan(c), yuan(o), aids=aids(*amounts))
    assert decide(GRANTED, opened).paid == min(sum(amounts), s + c + o)
    assert sum(opened.left) >= 0
