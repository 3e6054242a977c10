# ruff: noqa: ARG002 - an aggregate's events hold more than it keeps of them
"""Peer (b): the `eventsourcing` library on PostgreSQL. One aggregate per person, one save per claim, the same events.

Generous to it: no projections, no hash chain, the hospitals in memory, what the person's own stream tells before the
first claim saved before the clock starts. The library takes one exclusive lock a save, so that its notifications are
in order; threads beyond a few win nothing.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event

from benchmarks.bench import Bench
from benchmarks.load import CLAIMS, Line, sample, type_of
from benchmarks.peers import accept, by_lane, decide_all, shipped
from benchmarks.servers import Meter, copy_database
from benchmarks.throughput import prepare
from events import facts
from events.catalog import Fact, read
from events.refusals import Refusal
from policies.claim import Claim, Payout, Used, claim_from_json, claim_json
from policies.engine import standing_by_admission
from policies.limits import Tracks
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.kinds.admission import accept_admission
from processors.pipeline.kinds.discharge import WaitsFor
from processors.pipeline.settlement import statement_row
from processors.pipeline.state import LedgerState
from projections.admissions import Admission
from projections.cards import CardChange
from projections.enrolments import Enrolment
from projections.hospitals import Hospital
from projections.persons import Person as Head
from projections.rosters import RosterChange
from projections.statements import statement_json

THREADS = 4
SEEDED_AT_ONCE = 500
_FIGURES = ("base", "deductible", "paid", "extra", "claims")


class Person(Aggregate):
    """A person's whole insurance life."""

    def __init__(self, person_id: str) -> None:
        self.person_id = person_id
        self.taken: set[tuple[str, str]] = set()
        self.enrolled: dict[int, list[Any]] = {}
        self.roster: list[list[Any]] = []
        self.cards: list[list[Any]] = []
        self.admissions: dict[str, list[Any]] = {}
        self.claims: list[dict[str, Any]] = []
        self.used: dict[tuple[int, str, str], Tracks] = {}

    @staticmethod
    def create_id(person_id: str) -> UUID:
        return uuid5(NAMESPACE_OID, person_id)

    @event("FactRecorded")
    def record(self, type_: str, source: str, event_id: str, raw: str) -> None:
        self.taken.add((source, event_id))

    @event("Enrolled")
    def enrol(self, year: int, region: str, effective_on: str) -> None:
        self.enrolled[year] = [region, effective_on]

    @event("RosterChanged")
    def change_roster(self, category: str, added: bool, effective_on: str) -> None:
        self.roster.append([category, added, effective_on])

    @event("CardChanged")
    def change_card(self, disease: str, disease_class: str, issued: bool, effective_on: str) -> None:
        self.cards.append([disease, disease_class, issued, effective_on])

    @event("Admitted")
    def admit(self, admission_id: str, hospital_id: str, admitted_on: str, filed: bool, referral: list[str]) -> None:
        self.admissions[admission_id] = [hospital_id, admitted_on, filed, referral, None]

    @event("ClaimAccepted")
    def accept(self, claim: dict[str, Any]) -> None:
        self.claims.append(claim)
        if claim["admission_id"] is not None:
            self.admissions[claim["admission_id"]][4] = claim["claim_id"]

    @event("PayoutDecided")
    def pay(self, number: int, year: int, scheme: str, layer: str, track: str, figures: list[int], data: Any) -> None:
        base, deductible, paid, extra = figures
        used = self.used.setdefault((year, scheme, layer), {}).setdefault(track, Used())
        used.merge(Used(base, deductible, paid, extra, 1))

    @event("ClaimSettled")
    def settle(self, number: int, statement: dict[str, Any]) -> None:
        """The statement is for readers; the aggregate needs nothing of it."""


