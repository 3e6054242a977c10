"""Published rules of three places outside the six, written as files alone: ten persons of each, worked by hand.

docs/examples/schemes says of each value where it is published, and what its county must set.
"""

from typing import Any

import pytest
from msgspec import structs

from policies.claim import Claim
from policies.scheme import Scheme
from policies.soundness import findings
from tests.engine import SCHEMES, claim, load_file, outcome

FOLDER = SCHEMES.parents[1] / "docs" / "examples" / "schemes"
BEIJING = load_file(FOLDER / "beijing_employees.yaml")
SHANGLUO = load_file(FOLDER / "shangluo.yaml")
JINZHAI = load_file(FOLDER / "jinzhai.yaml")


def facts(claim: Claim, **of_person: Any) -> Claim:
    """The claim of somebody who is insured so, of that age, or brought in as an emergency."""
    return structs.replace(claim, **of_person)


def settled(law: Scheme, *claims: Claim) -> list[dict[str, str]]:
    """Each claim of one person in turn: yuan by layer that paid, and what is left to the patient."""
    found = outcome(*claims, law=law)
    assert {each.pop("hospital") for each in found} == {"0.00"}
    return [{layer: yuan for layer, yuan in each.items() if yuan != "0.00" or layer == "patient"} for each in found]


# 北京市 2023: employees, stays by their number in the year, visits with one deductible a year.
ACTIVE = {"insurance_type": "employee_active", "age": 40}
RETIRED = {"insurance_type": "employee_retired", "age": 65}


def beijing(
    number: int, day: str, in_scope: str, of: dict[str, Any], *, setting: str = "inpatient", tier: int = 3
) -> Claim:
    made = claim(BEIJING, day, number=number, in_scope=in_scope, setting=setting, tier=tier)
    return facts(made, **of)


def visit(number: int, day: str, in_scope: str, of: dict[str, Any], tier: int = 3) -> Claim:
    return beijing(number, day, in_scope, of, setting="general", tier=tier)


def test_beijing_1_a_stay_in_the_first_band() -> None:
    # (25,000 − 1,300) × 85% = 20,145
    assert settled(BEIJING, beijing(1, "2023-03-01", "25000", ACTIVE)) == [
        {"basic": "20145.00", "patient": "4855.00"},
    ]


def test_beijing_2_a_stay_through_all_bands() -> None:
    # 28,700 × 85% = 24,395; 10,000 × 90% = 9,000; 20,000 × 95% = 19,000
    assert settled(BEIJING, beijing(1, "2023-03-01", "60000", ACTIVE)) == [
        {"basic": "52395.00", "patient": "7605.00"},
    ]


def test_beijing_3_the_second_stay_has_half_the_deductible() -> None:
    # (10,000 − 1,300) × 87% = 7,569; (10,000 − 650) × 87% = 8,134.50
    stays = [beijing(number, f"2023-0{number}-01", "10000", ACTIVE, tier=2) for number in (1, 2)]
    assert settled(BEIJING, *stays) == [
        {"basic": "7569.00", "patient": "2431.00"},
        {"basic": "8134.50", "patient": "1865.50"},
    ]


def test_beijing_4_bands_begin_anew_with_each_stay() -> None:
    # (2,000 − 1,300) × 90% = 630. Then 29,350 × 90% = 26,415; 10,000 × 95% = 9,500; 5,000 × 97% = 4,850.
    # The year begins anew too: (2,000 − 1,300) × 90%.
    stays = [
        beijing(1, "2023-03-01", "2000", ACTIVE, tier=1),
        beijing(2, "2023-05-01", "45000", ACTIVE, tier=1),
        beijing(3, "2024-01-02", "2000", ACTIVE, tier=1),
    ]
    assert settled(BEIJING, *stays) == [
        {"basic": "630.00", "patient": "1370.00"},
        {"basic": "40765.00", "patient": "4235.00"},
        {"basic": "630.00", "patient": "1370.00"},
    ]


