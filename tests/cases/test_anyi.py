"""安义 worked by hand from docs/domain.md#anyi."""

from typing import Any

import pytest
from msgspec import structs

from policies.claim import Aid, Claim
from tests.engine import claim, decided, outcome

POOR = ("registered_poor",)
DIBAO = ("dibao", "registered_poor")
DESTITUTE = ("destitute", "registered_poor")


def stay(day: str = "2018-05-01", **facts: Any) -> Claim:
    return claim("anyi", day, **facts)


def card(day: str = "2018-05-01", card_class: str = "II", **facts: Any) -> Claim:
    return claim("anyi", day, setting="chronic", card_class=card_class, **facts)


def test_all_four_layers() -> None:
    # basic 30000 × 60%; (12600 − 7500) × 50% = 2550; 10050 × 50% = 5025;
    # (5025 + 1000) × 90% = 5422.50 out of S 5025 and C 397.50, 3000 × 75% = 2250; 33247.50 > 31140
    assert outcome(
        stay(in_scope="30600", upfront_copay="600", over_limit="400", self_funded="3000", categories=POOR)
    ) == [
        decided(
            basic="18000.00",
            critical_illness="2550.00",
            assistance="5025.00",
            supplementary="7672.50",
            patient="1352.50",
        )
    ]


def test_supplementary_guarantees_ninety_per_cent_of_the_total() -> None:
    # basic 400 × 60%; 760 × 50% = 380; 380 × 90% + 9000 × 75% = 7092; up to 9000: 1288 out of S 38 and O 1250
    assert outcome(stay(in_scope="1000", self_funded="9000", categories=POOR)) == [
        decided(
            basic="240.00", critical_illness="0.00", assistance="380.00", supplementary="8380.00", patient="1000.00"
        )
    ]


def test_the_guarantee_rounds_half_a_fen_up() -> None:
    # 1000.05 × 75% = 750.04 (750.0375); 1000.05 × 90% = 900.045 → 900.05
    assert outcome(stay(self_funded="1000.05", categories=POOR)) == [
        decided(basic="0.00", critical_illness="0.00", assistance="0.00", supplementary="900.05", patient="100.00")
    ]


@pytest.mark.parametrize(
    ("categories", "assistance", "supplementary", "patient"),
    [
        (POOR, "1200.00", "1080.00", "120.00"),  # 2400 × 50%; 1200 × 90%
        (DIBAO, "1800.00", "540.00", "60.00"),  # 2400 × 75%; 600 × 90%
        (DESTITUTE, "2400.00", "0.00", "0.00"),
        (("destitute", "dibao", "registered_poor"), "2400.00", "0.00", "0.00"),
        (("registered_poor", "low_income"), "1200.00", "1080.00", "120.00"),
    ],
)
def test_assistance_among_the_poor(
    categories: tuple[str, ...], assistance: str, supplementary: str, patient: str
) -> None:
    # basic 10000 × 80%
    assert outcome(stay(tier=2, in_scope="10400", categories=categories)) == [
        decided(
            basic="8000.00",
            critical_illness="0.00",
            assistance=assistance,
            supplementary=supplementary,
            patient=patient,
        )
    ]


@pytest.mark.parametrize("categories", [(), ("destitute",), ("dibao",)])
def test_only_registered_poor_are_poor(categories: tuple[str, ...]) -> None:
    # basic 50000 × 60%; (20600 − 15000) × 50%
    assert outcome(stay(in_scope="50600", self_funded="400", categories=categories)) == [
        decided(basic="30000.00", critical_illness="2800.00", patient="18200.00")
    ]


def test_deductible_edges_by_tier() -> None:
    assert outcome(stay(tier=2, in_scope="400")) == [decided(basic="0.00", critical_illness="0.00", patient="400.00")]
    assert outcome(stay(tier=3, in_scope="599.99")) == [
        decided(basic="0.00", critical_illness="0.00", patient="599.99")
    ]
    # tier 0 as tier 1: 1000 × 90%; 0.05 × 90% = 4.5 fen
    assert outcome(stay(tier=0, in_scope="1100")) == [
        decided(basic="900.00", critical_illness="0.00", patient="200.00")
    ]
    assert outcome(stay(tier=1, in_scope="100.05")) == [
        decided(basic="0.05", critical_illness="0.00", patient="100.00")
    ]


