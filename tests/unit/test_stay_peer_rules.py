"""Rules that hold stays against their peers: low_standard_stay, admitted_together."""

from datetime import date
from typing import Any

import pytest

from processors.supervision.claim import SupervisedClaim
from processors.supervision.rules.admitted_together import RULE as TOGETHER
from processors.supervision.rules.admitted_together import expected_by_chance
from processors.supervision.rules.low_standard_stay import RULE as LOW
from tests.peer_claims import claim, context, found


def peers(
    number: int = 30, code: str = "I63.9", days: int = 7, yuan: float = 3_000, **more: Any
) -> list[SupervisedClaim]:
    """Stays of other persons, about so dear."""
    return [
        claim(f"Q{code}{n}", "2019-04-10", yuan + 10 * (n - number // 2), days=days, diagnoses=(code,), **more)
        for n in range(number)
    ]


def test_a_day_for_a_cold_is_suspicious() -> None:
    light = claim("P1", "2019-05-02", 260, days=1, diagnoses=("J06.9",))
    (lead,) = found(LOW, [*peers(code="J06.9"), light])
    assert (lead.severity, lead.key, lead.person_id) == ("suspicious", (light.claim_id, "short"), "P1")
    # the 31 lie at 260 and from 2,850 to 3,140 in tens: the 16th is 2,990; 260 ÷ 2,990 = 8.7%
    assert lead.evidence["median"] == "2990.00"
    assert lead.evidence["quartiles"] == ["2915.00", "3065.00"]  # half way between the 8th and 9th, the 23rd and 24th
    assert lead.evidence["of_median"] == "8.7%"
    assert lead.peers is not None
    assert (lead.peers.n, lead.peers.percentile) == (31, "1.6")  # 0.5 ÷ 31
    assert lead.fund_money == {"basic": 18_200}
    assert lead.unchecked


def test_a_short_cheap_stay_with_a_grave_illness_is_a_hint() -> None:
    (lead,) = found(LOW, [*peers(), claim(yuan=260, days=1)])
    assert lead.severity == "hint"


@pytest.mark.parametrize(
    "more",
    [
        {"stay_kind": "day_surgery"},
        {"emergency": True},
        {"died_on": date(2019, 5, 11)},
        {"referral": ("A0",)},
        {"diagnoses": ("Z51.1",)},
        {"standing": False},
        {"interim": True},
    ],
)
def test_what_has_a_reason_is_no_lead(more: dict[str, Any]) -> None:
    ordinary = peers(code="Z51.1") if "diagnoses" in more else peers()
    assert found(LOW, [*ordinary, claim(yuan=260, days=1, **more)]) == []


def test_a_transfer_the_same_day_is_no_lead() -> None:
    first = claim("P1", "2019-05-10", 260, days=1)
    onward = claim("P1", "2019-05-18", 3_000, days=8, hospital="H2")
    assert found(LOW, [*peers(), first, onward]) == []
    assert len(found(LOW, [*peers(), first])) == 1


def test_a_cheap_long_stay_may_be_an_empty_bed() -> None:
    # 3,000 ÷ 7 = 429 a day; 700 ÷ 14 = 50 a day is 12% of it, and the lowest of 31
    (lead,) = found(LOW, [*peers(), claim(yuan=700, days=14)])
    assert (lead.key[1], lead.severity) == ("empty_bed", "hint")
    assert lead.evidence["cost_a_day"] == "50.00"
    assert found(LOW, [*peers(), claim(yuan=2_500, days=14)]) == []  # 179 a day: 42%


def test_few_peers_fall_back_to_the_tier_and_then_say_nothing() -> None:
    rare = claim(yuan=260, days=1, diagnoses=("K35.8",))
    (lead,) = found(LOW, [*peers(), rare])
    assert lead.peers is not None
    assert lead.peers.remark is not None
    assert "同级" in lead.peers.remark
    assert found(LOW, [*peers(10), rare]) == []


def group(days: tuple[str, ...], persons: int = 3, **more: Any) -> list[SupervisedClaim]:
    """Persons who are admitted together and stay a week; the ends of their stays are given."""
    return [
        claim(f"P{n}", day, hospital="H6", diagnoses=("M51.2",), household_id=f"F{n}", **more)
        for n in range(persons)
        for day in days
    ]


def test_three_together_twice_are_a_lead() -> None:
    (lead,) = found(TOGETHER, group(("2019-03-18", "2019-06-10")))
    assert (lead.hospital_id, lead.key) == ("H6", ("H6", "2019", "2019-03-11", "2019-06-03"))
    assert lead.evidence["persons"] == ["P0", "P1", "P2"]
    assert lead.evidence["admissions"]["P1"] == ["2019-03-11", "2019-06-03"]
    assert lead.severity == "suspicious"


def test_a_day_apart_is_together_and_two_are_not() -> None:
    first = group(("2019-03-18", "2019-06-10"), persons=2)
    near = [claim("P9", day, hospital="H6", household_id="F9") for day in ("2019-03-19", "2019-06-11")]
    far = [claim("P9", day, hospital="H6", household_id="F9") for day in ("2019-03-20", "2019-06-11")]
    (lead,) = found(TOGETHER, [*first, *near])
    assert lead.evidence["persons"] == ["P0", "P1", "P9"]
    assert found(TOGETHER, [*first, *far]) == []


def test_once_is_chance_and_a_household_is_one() -> None:
    assert found(TOGETHER, group(("2019-03-18",))) == []
    assert found(TOGETHER, group(("2019-03-18", "2019-06-10"), persons=2)) == []
    family = [claim(f"P{n}", day, household_id="F1") for n in range(4) for day in ("2019-03-18", "2019-06-10")]
    assert found(TOGETHER, family) == []


def test_cycles_are_no_company() -> None:
    cycles = [claim(f"P{n}", day, diagnoses=("Z51.1",)) for n in range(5) for day in ("2019-03-18", "2019-04-08")]
    assert found(TOGETHER, cycles) == []


def test_three_occasions_are_one_lead_a_pair_of_days() -> None:
    leads = found(TOGETHER, group(("2019-03-18", "2019-06-10", "2019-09-09"), persons=4))
    assert len(leads) == 1  # the same four: what they did a third time is no second lead
    assert leads[0].evidence["occasions"] == ["2019-03-11", "2019-06-03", "2019-09-02"]
    assert len(leads[0].claims) == 12


def test_many_patients_meet_by_chance() -> None:
    terms = context().text(date(2019, 5, 1), "990101").rules.admitted_together
    # 2,000 persons with two stays: 2,000 · 1,999 · 1,998 ÷ 6 triples at (3 ÷ 365)^4 = 4.56e-9: about six
    assert expected_by_chance(2_000, 3, terms) == pytest.approx(6.07, abs=0.05)
    assert expected_by_chance(20, 3, terms) < 0.001