def test_beijing_5_a_retired_person_bears_sixty_per_cent_of_that() -> None:
    # 28,700 × 91% = 26,117; 10,000 × 94% = 9,400; 20,000 × 97% = 19,400. The patient bears 1,300 of the deductible and
    # 60% of the 7,605 − 1,300 = 6,305 that an employee bears: 3,783.
    assert settled(BEIJING, beijing(1, "2023-03-01", "60000", RETIRED)) == [
        {"basic": "54917.00", "patient": "5083.00"},
    ]


def test_beijing_6_mutual_aid_pays_over_the_fund_s_limit() -> None:
    # 24,395 + 9,000 + 80,000 × 95% = 109,395: the fund pays 100,000. Of the base it has paid for 38,700 +
    # (100,000 − 33,395) ÷ 95% = 108,810.53; of 118,700 are left 9,889.47, × 85% = 8,406.05.
    # The second stay: all of 50,000 − 650 = 49,350 lies over it, × 85% = 41,947.50.
    stays = [beijing(1, "2023-03-01", "120000", ACTIVE), beijing(2, "2023-09-01", "50000", ACTIVE)]
    assert settled(BEIJING, *stays) == [
        {"basic": "100000.00", "large_sum": "8406.05", "patient": "11593.95"},
        {"large_sum": "41947.50", "patient": "8052.50"},
    ]


def test_beijing_7_visits_of_an_employee() -> None:
    # 1,000 of the year's 1,800 are borne, then 800; (2,000 − 800) × 70% = 840; 500 × 90% = 450
    visits = [
        visit(1, "2023-02-01", "1000", ACTIVE, tier=1),
        visit(2, "2023-03-01", "2000", ACTIVE),
        visit(3, "2023-04-01", "500", ACTIVE, tier=1),
    ]
    assert settled(BEIJING, *visits) == [
        {"patient": "1000.00"},
        {"basic": "840.00", "patient": "1160.00"},
        {"basic": "450.00", "patient": "50.00"},
    ]


def test_beijing_8_visits_of_a_retired_person() -> None:
    # (2,000 − 1,300) × 85% = 595; 300 × 90% = 270
    visits = [visit(1, "2023-02-01", "2000", RETIRED), visit(2, "2023-03-01", "300", RETIRED, tier=1)]
    assert settled(BEIJING, *visits) == [
        {"basic": "595.00", "patient": "1405.00"},
        {"basic": "270.00", "patient": "30.00"},
    ]


def test_beijing_9_who_becomes_seventy_in_the_year() -> None:
    # at 69: (2,000 − 1,300) × 85% = 595; at 70: 1,000 × 90% = 900. Of an employee of 70, 70%: (3,800 − 1,800) × 70%.
    visits = [
        visit(1, "2023-02-01", "2000", RETIRED | {"age": 69}),
        visit(2, "2023-10-01", "1000", RETIRED | {"age": 70}),
    ]
    assert settled(BEIJING, *visits) == [
        {"basic": "595.00", "patient": "1405.00"},
        {"basic": "900.00", "patient": "100.00"},
    ]
    assert settled(BEIJING, visit(1, "2023-02-01", "3800", ACTIVE | {"age": 70})) == [
        {"basic": "1400.00", "patient": "2400.00"},
    ]


def test_beijing_10_visits_have_no_ceiling() -> None:
    # (20,000 − 1,800) × 70% = 12,740. Then 20,000 × 70% = 14,000, of which 20,000 − 12,740 = 7,260 are within; that is
    # 7,260 ÷ 70% = 10,371.43 of the base, and 9,628.57 × 60% = 5,777.14. Then 1,000 × 60% = 600.
    # A stay beside them has its own limit: (25,000 − 1,300) × 85%.
    claims = [
        visit(1, "2023-02-01", "20000", ACTIVE),
        visit(2, "2023-03-01", "20000", ACTIVE),
        visit(3, "2023-04-01", "1000", ACTIVE),
        beijing(4, "2023-05-01", "25000", ACTIVE),
    ]
    assert settled(BEIJING, *claims) == [
        {"basic": "12740.00", "patient": "7260.00"},
        {"basic": "7260.00", "large_sum": "5777.14", "patient": "6962.86"},
        {"large_sum": "600.00", "patient": "400.00"},
        {"basic": "20145.00", "patient": "4855.00"},
    ]