def test_over_cap_and_the_assistance_limit() -> None:
    # 1: 150000 → 100000; over cap 250000 − 166666.67 = 83333.33 × 90% = 75000.00 (74999.997); left 75600:
    #    68100 × 50% = 34050; 41550 × 50% = 20775; 20775 × 90% = 18697.50
    # 2: over cap 400000 × 90% = 360000; 40600 × 50% = 20300; 20300 × 50% = 10150 → 30000 − 20775 = 9225;
    #    11075 × 90% = 9967.50
    assert outcome(
        stay("2018-03-01", number=1, in_scope="250600", categories=POOR),
        stay("2018-06-01", number=2, in_scope="400600", categories=POOR),
    ) == [
        decided(
            basic="100000.00",
            critical_illness="109050.00",
            assistance="20775.00",
            supplementary="18697.50",
            patient="2077.50",
        ),
        decided(
            basic="0.00",
            critical_illness="380300.00",
            assistance="9225.00",
            supplementary="9967.50",
            patient="1107.50",
        ),
    ]
    # destitute have no limit: all of 41550
    assert outcome(stay(in_scope="250600", categories=DESTITUTE)) == [
        decided(
            basic="100000.00",
            critical_illness="109050.00",
            assistance="41550.00",
            supplementary="0.00",
            patient="0.00",
        )
    ]
    # not poor: over cap at 90% too, then (75600 − 15000) × 50% = 30300
    assert outcome(stay(in_scope="250600")) == [
        decided(basic="100000.00", critical_illness="105300.00", patient="45300.00")
    ]


def test_destitute_have_no_limit_even_after_others_used_theirs_up() -> None:
    # 1 as above, dibao: 41550 × 75% = 31162.50 → 30000; 11550 × 90% = 10395
    # 2, dibao: basic 0; over cap 10000 × 90%; 1600 × 50%; limit used up; 800 × 90%
    # 3, destitute: basic 0; over cap 9000; left 1600 × 50%; assistance all of 800
    same = {"in_scope": "10600"}
    assert outcome(
        stay("2018-03-01", number=1, in_scope="250600", categories=DIBAO),
        stay("2018-06-01", number=2, categories=DIBAO, **same),
        stay("2018-09-01", number=3, categories=DESTITUTE, **same),
    ) == [
        decided(
            basic="100000.00",
            critical_illness="109050.00",
            assistance="30000.00",
            supplementary="10395.00",
            patient="1155.00",
        ),
        decided(basic="0.00", critical_illness="9800.00", assistance="0.00", supplementary="720.00", patient="80.00"),
        decided(basic="0.00", critical_illness="9800.00", assistance="800.00", supplementary="0.00", patient="0.00"),
    ]


def test_late_schistosomiasis_ends_with_nothing_to_pay() -> None:
    # basic 20000 × 60%; (8600 − 7500) × 50% = 550; (8050 + 400) × 90% = 7605 out of S, 4000 × 75% = 3000;
    # 445 × 50% = 222.50; public_health S 222.50, C 400, O 1000
    bill: dict[str, Any] = {"in_scope": "20600", "over_limit": "400", "self_funded": "4000"}
    assert outcome(stay(categories=POOR, disease="schistosomiasis", late=True, **bill)) == [
        decided(
            basic="12000.00",
            critical_illness="550.00",
            supplementary="10605.00",
            assistance="222.50",
            public_health="1622.50",
            patient="0.00",
        )
    ]
    # not poor
    assert outcome(stay(disease="schistosomiasis", late=True, **bill)) == [
        decided(basic="12000.00", critical_illness="0.00", patient="13000.00")
    ]
    # not late: 8050 × 50% = 4025; (4025 + 400) × 90% = 3982.50, 3000; 23557.50 > 22500
    assert outcome(stay(categories=POOR, disease="schistosomiasis", **bill)) == [
        decided(
            basic="12000.00",
            critical_illness="550.00",
            assistance="4025.00",
            supplementary="6982.50",
            patient="1442.50",
        )
    ]


def test_late_schistosomiasis_has_no_guarantee() -> None:
    # basic 240; (760 + 0) × 90% + 9000 × 75% = 684 + 6750 = 7434, under 9000 − 240 and not topped up;
    # 76 × 50%; the rest 38 + 2250
    assert outcome(
        stay(in_scope="1000", self_funded="9000", categories=POOR, disease="schistosomiasis", late=True)
    ) == [
        decided(
            basic="240.00",
            critical_illness="0.00",
            supplementary="7434.00",
            assistance="38.00",
            public_health="2288.00",
            patient="0.00",
        )
    ]


