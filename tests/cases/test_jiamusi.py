"""佳木斯 worked by hand from docs/domain.md#jiamusi."""

from typing import Any

import pytest

from policies.claim import Claim
from tests.engine import claim, decided, outcome

POOR = ("registered_poor",)
HARBIN = "230103"
BEIJING = "110101"


def stay(day: str = "2018-05-01", **facts: Any) -> Claim:
    return claim("jiamusi", day, **facts)


def general(day: str = "2018-05-01", **facts: Any) -> Claim:
    return claim("jiamusi", day, setting="general", **facts)


def test_j1_not_poor() -> None:
    # 59300 × 65%; (21455 − 10000) × 50%
    assert outcome(stay(in_scope="60000")) == [
        decided(basic="38545.00", critical_illness="5727.50", patient="15727.50")
    ]


@pytest.mark.parametrize("category", ["destitute", "dibao", "registered_poor"])
def test_j2_poor(category: str) -> None:
    # 59300 × 70%; (18490 − 5000) × 50%
    assert outcome(stay(in_scope="60000", categories=(category,))) == [
        decided(basic="41510.00", critical_illness="6745.00", patient="11745.00")
    ]


def test_other_categories_are_not_poor() -> None:
    for category in ("orphan", "low_income", "illness_poor", "veteran"):
        assert outcome(stay(in_scope="60000", categories=(category,))) == [
            decided(basic="38545.00", critical_illness="5727.50", patient="15727.50")
        ]
    # one of two is enough
    assert outcome(stay(in_scope="60000", categories=("orphan", "dibao"))) == [
        decided(basic="41510.00", critical_illness="6745.00", patient="11745.00")
    ]


@pytest.mark.parametrize(
    ("tier", "in_scope", "general", "poor"),
    [
        (0, "1200", "900.00", "950.00"),  # 1000 × 90, 95%
        (1, "1300", "800.00", "850.00"),
        (2, "1400", "750.00", "800.00"),
        (3, "1700", "650.00", "700.00"),
        (0, "200", "0.00", "0.00"),  # equal to the deductible
        (1, "299.99", "0.00", "0.00"),
        (3, "700.10", "0.07", "0.07"),  # 0.10 × 65% = 6.5 fen, half up
        (2, "400.06", "0.05", "0.05"),  # 4.5 fen and 4.8 fen
        (1, "300.01", "0.01", "0.01"),
    ],
)
def test_basic_by_tier_and_five_points_for_the_poor(tier: int, in_scope: str, general: str, poor: str) -> None:
    results = outcome(
        stay("2018-05-01", number=1, tier=tier, in_scope=in_scope),
        stay("2019-05-01", number=2, tier=tier, in_scope=in_scope, categories=POOR),
    )
    assert [(result["basic"], result["critical_illness"]) for result in results] == [
        (general, "0.00"),
        (poor, "0.00"),
    ]


@pytest.mark.parametrize(
    ("region", "filed", "categories", "expected"),
    [
        # in the province, filed: 20500 × 60%; 9200 under 10000
        (HARBIN, True, (), decided(basic="12300.00", critical_illness="0.00", patient="9200.00")),
        # 20500 × 65%; (8175 − 5000) × 50%
        (HARBIN, True, POOR, decided(basic="13325.00", critical_illness="1587.50", patient="6587.50")),
        # another province, filed: 20000 × 50%; (11500 − 10000) × 50%
        (BEIJING, True, (), decided(basic="10000.00", critical_illness="750.00", patient="10750.00")),
        # 20000 × 55%; (10500 − 5000) × 50%
        (BEIJING, True, POOR, decided(basic="11000.00", critical_illness="2750.00", patient="7750.00")),
        # not filed: 20000 × 40%; (13500 − 10000) × 50%
        (HARBIN, False, (), decided(basic="8000.00", critical_illness="1750.00", patient="11750.00")),
        (BEIJING, False, (), decided(basic="8000.00", critical_illness="1750.00", patient="11750.00")),
        # 20000 × 45%; (12500 − 5000) × 50%
        (HARBIN, False, POOR, decided(basic="9000.00", critical_illness="3750.00", patient="8750.00")),
        (BEIJING, False, POOR, decided(basic="9000.00", critical_illness="3750.00", patient="8750.00")),
        # a county of the prefecture, filed or not, is local: tier 3: 20800 × 65%
        ("230881", False, (), decided(basic="13520.00", critical_illness="0.00", patient="7980.00")),
    ],
)
def test_out_of_the_prefecture(region: str, filed: bool, categories: tuple[str, ...], expected: dict[str, str]) -> None:
    assert outcome(stay(in_scope="21500", hospital_region=region, filed=filed, categories=categories)) == [expected]


def test_out_of_the_prefecture_the_tier_does_not_matter() -> None:
    for tier in (0, 1, 2, 3):
        # 10000 × 60%
        assert outcome(stay(tier=tier, in_scope="11000", hospital_region=HARBIN)) == [
            decided(basic="6000.00", critical_illness="0.00", patient="5000.00")
        ]
    # S equal to the deductible
    assert outcome(stay(tier=0, in_scope="1500", hospital_region=BEIJING)) == [
        decided(basic="0.00", critical_illness="0.00", patient="1500.00")
    ]