# 商洛市 from September 2023: residents; assistance after 2021.
XIAN, CHENGDU = "610113", "510104"


def shangluo(number: int, day: str, in_scope: str, *, emergency: bool = False, **of_claim: Any) -> Claim:
    return facts(claim(SHANGLUO, day, number=number, in_scope=in_scope, **of_claim), emergency=emergency)


def test_shangluo_1_a_township_stay_and_visits() -> None:
    # (2,100 − 100) × 85% = 1,700; 120 × 50% = 60; then 100 − 60 = 40 are left of the year's 100
    claims = [
        shangluo(1, "2024-02-01", "2100", tier=0),
        shangluo(2, "2024-03-01", "120", tier=1, setting="general"),
        shangluo(3, "2024-04-01", "120", tier=1, setting="general"),
    ]
    assert settled(SHANGLUO, *claims) == [
        {"basic": "1700.00", "patient": "400.00"},
        {"basic": "60.00", "patient": "60.00"},
        {"basic": "40.00", "patient": "80.00"},
    ]


def test_shangluo_2_three_stays_have_falling_deductibles() -> None:
    # 500, 400, 300: 10,000 × 70% each. 3,500 + 3,400 + 3,300 = 10,200 are left over the year, (10,200 − 10,000) × 60%.
    stays = [shangluo(number, f"2024-0{number}-01", str(10600 - number * 100)) for number in (1, 2, 3)]
    assert settled(SHANGLUO, *stays) == [
        {"basic": "7000.00", "patient": "3500.00"},
        {"basic": "7000.00", "patient": "3400.00"},
        {"basic": "7000.00", "critical_illness": "120.00", "patient": "3180.00"},
    ]


@pytest.mark.parametrize(
    ("filed", "emergency", "expected"),
    [
        # 3: filed elsewhere: 50,000 × 60%; (20,500 − 10,000) × 60%
        (True, False, {"basic": "30000.00", "critical_illness": "6300.00", "patient": "14200.00"}),
        # 4: not filed: 50,000 × 55%; (23,000 − 10,000) × 60%
        (False, False, {"basic": "27500.00", "critical_illness": "7800.00", "patient": "15200.00"}),
        # 5: not filed, in an emergency: as filed
        (False, True, {"basic": "30000.00", "critical_illness": "6300.00", "patient": "14200.00"}),
    ],
)
def test_shangluo_3_4_5_in_another_province(filed: bool, emergency: bool, expected: dict[str, str]) -> None:
    stay = shangluo(1, "2024-02-01", "50500", hospital_region=CHENGDU, filed=filed, emergency=emergency)
    assert settled(SHANGLUO, stay) == [expected]


def test_shangluo_6_in_the_province() -> None:
    # (20,500 − 500) × 70%, as at home
    assert settled(SHANGLUO, shangluo(1, "2024-02-01", "20500", hospital_region=XIAN)) == [
        {"basic": "14000.00", "patient": "6500.00"},
    ]


def test_shangluo_7_dibao() -> None:
    # 30,000 × 75%; (7,900 − 5,000) × 65% = 1,885; 6,015 × 70% = 4,210.50; what is left is under 5,000
    assert settled(SHANGLUO, shangluo(1, "2024-02-01", "30400", tier=2, categories=("dibao",))) == [
        {"basic": "22500.00", "critical_illness": "1885.00", "assistance": "4210.50", "patient": "1804.50"},
    ]


def test_shangluo_8_destitute_over_basic_insurance_s_limit() -> None:
    # 200,000 × 70% = 140,000, of which 130,000. 70,500 − 5,000 = 65,500: 25,000 × 65% + 40,500 × 75% = 46,625, and no
    # cap. 23,875 by assistance. What is out of the catalog is the person's.
    # A chronic visit later: stays have used the limit up; 1,000 × 75%, and assistance the rest.
    of: dict[str, Any] = {"categories": ("destitute",)}
    claims = [
        shangluo(1, "2024-02-01", "200500", self_funded="1000", **of),
        shangluo(2, "2024-03-01", "1000", setting="chronic", card_class="II", **of),
    ]
    assert settled(SHANGLUO, *claims) == [
        {"basic": "130000.00", "critical_illness": "46625.00", "assistance": "23875.00", "patient": "1000.00"},
        {"critical_illness": "750.00", "assistance": "250.00", "patient": "0.00"},
    ]