def test_assistance_counts_over_both_of_its_places() -> None:
    # 1: over cap 1999400 − 166666.67 = 1832733.33 × 90% = 1649460.00 (1649459.997); left 250540:
    #    243040 × 50% = 121520; 129020 × 90% = 116118; 12902 × 50% = 6451; public_health 6451
    # 2: basic 0; over cap 400000 × 90%; 40600 × 50%; 20300 × 50% = 10150; 10150 × 90%
    # 3: over cap 999400 × 90% = 899460; 100540 × 50%; 50270 × 50% = 25135 → 30000 − 16601 = 13399;
    #    36871 × 90% = 33183.90
    assert outcome(
        stay("2018-03-01", number=1, in_scope="2000000", categories=POOR, disease="schistosomiasis", late=True),
        stay("2018-06-01", number=2, in_scope="400600", categories=POOR),
        stay("2018-09-01", number=3, in_scope="1000000", categories=POOR),
    ) == [
        decided(
            basic="100000.00",
            critical_illness="1770980.00",
            supplementary="116118.00",
            assistance="6451.00",
            public_health="6451.00",
            patient="0.00",
        ),
        decided(
            basic="0.00",
            critical_illness="380300.00",
            assistance="10150.00",
            supplementary="9135.00",
            patient="1015.00",
        ),
        decided(
            basic="0.00",
            critical_illness="949730.00",
            assistance="13399.00",
            supplementary="33183.90",
            patient="3687.10",
        ),
    ]


def test_chronic_classes_have_separate_caps_and_share_critical_illness() -> None:
    # 1, II tier 1: 5400 → 5000; 1000 × 50%
    # 2, I tier 3: 50000 × 60%; (1000 + 20000 − 7500) × 50% = 6750; 13250 × 50%
    # 3, II: cap used up; 100 × 50%; 50 × 50%
    # 4, I tier 2: 10000 × 80%; 2000 × 50%; 1000 × 50%
    assert outcome(
        card("2018-01-10", number=1, tier=1, in_scope="6000", categories=POOR),
        card("2018-02-10", "I", number=2, tier=3, in_scope="50000", categories=POOR),
        card("2018-03-10", number=3, tier=1, in_scope="100", categories=POOR),
        card("2018-04-10", "I", number=4, tier=2, in_scope="10000", self_funded="7", categories=POOR),
    ) == [
        decided(basic="5000.00", critical_illness="0.00", assistance="500.00", patient="500.00"),
        decided(basic="30000.00", critical_illness="6750.00", assistance="6625.00", patient="6625.00"),
        decided(basic="0.00", critical_illness="50.00", assistance="25.00", patient="25.00"),
        decided(basic="8000.00", critical_illness="1000.00", assistance="500.00", patient="507.00"),
    ]


def test_chronic_class_one_cap_of_a_hundred_thousand_without_over_cap() -> None:
    # 108000 → 100000; (20000 − 7500) × 50% = 6250; 13750 × 50%
    # then an inpatient stay has its own cap, critical illness goes on: 10000 × 90%; 1100 × 50%; 550 × 50%; 275 × 90%
    assert outcome(
        card("2018-01-10", "I", number=1, tier=1, in_scope="120000", categories=POOR),
        stay("2018-02-10", number=2, tier=1, in_scope="10100", categories=POOR),
    ) == [
        decided(basic="100000.00", critical_illness="6250.00", assistance="6875.00", patient="6875.00"),
        decided(
            basic="9000.00",
            critical_illness="550.00",
            assistance="275.00",
            supplementary="247.50",
            patient="27.50",
        ),
    ]


def test_critical_illness_serves_chronic_claims_of_both_classes() -> None:
    # 二(四): 20000 × 90% → 5000; (15000 − 7500) × 50% = 3750; 11250 × 50% = 5625
    assert outcome(card(tier=1, in_scope="20000", categories=POOR)) == [
        decided(basic="5000.00", critical_illness="3750.00", assistance="5625.00", patient="5625.00")
    ]


