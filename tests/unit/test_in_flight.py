"""Late facts that meet a claim between two layers (抚松 2019, tier 3: deductible 800, 60%; line 6,000, poor 3,000)."""

from typing import Any

import pytest

from events.money import yuan
from tests import facts
from tests.memory import Memory


@pytest.fixture
def ledger() -> Memory:
    """P1 is enrolled in 抚松 for 2018 to 2020; H1 to H3 are hospitals of that tier."""
    memory = Memory(0)
    for tier in (1, 2, 3):
        memory.take(facts.hospital(f"H{tier}", tier))
    for year in (2018, 2019, 2020):
        memory.take(facts.enrol("P1", year))
    return memory


def take(ledger: Memory, *events: dict[str, Any]) -> None:
    for event in events:
        ledger.take(event)


def at_rest(ledger: Memory) -> None:
    ledger.work(1_000_000)
    assert ledger.differences() == []


def statement(ledger: Memory, claim: str) -> dict[str, Any]:
    row = ledger.statements[claim]
    paid = {layer: yuan(fen) for layer, fen in row["layers"]}
    return paid | {"patient": yuan(row["patient_share"]), "revision": row["revision"], "status": row["status"]}


NOT_POOR = {"basic": "10320.00", "critical_illness": "924.00"}
POOR = {"basic": "10320.00", "critical_illness": "2808.00", "assistance": "3410.40", "backstop": "1461.60"}


@pytest.mark.parametrize("layers_before", range(6))
def test_a_late_roster_overtakes_no_claim_between_two_layers(ledger: Memory, layers_before: int) -> None:
    bill = facts.bill("18000", self_funded="2000")
    take(ledger, *facts.stay(1, hospital_id="H3", bill=bill))
    ledger.work(layers_before)
    take(ledger, facts.roster(on="2019-01-01"))
    at_rest(ledger)
    # F1 of docs/domain.md#7. As not poor: (18,000 − 800) × 60% = 10,320; (7,680 − 6,000) × 55% = 924; patient 8,756.
    # The first run settles what was known when it was opened, the second what is known since: revision 2 either way.
    assert statement(ledger, "C1") == POOR | {"patient": "2000.00", "revision": 2, "status": "settled"}
    journal = ledger.entries("critical_illness")
    assert [(row["type"], row["paid"]) for row in journal] == [
        ("payout.decided.v1", 92_400),
        ("payout.adjusted.v1", 188_400),
    ]


def test_two_late_facts_at_once_settle_one_after_the_other(ledger: Memory) -> None:
    take(ledger, *facts.stay(1, hospital_id="H3", bill=facts.bill("10000")))
    take(
        ledger,
        facts.roster(on="2019-01-01"),
        facts.correct("C1", hospital_id="H3", bill=facts.bill("18000", self_funded="2000")),
    )
    at_rest(ledger)
    assert statement(ledger, "C1") == POOR | {"patient": "2000.00", "revision": 3, "status": "settled"}


def test_a_claim_reversed_before_it_settled_leaves_nothing_and_frees_its_admission(ledger: Memory) -> None:
    take(ledger, *facts.stay(1, hospital_id="H3", bill=facts.bill("18000")))
    ledger.work(1)
    take(ledger, facts.reverse("C1", "hospital/H3"), facts.discharge("C2", "A1", "P1", "H3", "2019-03-10", "18000"))
    at_rest(ledger)
    assert statement(ledger, "C1") == {"patient": "0.00", "revision": 2, "status": "reversed"}
    # C2 stands alone in the year: C1 has left no accumulation behind
    assert statement(ledger, "C2") == NOT_POOR | {"patient": "6756.00", "revision": 1, "status": "settled"}
    take(ledger, facts.correct("C1", hospital_id="H3"))
    assert ledger.refused == ["already_reversed"]


def test_reversing_the_middle_of_a_referral_chain_gives_its_deductible_back_to_the_next_stay(ledger: Memory) -> None:
    take(ledger, facts.roster(on="2019-01-01"))
    take(ledger, *facts.stay(1, hospital_id="H1", on="2019-12-01", in_scope="5000"))
    take(ledger, *facts.stay(2, hospital_id="H2", on="2019-12-20", in_scope="5000", referred_from="A1"))
    take(ledger, *facts.stay(3, hospital_id="H3", on="2020-01-05", in_scope="5000", referred_from="A2"))
    at_rest(ledger)
    deductibles = [row["deductible"] for row in ledger.entries("basic")]
    assert deductibles == [20_000, 30_000, 30_000]  # 200; 500 − 200; 800 − (200 + 300), over the year's end
    take(ledger, facts.reverse("C2", "hospital/H2"))
    at_rest(ledger)
    adjusted = [(row["claim_id"], row["deductible"]) for row in ledger.entries("basic")[3:]]
    assert sorted(adjusted) == [("C2", -30_000), ("C3", 30_000)]  # 800 − 200 = 600


def test_a_late_roster_over_the_year_settles_both_years_again(ledger: Memory) -> None:
    take(ledger, *facts.stay(1, hospital_id="H3", on="2018-12-30", in_scope="18000"))
    take(ledger, *facts.stay(2, hospital_id="H3", on="2019-01-02", in_scope="18000"))
    at_rest(ledger)
    take(ledger, facts.roster(on="2018-12-01"))
    at_rest(ledger)
    assert statement(ledger, "C1")["revision"] == statement(ledger, "C2")["revision"] == 2
    # 2018: the poor's line is 5,000 and the bands are the general ones: (7,680 − 5,000) × 55%
    assert statement(ledger, "C1")["critical_illness"] == "1474.00"
    assert statement(ledger, "C2")["critical_illness"] == "2808.00"


def test_a_hospital_cancels_only_its_own_of_what_waits_under_a_claim_id(ledger: Memory) -> None:
    take(ledger, facts.discharge("C1", "A1", "P1", "H1", id_="waits-at-1"))
    take(ledger, facts.discharge("C1", "A9", "P1", "H2", id_="waits-at-2"), facts.reverse("C1", "hospital/H2"))
    take(ledger, facts.reverse("C1", "hospital/H3", id_="stranger"))
    take(ledger, facts.admit("A1", "P1", "H1"))
    at_rest(ledger)
    # what waits reserves its claim id: H2 has nothing under it, and so nothing to reverse
    assert ledger.refused == ["duplicate_claim", "unknown_claim", "unknown_claim"]
    assert statement(ledger, "C1")["status"] == "settled"


def test_a_bureau_cancels_all_that_wait_under_a_claim_id(ledger: Memory) -> None:
    take(ledger, facts.discharge("C1", "A1", "P1", "H1", id_="waits-at-1"))
    take(ledger, facts.discharge("C1", "A9", "P1", "H2", id_="waits-at-2"), facts.reverse("C1", "bureau/220621"))
    take(ledger, facts.admit("A1", "P1", "H1"))
    at_rest(ledger)
    assert ledger.refused == ["duplicate_claim", "reversed_while_waiting"]
    assert ledger.statements == {}
