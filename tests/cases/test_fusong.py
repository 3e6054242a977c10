"""抚松 worked by hand from docs/domain.md#fusong."""

from typing import Any

import pytest

from policies.claim import Claim
from tests.engine import claim, decided, outcome

POOR = ("registered_poor",)


def stay(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("fusong", day, **facts)


def card(day: str = "2019-05-01", **facts: Any) -> Claim:
    return claim("fusong", day, setting="chronic", card_class="I", **facts)


def test_f1_backstop_lifts_the_poor_to_ninety_per_cent_of_the_total() -> None:
    # basic (18000 − 800) × 60%; CI (7680 − 3000) × 60%; assistance 4872 × 70%; backstop 18000 − 16538.40
    assert outcome(stay(in_scope="18000", self_funded="2000", categories=POOR)) == [
        decided(
            basic="10320.00",
            critical_illness="2808.00",
            assistance="3410.40",
            backstop="1461.60",
            patient="2000.00",
        )
    ]


def test_not_poor_gets_basic_and_critical_illness_with_general_values() -> None:
    # (7680 − 6000) × 55% = 924; patient 20000 − 10320 − 924; veterans are not among 抚松's poor
    expected = [decided(basic="10320.00", critical_illness="924.00", patient="8756.00")]
    assert outcome(stay(in_scope="18000", self_funded="2000")) == expected
    assert outcome(stay(in_scope="18000", self_funded="2000", categories=("veteran", "low_income"))) == expected


def test_dibao_who_are_not_registered_poor_get_assistance_alone() -> None:
    # 三(二)6: basic (20000 − 800) × 60%; (8480 − 6000) × 55% = 1364, the general values; 7116 × 70%; no backstop
    assert outcome(stay(in_scope="20000", categories=("dibao",))) == [
        decided(basic="11520.00", critical_illness="1364.00", assistance="4981.20", patient="2134.80")
    ]
    # 0 a deductible, 20000 a year: 100000 − 800 → 59520; (40480 − 6000) × 55% = 18964; 21516 × 70% = 15061.20;
    # again: 40480; 40480 of bands: to 50000 55% (15520), then 65% of 24960 → 8536 + 16224 = 24760; 15720 × 70% = 11004
    # within 20000 − 15061.20
    assert [
        result["assistance"]
        for result in outcome(
            stay("2019-03-01", number=1, in_scope="100000", categories=("dibao",)),
            stay("2019-06-01", number=2, in_scope="100000", categories=("dibao",)),
        )
    ] == ["15061.20", "4938.80"]


def test_2018_lines_are_higher_and_bands_lower() -> None:
    # general: 7680 under the line of 10000. poor: (7680 − 5000) × 55% = 1474; 6206 × 70% = 4344.20;
    # backstop 18000 − (10320 + 1474 + 4344.20) = 1861.80
    facts = {"in_scope": "18000", "self_funded": "2000"}
    assert outcome(stay("2018-12-31", **facts)) == [
        decided(basic="10320.00", critical_illness="0.00", patient="9680.00")
    ]
    assert outcome(stay("2018-12-31", categories=POOR, **facts)) == [
        decided(
            basic="10320.00", critical_illness="1474.00", assistance="4344.20", backstop="1861.80", patient="2000.00"
        )
    ]


def test_destitute_or_orphan_come_before_registered_poor_in_assistance() -> None:
    # 4872 × 80% = 3897.60; backstop 18000 − (10320 + 2808 + 3897.60) = 974.40
    for categories in (("destitute",), ("orphan",), ("destitute", "registered_poor"), ("orphan", "registered_poor")):
        assert outcome(stay(in_scope="18000", self_funded="2000", categories=categories)) == [
            decided(
                basic="10320.00", critical_illness="2808.00", assistance="3897.60", backstop="974.40", patient="2000.00"
            )
        ]


def test_backstop_pays_nothing_to_whom_the_layers_already_lifted_above_it() -> None:
    # basic 19200 × 60% = 11520; CI (8480 − 3000) × 60% = 3288; 5192 × 70% = 3634.40; 18442.40 > 18000
    assert outcome(stay(in_scope="20000", categories=POOR)) == [
        decided(basic="11520.00", critical_illness="3288.00", assistance="3634.40", backstop="0.00", patient="1557.60")
    ]


def test_backstop_reaches_into_copay_and_self_funded() -> None:
    # basic 4500 × 75% = 3375; 1625 under the line; 1625 × 70% = 1137.50; 9000 − 4512.50 = 4487.50
    # out of S 487.50, C 1500, O 2500
    bill: dict[str, Any] = {"in_scope": "5000", "upfront_copay": "1000", "over_limit": "500", "self_funded": "3500"}
    assert outcome(stay(tier=2, categories=POOR, **bill)) == [
        decided(basic="3375.00", critical_illness="0.00", assistance="1137.50", backstop="4487.50", patient="1000.00")
    ]


def test_in_scope_equal_to_the_deductible_leaves_basic_nothing() -> None:
    # 200 × 70% = 140; backstop 180 − 140
    assert outcome(stay(tier=1, in_scope="200", categories=POOR)) == [
        decided(basic="0.00", critical_illness="0.00", assistance="140.00", backstop="40.00", patient="20.00")
    ]
    assert outcome(stay(tier=1, in_scope="199.99")) == [
        decided(basic="0.00", critical_illness="0.00", patient="199.99")
    ]
    # 0.01 × 85% = 0.85 fen, rounds to one
    assert outcome(stay(tier=1, in_scope="200.01")) == [
        decided(basic="0.01", critical_illness="0.00", patient="200.00")
    ]


def test_township_hospitals_take_tier_one_values() -> None:
    # (1200 − 200) × 85%
    assert outcome(stay(tier=0, in_scope="1200")) == [
        decided(basic="850.00", critical_illness="0.00", patient="350.00")
    ]


def test_half_a_fen_rounds_up_not_to_even() -> None:
    # 0.06 × 75% = 4.5 fen
    assert outcome(stay(tier=2, in_scope="500.06")) == [
        decided(basic="0.05", critical_illness="0.00", patient="500.01")
    ]


def test_basic_cap_counts_over_the_year_and_starts_anew_in_the_next() -> None:
    # 1: 120000 × 85% = 102000, cap 100000; CI (20200 − 6000) × 55% = 7810
    # 2: cap used up; CI goes on from 20200: 10000 × 55%
    # 3: 2020: (10000 − 200) × 85% = 8330
    assert outcome(
        stay("2019-02-01", number=1, tier=1, in_scope="120200"),
        stay("2019-12-31", number=2, tier=1, in_scope="10000"),
        stay("2020-01-01", number=3, tier=1, in_scope="10000"),
    ) == [
        decided(basic="100000.00", critical_illness="7810.00", patient="12390.00"),
        decided(basic="0.00", critical_illness="5500.00", patient="4500.00"),
        decided(basic="8330.00", critical_illness="0.00", patient="1670.00"),
    ]


def test_critical_illness_crosses_all_bands_up_to_its_cap_which_the_poor_lost_in_2019() -> None:
    # basic 100000 (cap), S left 400000
    # general 2019: 394000 above: 27500 + 32500 + 37500 + 244000 × 85% = 304900, cap 300000
    assert outcome(stay(tier=1, in_scope="500000")) == [
        decided(basic="100000.00", critical_illness="300000.00", patient="100000.00")
    ]
    # poor 2019: 397000 above: 30000 + 35000 + 40000 + 247000 × 90% = 327300; 72700 × 70% over the limit of 20000;
    # backstop 450000 − 447300
    assert outcome(stay(tier=1, in_scope="500000", categories=POOR)) == [
        decided(
            basic="100000.00",
            critical_illness="327300.00",
            assistance="20000.00",
            backstop="2700.00",
            patient="50000.00",
        )
    ]
    # poor 2018: 395000 above: 97500 + 245000 × 85% = 305750, cap 300000; backstop 450000 − 420000
    assert outcome(stay("2018-06-01", tier=1, in_scope="500000", categories=POOR)) == [
        decided(
            basic="100000.00",
            critical_illness="300000.00",
            assistance="20000.00",
            backstop="30000.00",
            patient="50000.00",
        )
    ]


def test_critical_illness_in_every_band_below_its_cap() -> None:
    # basic 100000 (cap), S left 300000. 2019: 294000 above: 27500 + 32500 + 37500 + 144000 × 85%
    assert outcome(stay(tier=1, in_scope="400000")) == [
        decided(basic="100000.00", critical_illness="219900.00", patient="80100.00")
    ]
    # 2018: 290000 above: 97500 + 140000 × 85%
    assert outcome(stay("2018-06-01", tier=1, in_scope="400000")) == [
        decided(basic="100000.00", critical_illness="216500.00", patient="83500.00")
    ]
    # poor 2018: 295000 above: 97500 + 145000 × 85% = 220750; 79250 × 70% → 20000; backstop 360000 − 340750
    assert outcome(stay("2018-06-01", tier=1, in_scope="400000", categories=POOR)) == [
        decided(
            basic="100000.00",
            critical_illness="220750.00",
            assistance="20000.00",
            backstop="19250.00",
            patient="40000.00",
        )
    ]


@pytest.mark.parametrize("day", ["2018-01-01", "2020-12-31"])
def test_assistance_ratio_is_the_same_in_all_three_years(day: str) -> None:
    # basic 1000 × 60%; 1200 × 70%, or destitute × 80%; backstop 1620 − the rest
    assert outcome(stay(day, in_scope="1800", categories=POOR)) == [
        decided(basic="600.00", critical_illness="0.00", assistance="840.00", backstop="180.00", patient="180.00")
    ]
    assert outcome(stay(day, in_scope="1800", categories=("destitute",))) == [
        decided(basic="600.00", critical_illness="0.00", assistance="960.00", backstop="60.00", patient="180.00")
    ]


def test_four_stays_of_one_poor_person_run_up_every_accumulation() -> None:
    # 1: basic 6000; CI (4800 − 3000) × 60% = 1080; 3720 × 70% = 2604; backstop 9720 − 9684 = 36
    # 2: basic 60000; CI 40800 × 60% = 24480; 16320 × 70% = 11424; 95904 > 90720
    # 3: basic 24000; CI above the line 42600 → 59400: 7400 × 60% + 9400 × 70% = 11020; 5780 × 70% = 4046
    # 4: basic 12000, but 10000 left of the cap; CI 10800 × 70% = 7560; 3240 × 70% = 2268, but 1926 left of 20000
    assert outcome(
        stay("2019-01-10", number=1, in_scope="10800", categories=POOR),
        stay("2019-03-10", number=2, in_scope="100800", categories=POOR),
        stay("2019-05-10", number=3, in_scope="40800", categories=POOR),
        stay("2019-07-10", number=4, in_scope="20800", categories=POOR),
    ) == [
        decided(basic="6000.00", critical_illness="1080.00", assistance="2604.00", backstop="36.00", patient="1080.00"),
        decided(
            basic="60000.00", critical_illness="24480.00", assistance="11424.00", backstop="0.00", patient="4896.00"
        ),
        decided(
            basic="24000.00", critical_illness="11020.00", assistance="4046.00", backstop="0.00", patient="1734.00"
        ),
        decided(basic="10000.00", critical_illness="7560.00", assistance="1926.00", backstop="0.00", patient="1314.00"),
    ]


def test_chronic_has_no_deductible_no_assistance_and_a_backstop_of_eighty_per_cent() -> None:
    # 1000 × 60%; backstop 1200 − 600 out of S 400 and O 200
    assert outcome(card(in_scope="1000", self_funded="500", categories=POOR)) == [
        decided(basic="600.00", critical_illness="0.00", backstop="600.00", patient="300.00")
    ]
    assert outcome(card(in_scope="1000", self_funded="500")) == [
        decided(basic="600.00", critical_illness="0.00", patient="900.00")
    ]


def test_chronic_cap_is_its_own_while_critical_illness_counts_both_settings() -> None:
    # 1: 10000 × 60% = 6000, cap 5000; CI (5000 − 3000) × 60% = 1200; backstop 8000 − 6200
    # 2: inpatient (2200 − 200) × 85% = 1700; CI 500 × 60% = 300; 200 × 70% = 140
    # 3: chronic cap used up; CI 100 × 60%; backstop 80 − 60
    assert outcome(
        card("2019-02-01", number=1, in_scope="10000", categories=POOR),
        stay("2019-03-01", number=2, tier=1, in_scope="2200", categories=POOR),
        card("2019-04-01", number=3, in_scope="100", categories=POOR),
    ) == [
        decided(basic="5000.00", critical_illness="1200.00", backstop="1800.00", patient="2000.00"),
        decided(basic="1700.00", critical_illness="300.00", assistance="140.00", backstop="0.00", patient="60.00"),
        decided(basic="0.00", critical_illness="60.00", backstop="20.00", patient="20.00"),
    ]


def test_chronic_cap_is_per_year() -> None:
    # 2018: 10000 × 60% → 5000; poor line 5000 not passed; backstop 8000 − 5000. 2019: a new 5000
    assert outcome(
        card("2018-12-31", number=1, in_scope="10000", categories=POOR),
        card("2019-01-01", number=2, in_scope="1000", categories=POOR),
    ) == [
        decided(basic="5000.00", critical_illness="0.00", backstop="3000.00", patient="2000.00"),
        decided(basic="600.00", critical_illness="0.00", backstop="200.00", patient="200.00"),
    ]


def test_a_claim_takes_the_values_of_its_own_categories_over_the_whole_year() -> None:
    # 1, general: 4800 under 6000
    # 2, poor: B(9600) − B(4800) = 3960 − 1080 = 2880; 1920 × 70% = 1344
    # 3, general again: (14400 − 6000) × 55% − (9600 − 6000) × 55% = 2640
    assert outcome(
        stay("2019-02-01", number=1, in_scope="10800"),
        stay("2019-05-01", number=2, in_scope="10800", categories=POOR),
        stay("2019-09-01", number=3, in_scope="10800"),
    ) == [
        decided(basic="6000.00", critical_illness="0.00", patient="4800.00"),
        decided(basic="6000.00", critical_illness="2880.00", assistance="1344.00", backstop="0.00", patient="576.00"),
        decided(basic="6000.00", critical_illness="2640.00", patient="2160.00"),
    ]


def test_a_cap_that_is_already_overrun_pays_nothing() -> None:
    # 327300 paid while poor and without a cap; then general: 300000 − 327300 < 0
    assert outcome(
        stay("2019-02-01", number=1, tier=1, in_scope="500000", categories=POOR),
        stay("2019-05-01", number=2, tier=1, in_scope="10000"),
    )[1:] == [decided(basic="0.00", critical_illness="0.00", patient="10000.00")]


def test_audits_leave_the_bill_out_of_self_funded_first() -> None:
    # O 2000, S 500: basic 16700 × 60% = 10020; CI (7480 − 3000) × 60% = 2688; 4792 × 70% = 3354.40; > 15750
    bill: dict[str, Any] = {"in_scope": "18000", "self_funded": "2000", "categories": POOR}
    paid = {"basic": "10020.00", "critical_illness": "2688.00", "assistance": "3354.40", "backstop": "0.00"}
    assert outcome(stay(audits=[("2500", "hospital")], **bill)) == [
        decided(patient="1437.60", hospital="2500.00", **paid)
    ]
    assert outcome(stay(audits=[("2500", "person")], **bill)) == [decided(patient="3937.60", **paid)]


def test_an_audit_that_names_a_part_leaves_that_part_alone() -> None:
    # S 18000 − 2500: basic (15500 − 800) × 60% = 8820; CI (6680 − 3000) × 60% = 2208; 4472 × 70% = 3130.40;
    # backstop 90% of 17500 is 15750: 15750 − 14158.40 = 1591.60. Without a part the funds pay 16062.40: 312.40 more
    bill: dict[str, Any] = {"in_scope": "18000", "self_funded": "2000", "categories": POOR}
    paid = {"basic": "8820.00", "critical_illness": "2208.00", "assistance": "3130.40", "backstop": "1591.60"}
    assert outcome(stay(audits=[("2500", "hospital", "in_scope")], **bill)) == [
        decided(patient="1750.00", hospital="2500.00", **paid)
    ]
    assert outcome(stay(audits=[("2500", "person", "in_scope")], **bill)) == [decided(patient="4250.00", **paid)]


def test_what_the_part_no_longer_holds_has_no_effect() -> None:
    # of 2500 only 2000 of O: basic 17200 × 60%; CI (7680 − 3000) × 60%; 4872 × 70%; 16538.40 > 90% of 18000
    bill: dict[str, Any] = {"in_scope": "18000", "self_funded": "2000", "categories": POOR}
    whole = {"basic": "10320.00", "critical_illness": "2808.00", "assistance": "3410.40"}
    assert outcome(stay(audits=[("2500", "hospital", "self_funded")], **bill)) == [
        decided(patient="1461.60", hospital="2000.00", backstop="0.00", **whole)
    ]
    # there is no copay: nothing changes
    assert outcome(stay(audits=[("2500", "hospital", "upfront_copay")], **bill)) == [
        decided(patient="2000.00", backstop="1461.60", **whole)
    ]
    # 400 over limit, then 600 copay; S pays (10000 − 800) × 60%; 13000 − 5520 − 400
    parts: dict[str, Any] = {"in_scope": "10000", "upfront_copay": "600", "over_limit": "400", "self_funded": "2000"}
    named: list[Any] = [("1000", "hospital", "over_limit"), ("700", "person", "upfront_copay")]
    assert outcome(stay(audits=named, **parts)) == [
        decided(basic="5520.00", critical_illness="0.00", patient="7080.00", hospital="400.00")
    ]


def test_audits_follow_one_another() -> None:
    # 1000 of O; then 1000 of O and 2000 of S: basic 15200 × 60% = 9120; CI (6880 − 3000) × 60% = 2328;
    # 4552 × 70% = 3186.40; 14634.40 > 14400; patient 1365.60 + 3000
    bill: dict[str, Any] = {"in_scope": "18000", "self_funded": "2000", "categories": POOR}
    assert outcome(stay(audits=[("1000", "hospital"), ("3000", "person")], **bill)) == [
        decided(
            basic="9120.00",
            critical_illness="2328.00",
            assistance="3186.40",
            backstop="0.00",
            patient="4365.60",
            hospital="1000.00",
        )
    ]


def test_audits_spare_the_in_scope_part_while_copay_remains() -> None:
    # O 200, C 100: S stays whole: (1000 − 200) × 85% = 680
    bill: dict[str, Any] = {"in_scope": "1000", "upfront_copay": "100", "over_limit": "50", "self_funded": "200"}
    assert outcome(stay(tier=1, audits=[("300", "hospital")], **bill)) == [
        decided(basic="680.00", critical_illness="0.00", patient="370.00", hospital="300.00")
    ]


def test_an_audit_beyond_the_bill_has_no_effect_there() -> None:
    # 700 of 1000, then 300 of the 500 asked
    assert outcome(stay(in_scope="1000", categories=POOR, audits=[("700", "hospital"), ("500", "person")])) == [
        decided(
            basic="0.00",
            critical_illness="0.00",
            assistance="0.00",
            backstop="0.00",
            patient="300.00",
            hospital="700.00",
        )
    ]


def test_a_reversed_claim_leaves_no_trace_in_those_behind_it() -> None:
    assert outcome(
        stay("2019-02-01", number=1, in_scope="500000", categories=POOR, standing=False),
        stay("2019-05-01", number=2, in_scope="18000", self_funded="2000", categories=POOR),
    ) == outcome(stay("2019-05-01", number=2, in_scope="18000", self_funded="2000", categories=POOR))
