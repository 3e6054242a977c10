"""case quota, worked by hand from docs/domain.md#case_quota: basic, critical illness and supplementary share Q."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.money import parse_yuan, yuan
from policies.engine import open_claim
from policies.rules.case_quota import QuotaBasic, QuotaFill, QuotaShare
from tests.engine import claim, scheme
from tests.rules import BOUNDED, FEN, always, bill, decide, left, pays, rule, track, used

BASIC = rule(QuotaBasic, track="inpatient", deductible=always("400"), ratio=always("80%"), cap=always("100000"))
FILL = rule(QuotaFill, to=always("80%"))
SHARE = rule(QuotaShare, to=always("80%"), share=always("18%"))


@pytest.mark.parametrize(
    ("total", "quota"),
    [("14999.99", "14999.99"), ("15000", "15000.00"), ("15000.01", "15000.00"), ("60000", "15000.00")],
)
def test_the_quota_is_the_tariff_or_the_bill_where_that_is_less(total: str, quota: str) -> None:
    # thalassemia at tier 2 in 安义: 15,000 (docs/domain.md#tariffs)
    stay = claim("anyi", "2018-05-01", tier=2, self_funded=total, disease="thalassemia", categories=["registered_poor"])
    assert yuan(open_claim(scheme("anyi"), stay).quota or 0) == quota


@pytest.mark.parametrize(
    ("facts", "has_quota"),
    [
        ({}, True),
        ({"tier": 3}, True),
        ({"tier": 1}, False),
        ({"categories": ["dibao"]}, False),  # is not among 安义's poor
        ({"disease": "breast_cancer"}, False),
        ({"disease": None}, False),
        ({"setting": "chronic", "card_class": "I"}, False),
    ],
)
def test_whose_stay_has_a_quota(facts: dict[str, Any], has_quota: bool) -> None:
    given_ = {"tier": 2, "disease": "thalassemia", "categories": ["registered_poor"], **facts}
    stay = claim("anyi", "2018-05-01", self_funded="100", **given_)
    assert (open_claim(scheme("anyi"), stay).quota is not None) is has_quota


@pytest.mark.parametrize(
    ("s", "quota", "paid"),
    [
        ("5000", "15000", "3680.00"),  # 4,600 × 80%, as usual
        ("19150", "15000", "15000.00"),  # 18,750 × 80%: exactly Q
        ("19150.02", "15000", "15000.00"),  # 1.6 fen over it
        ("19149.98", "15000", "14999.98"),  # 1.6 fen, 2, under it
        ("400", "15000", "0.00"),
    ],
)
def test_basic_is_as_usual_and_at_most_the_quota(s: str, quota: str, paid: str) -> None:
    assert pays(BASIC, bill(s, quota=quota)) == paid


def test_basic_under_a_quota_counts_to_its_cap_and_leaves_nothing_over_it() -> None:
    # 4,600 × 80% = 3,680, but 100,000 − 99,000 are left
    opened = bill("5000", quota="15000")
    decision = decide(BASIC, opened, {"inpatient": used(paid="99000")})
    assert (yuan(decision.paid), decision.over_cap, track(BASIC, opened)) == ("1000.00", 0, "inpatient")


@pytest.mark.parametrize(
    ("quota", "before", "paid"),
    [
        ("5000", "3680", "320.00"),  # 4,000 − 3,680
        ("5000", "4000", "0.00"),
        ("5000", "3999.99", "0.01"),
        ("5000", "4000.01", "0.00"),  # basic alone is over it: nothing, not less
        ("5000", "0", "4000.00"),
        ("1.12", "0", "0.90"),  # 89.6 fen
    ],
)
def test_critical_illness_fills_up_to_its_part_of_the_quota(quota: str, before: str, paid: str) -> None:
    decision = decide(FILL, bill("5000", paid=before, quota=quota))
    assert (yuan(decision.paid), decision.base) == (paid, 0)  # and enters no annual base


def test_half_a_fen_rounds_up_in_every_part() -> None:
    # 5 fen × 70% = 3.5
    assert pays(rule(QuotaFill, to=always("70%")), bill("1", quota="0.05")) == "0.04"
    # 25 fen × 18% = 4.5, up; 25 × 98% = 24.5, up, less 20
    assert pays(SHARE, bill("1", paid="0.20", quota="0.25")) == "0.05"


@pytest.mark.parametrize(
    ("quota", "before", "paid"),
    [
        ("5000", "4000", "900.00"),  # 18% of 5,000: exactly up to 98%
        ("5000", "4000.01", "899.99"),  # 4,900 − 4,000.01
        ("5000", "3000", "900.00"),  # 18% and no more, though 1,900 are free
        ("15000", "12480", "2220.00"),  # 14,700 − 12,480 under 2,700
        ("15000", "14700", "0.00"),
        ("15000", "14720", "0.00"),  # basic alone is over 98%
    ],
)
def test_supplementary_pays_its_part_up_to_both_parts(quota: str, before: str, paid: str) -> None:
    assert pays(SHARE, bill("5000", paid=before, quota=quota)) == paid


@pytest.mark.parametrize(("kind", "rest"), [(FILL, "3100.00"), (SHARE, "9300.00")], ids=["fill", "share"])
def test_they_take_from_s_then_c_then_o(kind: QuotaFill | QuotaShare, rest: str) -> None:
    # 10,000 × 80% = 8,000, or 10,000 × 18% = 1,800: S 500, C 600, the rest out of O
    opened = bill("500", "600", "10000", quota="10000")
    decide(kind, opened)
    assert left(opened) == ("0.00", "0.00", rest)


def test_a_claim_without_a_quota_is_a_bug() -> None:
    for kind in (BASIC, FILL, SHARE):
        with pytest.raises(AssertionError, match="no case quota"):
            decide(kind, bill("5000"))


@BOUNDED
@given(FEN, FEN, FEN, st.integers(1, 2_000_000), FEN)
def test_the_three_together_leave_two_per_cent_or_what_basic_left(
    s: int, c: int, o: int, tariff: int, used_: int
) -> None:
    total = s + c + o
    quota = min(tariff, total)
    opened = bill(yuan(s), yuan(c), yuan(o), quota=yuan(quota))
    basic = decide(BASIC, opened, {"inpatient": used(paid=yuan(used_))}).paid
    critical_illness, supplementary = decide(FILL, opened).paid, decide(SHARE, opened).paid
    patient, hospital = opened.shares()
    # the hospital bears what is beyond the quota, and the four together are the bill
    assert hospital == total - quota
    assert basic + critical_illness + supplementary + patient == quota
    # the patient's 2%, but for a fen of rounding, unless basic alone had paid more than 98%
    assert patient <= quota * 2 // 100 + 1
    assert basic <= max(0, parse_yuan("100000") - used_)