def test_shangluo_9_near_poverty_in_hospital_and_chronic() -> None:
    # 60,000 × 70% = 42,000; (18,500 − 10,000) × 60% = 5,100; (13,400 − 2,200) × 60% = 6,720;
    # (6,680 − 5,000) × 50% = 840.
    # The visit: 1,000 × 60%; 400 more over the line × 60% = 240; 60% × (13,400 + 160 − 2,200) − 6,720 = 96.
    claims = [
        shangluo(1, "2024-02-01", "60500", categories=("near_poverty",)),
        shangluo(2, "2024-03-01", "1000", setting="chronic", card_class="II", categories=("near_poverty",)),
    ]
    assert settled(SHANGLUO, *claims) == [
        {
            "basic": "42000.00",
            "critical_illness": "5100.00",
            "assistance": "6720.00",
            "tilted_assistance": "840.00",
            "patient": "5840.00",
        },
        {"basic": "600.00", "critical_illness": "240.00", "assistance": "96.00", "patient": "64.00"},
    ]


def test_shangluo_10_poor_through_illness() -> None:
    # 100,000 × 70%; 30,500 − 10,000 = 20,500: 20,000 × 60% + 500 × 70% = 12,350; (18,150 − 5,500) × 50% = 6,325;
    # (11,825 − 5,000) × 50% = 3,412.50. In another province without the last: 100,000 × 60%; 30,500: 20,000 × 60% +
    # 10,500 × 70% = 19,350; (21,150 − 5,500) × 50% = 7,825.
    poor: dict[str, Any] = {"categories": ("illness_poor",)}
    assert settled(SHANGLUO, shangluo(1, "2024-02-01", "100500", **poor)) == [
        {
            "basic": "70000.00",
            "critical_illness": "12350.00",
            "assistance": "6325.00",
            "tilted_assistance": "3412.50",
            "patient": "8412.50",
        },
    ]
    assert settled(SHANGLUO, shangluo(1, "2024-02-01", "100500", hospital_region=CHENGDU, **poor)) == [
        {"basic": "60000.00", "critical_illness": "19350.00", "assistance": "7825.00", "patient": "13325.00"},
    ]


# 金寨县 2020: the province's table of 2019, "351" and "180" for the poor.
LUAN, HEFEI, NANJING = "341502", "340104", "320102"
POOR = ("registered_poor",)


def jinzhai(number: int, day: str, in_scope: str, **of_claim: Any) -> Claim:
    return claim(JINZHAI, day, number=number, in_scope=in_scope, **of_claim)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # 1: a township hospital: 3,000 × 85%
        ({"in_scope": "3200", "tier": 0}, {"basic": "2550.00", "patient": "650.00"}),
        # 2: the city's hospital: 30,000 × 75%
        (
            {"in_scope": "30700", "tier": 3, "hospital_region": LUAN},
            {"basic": "22500.00", "patient": "8200.00"},
        ),
        # 3: the province's hospital: 100,000 × 70%; (31,000 − 15,000) × 60%
        (
            {"in_scope": "101000", "tier": 3, "hospital_region": HEFEI},
            {"basic": "70000.00", "critical_illness": "9600.00", "patient": "21400.00"},
        ),
        # 4: elsewhere, 20% of 8,000 is under 2,000: 6,000 × 60%
        (
            {"in_scope": "8000", "tier": 3, "hospital_region": NANJING},
            {"basic": "3600.00", "patient": "4400.00"},
        ),
        # 5: elsewhere, 20% of 30,000 = 6,000; (28,000 − 6,000) × 60%
        (
            {"in_scope": "28000", "self_funded": "2000", "tier": 3, "hospital_region": NANJING},
            {"basic": "13200.00", "patient": "16800.00"},
        ),
        # 6: elsewhere, 20% of 80,000 is over 10,000: 70,000 × 60%; (38,000 − 15,000) × 60%
        (
            {"in_scope": "80000", "tier": 3, "hospital_region": NANJING},
            {"basic": "42000.00", "critical_illness": "13800.00", "patient": "24200.00"},
        ),
    ],
)
def test_jinzhai_1_to_6_residents_by_place(facts: dict[str, Any], expected: dict[str, str]) -> None:
    in_scope = facts.pop("in_scope")
    assert settled(JINZHAI, jinzhai(1, "2020-05-01", in_scope, **facts)) == [expected]


