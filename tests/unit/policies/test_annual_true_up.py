"""annual true-up (docs/domain.md#annual_true_up) and its out-of-catalog part (docs/domain.md#out_of_catalog)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.money import yuan
from policies.claim import Used
from policies.rules.annual_true_up import AnnualTrueUp
from tests.rules import BOUNDED, FEN, always, bill, decide, left, rule, used

# 70% of the first 10,000, 75% up to 30,000, 80% above; of what is out of catalog, 50% up to 20% of the total
TIERS = [{"to": "10000", "ratio": "70%"}, {"to": "30000", "ratio": "75%"}, {"ratio": "80%"}]


def true_up(*, deductible: str = "0", limit: str = "none", control: str = "20%") -> AnnualTrueUp:
    return rule(
        AnnualTrueUp,
        tiers=always(TIERS),
        deductible=always(deductible),
        limit=always(limit),
        out_of_catalog_control=always(control),
        out_of_catalog_ratio=always("50%"),
    )


def paid(kind: AnnualTrueUp, s: str, year: Used | None = None) -> str:
    """What is paid on a bill that holds nothing but S."""
    decision = decide(kind, bill(s), year)
    assert decision.extra == 0
    return yuan(decision.paid)


@pytest.mark.parametrize(
    ("s", "is_paid"),
    [
        ("0", "0.00"),
        ("10000", "7000.00"),
        ("10010", "7007.50"),  # 10 × 75%
        ("30000", "22000.00"),  # 7,000 + 20,000 × 75%
        ("30010", "22008.00"),  # 10 × 80%
        ("0.05", "0.04"),  # 3.5 fen, up
        ("10000.02", "7000.02"),  # 1.5 fen, up
    ],
)
def test_the_tiers_are_marginal(s: str, is_paid: str) -> None:
    assert paid(true_up(), s) == is_paid


@pytest.mark.parametrize(
    ("s", "is_paid"), [("999.99", "0.00"), ("1000", "0.00"), ("1000.01", "0.01"), ("11010", "7007.50")]
)
def test_the_deductible_comes_off_the_accumulated_base(s: str, is_paid: str) -> None:
    # 1 fen × 70% = 0.7; 10,010 as above
    assert paid(true_up(deductible="1000"), s) == is_paid


def test_the_deductible_is_borne_once_a_year() -> None:
    # 1,000 borne before: 500 now is 500 × 70%
    assert paid(true_up(deductible="1000"), "500", used(base="1000")) == "350.00"


def test_the_year_is_trued_up_less_what_was_paid() -> None:
    # tiers(12,000) = 7,000 + 1,500; 2,800 was paid on 4,000
    assert paid(true_up(), "8000", used(base="4000", paid="2800")) == "5700.00"


def test_what_was_paid_out_of_catalog_is_not_deducted() -> None:
    # of 3,800 paid, 1,000 was out of catalog: 8,500 − 2,800 again
    assert paid(true_up(), "8000", used(base="4000", paid="3800", extra="1000")) == "5700.00"


@pytest.mark.parametrize(
    ("limit", "is_paid"),
    [
        ("9500", "5700.00"),  # due 8,500 within 9,500; 9,500 − 3,800 = 5,700 are left: exactly
        ("9499.99", "5699.99"),  # one fen less is left
        ("8000", "4200.00"),  # due 8,000 − 2,800 = 5,200, but 8,000 − 3,800 are left
        ("3800", "0.00"),  # used up
        ("3000", "0.00"),  # overrun: nothing, not less
    ],
)
def test_the_limit_holds_what_both_parts_paid(limit: str, is_paid: str) -> None:
    assert paid(true_up(limit=limit), "8000", used(base="4000", paid="3800", extra="1000")) == is_paid


def test_the_due_itself_is_within_the_limit() -> None:
    # tiers(40,000) = 30,000, due 9,000; 8,900 was paid
    assert paid(true_up(limit="9000"), "20000", used(base="20000", paid="8900")) == "100.00"


def test_it_pays_no_more_than_s_left() -> None:
    # 20,000 stood unpaid while another category held: tiers(21,000) = 15,250, but this claim has 1,000 in scope
    for limit in ("none", "20000"):
        opened = bill("1000", "500")
        assert yuan(decide(true_up(limit=limit), opened, used(base="20000")).paid) == "1000.00"
        assert left(opened) == ("0.00", "500.00", "0.00")


def test_it_pays_nothing_where_more_was_paid_already() -> None:
    # 10,000 was paid on 10,000 under better tiers: tiers(11,000) = 7,750
    assert paid(true_up(), "1000", used(base="10000", paid="10000")) == "0.00"


@pytest.mark.parametrize(
    ("s", "o", "extra"),
    [
        ("7000", "3000", "1000.00"),  # 20% of 10,000 = 2,000 × 50%
        ("8000", "2000", "1000.00"),  # exactly the control
        ("8000.01", "1999.99", "1000.00"),  # 99,999.5 fen, up
        ("8500", "1500", "750.00"),  # below the control: all of it × 50%
        ("10000", "0", "0.00"),
        ("0.99", "0.01", "0.01"),  # 0.5 fen, up
    ],
)
def test_out_of_catalog_up_to_the_control(s: str, o: str, extra: str) -> None:
    decision = decide(true_up(), bill(s, "0", o))
    assert yuan(decision.extra) == extra


def test_out_of_catalog_is_rounded_once() -> None:
    # 15% of 99 fen is 14.85, half of it 7.425: 7; rounding 14.85 to 15 first would make 7.5, and that 8
    assert yuan(decide(true_up(control="15%"), bill("0", "0", "0.99")).extra) == "0.07"


def test_the_control_is_a_part_of_the_whole_bill_whoever_paid_it() -> None:
    # total 10,000: 6,000 paid by insurance, 1,000 S, 500 C, 2,500 O
    decision = decide(true_up(), bill("1000", "500", "2500", paid="6000"))
    assert (yuan(decision.paid), yuan(decision.extra)) == ("1700.00", "1000.00")


@pytest.mark.parametrize(("limit", "extra"), [("1700", "1000.00"), ("1699.99", "999.99"), ("700", "0.00")])
def test_out_of_catalog_comes_after_the_true_up_within_the_same_limit(limit: str, extra: str) -> None:
    # the true-up's 1,000 × 70% = 700 first
    decision = decide(true_up(limit=limit), bill("1000", "500", "2500", paid="6000"))
    assert (yuan(decision.paid - decision.extra), yuan(decision.extra)) == ("700.00", extra)


def test_the_true_up_takes_s_and_the_rest_o() -> None:
    opened = bill("1000", "500", "2500", paid="6000")
    assert yuan(decide(true_up(), opened).base) == "1000.00"
    assert left(opened) == ("300.00", "500.00", "1500.00")


def settled(kind: AnnualTrueUp, stays: list[tuple[int, int]]) -> Used:
    """What a year's stays, each of S and O in fen, have used."""
    year = Used()
    for s, o in stays:
        decision = decide(kind, bill(yuan(s), "0", yuan(o)), year)
        year.merge(Used(base=decision.base, paid=decision.paid, extra=decision.extra, claims=1))
    return year


