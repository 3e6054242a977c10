"""annual bands, worked by hand from docs/domain.md#annual_bands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.money import parse_yuan, yuan
from policies.rules.annual_bands import AnnualBands
from tests.rules import BOUNDED, FEN, always, bill, decide, left, pays, rule, used

# 60% of the first 50,000 above the line, 70% of the next 50,000, 80% of what is above 100,000
BANDS = [{"to": "50000", "ratio": "60%"}, {"to": "100000", "ratio": "70%"}, {"ratio": "80%"}]
UNCAPPED = rule(AnnualBands, line=always("3000"), bands=always(BANDS), cap=always("none"))
CAPPED = rule(AnnualBands, line=always("3000"), bands=always(BANDS), cap=always("1000"))
HALF = rule(AnnualBands, line=always("0"), bands=always([{"ratio": "50%"}]), cap=always("none"))


@pytest.mark.parametrize(
    ("base_ytd", "s", "paid"),
    [
        ("0", "0", "0.00"),
        ("0", "3000", "0.00"),  # exactly at the line
        ("0", "3000.01", "0.01"),  # 1 fen × 60% = 0.6
        ("0", "3010", "6.00"),
        ("0", "53000", "30000.00"),  # the first band to its edge: 50,000 × 60%
        ("0", "53010", "30007.00"),  # 10 more at 70%
        ("0", "153000", "105000.00"),  # 30,000 + 35,000 + 50,000 × 80%
        ("2000", "2000", "600.00"),  # 4,000 in the year: 1,000 above the line × 60%
        ("2000", "1000", "0.00"),  # the year comes to the line
        ("3000", "1000", "600.00"),  # begins at the line
        ("43000", "20000", "13000.00"),  # 10,000 up to the edge × 60%, 10,000 over it × 70%
        ("103000", "10", "8.00"),  # wholly in the last band
    ],
)
def test_what_the_claim_adds_above_the_line(base_ytd: str, s: str, paid: str) -> None:
    assert pays(UNCAPPED, bill(s), used(base=base_ytd)) == paid


def test_the_difference_is_rounded_once() -> None:
    # B(1 fen) = 0.5, B(2) = 1: the difference 0.5 rounds up to 1 though round(1) − round(0.5) would be 0
    assert pays(HALF, bill("0.01"), used(base="0.01")) == "0.01"
    # B(3) − B(1) = 1.5 − 0.5
    assert pays(HALF, bill("0.02"), used(base="0.01")) == "0.01"
    # B(4) − B(1) = 2 − 0.5, up
    assert pays(HALF, bill("0.03"), used(base="0.01")) == "0.02"


@pytest.mark.parametrize(
    ("s", "before", "paid"),
    [
        ("4000", "400", "600.00"),  # 1,000 × 60% = 600: exactly what is left of 1,000
        ("4000", "400.01", "599.99"),
        ("4000", "399.99", "600.00"),
        ("4000", "1000", "0.00"),
        ("4000", "5000", "0.00"),  # paid while no cap held: nothing, not less
    ],
)
def test_the_cap_counts_what_the_year_has_paid(s: str, before: str, paid: str) -> None:
    assert pays(CAPPED, bill(s), used(paid=before)) == paid


def test_the_year_counts_over_all_tracks() -> None:
    # 1,000 + 2,000 before and 1,000 now: 1,000 above the line; of the cap 1,000 − (300 + 250) are left
    tracks = {"a": used(base="1000", paid="300"), "b": used(base="2000", paid="250")}
    assert pays(UNCAPPED, bill("1000"), tracks) == "600.00"
    assert pays(CAPPED, bill("1000"), tracks) == "450.00"


def test_the_base_is_s_left_whatever_is_paid_and_s_alone_pays() -> None:
    opened = bill("4000", "70", "80", paid="500")
    assert yuan(decide(UNCAPPED, opened).base) == "4000.00"
    assert left(opened) == ("3400.00", "70.00", "80.00")
    assert yuan(decide(UNCAPPED, bill("10")).base) == "10.00"


@BOUNDED
@given(FEN, FEN, FEN)
def test_more_bill_pays_no_less_and_never_more_than_the_bill_grew(base_ytd: int, s: int, more: int) -> None:
    for kind in (UNCAPPED, CAPPED):
        less, greater = (decide(kind, bill(yuan(amount)), used(base=yuan(base_ytd))).paid for amount in (s, s + more))
        assert 0 <= greater - less <= more


@BOUNDED
@given(st.lists(FEN, min_size=1, max_size=5))
def test_a_year_in_parts_pays_what_it_pays_in_one_but_for_roundings(stays: list[int]) -> None:
    base = paid = 0
    for s in stays:
        paid += decide(UNCAPPED, bill(yuan(s)), used(base=yuan(base))).paid
        base += s
    whole = decide(UNCAPPED, bill(yuan(base))).paid
    assert abs(paid - whole) * 2 <= len(stays) + 1  # each is rounded by half a fen at most


@BOUNDED
@given(FEN, FEN)
def test_the_year_never_passes_its_cap(before: int, s: int) -> None:
    paid = decide(CAPPED, bill(yuan(s)), used(paid=yuan(before))).paid
    assert paid <= max(0, parse_yuan("1000") - before)


ZERO_BANDS = [{"to": "1000", "ratio": "0%"}, {"to": "3000", "ratio": "50%"}, {"ratio": "0%"}]


@pytest.mark.parametrize(
    ("before", "s", "paid", "over_cap"),
    [
        ("0", "3000", "1000.00", "0.00"),  # 2,000 × 50%, within the cap
        ("0.01", "3000", "999.99", "0.02"),  # a fen of the cap less: two fen over it, not the rest of S
        ("0.01", "9000", "999.99", "0.02"),  # the 6,000 on which nothing is paid anyway are over no cap
        ("999.99", "3000", "0.01", "1999.98"),
        ("1000", "3000", "0.00", "2000.00"),  # nor are the first 1,000, also where the cap is used up
        ("1000", "900", "0.00", "0.00"),
    ],
)
def test_a_band_that_pays_nothing_is_over_no_cap(before: str, s: str, paid: str, over_cap: str) -> None:
    capped = rule(AnnualBands, track="stays", line=always("0"), bands=always(ZERO_BANDS), cap=always("1000"))
    decision = decide(capped, bill(s), {"stays": used(paid=before)}, layer="basic")
    assert (yuan(decision.paid), yuan(decision.over_cap)) == (paid, over_cap)
