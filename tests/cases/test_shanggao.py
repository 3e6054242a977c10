"""上高 worked by hand from docs/domain.md#shanggao."""

from typing import Any

import pytest

from policies.claim import Claim
from tests.engine import claim, decided, outcome

POOR = ("registered_poor",)
DIBAO = ("dibao", "registered_poor")
DESTITUTE = ("destitute", "registered_poor")


def stay(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("shanggao", day, **facts)


def card(day: str = "2019-05-01", card_class: str = "II", **facts: Any) -> Claim:
    return claim("shanggao", day, setting="chronic", card_class=card_class, **facts)


def general(day: str = "2019-09-01", **facts: Any) -> Claim:
    return claim("shanggao", day, setting="general", **facts)


def test_supplementary_pays_its_groups_out_of_s_then_c_and_out_of_o() -> None:
    # basic 10000 × 80%; 2400 under 7500; (2400 + 600) × 90% = 2700 out of S 2400 and C 300, under 10800 − 8000;
    # 1000 × 75% = 750, at most 10800 − 10700; nothing of S left for assistance
    assert outcome(
        stay(tier=2, in_scope="10400", upfront_copay="500", over_limit="100", self_funded="1000", categories=POOR)
    ) == [
        decided(
            basic="8000.00",
            critical_illness="0.00",
            supplementary="2800.00",
            assistance="0.00",
            backstop="0.00",
            patient="1200.00",
        )
    ]


@pytest.mark.parametrize(
    ("categories", "assistance", "patient"),
    [
        (POOR, "0.00", "1040.00"),  # 1040 under the deductible of 5000
        (DIBAO, "780.00", "260.00"),  # 1040 × 75%
        (DESTITUTE, "1040.00", "0.00"),
        (("destitute", "dibao", "registered_poor"), "1040.00", "0.00"),
        (("registered_poor", "low_income"), "0.00", "1040.00"),
    ],
)
def test_assistance_among_the_poor_by_first_category(
    categories: tuple[str, ...], assistance: str, patient: str
) -> None:
    # basic 8000; 2400 × 90% = 2160, at most 9360 − 8000; 1040 left; the ceiling is the backstop's goal too
    assert outcome(stay(tier=2, in_scope="10400", categories=categories)) == [
        decided(
            basic="8000.00",
            critical_illness="0.00",
            supplementary="1360.00",
            assistance=assistance,
            backstop="0.00",
            patient=patient,
        )
    ]


def test_supplementary_stops_at_ninety_per_cent_of_the_bill() -> None:
    # 二2: basic 8600 × 80% = 6880; min(2120 × 90%, 9000 − 6880) + min(1000 × 75% = 750, 9000 − 8788 = 212)
    assert outcome(stay(tier=2, in_scope="9000", self_funded="1000", categories=POOR)) == [
        decided(
            basic="6880.00",
            critical_illness="0.00",
            supplementary="2120.00",
            assistance="0.00",
            backstop="0.00",
            patient="1000.00",
        )
    ]


@pytest.mark.parametrize("categories", [(), ("destitute",), ("dibao",), ("orphan", "low_income")])
def test_only_registered_poor_are_poor(categories: tuple[str, ...]) -> None:
    # basic 50000 × 60%; (20600 − 15000) × 50%
    assert outcome(stay(in_scope="50600", categories=categories)) == [
        decided(basic="30000.00", critical_illness="2800.00", patient="17800.00")
    ]


def test_poor_have_half_the_line() -> None:
    # (20600 − 7500) × 50% = 6550; 14050 × 90% = 12645, at most 45540 − 36550 = 8990; (5060 − 5000) × 30%
    assert outcome(stay(in_scope="50600", categories=POOR)) == [
        decided(
            basic="30000.00",
            critical_illness="6550.00",
            supplementary="8990.00",
            assistance="18.00",
            backstop="0.00",
            patient="5042.00",
        )
    ]


def test_backstop_lifts_to_ninety_per_cent_of_the_total() -> None:
    # basic 1000 × 60%; 1000 × 90% = 900; 8400 × 75% = 6300; 9000 − 7800 out of S 100 and O 1100
    assert outcome(stay(in_scope="1600", self_funded="8400", categories=POOR)) == [
        decided(
            basic="600.00",
            critical_illness="0.00",
            supplementary="7200.00",
            assistance="0.00",
            backstop="1200.00",
            patient="1000.00",
        )
    ]


def test_deductible_edges_by_tier() -> None:
    # S at and below the deductible; tier 0 as tier 1: (1100 − 100) × 90%
    assert outcome(stay(tier=2, in_scope="400")) == [decided(basic="0.00", critical_illness="0.00", patient="400.00")]
    assert outcome(stay(tier=3, in_scope="50")) == [decided(basic="0.00", critical_illness="0.00", patient="50.00")]
    assert outcome(stay(tier=0, in_scope="1100")) == [
        decided(basic="900.00", critical_illness="0.00", patient="200.00")
    ]
    # 0.05 × 90% = 4.5 fen, half up
    assert outcome(stay(tier=1, in_scope="100.05")) == [
        decided(basic="0.05", critical_illness="0.00", patient="100.00")
    ]


def test_over_cap_is_shared_at_ninety_per_cent_before_the_line() -> None:
    # basic 200000 × 60% → 100000; over cap 200000 − 166666.67 = 33333.33 × 90% = 30000.00 (29999.997);
    # S left 70600
    # general: (70600 − 15000) × 50% = 27800
    assert outcome(stay(in_scope="200600")) == [
        decided(basic="100000.00", critical_illness="57800.00", patient="42800.00")
    ]
    # poor: (70600 − 7500) × 50% = 31550; 39050 × 90% = 35145, at most 180540 − 161550 = 18990;
    # (20060 − 5000) × 30% = 4518
    assert outcome(stay(in_scope="200600", categories=POOR)) == [
        decided(
            basic="100000.00",
            critical_illness="61550.00",
            supplementary="18990.00",
            assistance="4518.00",
            backstop="0.00",
            patient="15542.00",
        )
    ]


def test_after_the_cap_the_whole_base_is_over_it() -> None:
    # 2: wish 6000, 0 paid, 10000 over cap × 90% = 9000; 1600 × 50% = 800; 9800 is over the ceiling of 9540 already
    assert outcome(
        stay("2019-03-01", number=1, in_scope="200600", categories=POOR),
        stay("2019-06-01", number=2, in_scope="10600", categories=POOR),
    )[1:] == [
        decided(
            basic="0.00",
            critical_illness="9800.00",
            supplementary="0.00",
            assistance="0.00",
            backstop="0.00",
            patient="800.00",
        )
    ]


def test_basic_exactly_at_its_cap_leaves_nothing_over_it() -> None:
    # 125000 × 80% = 100000; (25400 − 15000) × 50% = 5200. one yuan more: 0.80 over in money, 1.00 in base
    assert outcome(stay(tier=2, in_scope="125400")) == [
        decided(basic="100000.00", critical_illness="5200.00", patient="20200.00")
    ]
    # over cap 125001 − 125000 = 1 × 90% = 0.90; S left 25400.10: (10400.10) × 50% = 5200.05
    assert outcome(stay(tier=2, in_scope="125401")) == [
        decided(basic="100000.00", critical_illness="5200.95", patient="20200.05")
    ]


def test_assistance_of_the_others_over_five_thousand() -> None:
    # over cap 600000 − 166666.67 = 433333.33 × 90% = 390000.00; left 110600: 103100 × 50% = 51550;
    # 541550 is over the ceiling of 540540; (59050 − 5000) × 30% = 16215
    assert outcome(stay(in_scope="600600", categories=POOR)) == [
        decided(
            basic="100000.00",
            critical_illness="441550.00",
            supplementary="0.00",
            assistance="16215.00",
            backstop="0.00",
            patient="42835.00",
        )
    ]


def test_assistance_limit_holds_for_dibao_and_not_for_destitute() -> None:
    # four stays of 100600, ceiling 90540 each
    # 1: basic 60000; (40600 − 7500) × 50% = 16550; at most 13990; 10060 × 75% = 7545
    # 2: basic 40000; over cap 33333.33 × 90% = 30000.00; 30600 × 50% = 15300; at most 5240; 10060 × 75% = 7545
    # 3: over cap 100000 × 90%; 10600 × 50% = 5300: over the ceiling; 5300 × 75% = 3975
    # 4: the same; 20000 − (7545 + 7545 + 3975) = 935
    def stays(categories: tuple[str, ...]) -> list[Claim]:
        months = range(1, 5)
        return [stay(f"2019-0{month}-01", number=month, in_scope="100600", categories=categories) for month in months]

    def after_a_cap(assistance: str, patient: str) -> dict[str, str]:
        return decided(
            basic="0.00",
            critical_illness="95300.00",
            supplementary="0.00",
            assistance=assistance,
            backstop="0.00",
            patient=patient,
        )

    assert outcome(*stays(DIBAO)) == [
        decided(
            basic="60000.00",
            critical_illness="16550.00",
            supplementary="13990.00",
            assistance="7545.00",
            backstop="0.00",
            patient="2515.00",
        ),
        decided(
            basic="40000.00",
            critical_illness="45300.00",
            supplementary="5240.00",
            assistance="7545.00",
            backstop="0.00",
            patient="2515.00",
        ),
        after_a_cap("3975.00", "1325.00"),
        after_a_cap("935.00", "4365.00"),
    ]
    # destitute: all that is left, over 20000 together
    assert [result["assistance"] for result in outcome(*stays(DESTITUTE))] == [
        "10060.00",
        "10060.00",
        "5300.00",
        "5300.00",
    ]


def test_chronic_classes_have_separate_caps_and_share_critical_illness() -> None:
    # 1, class II tier 1: 5400 → 5000; left 1000
    # 2, class I tier 1: 5400; left 600
    # 3, class II: cap used up; left 100
    # 4, class I tier 3: 100000 × 60%; left 40000; poor: (1700 + 40000 − 7500) × 50% = 17100
    # 5, class I tier 2: 40000 × 80% = 32000, within 100000 − 65400; left 8000 × 50%
    # 6, class I tier 1: 9000 → 2600 left; left 7400 × 50%
    poor: dict[str, Any] = {"categories": POOR}
    assert outcome(
        card("2019-01-10", number=1, tier=1, in_scope="6000", **poor),
        card("2019-02-10", "I", number=2, tier=1, in_scope="6000", **poor),
        card("2019-03-10", number=3, tier=1, in_scope="100", **poor),
        card("2019-04-10", "I", number=4, tier=3, in_scope="100000", **poor),
        card("2019-05-10", "I", number=5, tier=2, in_scope="40000", **poor),
        card("2019-06-10", "I", number=6, tier=1, in_scope="10000", **poor),
    ) == [
        decided(basic="5000.00", critical_illness="0.00", patient="1000.00"),
        decided(basic="5400.00", critical_illness="0.00", patient="600.00"),
        decided(basic="0.00", critical_illness="0.00", patient="100.00"),
        decided(basic="60000.00", critical_illness="17100.00", patient="22900.00"),
        decided(basic="32000.00", critical_illness="4000.00", patient="4000.00"),
        decided(basic="2600.00", critical_illness="3700.00", patient="3700.00"),
    ]


def test_chronic_knows_no_over_cap_share_and_no_supplementary() -> None:
    # 24000 → 5000; (35000 − 7500) × 50%; O stays with the patient
    assert outcome(card(tier=3, in_scope="40000", self_funded="100", categories=POOR)) == [
        decided(basic="5000.00", critical_illness="13750.00", patient="21350.00")
    ]
    # not poor, tier 0 as tier 1: 1000 × 90%
    assert outcome(card(tier=0, in_scope="1000")) == [
        decided(basic="900.00", critical_illness="0.00", patient="100.00")
    ]


def test_general_outpatient_pays_sixty_five_per_cent_up_to_120_a_year() -> None:
    # 65; then 65 → 55 left; then nothing; a new year
    assert outcome(
        general("2019-06-01", number=1, tier=0, in_scope="100"),
        general("2019-07-01", number=2, tier=1, in_scope="100", self_funded="5"),
        general("2019-08-01", number=3, tier=1, in_scope="100"),
        general("2020-01-01", number=4, tier=1, in_scope="200"),
    ) == [
        decided(basic="65.00", patient="35.00"),
        decided(basic="55.00", patient="50.00"),
        decided(basic="0.00", patient="100.00"),
        decided(basic="120.00", patient="80.00"),
    ]
    # 0.10 × 65% = 6.5 fen
    assert outcome(general(tier=1, in_scope="0.10")) == [decided(basic="0.07", patient="0.03")]


def test_general_outpatient_at_tiers_two_and_three_is_for_registered_poor() -> None:
    # the 120 are shared between tiers; who is not poor pays all, and that counts nowhere
    assert outcome(
        general("2019-08-13", number=1, tier=2, in_scope="100", categories=DESTITUTE),
        general("2019-08-14", number=2, tier=1, in_scope="100", categories=POOR),
        general("2019-08-15", number=3, tier=3, in_scope="100", categories=POOR),
    ) == [
        decided(basic="65.00", patient="35.00"),
        decided(basic="55.00", patient="45.00"),
        decided(basic="0.00", patient="100.00"),
    ]
    assert outcome(
        general("2019-08-13", number=1, tier=2, in_scope="100", categories=("destitute",)),
        general("2019-08-14", number=2, tier=3, in_scope="100"),
        general("2019-08-15", number=3, tier=0, in_scope="100"),
    ) == [decided(patient="100.00"), decided(patient="100.00"), decided(basic="65.00", patient="35.00")]


def test_general_outpatient_is_outside_critical_illness_and_the_other_tracks() -> None:
    # 1: 325 → 120. 2: 100 × 90%
    # 3: 17225 × 60% = 10335; left 7490, with the chronic 10 exactly the line of 7500; 7490 × 90% = 6741, at most
    #    16042.50 − 10335
    assert outcome(
        general("2019-06-01", number=1, tier=1, in_scope="500", categories=POOR),
        card("2019-06-02", number=2, tier=1, in_scope="100", categories=POOR),
        stay("2019-06-03", number=3, in_scope="17825", categories=POOR),
    ) == [
        decided(basic="120.00", patient="380.00"),
        decided(basic="90.00", critical_illness="0.00", patient="10.00"),
        decided(
            basic="10335.00",
            critical_illness="0.00",
            supplementary="5707.50",
            assistance="0.00",
            backstop="0.00",
            patient="1782.50",
        ),
    ]


def test_roster_changes_between_stays() -> None:
    # 1, general: 30000; (20600 − 15000) × 50% = 2800
    # 2, poor: B(41200) − B(20600) = 16850 − 6550 = 10300; 10300 × 90% = 9270, at most 45540 − 40300;
    #    (5060 − 5000) × 30%
    # 3, general: (61800 − 41200) × 50%
    assert outcome(
        stay("2019-03-01", number=1, in_scope="50600"),
        stay("2019-06-01", number=2, in_scope="50600", categories=POOR),
        stay("2019-09-01", number=3, in_scope="50600"),
    ) == [
        decided(basic="30000.00", critical_illness="2800.00", patient="17800.00"),
        decided(
            basic="30000.00",
            critical_illness="10300.00",
            supplementary="5240.00",
            assistance="18.00",
            backstop="0.00",
            patient="5042.00",
        ),
        decided(basic="30000.00", critical_illness="10300.00", patient="10300.00"),
    ]


def test_audits_and_reversals() -> None:
    # O 8400 − 400: 8000 × 75% = 6000; 8640 − (600 + 900 + 6000) = 1140; 10% of 9600 left to the patient
    bill: dict[str, Any] = {"in_scope": "1600", "self_funded": "8400", "categories": POOR}
    paid = {"basic": "600.00", "critical_illness": "0.00", "supplementary": "6900.00", "assistance": "0.00"}
    first = stay("2019-03-01", number=1, in_scope="200600", categories=POOR, standing=False)
    assert outcome(first, stay(number=2, audits=[("400", "hospital")], **bill)) == [
        decided(**paid, backstop="1140.00", patient="960.00", hospital="400.00")
    ]
    assert outcome(first, stay(number=2, audits=[("400", "person")], **bill)) == [
        decided(**paid, backstop="1140.00", patient="1360.00")
    ]
