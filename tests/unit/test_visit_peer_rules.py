"""frequent_visits: months far above the mean, pharmacies, and what was drawn for one chronic disease in twelve
weeks."""

from typing import Any

from processors.supervision.claim import SupervisedClaim
from processors.supervision.rules.frequent_visits import RULE
from tests.peer_claims import claim, found, visit


def others(number: int = 40, **more: Any) -> list[SupervisedClaim]:
    """One visit each, in May."""
    return [visit(f"Q{n}", f"2019-05-{1 + n % 28:02d}", 100 + n, **more) for n in range(number)]


def daily(number: int, person: str = "P1", yuan: float = 60, **more: Any) -> list[SupervisedClaim]:
    """A visit each day of May."""
    return [visit(person, f"2019-05-{day:02d}", yuan, **more) for day in range(1, number + 1)]


def test_a_month_of_daily_visits() -> None:
    # 41 persons with 40 + 25 visits: mean 1.585; 8 times is 12.7
    (lead,) = found(RULE, [*others(), *daily(25)])
    assert (lead.key, lead.severity) == (("P1", "2019", "visits"), "suspicious")
    assert lead.evidence["months"] == ["2019-05"]
    assert lead.evidence["mean_visits"] == {"2019-05": "1.59"}
    assert lead.evidence["calendar"]["2019-05"] == {"visits": 25, "cost": "1500.00", "days": 25}
    assert lead.peers is not None
    assert (lead.peers.n, lead.peers.median) == (41, "1")
    assert len(lead.claims) == 25
    assert lead.fund_money == {"basic": 25 * 4_200}


def test_twelve_visits_are_below_eight_times_the_mean() -> None:
    # (40 + 12) ÷ 41 = 1.27; 8 times is 10.1; and nine visits are never a lead
    assert len(found(RULE, [*others(), *daily(12)])) == 1
    assert found(RULE, [*others(), *daily(9)]) == []
    assert found(RULE, [*others(200), *daily(9)]) == []


def test_a_costly_month() -> None:
    # 40 · 119.5 + 20,000 = 24,780 ÷ 41 = 604; ten times is 6,044
    (lead,) = found(RULE, [*others(), visit("P1", "2019-05-03", 20_000)])
    assert lead.evidence["mean_cost"] == {"2019-05": "604.39"}
    assert found(RULE, [*others(), visit("P1", "2019-05-03", 1_200)]) == []


def test_dialysis_and_tumours_are_left_out() -> None:
    assert found(RULE, [*others(), *daily(25, setting="chronic", disease="renal_dialysis")]) == []
    assert found(RULE, [*others(), *daily(25), claim("P1", "2019-09-01", diagnoses=("C34.9",))]) == []


def test_few_persons_in_a_month_say_nothing() -> None:
    assert found(RULE, [*others(10), *daily(25)]) == []


def test_reversed_visits_do_not_count() -> None:
    assert found(RULE, [*others(), *daily(25, standing=False)]) == []


def test_more_than_fifty_purchases_in_a_year() -> None:
    weekly = [visit("P1", f"2019-{1 + n % 12:02d}-{2 + n // 12:02d}", 40, setting="pharmacy") for n in range(51)]
    (lead,) = found(RULE, weekly)
    assert (lead.key[2], lead.evidence["purchases"]) == ("pharmacy", 51)
    assert lead.peers is not None
    assert lead.peers.remark is not None  # one person is no group to compare with
    assert found(RULE, weekly[:50]) == []


def chronic(person: str, on: str, yuan: float) -> SupervisedClaim:
    """A visit for diabetes, of which the fund pays half."""
    return visit(person, on, yuan, setting="chronic", disease="diabetes", paid_part=0.5)


def test_twelve_weeks_far_above_all_who_have_the_disease() -> None:
    usual = [chronic(f"Q{n}", "2019-04-01", 200 + 2 * n) for n in range(30)]
    # 900 + 900 on 1 March and 20 May lie within 84 days (80 between), 900 on 1 June is 92 days from the first
    own = [chronic("P1", day, 900) for day in ("2019-03-01", "2019-05-20", "2019-06-01")]
    (lead,) = found(RULE, [*usual, *own])
    assert lead.key == ("P1", "2019", "supply", "diabetes")
    assert lead.severity == "hint"
    assert (lead.evidence["paid"], lead.evidence["visits"]) == ("900.00", 2)  # two of the three, half of 1,800
    assert lead.peers is not None
    assert lead.peers.n == 31
    assert found(RULE, [*usual[:15], *own]) == []  # 16 persons with the disease are too few


def test_twelve_weeks_reach_into_the_year_before() -> None:
    usual = [chronic(f"Q{n}", "2019-04-01", 200 + 2 * n) for n in range(30)]
    before = [chronic("P1", "2018-12-10", 900)]
    (lead,) = found(RULE, [*usual, chronic("P1", "2019-01-20", 900)], before)
    assert lead.evidence["from"] == "2018-12-10"
    assert lead.evidence["paid"] == "900.00"