def test_the_cap_is_shared_by_local_and_outside_stays() -> None:
    # 1: 100000 × 90% → 80000; (20200 − 10000) × 50%
    # 2: cap used up; 11000 × 50%
    assert outcome(
        stay("2018-03-01", number=1, tier=0, in_scope="100200"),
        stay("2018-06-01", number=2, in_scope="11000", hospital_region=HARBIN),
    ) == [
        decided(basic="80000.00", critical_illness="5100.00", patient="15100.00"),
        decided(basic="0.00", critical_illness="5500.00", patient="5500.00"),
    ]
    # outside first: 1: 100000 × 60% = 60000; (41000 − 10000) × 50% = 15500
    # 2: 90000 → 20000 left; 80200 × 50%
    assert outcome(
        stay("2018-03-01", number=1, in_scope="101000", hospital_region=HARBIN),
        stay("2018-06-01", number=2, tier=0, in_scope="100200"),
    ) == [
        decided(basic="60000.00", critical_illness="15500.00", patient="25500.00"),
        decided(basic="20000.00", critical_illness="40100.00", patient="40100.00"),
    ]


def test_critical_illness_cap_holds_for_all_but_the_poor() -> None:
    # 450000 → 80000; (420200 − 10000) × 50% = 205100 → 200000
    assert outcome(stay(tier=0, in_scope="500200")) == [
        decided(basic="80000.00", critical_illness="200000.00", patient="220200.00")
    ]
    # (420200 − 5000) × 50%; copay and self-funded stay with the patient
    assert outcome(stay(tier=0, in_scope="500200", over_limit="1", self_funded="2", categories=POOR)) == [
        decided(basic="80000.00", critical_illness="207600.00", patient="212603.00")
    ]


def test_critical_illness_rounds_half_a_fen_up() -> None:
    # 59300.02 × 65% = 38545.013 → 38545.01; (21455.01 − 10000) × 50% = 5727.505 → 5727.51
    assert outcome(stay(in_scope="60000.02")) == [
        decided(basic="38545.01", critical_illness="5727.51", patient="15727.50")
    ]


def test_general_outpatient_pays_half_up_to_a_hundred_a_year() -> None:
    # 99.99 × 50% = 49.995 → 50.00; 100 × 50%; nothing; a new year: 300 × 50% → 100
    assert outcome(
        general("2018-03-01", number=1, tier=0, in_scope="99.99"),
        general("2018-06-01", number=2, tier=3, in_scope="100", self_funded="8"),
        general("2018-09-01", number=3, tier=1, in_scope="100"),
        general("2019-01-01", number=4, tier=2, in_scope="300"),
    ) == [
        decided(basic="50.00", patient="49.99"),
        decided(basic="50.00", patient="58.00"),
        decided(basic="0.00", patient="100.00"),
        decided(basic="100.00", patient="200.00"),
    ]


def test_general_outpatient_gives_the_poor_no_more_and_feeds_no_other_accumulation() -> None:
    # 2: 59300 × 70%; 18490 alone in the base
    assert outcome(
        general("2018-03-01", number=1, tier=1, in_scope="50000", categories=POOR),
        stay("2018-06-01", number=2, in_scope="60000", categories=POOR),
        general("2018-09-01", number=3, tier=1, in_scope="50", categories=POOR),
    ) == [
        decided(basic="100.00", patient="49900.00"),
        decided(basic="41510.00", critical_illness="6745.00", patient="11745.00"),
        decided(basic="0.00", patient="50.00"),
    ]
    assert outcome(general(in_scope="100", categories=POOR)) == [decided(basic="50.00", patient="50.00")]


def test_roster_changes_between_stays() -> None:
    # 1, general: (21455 − 10000) × 50%
    # 2, poor: basic 41510 → 80000 − 38545 = 41455; left 18545; (40000 − 21455) × 50%
    # 3, general: basic 0; (50000 − 40000) × 50%
    assert outcome(
        stay("2018-03-01", number=1, in_scope="60000"),
        stay("2018-06-01", number=2, in_scope="60000", categories=POOR),
        stay("2018-09-01", number=3, in_scope="10000"),
    ) == [
        decided(basic="38545.00", critical_illness="5727.50", patient="15727.50"),
        decided(basic="41455.00", critical_illness="9272.50", patient="9272.50"),
        decided(basic="0.00", critical_illness="5000.00", patient="5000.00"),
    ]


def test_audits_and_reversals() -> None:
    # O 500 and S 1000 go: S 60000
    bill: dict[str, Any] = {"in_scope": "61000", "self_funded": "500"}
    paid = {"basic": "38545.00", "critical_illness": "5727.50"}
    gone = stay("2018-03-01", number=1, in_scope="100000", standing=False)
    assert outcome(gone, stay(number=2, audits=[("1500", "hospital")], **bill)) == [
        decided(patient="15727.50", hospital="1500.00", **paid)
    ]
    assert outcome(gone, stay(number=2, audits=[("1500", "person")], **bill)) == [decided(patient="17227.50", **paid)]
