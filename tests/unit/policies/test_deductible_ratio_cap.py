"""deductible-ratio-cap, worked by hand from docs/domain.md#deductible_ratio_cap."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from events.money import parse_yuan, yuan
from policies.claim import Used
from policies.rules.deductible_ratio_cap import DeductibleRatioCap
from tests.rules import BOUNDED, FEN, always, bill, decide, left, pays, row, rule, track, used

BASIC = rule(DeductibleRatioCap, track="inpatient", deductible=always("600"), ratio=always("60%"), cap=always("1000"))
REFERRED = rule(
    DeductibleRatioCap,
    track="inpatient",
    deductible=always("600"),
    ratio=always("60%"),
    cap=always("none"),
    referral_credit=[row(True, **{"for": "poor"}), row(False)],
)


def year(paid: str) -> dict[str, Used]:
    return {"inpatient": used(paid=paid)}


@pytest.mark.parametrize(
    ("s", "deductible", "base", "paid"),
    [
        ("0", "0.00", "0.00", "0.00"),
        ("599.99", "599.99", "0.00", "0.00"),  # min(S, due)
        ("600", "600.00", "0.00", "0.00"),
        ("600.01", "600.00", "0.01", "0.01"),  # 1 fen × 60% = 0.6
        ("1600", "600.00", "1000.00", "600.00"),
    ],
)
def test_the_deductible_comes_off_first(s: str, deductible: str, base: str, paid: str) -> None:
    decision = decide(BASIC, bill(s))
    assert (yuan(decision.deductible), yuan(decision.base), yuan(decision.paid)) == (deductible, base, paid)


@pytest.mark.parametrize(
    ("s", "paid"),
    [
        ("0.02", "0.02"),  # 2 × 75% = 1.5 fen, up
        ("0.06", "0.05"),  # 6 × 75% = 4.5 fen, up and not to the even 4
        ("0.03", "0.02"),  # 2.25
        ("0.01", "0.01"),  # 0.75
    ],
)
def test_half_a_fen_rounds_up_and_no_deductible_is_none(s: str, paid: str) -> None:
    assert pays(rule(DeductibleRatioCap, track="chronic", ratio=always("75%"), cap=always("none")), bill(s)) == paid


@pytest.mark.parametrize(
    ("before", "paid", "over_cap"),
    [
        ("100", "900.00", "0.00"),  # 1500 × 60% = 900: exactly what is left of 1000
        ("100.01", "899.99", "0.02"),  # 1500 − round(899.99 ÷ 60% = 1499.9833…) = 1500 − 1499.98
        ("400", "600.00", "500.00"),  # 1500 − 600 ÷ 60% = 1500 − 1000
        ("1000", "0.00", "1500.00"),  # the cap is used up: all of the base is over it
        ("1200", "0.00", "1500.00"),  # overrun, as a change of category can leave it: nothing, not less
    ],
)
def test_the_cap_counts_what_the_year_has_paid(before: str, paid: str, over_cap: str) -> None:
    decision = decide(BASIC, bill("2100"), year(before))
    assert (yuan(decision.paid), yuan(decision.over_cap)) == (paid, over_cap)


def test_a_cap_counts_its_own_track() -> None:
    # chronic's 5,000 do not touch inpatient's cap
    assert pays(BASIC, bill("1600"), {"chronic": used(paid="5000"), "inpatient": used(paid="500")}) == "500.00"


def test_a_cap_by_class_counts_each_class_for_itself() -> None:
    capped = [row("1000", **{"class": "I"}), row("50", **{"class": "II"})]
    chronic = rule(DeductibleRatioCap, track="chronic", ratio=always("60%"), cap=capped)
    before = {"chronic:I": used(paid="900"), "chronic:II": used(paid="10")}
    for card_class, paid, counted in (("I", "100.00", "chronic:I"), ("II", "40.00", "chronic:II")):
        # 200 × 60% = 120, of which class I has 1000 − 900 left, class II 50 − 10
        opened = bill("200", setting="chronic", card_class=card_class)
        assert (pays(chronic, opened, before), track(chronic, opened)) == (paid, counted)


@pytest.mark.parametrize(
    ("groups", "referral", "credit", "deductible"),
    [
        (("poor", "general"), ("A0",), "200", "400.00"),  # 600 − 200
        (("poor", "general"), ("A0",), "599.99", "0.01"),
        (("poor", "general"), ("A0",), "600", "0.00"),
        (("poor", "general"), ("A0",), "700", "0.00"),  # max(0, 600 − 700)
        (("poor", "general"), (), "200", "600.00"),  # was not referred
        (("general",), ("A0",), "200", "600.00"),  # the policy grants it to the poor
    ],
)
def test_referral_credit(groups: tuple[str, ...], referral: tuple[str, ...], credit: str, deductible: str) -> None:
    decision = decide(REFERRED, bill("1000", referral=referral), credit=credit, groups=groups)
    assert yuan(decision.deductible) == deductible


def test_a_credit_leaves_no_more_than_s_to_be_borne() -> None:
    # min(S, 600 − 100): S is 300
    decision = decide(REFERRED, bill("300", referral=("A0",)), credit="100", groups=("poor", "general"))
    assert (yuan(decision.deductible), yuan(decision.paid)) == ("300.00", "0.00")


def test_it_takes_s_alone() -> None:
    opened = bill("1600", "70", "80")
    decide(BASIC, opened)
    assert left(opened) == ("1000.00", "70.00", "80.00")


@BOUNDED
@given(FEN, FEN, FEN)
def test_more_bill_pays_no_less_and_never_more_than_the_bill_grew(s: int, more: int, before: int) -> None:
    paid, over_cap = zip(
        *(
            (decision.paid, decision.over_cap)
            for decision in (decide(BASIC, bill(yuan(amount)), year(yuan(before))) for amount in (s, s + more))
        ),
        strict=True,
    )
    assert 0 <= paid[1] - paid[0] <= more
    assert over_cap[0] <= over_cap[1]
    assert max(paid) <= max(0, parse_yuan("1000") - before)


BANDS = [{"to": "28700", "ratio": "85%"}, {"to": "38700", "ratio": "90%"}, {"ratio": "95%"}]
BY_BANDS = rule(
    DeductibleRatioCap, track="inpatient", deductible=always("1300"), bands=always(BANDS), cap=always("100000")
)


@pytest.mark.parametrize(
    ("s", "paid"),
    [
        ("1300", "0.00"),
        ("30000", "24395.00"),  # 28,700 × 85%
        ("30000.01", "24395.01"),  # and a fen at 90%, 0.9 fen
        ("60000", "52395.00"),  # 24,395 + 10,000 × 90% + 20,000 × 95%
    ],
)
def test_bands_count_within_the_claim(s: str, paid: str) -> None:
    # what the year has paid moves no band
    assert pays(BY_BANDS, bill(s)) == pays(BY_BANDS, bill(s), year("30000")) == paid


@pytest.mark.parametrize(
    ("before", "paid", "over_cap"),
    [
        ("47605", "52395.00", "0.00"),  # exactly what is left
        # 33,395 pay for 38,700 of the base, and 6,605 ÷ 95% = 6,952.63 more; 58,700 − 45,652.63
        ("60000", "40000.00", "13047.37"),
        ("99000", "1000.00", "57523.53"),  # 58,700 − 1,000 ÷ 85%
        ("100000", "0.00", "58700.00"),
    ],
)
def test_bands_say_what_lies_over_the_cap(before: str, paid: str, over_cap: str) -> None:
    decision = decide(BY_BANDS, bill("60000"), year(before))
    assert (yuan(decision.paid), yuan(decision.over_cap)) == (paid, over_cap)


def test_a_ratio_or_bands() -> None:
    for values in ({}, {"ratio": always("60%"), "bands": always(BANDS)}):
        with pytest.raises(ValidationError, match="exactly one of ratio and bands"):
            rule(DeductibleRatioCap, track="inpatient", cap=always("none"), **values)


UPFRONT = rule(
    DeductibleRatioCap,
    track="inpatient",
    upfront=always("10%"),
    deductible=always("600"),
    ratio=always("60%"),
    cap=always("none"),
)
OF_THE_YEAR = rule(
    DeductibleRatioCap,
    track="outpatient",
    deductible=always("200"),
    deductible_per="year",
    ratio=always("50%"),
    cap=always("none"),
)


@pytest.mark.parametrize(
    ("s", "deductible", "base", "paid"),
    [
        ("0", "0.00", "0.00", "0.00"),
        ("600", "540.00", "0.00", "0.00"),  # 600 − 60 is less than the deductible
        ("0.05", "0.04", "0.00", "0.00"),  # 0.5 fen first, up to 1
        ("2000", "600.00", "1200.00", "720.00"),  # 2,000 − 200 − 600
    ],
)
def test_the_upfront_share_goes_before_the_deductible_and_stays_in_scope(
    s: str, deductible: str, base: str, paid: str
) -> None:
    opened = bill(s)
    decision = decide(UPFRONT, opened)
    assert (yuan(decision.deductible), yuan(decision.base), yuan(decision.paid)) == (deductible, base, paid)
    assert left(opened)[0] == yuan(parse_yuan(s) - decision.paid)


@pytest.mark.parametrize(
    ("s", "o", "paid"),
    [
        ("28000", "2000", "13200.00"),  # 20% × 30,000 = 6,000; 22,000 × 60%
        ("30000", "0", "14400.00"),  # (30,000 − 6,000) × 60%
        ("1000", "9000", "0.00"),  # 20% × 10,000 is more than is in scope
    ],
)
def test_the_upfront_share_may_be_of_the_whole_bill(s: str, o: str, paid: str) -> None:
    of_total = rule(
        DeductibleRatioCap,
        track="inpatient",
        upfront=always("20%"),
        upfront_of="total",
        ratio=always("60%"),
        cap=always("none"),
    )
    assert pays(of_total, bill(s, o=o)) == paid


@pytest.mark.parametrize(
    ("borne", "deductible", "paid"),
    [
        ("0", "150.00", "0.00"),
        ("150", "50.00", "50.00"),  # (150 − 50) × 50%
        ("200", "0.00", "75.00"),
        ("500", "0.00", "75.00"),  # a larger one was borne before, at another tier say
    ],
)
def test_a_deductible_of_the_year_is_borne_once_on_its_track(borne: str, deductible: str, paid: str) -> None:
    before = {"outpatient": Used(deductible=parse_yuan(borne), claims=1), "inpatient": Used(deductible=60_000)}
    decision = decide(OF_THE_YEAR, bill("150"), before)
    assert (yuan(decision.deductible), yuan(decision.paid)) == (deductible, paid)


@BOUNDED
@given(st.lists(st.integers(0, 50_000), max_size=6))
def test_a_year_bears_its_deductible_together(bills: list[int]) -> None:
    tracks: dict[str, Used] = {}
    for amount in bills:
        decision = decide(OF_THE_YEAR, bill(yuan(amount)), tracks)
        used_so_far = tracks.setdefault("outpatient", Used())
        used_so_far.deductible += decision.deductible
        used_so_far.base += decision.base
        assert 0 <= decision.paid <= amount
    assert sum(used.deductible for used in tracks.values()) == min(sum(bills), 20_000)
    assert sum(used.base for used in tracks.values()) == max(0, sum(bills) - 20_000)


@BOUNDED
@given(FEN, FEN)
def test_with_an_upfront_share_more_bill_pays_no_less(s: int, more: int) -> None:
    first, second = (decide(UPFRONT, bill(yuan(amount))).paid for amount in (s, s + more))
    assert 0 <= first <= second <= s + more
    assert second - first <= more


@pytest.mark.parametrize(
    "given",
    [
        {"deductible_per": "year"},
        {"deductible_per": "year", "deductible": always("200"), "referral_credit": always(True)},
        {"deductible_per": "month", "deductible": always("200")},
        {"upfront": always("110%")},
        {"upfront_of": "total"},
    ],
)
def test_a_deductible_of_the_year_goes_on_by_itself(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(DeductibleRatioCap, track="a", ratio=always("50%"), cap=always("none"), **given)
