"""长治 worked by hand from docs/domain.md#changzhi."""

from typing import Any

import pytest

from policies.claim import Claim
from tests.engine import claim, decided, outcome

DIBAO = ("dibao",)
REGISTERED = ("registered_poor",)


def stay(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("changzhi", day, **facts)


def card(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("changzhi", day, setting="chronic", card_class="I", **facts)


def test_c1_c2_the_true_up_deducts_what_was_paid_per_visit() -> None:
    # 1: 4000 × 70%; 1700 × 70%
    # 2: 12000 × 70%; CI (1700 + 4100 − 5000) × 65%; 70% × (1700 + 3580) − 1190
    assert outcome(
        stay("2019-03-01", number=1, tier=2, in_scope="4500", categories=DIBAO),
        stay("2019-06-01", number=2, tier=2, in_scope="12500", categories=DIBAO),
    ) == [
        decided(basic="2800.00", critical_illness="0.00", assistance="1190.00", patient="510.00"),
        decided(basic="8400.00", critical_illness="520.00", assistance="2506.00", patient="1074.00"),
    ]


def test_reversing_the_first_visit_or_starting_a_new_year_leaves_the_second_alone() -> None:
    # 4100 under the line of 5000; 4100 × 70%
    alone = decided(basic="8400.00", critical_illness="0.00", assistance="2870.00", patient="1230.00")
    second = stay("2019-06-01", number=2, tier=2, in_scope="12500", categories=DIBAO)
    first = {"number": 1, "tier": 2, "in_scope": "4500", "categories": DIBAO}
    assert outcome(stay("2019-03-01", standing=False, **first), second) == [alone]
    assert outcome(stay("2018-12-31", **first), second)[1:] == [alone]


def test_not_poor_gets_basic_and_critical_illness_over_the_general_line() -> None:
    # 1: 30000 × 70%; 9500 under 10000. 2: 20000 × 70%; (9500 + 6500 − 10000) × 60%
    assert outcome(
        stay("2019-03-01", number=1, tier=2, in_scope="30500"),
        stay("2019-06-01", number=2, tier=2, in_scope="20500"),
    ) == [
        decided(basic="21000.00", critical_illness="0.00", patient="9500.00"),
        decided(basic="14000.00", critical_illness="3600.00", patient="2900.00"),
    ]


@pytest.mark.parametrize(
    ("tier", "in_scope", "basic", "patient"),
    [
        (0, "100", "0.00", "100.00"),  # equal to the deductible
        (0, "1100", "850.00", "250.00"),  # 1000 × 85%
        (1, "1400", "750.00", "650.00"),  # 1000 × 75%
        (1, "400.06", "0.05", "400.01"),  # 0.06 × 75% = 4.5 fen, half up
        (2, "499.99", "0.00", "499.99"),
        (3, "2000", "600.00", "1400.00"),  # 1000 × 60%
    ],
)
def test_basic_by_tier(tier: int, in_scope: str, basic: str, patient: str) -> None:
    assert outcome(stay(tier=tier, in_scope=in_scope)) == [
        decided(basic=basic, critical_illness="0.00", patient=patient)
    ]


def test_general_bands_and_both_caps() -> None:
    # 299000 × 60% → 70000; 220000 above: 24000 + 32500 + 130000 × 75% = 154000
    assert outcome(stay(in_scope="300000")) == [
        decided(basic="70000.00", critical_illness="154000.00", patient="76000.00")
    ]
    # 620000 above: 24000 + 32500 + 530000 × 75% = 454000 → 400000
    assert outcome(stay(in_scope="700000")) == [
        decided(basic="70000.00", critical_illness="400000.00", patient="230000.00")
    ]
    # dibao: 625000 above: 26000 + 35000 + 535000 × 80% = 489000 → 400000; 7000 + 15000 + 200000 × 80% → 30000
    assert outcome(stay(in_scope="700000", categories=DIBAO)) == [
        decided(basic="70000.00", critical_illness="400000.00", assistance="30000.00", patient="200000.00")
    ]


def test_true_up_climbs_its_tiers_over_four_visits_to_the_limit() -> None:
    # 1: basic 60000; CI 36000 × 65% = 23400; 17600: 7000 + 7600 × 75% = 12700
    # 2: basic 36000 → 10000; CI above the line 36000 → 87000: 4000 × 65% + 47000 × 70% = 35500;
    #    b 33100: 7000 + 15000 + 3100 × 80% = 24480, less 12700
    # 3: CI 87000 → 117000: 3000 × 70% + 27000 × 80% = 23700; b 39400: 22000 + 9400 × 80% = 29520, less 24480
    # 4: CI 10000 × 80%; b 41400: 31120 → limit 30000, less 29520
    assert outcome(
        stay("2019-01-10", number=1, in_scope="101000", categories=DIBAO),
        stay("2019-03-10", number=2, in_scope="61000", categories=DIBAO),
        stay("2019-05-10", number=3, in_scope="30000", categories=DIBAO),
        stay("2019-07-10", number=4, in_scope="10000", categories=DIBAO),
    ) == [
        decided(basic="60000.00", critical_illness="23400.00", assistance="12700.00", patient="4900.00"),
        decided(basic="10000.00", critical_illness="35500.00", assistance="11780.00", patient="3720.00"),
        decided(basic="0.00", critical_illness="23700.00", assistance="5040.00", patient="1260.00"),
        decided(basic="0.00", critical_illness="8000.00", assistance="480.00", patient="1520.00"),
    ]


def test_registered_poor_pay_only_what_is_out_of_catalog() -> None:
    # basic 50000 × 60%; CI (21000 − 5000) × 65% = 10400; (10600 − 1000) × 60% = 5760; O 5000 × 50% = 2500;
    # backstop S 4840 and C 2000
    assert outcome(stay(in_scope="51000", upfront_copay="2000", self_funded="5000", categories=REGISTERED)) == [
        decided(
            basic="30000.00",
            critical_illness="10400.00",
            assistance="8260.00",
            backstop="6840.00",
            patient="2500.00",
        )
    ]


def test_registered_poor_below_the_assistance_deductible() -> None:
    # basic 1000 × 70%; 800 − 1000 < 0; backstop 800
    assert outcome(stay(tier=2, in_scope="1500", categories=REGISTERED)) == [
        decided(basic="700.00", critical_illness="0.00", assistance="0.00", backstop="800.00", patient="0.00")
    ]


def test_registered_poor_deductible_once_a_year_and_limit_of_twenty_thousand() -> None:
    # 1: basic 700; b 800 under 1000; backstop 800
    # 2: basic 700; CI 1600; b 1600: 600 × 60%; backstop 440
    # 3: in_scope 301000: 180000 → 68600 left of 70000; left 232400; CI x 1600 → 234000, above the line
    #    229000: 26000 + 35000 + 139000 × 80% = 172200; left 60200; b 61800 − 1000: 6000 + 13000 + 30800 × 70%
    #    = 40560 → 20000, less 360 = 19640; backstop 60200 − 19640
    # 4: basic 0; CI 1000 × 80%; due 20000 − 20000; backstop 200
    assert outcome(
        stay("2019-01-10", number=1, tier=2, in_scope="1500", categories=REGISTERED),
        stay("2019-02-10", number=2, tier=2, in_scope="1500", categories=REGISTERED),
        stay("2019-03-10", number=3, tier=3, in_scope="301000", categories=REGISTERED),
        stay("2019-04-10", number=4, tier=3, in_scope="1000", categories=REGISTERED),
    ) == [
        decided(basic="700.00", critical_illness="0.00", assistance="0.00", backstop="800.00", patient="0.00"),
        decided(basic="700.00", critical_illness="0.00", assistance="360.00", backstop="440.00", patient="0.00"),
        decided(
            basic="68600.00",
            critical_illness="172200.00",
            assistance="19640.00",
            backstop="40560.00",
            patient="0.00",
        ),
        decided(basic="0.00", critical_illness="800.00", assistance="0.00", backstop="200.00", patient="0.00"),
    ]


def test_registered_poor_climb_all_their_tiers_below_the_limit() -> None:
    # 94200 → 70000; left 88000: CI 83000 above: 26000 + 43000 × 70% = 56100; 31900 − 1000:
    # 6000 + 13000 + 900 × 70% = 19630; backstop 12270
    assert outcome(stay(in_scope="158000", categories=REGISTERED)) == [
        decided(
            basic="70000.00", critical_illness="56100.00", assistance="19630.00", backstop="12270.00", patient="0.00"
        )
    ]


def test_two_categories_choose_values_by_order_but_conditions_by_membership() -> None:
    # dibao's 70% without deductible: 1190; being registered_poor too opens the backstop for the 510 left
    assert outcome(stay(tier=2, in_scope="4500", categories=("dibao", "registered_poor"))) == [
        decided(basic="2800.00", critical_illness="0.00", assistance="1190.00", backstop="510.00", patient="0.00")
    ]


def test_out_of_catalog_is_held_to_the_control_ratio_of_the_tier() -> None:
    # tier 0: basic 1000 × 85%; 250 × 70% = 175; control 15% × 2000 = 300 of O 900: 150
    assert outcome(stay(tier=0, in_scope="1100", self_funded="900", categories=DIBAO)) == [
        decided(basic="850.00", critical_illness="0.00", assistance="325.00", patient="825.00")
    ]
    # tier 2: basic 500 × 70% = 350; 650 × 70% = 455; control 20% × 2000 = 400: 200
    assert outcome(stay(tier=2, in_scope="1000", self_funded="1000", categories=DIBAO)) == [
        decided(basic="350.00", critical_illness="0.00", assistance="655.00", patient="995.00")
    ]


def test_out_of_catalog_is_rounded_once() -> None:
    # 15% × 1000.04 = 150.006, × 50% = 75.003; rounding the control first would give 75.01. 100 × 70% = 70
    assert outcome(stay(tier=0, in_scope="100", self_funded="900.04", categories=("destitute",))) == [
        decided(basic="0.00", critical_illness="0.00", assistance="145.00", patient="855.04")
    ]
    # O 0.01 × 50% = half a fen, up; 500 × 70% = 350
    assert outcome(stay(tier=2, in_scope="500", self_funded="0.01", categories=("destitute",))) == [
        decided(basic="0.00", critical_illness="0.00", assistance="350.01", patient="150.00")
    ]


def test_out_of_catalog_and_true_up_share_the_limit_but_not_the_true_up_s_own_count() -> None:
    # 1: basic 0 (deductible 1000); 1000 × 70% = 700; control 30% × 101000 = 30300 × 50% = 15150
    # 2: due 2000 × 70% − 700 = 700; out of catalog 15150 → 30000 − 15850 − 700 = 13450
    # 3: due 4000 × 70% − 1400 = 1400, nothing left of the limit
    bill: dict[str, Any] = {"tier": 3, "in_scope": "1000", "self_funded": "100000", "categories": DIBAO}
    assert outcome(
        stay("2019-01-10", number=1, **bill),
        stay("2019-02-10", number=2, **bill),
        stay("2019-03-10", number=3, tier=2, in_scope="5500", categories=DIBAO),
    ) == [
        decided(basic="0.00", critical_illness="0.00", assistance="15850.00", patient="85150.00"),
        decided(basic="0.00", critical_illness="0.00", assistance="14150.00", patient="86850.00"),
        decided(basic="3500.00", critical_illness="0.00", assistance="0.00", patient="2000.00"),
    ]


def test_the_true_up_does_not_deduct_what_out_of_catalog_was_paid() -> None:
    # each: basic 1000 × 70%; min(1000, 20% × 2500) × 50% = 250
    # 1: 800 × 70% = 560. 2: 1600 × 70% − 560, and not − 810
    bill: dict[str, Any] = {"tier": 2, "in_scope": "1500", "self_funded": "1000", "categories": DIBAO}
    each = decided(basic="700.00", critical_illness="0.00", assistance="810.00", patient="990.00")
    assert outcome(stay("2019-01-10", number=1, **bill), stay("2019-02-10", number=2, **bill)) == [each, each]


def test_true_up_takes_nothing_back_when_the_category_changes() -> None:
    # 1, dibao: basic 14000; CI (6500 − 5000) × 65% = 975; 5525 × 70% = 3867.50
    # 2, registered_poor: basic 700; CI 800 × 65% = 520; b 5805: 4805 × 60% = 2883 < 3867.50; backstop 280
    assert outcome(
        stay("2019-03-01", number=1, tier=2, in_scope="20500", categories=DIBAO),
        stay("2019-06-01", number=2, tier=2, in_scope="1500", categories=REGISTERED),
    ) == [
        decided(basic="14000.00", critical_illness="975.00", assistance="3867.50", patient="1657.50"),
        decided(basic="700.00", critical_illness="520.00", assistance="0.00", backstop="280.00", patient="0.00"),
    ]


@pytest.mark.parametrize(
    ("category", "disease"),
    [("low_income", "lung_cancer"), ("illness_poor", "hemophilia"), ("low_income", "cleft_lip_palate")],
)
def test_assistance_serves_low_income_and_illness_poor_on_the_24_diseases(category: str, disease: str) -> None:
    # general CI (21000 − 10000) × 60% = 6600; 13400 after the deductible: 6000 + 3400 × 65% = 8210
    assert outcome(stay(in_scope="51000", categories=(category,), disease=disease)) == [
        decided(basic="30000.00", critical_illness="6600.00", assistance="8210.00", patient="6190.00")
    ]


@pytest.mark.parametrize(
    ("categories", "disease"),
    [
        (("low_income",), None),
        (("low_income",), "hypertension"),
        (("illness_poor",), "phenylketonuria"),  # a quota disease of 安义, not one of 长治's
        (("veteran",), "lung_cancer"),
        ((), "lung_cancer"),
    ],
)
def test_assistance_serves_no_other_resident_who_is_not_poor(categories: tuple[str, ...], disease: str | None) -> None:
    assert outcome(stay(in_scope="51000", categories=categories, disease=disease)) == [
        decided(basic="30000.00", critical_illness="6600.00", patient="14400.00")
    ]


def test_assistance_counts_only_the_claims_that_it_served() -> None:
    # 1: no disease, no assistance. 2: b = its own 3500 − 1000 = 2500 × 60%; O 100 × 50%
    assert outcome(
        stay("2019-03-01", number=1, tier=2, in_scope="10500", categories=("low_income",)),
        stay(
            "2019-06-01",
            number=2,
            tier=2,
            in_scope="10500",
            self_funded="100",
            categories=("low_income",),
            disease="lung_cancer",
        ),
    ) == [
        decided(basic="7000.00", critical_illness="0.00", patient="3500.00"),
        decided(basic="7000.00", critical_illness="0.00", assistance="1550.00", patient="2050.00"),
    ]


def test_chronic_stops_after_critical_illness_and_has_its_own_cap() -> None:
    # 1: 5000 × 60%; 2000 under 5000
    # 2: 3000 → 1000 left of 4000; left 4000; CI (6000 − 5000) × 65%
    # 3: inpatient tier 2: 1000 × 70%; CI 800 × 65% = 520; assistance 280 × 70%
    assert outcome(
        card("2019-02-01", number=1, in_scope="5000", categories=DIBAO),
        card("2019-03-01", number=2, in_scope="5000", self_funded="10", categories=DIBAO),
        stay("2019-04-01", number=3, tier=2, in_scope="1500", categories=DIBAO),
    ) == [
        decided(basic="3000.00", critical_illness="0.00", patient="2000.00"),
        decided(basic="1000.00", critical_illness="650.00", patient="3360.00"),
        decided(basic="700.00", critical_illness="520.00", assistance="196.00", patient="84.00"),
    ]


def test_assistance_serves_chronic_claims_of_the_24_diseases() -> None:
    # 三(二), 三(六): 3000 × 60%; 1200 × 70%
    assert outcome(card(tier=2, in_scope="3000", categories=DIBAO, disease="renal_dialysis")) == [
        decided(basic="1800.00", critical_illness="0.00", assistance="840.00", patient="360.00")
    ]
    # 4000 × 60%; (1600 − 1000) × 60%, whoever is served on the 24; out of the catalog only in hospital: 100 stay
    for categories in (("low_income",), ("illness_poor",), REGISTERED):
        claims = [card(in_scope="4000", self_funded="100", categories=categories, disease="lung_cancer")]
        assert outcome(*claims) == [
            decided(basic="2400.00", critical_illness="0.00", assistance="360.00", patient="1340.00")
        ]


def test_assistance_has_one_true_up_and_one_limit_over_stays_and_chronic_claims() -> None:
    # 1: 69500 × 70%; (21350 − 5000) × 65% = 10627.50; 10722.50: 7000 + 722.50 × 75% = 7541.88
    # 2: cap 4000; B(112350) − B(16350) = 68252.50; 27747.50 left; 38470: 22000 + 8470 × 80% = 28776, less 7541.88
    # 3: cap used; B(212350) − B(112350) = 80000; 20000 left; 58470: 22000 + 28470 × 80% → 30000, less 28776
    cards = [
        card(f"2019-0{month}-01", number=number, tier=2, in_scope="100000", categories=DIBAO, disease="renal_dialysis")
        for number, month in ((2, 5), (3, 6))
    ]
    stays = [stay("2019-02-01", number=1, tier=2, in_scope="70000", categories=DIBAO)]
    assert [result["assistance"] for result in outcome(*stays, *cards)] == ["7541.88", "21234.12", "1224.00"]


def test_chronic_gives_other_diseases_no_assistance_and_registered_poor_no_backstop() -> None:
    # 1000 × 60%
    expected = [decided(basic="600.00", critical_illness="0.00", patient="400.00")]
    assert outcome(card(in_scope="1000", categories=("low_income",))) == expected
    assert outcome(card(in_scope="1000", categories=REGISTERED)) == expected
    assert outcome(card(in_scope="1000", disease="lung_cancer")) == expected


def test_an_audit_shrinks_what_the_layers_and_the_control_ratio_see() -> None:
    # O 1000 − 600: basic 2000 × 70%; (1100 − 1000) × 60% = 60; min(400, 20% × 2900) × 50% = 200; backstop 1040
    bill: dict[str, Any] = {"tier": 2, "in_scope": "2500", "self_funded": "1000", "categories": REGISTERED}
    paid = {"basic": "1400.00", "critical_illness": "0.00", "assistance": "260.00", "backstop": "1040.00"}
    assert outcome(stay(audits=[("600", "person")], **bill)) == [decided(patient="800.00", **paid)]
    assert outcome(stay(audits=[("600", "hospital")], **bill)) == [decided(patient="200.00", hospital="600.00", **paid)]