def test_temporary_aid_and_the_fifth_line_pay_what_is_decided() -> None:
    # 5,625 are left as above: 1,000 of temporary aid (二(六)), then of the fifth line (二(八)) 3,000, or of 10,000 the
    # 4,625 that are left.
    # Of a stay: (20,000 − 600) × 60%; (8,360 − 7,500) × 50% = 430; 7,930 × 50%; 3,965 × 90% = 3,568.50 leave 396.50.
    given = card(tier=1, in_scope="20000", categories=POOR)
    aid = (Aid(1, "temporary_aid", 1_000_00),)
    before = {"basic": "5000.00", "critical_illness": "3750.00", "assistance": "5625.00", "temporary_aid": "1000.00"}
    for decided_fen, paid, patient in ((3_000_00, "3000.00", "1625.00"), (10_000_00, "4625.00", "0.00")):
        aided = structs.replace(given, aids=(*aid, Aid(2, "backstop", decided_fen)))
        assert outcome(aided) == [decided(**before, backstop=paid, patient=patient)]
    of_a_stay = stay(tier=3, in_scope="20000", categories=POOR)
    assert outcome(structs.replace(of_a_stay, aids=(Aid(1, "backstop", 200_00),))) == [
        decided(
            basic="11640.00",
            critical_illness="430.00",
            assistance="3965.00",
            supplementary="3568.50",
            backstop="200.00",
            patient="196.50",
        )
    ]
    # to whom is not poor nothing is granted
    assert outcome(structs.replace(stay(in_scope="20000"), aids=(Aid(1, "backstop", 200_00),))) == outcome(
        stay(in_scope="20000")
    )


def test_chronic_of_who_is_not_poor_and_of_a_quota_disease() -> None:
    # tier 0 as tier 1: 900
    assert outcome(card(tier=0, in_scope="1000")) == [
        decided(basic="900.00", critical_illness="0.00", patient="100.00")
    ]
    # class I: (40000 − 15000) × 50%
    assert outcome(card(card_class="I", tier=3, in_scope="100000")) == [
        decided(basic="60000.00", critical_illness="12500.00", patient="27500.00")
    ]
    # the case quota is for stays: 10000 × 80%; 2000 × 50%
    assert outcome(card(card_class="I", tier=2, in_scope="10000", categories=POOR, disease="hemophilia")) == [
        decided(basic="8000.00", critical_illness="0.00", assistance="1000.00", patient="1000.00")
    ]


def test_roster_changes_between_stays() -> None:
    # 1, general: (20600 − 15000) × 50%
    # 2, poor: (41200 − 20600) × 50% = 10300; 10300 × 50% = 5150; 5150 × 90%
    assert outcome(
        stay("2018-03-01", number=1, in_scope="50600"),
        stay("2018-06-01", number=2, in_scope="50600", categories=POOR),
    ) == [
        decided(basic="30000.00", critical_illness="2800.00", patient="17800.00"),
        decided(
            basic="30000.00",
            critical_illness="10300.00",
            assistance="5150.00",
            supplementary="4635.00",
            patient="515.00",
        ),
    ]


def test_audits_and_reversals() -> None:
    # O 3000 − 1000: basic 18000; 2550; 5025; 5422.50 + 1500; 32497.50 > 30240
    bill: dict[str, Any] = {"in_scope": "30600", "upfront_copay": "1000", "self_funded": "3000", "categories": POOR}
    paid = {
        "basic": "18000.00",
        "critical_illness": "2550.00",
        "assistance": "5025.00",
        "supplementary": "6922.50",
    }
    gone = stay("2018-03-01", number=1, in_scope="250600", categories=POOR, standing=False)
    assert outcome(gone, stay(number=2, audits=[("1000", "hospital")], **bill)) == [
        decided(patient="1102.50", hospital="1000.00", **paid)
    ]
    assert outcome(gone, stay(number=2, audits=[("1000", "person")], **bill)) == [decided(patient="2102.50", **paid)]
    # of self-funded: the same. Of in scope, S 29600: basic 17400; 2350; 4925; 7582.50; 32257.50 of 33600
    assert outcome(gone, stay(number=2, audits=[("1000", "person", "self_funded")], **bill)) == [
        decided(patient="2102.50", **paid)
    ]
    of_scope = {"basic": "17400.00", "critical_illness": "2350.00", "assistance": "4925.00", "supplementary": "7582.50"}
    assert outcome(gone, stay(number=2, audits=[("1000", "hospital", "in_scope")], **bill)) == [
        decided(patient="1342.50", hospital="1000.00", **of_scope)
    ]
