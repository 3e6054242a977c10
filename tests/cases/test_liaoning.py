"""辽宁 worked by hand from docs/domain.md#liaoning."""

from typing import Any

import pytest

from policies.claim import Claim
from tests.engine import claim, decided, outcome

POOR = ("registered_poor",)


def stay(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("liaoning", day, **facts)


def card(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("liaoning", day, setting="chronic", card_class="I", **facts)


def pharmacy(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("liaoning", day, setting="pharmacy", **facts)


def test_l1_pharmacy_prescribed_at_tier_two() -> None:
    assert outcome(pharmacy(tier=0, in_scope="500", categories=POOR, any_card=True, prescriber_tier=2)) == [
        decided(supplementary="400.00", patient="100.00")
    ]


@pytest.mark.parametrize(
    ("prescriber_tier", "supplementary", "patient"),
    [(0, "0.00", "500.00"), (1, "0.00", "500.00"), (2, "400.00", "100.00"), (3, "400.00", "100.00")],
)
def test_pharmacy_by_the_prescriber_not_the_pharmacy(prescriber_tier: int, supplementary: str, patient: str) -> None:
    # 80% of the total, whatever its parts and wherever it was bought
    for tier in (0, 3):
        assert outcome(
            pharmacy(
                tier=tier,
                in_scope="200",
                upfront_copay="50",
                over_limit="50",
                self_funded="200",
                categories=POOR,
                disease="hypertension",
                prescriber_tier=prescriber_tier,
            )
        ) == [decided(supplementary=supplementary, patient=patient)]


def test_pharmacy_is_rounded_once() -> None:
    # 0.06 × 80% = 4.8 fen → 5; S and C + O apart would give 2 + 2
    assert outcome(
        pharmacy(
            in_scope="0.03",
            upfront_copay="0.02",
            self_funded="0.01",
            categories=POOR,
            any_card=True,
            prescriber_tier=3,
        )
    ) == [decided(supplementary="0.05", patient="0.01")]


def test_pharmacy_is_nothing_to_who_is_not_poor_or_has_neither_card_nor_disease() -> None:
    assert outcome(pharmacy(in_scope="500", any_card=True, prescriber_tier=3)) == [decided(patient="500.00")]
    assert outcome(pharmacy(in_scope="500", categories=("dibao",), any_card=True, prescriber_tier=3)) == [
        decided(patient="500.00")
    ]
    assert outcome(pharmacy(in_scope="500", categories=POOR, prescriber_tier=3)) == [decided(patient="500.00")]


def test_all_five_layers_of_a_stay() -> None:
    # basic 50000 × 60%; (20800 − 5000) × 55% = 8690; 12110 × 70% = 8477; 3633 under 5000;
    # 3633 × 80% = 2906.40; 3000 × 80% = 2400
    bill: dict[str, Any] = {"in_scope": "50800", "upfront_copay": "600", "over_limit": "400", "self_funded": "2000"}
    paid = {
        "basic": "30000.00",
        "critical_illness": "8690.00",
        "assistance": "8477.00",
        "basic_second": "0.00",
    }
    for facts in ({"any_card": True}, {"disease": "hypertension"}):
        assert outcome(stay(categories=POOR, **bill, **facts)) == [
            decided(**paid, supplementary="5306.40", patient="1326.60")
        ]
    # neither card nor disease: no supplementary
    assert outcome(stay(categories=POOR, **bill)) == [decided(**paid, patient="6633.00")]


@pytest.mark.parametrize("tier", [0, 1])
def test_supplementary_leaves_copay_and_self_funded_alone_below_tier_two(tier: int) -> None:
    # basic 10000 × 85%; 1700 × 70% = 1190; 510 × 80% = 408
    assert outcome(
        stay(tier=tier, in_scope="10200", over_limit="300", self_funded="700", categories=POOR, any_card=True)
    ) == [
        decided(
            basic="8500.00",
            critical_illness="0.00",
            assistance="1190.00",
            basic_second="0.00",
            supplementary="408.00",
            patient="1102.00",
        )
    ]


def test_supplementary_at_tier_two_pays_both_groups() -> None:
    # basic 10000 × 75%; 2900 × 70% = 2030 (2500 + 400); 870 × 80% = 696; 1000 × 80% = 800
    assert outcome(
        stay(tier=2, in_scope="10400", over_limit="300", self_funded="700", categories=POOR, any_card=True)
    ) == [
        decided(
            basic="7500.00",
            critical_illness="0.00",
            assistance="2030.00",
            basic_second="0.00",
            supplementary="1496.00",
            patient="374.00",
        )
    ]


def test_basic_second_and_the_limits_over_three_stays() -> None:
    # 1: basic 90000; CI 55800: 27500 + 5800 × 65% = 31270; 29530 × 70% → 20000; (9530 − 5000) × 30% = 1359;
    #    8171 × 80%
    # 2: basic 30000; CI 20800 × 65% = 13520; limit used up; (7280 − 5000) × 30% = 684; 6596 × 80%
    # 3: basic 60000 → 30000 left of 150000; CI 70800 × 65% = 46020; (24780 − 5000) × 30% = 5934; 18846 × 80%
    assert outcome(
        stay("2019-02-01", number=1, in_scope="150800", categories=POOR, any_card=True),
        stay("2019-05-01", number=2, in_scope="50800", categories=POOR, any_card=True),
        stay("2019-09-01", number=3, in_scope="100800", categories=POOR, any_card=True),
    ) == [
        decided(
            basic="90000.00",
            critical_illness="31270.00",
            assistance="20000.00",
            basic_second="1359.00",
            supplementary="6536.80",
            patient="1634.20",
        ),
        decided(
            basic="30000.00",
            critical_illness="13520.00",
            assistance="0.00",
            basic_second="684.00",
            supplementary="5276.80",
            patient="1319.20",
        ),
        decided(
            basic="30000.00",
            critical_illness="46020.00",
            assistance="0.00",
            basic_second="5934.00",
            supplementary="15076.80",
            patient="3769.20",
        ),
    ]


def test_not_poor_gets_basic_and_critical_illness() -> None:
    # basic 90000; 50800 above 10000: 25000 + 800 × 60%
    for categories in ((), ("destitute", "dibao")):
        assert outcome(stay(in_scope="150800", self_funded="10", categories=categories, any_card=True)) == [
            decided(basic="90000.00", critical_illness="25480.00", patient="35330.00")
        ]
    # basic 150000; 640000 above: 25000 + 590000 × 60% = 379000 → 300000
    assert outcome(stay(tier=1, in_scope="800000")) == [
        decided(basic="150000.00", critical_illness="300000.00", patient="350000.00")
    ]


def test_deductible_edges_by_tier() -> None:
    for tier, edge in ((0, "200"), (1, "200"), (2, "400"), (3, "800")):
        assert outcome(stay(tier=tier, in_scope=edge)) == [
            decided(basic="0.00", critical_illness="0.00", patient=edge + ".00")
        ]
    # 0.06 × 75% = 4.5 fen, half up
    assert outcome(stay(tier=2, in_scope="400.06")) == [
        decided(basic="0.05", critical_illness="0.00", patient="400.01")
    ]


def test_chronic_has_the_same_layers() -> None:
    # 10000 × 70%; 3000 × 70% = 2100; 900 × 80% = 720; 500 × 80% = 400
    assert outcome(card(tier=2, in_scope="10000", self_funded="500", categories=POOR)) == [
        decided(
            basic="7000.00",
            critical_illness="0.00",
            assistance="2100.00",
            basic_second="0.00",
            supplementary="1120.00",
            patient="280.00",
        )
    ]
    # tier 1: O stays with the patient
    assert outcome(card(tier=1, in_scope="10000", self_funded="500", categories=POOR)) == [
        decided(
            basic="7000.00",
            critical_illness="0.00",
            assistance="2100.00",
            basic_second="0.00",
            supplementary="720.00",
            patient="680.00",
        )
    ]
    assert outcome(card(tier=2, in_scope="10000", self_funded="500")) == [
        decided(basic="7000.00", critical_illness="0.00", patient="3500.00")
    ]


def test_chronic_cap_is_its_own_and_critical_illness_counts_both() -> None:
    # 1: 14000 → 10000; (10000 − 5000) × 55% = 2750; 7250 × 70% = 5075; 2175 × 80%
    # 2: cap used up; 1000 × 55%; 450 × 70%; 135 × 80%
    # 3: inpatient tier 1: 1000 × 85%; 350 × 55% = 192.50; 157.50 × 70% = 110.25; 47.25 × 80%
    assert outcome(
        card("2019-02-01", number=1, in_scope="20000", categories=POOR),
        card("2019-03-01", number=2, in_scope="1000", categories=POOR),
        stay("2019-04-01", number=3, tier=1, in_scope="1200", categories=POOR, any_card=True),
    ) == [
        decided(
            basic="10000.00",
            critical_illness="2750.00",
            assistance="5075.00",
            basic_second="0.00",
            supplementary="1740.00",
            patient="435.00",
        ),
        decided(
            basic="0.00",
            critical_illness="550.00",
            assistance="315.00",
            basic_second="0.00",
            supplementary="108.00",
            patient="27.00",
        ),
        decided(
            basic="850.00",
            critical_illness="192.50",
            assistance="110.25",
            basic_second="0.00",
            supplementary="37.80",
            patient="9.45",
        ),
    ]


def test_basic_second_from_chronic_care_has_its_deductible_per_claim() -> None:
    # 40000 × 70% → 10000; CI 25000 × 55% = 13750; 16250 × 70% = 11375; 4875 under 5000; 4875 × 80%
    # next: CI 30000: 20000 left of the first 50000 → 25000 × 55% + 5000 × 65% = 17000; 13000 × 70% = 9100
    #       → 20000 − 11375 = 8625; 4375 under 5000 although 9250 in the year; 4375 × 80%
    assert outcome(
        card("2019-02-01", number=1, in_scope="40000", categories=POOR),
        card("2019-03-01", number=2, in_scope="30000", categories=POOR),
    ) == [
        decided(
            basic="10000.00",
            critical_illness="13750.00",
            assistance="11375.00",
            basic_second="0.00",
            supplementary="3900.00",
            patient="975.00",
        ),
        decided(
            basic="0.00",
            critical_illness="17000.00",
            assistance="8625.00",
            basic_second="0.00",
            supplementary="3500.00",
            patient="875.00",
        ),
    ]


def test_a_pharmacy_bill_moves_no_accumulation() -> None:
    # 2 as alone: basic 1000 × 85%; 350 × 70% = 245; 105 × 80%
    assert outcome(
        pharmacy(number=1, in_scope="90000", categories=POOR, any_card=True, prescriber_tier=2),
        stay(number=2, tier=1, in_scope="1200", categories=POOR, any_card=True),
    ) == [
        decided(supplementary="72000.00", patient="18000.00"),
        decided(
            basic="850.00",
            critical_illness="0.00",
            assistance="245.00",
            basic_second="0.00",
            supplementary="84.00",
            patient="21.00",
        ),
    ]


def test_roster_changes_between_stays() -> None:
    # 1, general: basic 30000; (20800 − 10000) × 50%
    # 2, poor: B(41600) − B(20800) = 36600 × 55% − 15800 × 55% = 11440; 9360 × 70% = 6552; 2808
    # 3, general: (62400 − 10000): 25000 + 2400 × 60%, less 31600 × 50% = 10640
    assert outcome(
        stay("2019-02-01", number=1, in_scope="50800"),
        stay("2019-05-01", number=2, in_scope="50800", categories=POOR),
        stay("2019-09-01", number=3, in_scope="50800"),
    ) == [
        decided(basic="30000.00", critical_illness="5400.00", patient="15400.00"),
        decided(
            basic="30000.00",
            critical_illness="11440.00",
            assistance="6552.00",
            basic_second="0.00",
            patient="2808.00",
        ),
        decided(basic="30000.00", critical_illness="10640.00", patient="10160.00"),
    ]


def test_over_treatment_is_borne_by_who_caused_it() -> None:
    # O 2000 and C 500 go: S 50800, C 500: basic to basic_second as before; 3633 × 80% + 500 × 80% = 3306.40
    bill: dict[str, Any] = {
        "in_scope": "50800",
        "over_limit": "1000",
        "self_funded": "2000",
        "categories": POOR,
        "any_card": True,
    }
    paid = {
        "basic": "30000.00",
        "critical_illness": "8690.00",
        "assistance": "8477.00",
        "basic_second": "0.00",
        "supplementary": "3306.40",
    }
    gone = stay("2019-02-01", number=1, in_scope="150800", categories=POOR, standing=False)
    assert outcome(gone, stay(number=2, audits=[("2500", "hospital")], **bill)) == [
        decided(patient="826.60", hospital="2500.00", **paid)
    ]
    assert outcome(gone, stay(number=2, audits=[("2500", "person")], **bill)) == [decided(patient="3326.60", **paid)]
    # an audited pharmacy bill: (500 − 100) × 80%
    assert outcome(
        pharmacy(in_scope="500", categories=POOR, any_card=True, prescriber_tier=2, audits=[("100", "hospital")])
    ) == [decided(supplementary="320.00", patient="80.00", hospital="100.00")]