@BOUNDED
@given(st.lists(FEN, min_size=1, max_size=5))
def test_a_year_in_parts_is_paid_to_the_fen_as_in_one(stays: list[int]) -> None:
    for kind in (true_up(), true_up(deductible="1000", limit="20000")):
        parts = settled(kind, [(s, 0) for s in stays])
        assert parts.paid == settled(kind, [(sum(stays), 0)]).paid


@BOUNDED
@given(st.lists(st.tuples(FEN, FEN), min_size=1, max_size=4))
def test_the_year_never_passes_its_limit(stays: list[tuple[int, int]]) -> None:
    assert settled(true_up(limit="5000"), stays).paid <= 5_000_00


@BOUNDED
@given(FEN, FEN, FEN)
def test_more_bill_pays_no_less_and_never_more_than_the_bill_grew(base: int, s: int, more: int) -> None:
    year = settled(true_up(), [(base, 0)])
    less, greater = (decide(true_up(), bill(yuan(amount)), year).paid for amount in (s, s + more))
    assert 0 <= greater - less <= more


@BOUNDED
@given(FEN, FEN)
def test_out_of_catalog_alone(s: int, o: int) -> None:
    # min(O, 20% of the total) × 50%, in whole numbers: the smaller of 5 × O and the total, a tenth of it
    extra = decide(true_up(), bill(yuan(s), "0", yuan(o))).extra
    assert extra == (min(5 * o, s + o) + 5) // 10
