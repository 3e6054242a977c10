"""bucket ratios and their guarantee, worked by hand from docs/domain.md#bucket_ratios."""

import pytest
from hypothesis import given
from pydantic import ValidationError

from events.money import yuan
from policies.rules.bucket_ratios import BucketRatios
from tests.rules import BOUNDED, FEN, always, bill, decide, left, pays, rule

IN_CATALOG = {"buckets": ["S", "C"], "ratio": always("90%")}
OUT_OF_CATALOG = {"buckets": ["O"], "ratio": always("75%")}
PLAIN = rule(BucketRatios, groups=[IN_CATALOG, OUT_OF_CATALOG])
GUARANTEED = rule(BucketRatios, groups=[IN_CATALOG, OUT_OF_CATALOG], guarantee=always("90%"))


@pytest.mark.parametrize(
    ("s", "c", "o", "paid", "rest"),
    [
        ("0", "0", "0", "0.00", ("0.00", "0.00", "0.00")),
        # (100 + 50) × 90% = 135: S 100, then C 35; 40 × 75% = 30
        ("100", "50", "40", "165.00", ("0.00", "15.00", "10.00")),
        ("100", "0", "0", "90.00", ("10.00", "0.00", "0.00")),
        ("0", "50", "0", "45.00", ("0.00", "5.00", "0.00")),
        # (5 + 5) fen × 90% = 9: one rounding of the sum, where 4.5 + 4.5 each rounded up would be 10
        ("0.05", "0.05", "0", "0.09", ("0.00", "0.01", "0.00")),
        # 2 × 75% = 1.5 fen, up
        ("0", "0", "0.02", "0.02", ("0.00", "0.00", "0.00")),
        # 5 × 90% = 4.5 fen, up
        ("0.05", "0", "0", "0.05", ("0.00", "0.00", "0.00")),
    ],
)
def test_each_group_at_its_ratio_in_the_order_s_c_o(
    s: str, c: str, o: str, paid: str, rest: tuple[str, str, str]
) -> None:
    opened = bill(s, c, o)
    assert (pays(PLAIN, opened), left(opened)) == (paid, rest)


@pytest.mark.parametrize(
    ("s", "c", "o", "before", "paid", "rest"),
    [
        # 135 + 30 = 165; up to 190 × 90% = 171: 6 more, out of C
        ("100", "50", "40", "0", "171.00", ("0.00", "9.00", "10.00")),
        # 18 + 750 = 768; up to 1,020 × 90% = 918: 150 more, S 2 and O 148
        ("20", "0", "1000", "0", "918.00", ("0.00", "0.00", "102.00")),
        # 300 × 75% = 225; up to 400 × 90% = 360, of which 100 were paid before: 35 more
        ("0", "0", "300", "100", "260.00", ("0.00", "0.00", "40.00")),
        # 225 + 450 before is 750 × 90% = 675: exactly reached
        ("0", "0", "300", "450", "225.00", ("0.00", "0.00", "75.00")),
        # 225 + 449.90 before is a fen below 749.90 × 90% = 674.91
        ("0", "0", "300", "449.90", "225.01", ("0.00", "0.00", "74.99")),
        # 165 + 1,810 before is over 2,000 × 90% = 1,800: nothing more
        ("100", "50", "40", "1810", "165.00", ("0.00", "15.00", "10.00")),
        # 5 fen × 75% = 3.75, 4; up to 5 × 90% = 4.5, 5: 1 more
        ("0", "0", "0.05", "0", "0.05", ("0.00", "0.00", "0.00")),
    ],
)
def test_the_guarantee_tops_up_to_its_part_of_the_total(
    s: str, c: str, o: str, before: str, paid: str, rest: tuple[str, str, str]
) -> None:
    opened = bill(s, c, o, paid=before)
    assert (pays(GUARANTEED, opened), left(opened)) == (paid, rest)


@pytest.mark.parametrize(("tier", "paid"), [(0, "80.00"), (1, "80.00"), (2, "160.00"), (3, "160.00")])
def test_a_group_may_be_for_some_tiers(tier: int, paid: str) -> None:
    # S 100 × 80% everywhere; C 60 + O 40 × 80% at tiers 2 and 3
    kind = rule(
        BucketRatios,
        groups=[
            {"buckets": ["S"], "ratio": always("80%")},
            {"buckets": ["C", "O"], "ratio": always("80%"), "tiers": [2, 3]},
        ],
    )
    decision = decide(kind, bill("100", "60", "40", tier=tier))
    assert yuan(decision.paid) == paid
    assert yuan(decision.base) == ("200.00" if tier > 1 else "100.00")  # what the serving groups hold


@pytest.mark.parametrize(("prescriber_tier", "paid"), [(0, "0.00"), (1, "0.00"), (2, "0.12"), (3, "0.12")])
def test_a_group_may_be_for_some_prescribers(prescriber_tier: int, paid: str) -> None:
    # 5 + 5 + 5 fen × 80% = 12, one rounding
    kind = rule(
        BucketRatios,
        groups=[{"buckets": ["S", "C", "O"], "ratio": always("80%"), "prescriber_tiers": [2, 3]}],
    )
    assert pays(kind, bill("0.05", "0.05", "0.05", tier=0, prescriber_tier=prescriber_tier)) == paid


@BOUNDED
@given(FEN, FEN, FEN, FEN)
def test_each_group_is_left_its_rest(s: int, c: int, o: int, before: int) -> None:
    # 10% of S + C and 25% of O stay, half a fen rounded down
    opened = bill(yuan(s), yuan(c), yuan(o), paid=yuan(before))
    decide(PLAIN, opened)
    assert opened.left[0] + opened.left[1] == (s + c + 4) // 10
    assert opened.left[2] == (o + 1) // 4
    assert opened.left[0] <= max(0, opened.left[0] + opened.left[1] - c)  # C gives nothing while S holds anything


@BOUNDED
@given(FEN, FEN, FEN, FEN)
def test_what_is_guaranteed_is_reached(s: int, c: int, o: int, before: int) -> None:
    total = s + c + o + before
    opened = bill(yuan(s), yuan(c), yuan(o), paid=yuan(before))
    plain = decide(PLAIN, bill(yuan(s), yuan(c), yuan(o), paid=yuan(before))).paid
    paid = decide(GUARANTEED, opened).paid
    goal = (9 * total + 5) // 10
    assert before + paid == max(before + plain, goal)


def test_a_guarantee_counts_the_layers_that_it_reads() -> None:
    # 20 × 75% = 15; up to 90% of 1,000 = 900 less 15, and less the 500 of basic where it reads that
    for reads, paid in (("basic", "400.00"), ("assistance", "500.00")):
        reading = rule(BucketRatios, groups=[OUT_OF_CATALOG], guarantee=always("90%"), reads=[reads])
        assert pays(reading, bill("480", o="20", paid="500")) == paid
    with pytest.raises(ValidationError):
        rule(BucketRatios, groups=[OUT_OF_CATALOG], reads=["basic"])
