"""抚松's referral credit (三(四)11) worked by hand from docs/domain.md#fusong."""

from typing import Any

from policies.claim import Claim
from tests.engine import claim, decided, outcome

POOR = ("registered_poor",)


def stay(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("fusong", day, **facts)


def test_referral_chain_counts_deductibles_on_for_the_poor() -> None:
    # 1: (1200 − 200) × 85% = 850; 350 × 70% = 245
    # 2: deductible 800 − 200 = 600: 10000 × 60%; CI (350 + 4600 − 3000) × 60% = 1170; 3430 × 70% = 2401
    # 3: deductible 500 − (200 + 600) → 0: 1000 × 75%; CI 250 × 60%; 100 × 70%
    assert outcome(
        stay(number=1, tier=1, in_scope="1200", categories=POOR, admission_id="X"),
        stay(number=2, tier=3, in_scope="10600", categories=POOR, admission_id="Y", referral=("X",)),
        stay(number=3, tier=2, in_scope="1000", categories=POOR, admission_id="Z", referral=("Y", "X")),
    ) == [
        decided(basic="850.00", critical_illness="0.00", assistance="245.00", backstop="0.00", patient="105.00"),
        decided(basic="6000.00", critical_illness="1170.00", assistance="2401.00", backstop="0.00", patient="1029.00"),
        decided(basic="750.00", critical_illness="150.00", assistance="70.00", backstop="0.00", patient="30.00"),
    ]


def test_referral_credits_nobody_who_is_not_poor() -> None:
    # 2: (10600 − 800) × 60% = 5880; 350 + 4720 under 6000
    assert outcome(
        stay(number=1, tier=1, in_scope="1200", admission_id="X"),
        stay(number=2, tier=3, in_scope="10600", admission_id="Y", referral=("X",)),
    ) == [
        decided(basic="850.00", critical_illness="0.00", patient="350.00"),
        decided(basic="5880.00", critical_illness="0.00", patient="4720.00"),
    ]


def test_referral_credit_is_what_was_applied_of_whatever_year() -> None:
    # 1: S = 300 below the deductible of 500: 300 applied; 300 × 70% = 210; 270 − 210 = 60
    # 2: deductible 800 − 300 = 500: 1000 × 60%; 900 × 70% = 630; 1350 − 1230 = 120
    assert outcome(
        stay("2018-12-30", number=1, tier=2, in_scope="300", categories=POOR, admission_id="X"),
        stay("2019-01-05", number=2, tier=3, in_scope="1500", categories=POOR, admission_id="Y", referral=("X",)),
    ) == [
        decided(basic="0.00", critical_illness="0.00", assistance="210.00", backstop="60.00", patient="30.00"),
        decided(basic="600.00", critical_illness="0.00", assistance="630.00", backstop="120.00", patient="150.00"),
    ]


def test_referral_credit_needs_a_standing_claim_that_is_earlier_in_the_ledger() -> None:
    # full 800: 1000 × 60%; 1200 × 70% = 840; backstop 1620 − 1440 = 180
    full = decided(basic="600.00", critical_illness="0.00", assistance="840.00", backstop="180.00", patient="180.00")
    assert outcome(
        stay(number=1, tier=1, in_scope="1200", categories=POOR, admission_id="X", standing=False),
        stay(number=2, tier=3, in_scope="1800", categories=POOR, admission_id="Y", referral=("X",)),
    ) == [full]
    # the referring stay's claim comes second: (1200 − 200) × 85%; CI from 1200: 350 under the line
    assert outcome(
        stay(number=1, tier=3, in_scope="1800", categories=POOR, admission_id="Y", referral=("X",)),
        stay(number=2, tier=1, in_scope="1200", categories=POOR, admission_id="X"),
    ) == [
        full,
        decided(basic="850.00", critical_illness="0.00", assistance="245.00", backstop="0.00", patient="105.00"),
    ]


def test_reversing_the_first_stay_of_a_chain_moves_its_deductible_to_the_second() -> None:
    # 2: nothing before it: 800 applied: 1000 × 60%; 1200 × 70%; 1620 − 1440
    # 3: 500 − 800 → 0: 1000 × 75%; 1450 in the year; 250 × 70% = 175; 925 > 900
    assert outcome(
        stay(number=1, tier=1, in_scope="1200", categories=POOR, admission_id="X", standing=False),
        stay(number=2, tier=3, in_scope="1800", categories=POOR, admission_id="Y", referral=("X",)),
        stay(number=3, tier=2, in_scope="1000", categories=POOR, admission_id="Z", referral=("Y", "X")),
    ) == [
        decided(basic="600.00", critical_illness="0.00", assistance="840.00", backstop="180.00", patient="180.00"),
        decided(basic="750.00", critical_illness="0.00", assistance="175.00", backstop="0.00", patient="75.00"),
    ]


def test_a_chain_adds_up_what_was_really_applied() -> None:
    # 1: 200 applied. 2: 500 − 200 = 300 applied, so 3 bears 800 − 500 = 300: 1000 × 60%
    # 1: 850; 350 × 70%. 2: 1000 × 75%; 550 × 70% = 385; 1170 − 1135.
    # 3: 700 × 70% = 490; 1170 − 1090
    assert outcome(
        stay(number=1, tier=1, in_scope="1200", categories=POOR, admission_id="X"),
        stay(number=2, tier=2, in_scope="1300", categories=POOR, admission_id="Y", referral=("X",)),
        stay(number=3, tier=3, in_scope="1300", categories=POOR, admission_id="Z", referral=("Y", "X")),
    ) == [
        decided(basic="850.00", critical_illness="0.00", assistance="245.00", backstop="0.00", patient="105.00"),
        decided(basic="750.00", critical_illness="0.00", assistance="385.00", backstop="35.00", patient="130.00"),
        decided(basic="600.00", critical_illness="0.00", assistance="490.00", backstop="80.00", patient="130.00"),
    ]


def test_a_chain_entered_out_of_order_credits_each_stay_only_from_its_own_ancestors() -> None:
    # 1 (Y, from X): X's claim is not in the ledger yet: 200 applied: 1000 × 85%; 350 × 70%
    # 2 (X, from W, whose claim never came): 500 applied: 1000 × 75%; 750 × 70% = 525; 1350 − 1275
    # 3 (Z, from Y): 800 − 700 = 100: 1000 × 60%; 500 × 70% = 350; 990 − 950
    assert outcome(
        stay(number=1, tier=1, in_scope="1200", categories=POOR, admission_id="Y", referral=("X", "W")),
        stay(number=2, tier=2, in_scope="1500", categories=POOR, admission_id="X", referral=("W",)),
        stay(number=3, tier=3, in_scope="1100", categories=POOR, admission_id="Z", referral=("Y", "X", "W")),
    ) == [
        decided(basic="850.00", critical_illness="0.00", assistance="245.00", backstop="0.00", patient="105.00"),
        decided(basic="750.00", critical_illness="0.00", assistance="525.00", backstop="75.00", patient="150.00"),
        decided(basic="600.00", critical_illness="0.00", assistance="350.00", backstop="40.00", patient="110.00"),
    ]