@dataclass
class Ledger:
    """The application with what it knows beside its aggregates."""

    app: Application[UUID]
    pinned: PinnedSchemes
    hospitals: dict[str, Hospital]
    refused: int = 0

    def take(self, sent: dict[str, Any]) -> int:
        """One event, one save; returns how many claims it settled."""
        raw = orjson.dumps(sent)
        try:
            fact = read(raw, str(sent["source"]))
        except Refusal:
            self.refused += 1
            return 0
        person = self._person(str(sent["data"]["person_id"]))
        if (fact.source, fact.id) in person.taken:
            return 0
        try:
            if isinstance(fact.data, facts.AdmissionRecorded):
                self._admit(person, fact, fact.data, raw)
            else:
                self._settle(person, fact, raw)
        except (Refusal, WaitsFor):
            self.refused += 1
            return 0
        self.app.save(person)
        return int(fact.type in CLAIMS)

    def seed(self, lines: Sequence[Line]) -> None:
        """Enrolments, rosters and cards, before the clock starts."""
        persons: dict[str, Person] = {}
        for line in lines:
            if type_of(line) == "hospital.registered.v1":
                continue
            assert isinstance(line, dict)
            try:
                fact = read(orjson.dumps(line), str(line["source"]))
            except Refusal:  # the county has faulty lines too
                continue
            data: Any = fact.data
            person = persons.setdefault(data.person_id, Person(data.person_id))
            match data:
                case facts.EnrollmentRecorded():
                    person.enrol(data.year, data.region, data.effective_on.isoformat())
                case facts.RosterChanged():
                    person.change_roster(data.category, data.change == "added", data.effective_on.isoformat())
                case _:
                    issued = isinstance(data, facts.ChronicCardIssued)
                    person.change_card(data.disease, data.disease_class, issued, data.effective_on.isoformat())
        waiting = list(persons.values())
        for start in range(0, len(waiting), SEEDED_AT_ONCE):
            self.app.save(*waiting[start : start + SEEDED_AT_ONCE])

    def _person(self, person_id: str) -> Person:
        try:
            return self.app.repository.get(Person.create_id(person_id))
        except AggregateNotFoundError:
            return Person(person_id)

    def _admit(self, person: Person, fact: Fact, data: facts.AdmissionRecorded, raw: bytes) -> None:
        admission = accept_admission(self._world(person), fact.source, data)
        person.record(fact.type, fact.source, fact.id, raw.decode())
        on = admission.admitted_on.isoformat()
        person.admit(admission.admission_id, admission.hospital_id, on, admission.filed, list(admission.referral))

    def _settle(self, person: Person, fact: Fact, raw: bytes) -> None:
        claim = accept(self._world(person), self.pinned, fact, len(person.claims) + 1)
        scheme = self.pinned.by_hash[claim.scheme]
        key = claim.year, scheme.name
        used: dict[str, Tracks] = {
            layer: {track: Used(*(getattr(held, name) for name in _FIGURES)) for track, held in tracks.items()}
            for (year, name, layer), tracks in person.used.items()
            if (year, name) == key
        }
        chain = standing_by_admission(map(claim_from_json, person.claims)) if claim.referral else {}
        payouts = decide_all(self.pinned.by_hash, claim, used, chain)
        person.record(fact.type, fact.source, fact.id, raw.decode())
        person.accept(_plain(claim_json(claim)))
        for payout in payouts:
            self._pay(person, claim, scheme.name, payout)
        statement = statement_row(claim, payouts, scheme) | {"revision": 1}
        person.settle(claim.number, statement_json(statement))

    def _pay(self, person: Person, claim: Claim, scheme: str, payout: Payout) -> None:
        figures = [payout.base, payout.deductible, payout.paid, payout.extra]
        data = _plain({"taken": payout.taken, "trace": payout.trace})
        person.pay(claim.number, claim.year, scheme, payout.layer, payout.track, figures, data)

    def _world(self, person: Person) -> LedgerState:
        id_ = person.person_id
        state = LedgerState(hospitals=self.hospitals)
        state.persons[id_] = Head(id_, len(person.claims), len(person.claims))
        for year, (region, since) in person.enrolled.items():
            state.enrolments[id_, year] = Enrolment(id_, year, region, date.fromisoformat(since), None)
        state.rosters[id_] = [
            RosterChange(number, id_, category, added, date.fromisoformat(since))
            for number, (category, added, since) in enumerate(person.roster)
        ]
        state.cards[id_] = [
            CardChange(number, id_, disease, class_, issued, date.fromisoformat(since))
            for number, (disease, class_, issued, since) in enumerate(person.cards)
        ]
        for admission_id, (hospital_id, on, filed, referral, claim_id) in person.admissions.items():
            state.admissions[admission_id] = Admission(
                admission_id, id_, hospital_id, date.fromisoformat(on), filed, referral, False, claim_id
            )
        return state


def _plain(value: Any) -> Any:
    """As the library's JSON takes it without a transcoding of its own for each type."""
    return orjson.loads(orjson.dumps(value))


async def sourcing(bench: Bench) -> None:
    """One run over a sample of the county's events."""
    events = sample(bench.load, bench.options.peers)
    chosen = {sent["data"]["person_id"] for sent in events}
    base = [line for line in bench.load.base if isinstance(line, dict) and line["data"].get("person_id") in chosen]
    async with bench.server_templates.running(await prepare(bench)) as endpoints:
        parts = urlsplit(await copy_database(endpoints.database_url, "sourcing"))
        app: Application[UUID] = Application(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": parts.path[1:],
                "POSTGRES_HOST": str(parts.hostname),
                "POSTGRES_PORT": str(parts.port),
                "POSTGRES_USER": str(parts.username),
                "POSTGRES_PASSWORD": str(parts.password),
                "POSTGRES_POOL_SIZE": str(THREADS),
            }
        )
        try:
            ledger = Ledger(app, shipped(), _hospitals(bench.load.base))
            ledger.seed(base)
            meter = Meter.start()
            with ThreadPoolExecutor(THREADS) as threads:
                settled = sum(
                    threads.map(
                        lambda mine: sum(ledger.take(sent) for _, sent in mine),
                        by_lane(events, THREADS),
                    )
                )
            meter.stop()
        finally:
            app.close()
    bench.note_peer("eventsourcing", settled, meter)


def _hospitals(lines: list[Line]) -> dict[str, Hospital]:
    found: dict[str, Hospital] = {}
    for line in lines:
        if type_of(line) == "hospital.registered.v1" and isinstance(line, dict):
            data = read(orjson.dumps(line), str(line["source"])).data
            assert isinstance(data, facts.HospitalRegistered)
            found[data.hospital_id] = Hospital(
                data.hospital_id, data.name, data.tier, data.region, data.designated_from, data.designated_until
            )
    return found