def test_jinzhai_7_in_the_county_a_poor_person_bears_three_thousand_a_year() -> None:
    # 30,000 × 80%; 6,500 is under 7,500; 6,500 × 50% = 3,250; 250 over 3,000.
    # 10,000 × 80%; (6,500 + 2,500 − 7,500) × 65% = 975; 1,525 × 50% = 762.50; all of the rest is over 3,000.
    stays = [
        jinzhai(1, "2020-05-01", "30500", tier=2, categories=POOR),
        jinzhai(2, "2020-08-01", "10500", tier=2, categories=POOR),
    ]
    assert settled(JINZHAI, *stays) == [
        {"basic": "24000.00", "assistance": "3250.00", "backstop": "250.00", "patient": "3000.00"},
        {
            "basic": "8000.00",
            "critical_illness": "975.00",
            "assistance": "762.50",
            "backstop": "762.50",
            "patient": "0.00",
        },
    ]


def test_jinzhai_8_in_the_city_five_thousand() -> None:
    # 100,000 × 75%; (25,700 − 7,500) × 65% = 11,830; 13,870 × 50% = 6,935; 1,935 over 5,000
    stay = jinzhai(1, "2020-05-01", "100700", tier=3, hospital_region=LUAN, categories=POOR)
    assert settled(JINZHAI, stay) == [
        {
            "basic": "75000.00",
            "critical_illness": "11830.00",
            "assistance": "6935.00",
            "backstop": "1935.00",
            "patient": "5000.00",
        },
    ]


def test_jinzhai_9_in_the_province_ten_thousand() -> None:
    # 200,000 × 70%; 61,000 − 7,500 = 53,500: 50,000 × 65% + 3,500 × 70% = 34,950; 26,050 × 50% = 13,025; 3,025 over
    # 10,000. In another province nobody bears the rest for him: 2,000 of 8,000; 6,000 × 60%; 4,400 × 50%.
    stay = jinzhai(1, "2020-05-01", "201000", tier=3, hospital_region=HEFEI, categories=POOR)
    assert settled(JINZHAI, stay) == [
        {
            "basic": "140000.00",
            "critical_illness": "34950.00",
            "assistance": "13025.00",
            "backstop": "3025.00",
            "patient": "10000.00",
        },
    ]
    elsewhere = jinzhai(1, "2020-05-01", "8000", tier=3, hospital_region=NANJING, categories=POOR)
    assert settled(JINZHAI, elsewhere) == [{"basic": "3600.00", "assistance": "2200.00", "patient": "2200.00"}]


def test_jinzhai_10_chronic_care_of_a_poor_person() -> None:
    # 5,000 × 70%; 1,500 × 80%. One who is not poor bears the 1,500.
    visit: dict[str, Any] = {"setting": "chronic", "card_class": "I", "tier": 2}
    assert settled(JINZHAI, jinzhai(1, "2020-05-01", "5000", categories=POOR, **visit)) == [
        {"basic": "3500.00", "supplementary": "1200.00", "patient": "300.00"},
    ]
    assert settled(JINZHAI, jinzhai(1, "2020-05-01", "5000", **visit)) == [{"basic": "3500.00", "patient": "1500.00"}]


@pytest.mark.parametrize("law", [BEIJING, SHANGLUO, JINZHAI], ids=lambda law: law.name)
def test_the_files_are_sound(law: Scheme) -> None:
    assert [remark.english for remark in findings(law) if remark.refused] == []
