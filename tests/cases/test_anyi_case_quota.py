"""安义's case quota (三(十一)) worked by hand from docs/domain.md#anyi and docs/domain.md#tariffs."""

from typing import Any

import pytest

from policies.claim import Claim
from tests.engine import claim, decided, outcome

POOR = ("registered_poor",)
DESTITUTE = ("destitute", "registered_poor")


def stay(day: str = "2018-05-01", **facts: Any) -> Claim:
    return claim("anyi", day, **facts)


# disease, tariff in yuan at tier 2 and tier 3 (docs/domain.md#tariffs)
TARIFFS = [
    ("esophageal_cancer", 30000, 45000),
    ("gastric_cancer", 30000, 45000),
    ("rectal_cancer", 28000, 42000),
    ("colon_cancer", 28000, 42000),
    ("lung_cancer", 32000, 48000),
    ("mdr_tuberculosis", 20000, 30000),
    ("chronic_myeloid_leukemia", 25000, 40000),
    ("acute_myocardial_infarction", 35000, 50000),
    ("cerebral_infarction", 12000, 18000),
    ("hemophilia", 15000, 22000),
    ("type1_diabetes", 8000, 12000),
    ("hyperthyroidism", 6000, 9000),
    ("phenylketonuria", 10000, 15000),
    ("hypospadias", 12000, 18000),
    ("thalassemia", 15000, 24000),
]


def test_a1_case_quota_where_basic_alone_passes_its_share() -> None:
    # Q 15000; basic 15600 × 80%; 12000 − 12480 < 0; min(2700, 14700 − 12480); patient 15000 − 14700
    assert outcome(stay(tier=2, in_scope="16000", categories=POOR, disease="thalassemia")) == [
        decided(
            basic="12480.00",
            critical_illness="0.00",
            supplementary="2220.00",
            patient="300.00",
            hospital="1000.00",
        )
    ]


def test_case_quota_at_tier_three_takes_from_every_bucket() -> None:
    # Q 48000; basic 39400 × 60%; 33600 − 23640; min(12960, 46560 − 33600); full aid 1440; hospital 60000 − 48000
    assert outcome(
        stay(in_scope="40000", upfront_copay="5000", self_funded="15000", categories=DESTITUTE, disease="lung_cancer")
    ) == [
        decided(
            basic="23640.00",
            critical_illness="9960.00",
            supplementary="12960.00",
            assistance="1440.00",
            patient="0.00",
            hospital="12000.00",
        )
    ]


def test_full_aid_pays_what_the_quota_leaves_to_the_destitute() -> None:
    # 二(六), 三(十一): Q 15000; basic 15600 × 80%; 12000 − 12480 < 0; min(2700, 14700 − 12480); 15000 − 14700
    bill: dict[str, Any] = {"tier": 2, "in_scope": "16000", "disease": "thalassemia"}
    paid = {"basic": "12480.00", "critical_illness": "0.00", "supplementary": "2220.00"}
    assert outcome(stay(**bill, categories=DESTITUTE)) == [
        decided(**paid, assistance="300.00", patient="0.00", hospital="1000.00")
    ]
    # nobody else has it
    dibao = ("dibao", "registered_poor")
    assert outcome(stay(**bill, categories=dibao)) == [decided(**paid, patient="300.00", hospital="1000.00")]


@pytest.mark.parametrize(("disease", "tier_2", "tier_3"), TARIFFS)
def test_case_quota_tariffs(disease: str, tier_2: int, tier_3: int) -> None:
    # nothing in scope, so basic pays nothing: tier 2 80%, 18%, 2% of the tariff; tier 3 70%, 27%, 3%
    for tier, tariff, to, share, rest in ((2, tier_2, 80, 18, 2), (3, tier_3, 70, 27, 3)):
        assert outcome(stay(tier=tier, self_funded="60000", categories=POOR, disease=disease)) == [
            decided(
                basic="0.00",
                critical_illness=f"{tariff * to // 100}.00",
                supplementary=f"{tariff * share // 100}.00",
                patient=f"{tariff * rest // 100}.00",
                hospital=f"{60000 - tariff}.00",
            )
        ]


def test_case_quota_is_the_bill_where_that_is_below_the_tariff() -> None:
    # Q 5000: basic 4600 × 80%; 4000 − 3680; min(900, 4900 − 4000)
    assert outcome(stay(tier=2, in_scope="5000", categories=POOR, disease="type1_diabetes")) == [
        decided(basic="3680.00", critical_illness="320.00", supplementary="900.00", patient="100.00")
    ]


def test_case_quota_clamps_basic_itself() -> None:
    # basic 29600 × 80% = 23680 → 15000
    assert outcome(stay(tier=2, in_scope="30000", categories=POOR, disease="thalassemia")) == [
        decided(
            basic="15000.00",
            critical_illness="0.00",
            supplementary="0.00",
            patient="0.00",
            hospital="15000.00",
        )
    ]
    # between: basic 18400 × 80% = 14720 > 98% of Q; nothing for supplementary; patient 280
    assert outcome(stay(tier=2, in_scope="18800", categories=POOR, disease="thalassemia")) == [
        decided(basic="14720.00", critical_illness="0.00", supplementary="0.00", patient="280.00", hospital="3800.00")
    ]


