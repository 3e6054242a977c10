"""A county's chronic list (门诊慢特病目录): class by disease, and which layers serve it.

The made-up county pays 60% of chronic claims, 20,000 a year of class I and 3,000 of class II; critical illness pays 60%
above 10,000.
"""

from datetime import date
from pathlib import Path

import pytest

from events.money import yuan
from policies.describe import describe
from policies.engine import settle
from policies.loader import SchemeError, load_text, review
from policies.scheme import Scheme
from processors.law.offers import offered
from tests.engine import claim

COUNTY = (Path(__file__).parents[2] / "docs" / "examples" / "county.yaml").read_text(encoding="utf-8")
LIST = """
chronic_list:
  - {disease: diabetes, class: II, layers: [], grade: seed, cite: "目录 1"}
  - {disease: renal_dialysis, class: I, until: 2025-01-01, grade: seed, cite: "目录 2"}
  - {disease: epilepsy, layers: [critical_illness], grade: seed, cite: "目录 3"}
"""


def county(more: str = LIST) -> Scheme:
    return load_text((COUNTY + more).encode(), "county.yaml")


def paid(law: Scheme, disease: str, class_: str, day: str = "2024-05-06") -> dict[str, str]:
    visit = claim(law, day, setting="chronic", tier=1, card_class=class_, disease=disease, in_scope="30000")
    bills, _ = settle({law.content_hash: law}, [visit])
    return {payout.layer: yuan(payout.paid) for payout in bills[1].payouts}


def test_critical_illness_serves_the_diseases_that_the_list_says() -> None:
    """Class I: 30,000 × 60% = 18,000.00, then (12,000 − 10,000) × 60% = 1,200.00; class II ends at 3,000.00."""
    law = county()
    assert paid(law, "renal_dialysis", "I") == {"basic": "18000.00", "critical_illness": "1200.00"}
    assert paid(law, "diabetes", "II") == {"basic": "3000.00"}
    assert paid(law, "epilepsy", "II") == {"basic": "3000.00", "critical_illness": "10200.00"}
    # not on the list (any more): nothing pays; acceptance refuses it
    assert paid(law, "hypertension", "II") == paid(law, "renal_dialysis", "I", "2025-05-06") == {}
    # a text without a list serves every disease alike
    assert paid(county(""), "hypertension", "II") == {"basic": "3000.00", "critical_illness": "10200.00"}


CAPS = """
limits:
  - name: chronic_diseases
    title: 慢特病病种限额
    title_en: limit of a chronic disease
    over: [{layer: basic, tracks: [chronic]}]
    most:
      - {disease: diabetes, value: 2000, grade: seed, cite: "目录 1"}
      - {disease: epilepsy, value: 2500, grade: seed, cite: "目录 3"}
"""


def test_each_disease_of_the_list_has_a_cap_of_its_own_within_its_class() -> None:
    """4,000 × 60% = 2,400.00: diabetes gets 2,000.00; then epilepsy 1,000.00, all that class II has left of 3,000."""
    law = county(LIST + CAPS)
    visits = [
        claim(
            law,
            f"2024-0{number}-06",
            setting="chronic",
            tier=1,
            card_class="II",
            disease=disease,
            in_scope="4000",
            number=number,
        )
        for number, disease in ((5, "diabetes"), (6, "epilepsy"), (7, "diabetes"))
    ]
    bills, _ = settle({law.content_hash: law}, visits)
    assert [yuan(bills[number].payouts[0].paid) for number in (5, 6, 7)] == ["2000.00", "1000.00", "0.00"]


def test_a_stay_for_a_listed_disease_is_a_stay() -> None:
    law = county()
    stay = claim(law, "2024-05-06", tier=3, disease="diabetes", in_scope="60600")
    bills, _ = settle({law.content_hash: law}, [stay])
    # (60,600 − 600) × 65% = 39,000.00; (21,600 − 10,000) × 60% = 6,960.00
    assert [yuan(payout.paid) for payout in bills[1].payouts] == ["39000.00", "6960.00"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (LIST + '  - {disease: diabetes, grade: seed, cite: "目录 4"}\n', "diabetes is listed twice on one day"),
        (LIST.replace("layers: []", "layers: [public_health]"), "public_health is not on the scheme's path"),
        (LIST.replace("disease: epilepsy", "disease: flu"), "is not a disease code"),
        (LIST.replace("class: II", "class: III"), "class"),
    ],
)
def test_a_list_that_can_t_be_meant_is_refused_with_its_line(more: str, says: str) -> None:
    with pytest.raises(SchemeError, match=says) as refused:
        county(more)
    assert refused.value.problems[0].startswith("county.yaml:8") or refused.value.problems[0].startswith(
        "county.yaml:7"
    )


def test_check_tries_what_the_list_tells_apart() -> None:
    assert review((COUNTY + LIST).encode(), "county.yaml").refused == []


def test_show_and_offers_tell_it() -> None:
    rows = [(row["name"], row["for"], row["value"]) for row in describe(county()) if row["where"] == "chronic_list"]
    assert rows == [
        ("diabetes", "class II", ""),
        ("renal_dialysis", "class I", "all"),
        ("epilepsy", "", "critical_illness"),
    ]
    told = offered(county(), date(2025, 5, 6)).told("990101")
    assert told["chronic_list"] == [
        {"code": "diabetes", "class": "II", "layers": []},
        {"code": "epilepsy", "class": None, "layers": ["critical_illness"]},
    ]
    assert {each["code"]: each["uses"] for each in told["disease_details"]}["diabetes"] == ["chronic_list"]
