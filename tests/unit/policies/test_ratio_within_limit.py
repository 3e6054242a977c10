"""ratio within limit, worked by hand from docs/domain.md#ratio_within_limit."""

import pytest
from hypothesis import given
from pydantic import ValidationError

from events.money import parse_yuan, yuan
from policies.claim import Used
from policies.rules.ratio_within_limit import RatioWithinLimit
from tests.rules import BOUNDED, FEN, always, bill, decide, left, pays, row, rule, used

ASSISTANCE = rule(RatioWithinLimit, ratio=always("70%"), limit=always("20000"))
SECOND = rule(RatioWithinLimit, ratio=always("30%"), deductible=always("5000"), limit=always("none"))


@pytest.mark.parametrize(
    ("s", "paid"),
    [
        ("0", "0.00"),
        ("4872", "3410.40"),
        ("0.05", "0.04"),  # 5 × 70% = 3.5 fen, up
        ("0.02", "0.01"),  # 1.4 fen
    ],
)
def test_a_ratio_of_s_left(s: str, paid: str) -> None:
    assert pays(ASSISTANCE, bill(s)) == paid


@pytest.mark.parametrize(
    ("s", "paid"),
    [
        ("4999.99", "0.00"),  # below the deductible: nothing, not less
        ("5000", "0.00"),
        ("5000.01", "0.00"),  # 0.3 fen
        ("5000.02", "0.01"),  # 0.6 fen
        ("5000.05", "0.02"),  # 1.5 fen, up
        ("7000", "600.00"),  # 2,000 × 30%
    ],
)
def test_the_deductible_is_per_claim(s: str, paid: str) -> None:
    assert pays(SECOND, bill(s)) == paid
    # claims before have borne theirs: this one bears its own
    assert pays(SECOND, bill(s), used(base="90000", paid="25500")) == paid


@pytest.mark.parametrize(
    ("before", "paid"),
    [
        ("18600", "1400.00"),  # 2,000 × 70% = 1,400: exactly what is left of 20,000
        ("18600.01", "1399.99"),
        ("18599.99", "1400.00"),
        ("20000", "0.00"),
        ("25000", "0.00"),  # paid while a category without a limit held: nothing, not less
    ],
)
def test_the_limit_counts_what_the_year_has_paid(before: str, paid: str) -> None:
    assert pays(ASSISTANCE, bill("2000"), used(paid=before)) == paid
    # over both of the layer's tracks, where it has two
    half = parse_yuan(before) // 2
    assert (
        pays(ASSISTANCE, bill("2000"), {"a": used(paid=yuan(half)), "b": used(paid=yuan(parse_yuan(before) - half))})
        == paid
    )


def test_the_first_category_that_has_a_value_counts() -> None:
    # destitute and dibao stand before registered_poor; orphan has no value of its own
    kind = rule(
        RatioWithinLimit,
        ratio=[row("100%", **{"for": "destitute"}), row("75%", **{"for": "dibao"}), row("50%", **{"for": "poor"})],
        limit=[row("none", **{"for": "destitute"}), row("1000", **{"for": ["dibao", "poor"]})],
    )
    for groups, paid in (
        (("destitute", "dibao", "poor", "general"), "2000.00"),
        (("dibao", "registered_poor", "poor", "general"), "1000.00"),  # 1,500 within 1,000
        (("orphan", "registered_poor", "poor", "general"), "1000.00"),  # 2,000 × 50%
    ):
        assert pays(kind, bill("2000"), groups=groups) == paid
    assert pays(kind, bill("1000"), groups=("orphan", "dibao", "poor", "general")) == "750.00"


def test_the_base_is_s_left_and_s_alone_pays() -> None:
    opened = bill("7000", "70", "80", paid="500")
    assert yuan(decide(SECOND, opened).base) == "7000.00"
    assert left(opened) == ("6400.00", "70.00", "80.00")


@BOUNDED
@given(FEN, FEN, FEN)
def test_more_bill_pays_no_less_and_never_more_than_the_bill_grew(s: int, more: int, before: int) -> None:
    for kind in (ASSISTANCE, SECOND):
        less, greater = (decide(kind, bill(yuan(amount)), used(paid=yuan(before))).paid for amount in (s, s + more))
        assert 0 <= greater - less <= more
    assert decide(ASSISTANCE, bill(yuan(s)), used(paid=yuan(before))).paid <= max(0, parse_yuan("20000") - before)


def test_a_deductible_of_the_year_is_borne_once() -> None:
    yearly = rule(
        RatioWithinLimit, ratio=always("30%"), deductible=always("5000"), deductible_per="year", limit=always("none")
    )
    # 4,000 are borne; then the 1,000 left of 5,000, and 30% of 3,000 is paid; then 30% of 4,000
    year = Used()
    told = []
    for _ in range(3):
        decision = decide(yearly, bill("4000"), year)
        year.merge(Used(base=decision.base, deductible=decision.deductible, paid=decision.paid, claims=1))
        told.append((yuan(decision.deductible), yuan(decision.paid)))
    assert told == [("4000.00", "0.00"), ("1000.00", "900.00"), ("0.00", "1200.00")]
    # a deductible per claim is in no accumulation, as before
    assert decide(SECOND, bill("7000")).deductible == 0
    with pytest.raises(ValidationError):
        rule(RatioWithinLimit, ratio=always("30%"), deductible_per="year", limit=always("none"))
