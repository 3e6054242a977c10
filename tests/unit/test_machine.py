"""Whatever is said in whatever order, at whatever pace, twice or late, the books converge (docs/domain.md#3.6)."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests import facts
from tests.memory import Memory

PERSONS = {"P1": "220621", "P2": "140400", "P3": "360123"}
YEARS = (2018, 2019)
# Two of each: enough that claims share a year, and few enough that the same ids are hit again and again.
numbers = st.integers(1, 6)
persons = st.sampled_from(sorted(PERSONS))
stays = st.sampled_from(["P1", "P1", "P1", "P2", "P3"])  # P1's county grants referral credits
days = st.sampled_from(["2018-02-10", "2018-11-30", "2019-01-02", "2019-06-15"])
amounts = st.sampled_from(["0", "0.01", "480", "3000.05", "26000", "180000"])
hospitals = st.sampled_from(["H1", "H2", "H3"])
bills = st.builds(facts.bill, amounts, upfront_copay=amounts, over_limit=amounts, self_funded=amounts)
diseases = st.sampled_from([None, "lung_cancer", "thalassemia", "schistosomiasis"])


class Ledger(RuleBasedStateMachine):
    """Every event type, at three persons of three counties, with the layers at work in between."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.last: dict[str, Any] | None = None
        self.stayed: dict[str, str] = {}

    @initialize(seed=st.integers(0, 10_000))
    def open(self, seed: int) -> None:
        self.ledger = Memory(seed)
        for tier, region in ((1, "220621"), (2, "140400"), (3, "360123")):
            self.ledger.take(facts.hospital(f"H{tier}", tier, region))
        for person, region in PERSONS.items():
            for year in YEARS:
                self.ledger.take(facts.enrol(person, year, region))
            self.ledger.take(facts.roster(person))

    def say(self, event: dict[str, Any]) -> None:
        self.sent += 1
        self.last = {**event, "id": f"{event['id']}-{self.sent}"}
        self.ledger.take(self.last)

    @rule(number=numbers, person=persons, hospital=hospitals, day=days, origin=st.none() | numbers)
    def admit(self, number: int, person: str, hospital: str, day: str, origin: int | None) -> None:
        referred_from = f"A{origin}" if origin else None
        self.say(facts.admit(f"A{number}", person, hospital, day, referred_from=referred_from))

    @rule(
        number=numbers,
        claim=numbers,
        person=persons,
        hospital=hospitals,
        day=days,
        bill=bills,
        disease=diseases,
        late=st.sampled_from([None, "late"]),
    )
    def discharge(self, number: int, claim: int, person: str, hospital: str, day: str, **more: Any) -> None:
        late = more.pop("late")
        self.say(facts.discharge(f"C{claim}", f"A{number}", person, hospital, day, stage=late, **more))

    @rule(
        number=numbers,
        person=stays,
        hospital=hospitals,
        first=days,
        day=days,
        referred=st.booleans(),
        bill=bills,
        disease=diseases,
    )
    def stay(self, number: int, person: str, hospital: str, first: str, day: str, **more: Any) -> None:
        """An admission and its discharge by one hospital: what the rules above only now and then agree on."""
        referred_from = self.stayed.get(person) if more.pop("referred") else None
        self.stayed[person] = f"B{number}"
        self.say(facts.admit(f"B{number}", person, hospital, min(first, day), referred_from=referred_from))
        self.say(facts.discharge(f"D{number}", f"B{number}", person, hospital, max(first, day), **more))

    @rule(number=numbers, person=persons, hospital=hospitals, day=days, bill=bills)
    def visit(self, number: int, person: str, hospital: str, day: str, bill: dict[str, str]) -> None:
        self.say(facts.visit(f"V{number}", person, hospital, day, "chronic", bill=bill, disease="diabetes"))

    @rule(person=persons, class_=st.sampled_from(["I", "II"]), day=days, issued=st.booleans())
    def card(self, person: str, class_: str, day: str, issued: bool) -> None:
        self.say(facts.card(person, "diabetes", class_, day, issued=issued))

    @rule(
        person=persons,
        category=st.sampled_from(["registered_poor", "destitute", "dibao", "low_income"]),
        change=st.sampled_from(["added", "added", "removed"]),
        day=days,
    )
    def roster(self, person: str, category: str, change: str, day: str) -> None:
        self.say(facts.roster(person, category, change, day))

    @rule(kind=st.sampled_from("CDV"), number=numbers)
    def reverse(self, kind: str, number: int) -> None:
        self.say(facts.reverse(f"{kind}{number}", "bureau/220621"))

    @rule(kind=st.sampled_from("CDV"), number=numbers, hospital=hospitals, bill=bills)
    def correct(self, kind: str, number: int, hospital: str, bill: dict[str, str]) -> None:
        self.say(facts.correct(f"{kind}{number}", hospital_id=hospital, bill=bill))

    @rule(
        kind=st.sampled_from("CDV"),
        number=numbers,
        amount=amounts,
        borne_by=st.sampled_from(["hospital", "person"]),
        finding=st.integers(1, 30),
    )
    def audit(self, kind: str, number: int, amount: str, borne_by: str, finding: int) -> None:
        self.say(facts.audit(f"{kind}{number}", amount, borne_by, f"F{finding}"))

    @rule(kind=st.sampled_from("AB"), number=numbers, hospital=hospitals)
    def cancel(self, kind: str, number: int, hospital: str) -> None:
        self.say(facts.cancel(f"{kind}{number}", hospital))

    @rule(person=persons, year=st.sampled_from(YEARS), region=st.sampled_from(["220621", "140400", "360123"]))
    def enrol(self, person: str, year: int, region: str) -> None:
        self.say(facts.enrol(person, year, region))

    @precondition(lambda self: self.last is not None)
    @rule()
    def send_again(self) -> None:
        assert self.last is not None
        entries = len(self.ledger.journals["intake"].rows)
        self.ledger.take(self.last)
        assert len(self.ledger.journals["intake"].rows) == entries

    @rule(runs=st.integers(1, 30))
    def work(self, runs: int) -> None:
        self.ledger.work(runs)

    @rule()
    def come_to_rest(self) -> None:
        self.ledger.work(1_000_000)
        assert self.ledger.differences() == []

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.come_to_rest()


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=120, stateful_step_count=40, suppress_health_check=list(HealthCheck))