def test_case_quota_rounds_half_a_fen_up() -> None:
    # Q 1000.25: basic 480.20; 800.20 − 480.20; min(180.045 → 180.05, 980.245 → 980.25 − 800.20)
    assert outcome(stay(tier=2, in_scope="1000.25", categories=POOR, disease="type1_diabetes")) == [
        decided(basic="480.20", critical_illness="320.00", supplementary="180.05", patient="20.00")
    ]


def test_case_quota_is_counted_by_basic_and_by_no_other() -> None:
    # 1: basic 15000 (clamped), counts to the inpatient cap
    # 2: 90000 → 85000; over cap 100000 − 94444.44 = 5555.56 × 90% = 5000.00; left 10100, alone in the base:
    #    2600 × 50% = 1300; 8800 × 50% = 4400; 4400 × 90% = 3960
    assert outcome(
        stay("2018-03-01", number=1, tier=2, in_scope="30000", categories=POOR, disease="thalassemia"),
        stay("2018-06-01", number=2, tier=1, in_scope="100100", categories=POOR),
    )[1:] == [
        decided(
            basic="85000.00",
            critical_illness="6300.00",
            assistance="4400.00",
            supplementary="3960.00",
            patient="440.00",
        )
    ]


def test_case_quota_after_the_cap_has_no_over_cap() -> None:
    # 1: 108000 → 100000; over cap 120000 − 111111.11 = 8888.89 × 90% = 8000.00; left 12100: 4600 × 50% = 2300;
    #    9800 × 50% = 4900; 4900 × 90% = 4410
    # 2: Q 5000: basic 0; 4000; 900; 100
    # 3: the base is still 12100: over cap 1000 × 90%; 200 × 50% = 100; 100 × 50%; 50 × 90%
    assert outcome(
        stay("2018-03-01", number=1, tier=1, in_scope="120100", categories=POOR),
        stay("2018-06-01", number=2, tier=2, in_scope="5000", categories=POOR, disease="type1_diabetes"),
        stay("2018-09-01", number=3, tier=1, in_scope="1100", categories=POOR),
    ) == [
        decided(
            basic="100000.00",
            critical_illness="10300.00",
            assistance="4900.00",
            supplementary="4410.00",
            patient="490.00",
        ),
        decided(basic="0.00", critical_illness="4000.00", supplementary="900.00", patient="100.00"),
        decided(basic="0.00", critical_illness="1000.00", assistance="50.00", supplementary="45.00", patient="5.00"),
    ]


def test_case_quota_is_only_for_the_poor_at_tiers_two_and_three() -> None:
    # not poor: 15600 × 80%
    assert outcome(stay(tier=2, in_scope="16000", disease="thalassemia")) == [
        decided(basic="12480.00", critical_illness="0.00", patient="3520.00")
    ]
    # tier 1 and 0: 15900 × 90% = 14310; 1690 × 50% = 845; 845 × 90% = 760.50
    for tier in (0, 1):
        assert outcome(stay(tier=tier, in_scope="16000", categories=POOR, disease="thalassemia")) == [
            decided(
                basic="14310.00",
                critical_illness="0.00",
                assistance="845.00",
                supplementary="760.50",
                patient="84.50",
            )
        ]
    # breast_cancer is a cancer without a tariff: basic 15600 × 80%; 3520 × 50% = 1760; 1760 × 90% = 1584
    assert outcome(stay(tier=2, in_scope="16000", categories=POOR, disease="breast_cancer")) == [
        decided(
            basic="12480.00",
            critical_illness="0.00",
            assistance="1760.00",
            supplementary="1584.00",
            patient="176.00",
        )
    ]


def test_case_quota_sees_the_bill_after_audits() -> None:
    # Q 14000: basic 13600 × 80%; 11200 − 10880; min(2520, 13720 − 11200)
    assert outcome(
        stay(tier=2, in_scope="16000", categories=POOR, disease="thalassemia", audits=[("2000", "hospital")])
    ) == [
        decided(
            basic="10880.00",
            critical_illness="320.00",
            supplementary="2520.00",
            patient="280.00",
            hospital="2000.00",
        )
    ]
    # Q 15000 of 15500: basic 15100 × 80%; min(2700, 14700 − 12080); patient 300 + 500, hospital 500
    assert outcome(
        stay(tier=2, in_scope="16000", categories=POOR, disease="thalassemia", audits=[("500", "person")])
    ) == [
        decided(
            basic="12080.00",
            critical_illness="0.00",
            supplementary="2620.00",
            patient="800.00",
            hospital="500.00",
        )
    ]
