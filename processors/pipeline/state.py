"""What the ledger knows that a batch of facts may need: loaded at once, changed in memory, written back at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from msgspec.structs import asdict, replace
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from events import facts
from events.catalog import Fact, read
from events.store.rows import Row
from events.store.writes import Writes
from policies.claim import Audit, Bill, Claim
from projections.admissions import Admission, admissions, load_admissions
from projections.advances import Advance, advances, known_advances
from projections.audits import audits, known_findings, load_audits
from projections.cards import CardChange, cards, load_cards
from projections.claims import claim_of, claim_row, claims, load_claim_rows, load_person_claims
from projections.deaths import deaths, load_deaths
from projections.enrolments import Enrolment, enrolments, load_enrolments
from projections.fines import fines, known_fines
from projections.hospitals import Hospital, hospitals, load_hospitals
from projections.persons import Person, load_persons, persons
from projections.premiums import Premium, PremiumKey, load_premiums, premiums
from projections.rosters import RosterChange, categories_on, load_rosters, rosters
from projections.suspensions import Suspension, load_suspensions, suspensions, turns
from projections.waiting import Waiting, load_waiting, waiting


@dataclass(slots=True)
class LedgerState:
    """Knowledge by key; ``new`` and ``changed`` hold the rows to write back, by table and key."""

    hospitals: dict[str, Hospital] = field(default_factory=dict)
    enrolments: dict[tuple[str, int], Enrolment] = field(default_factory=dict)
    rosters: dict[str, list[RosterChange]] = field(default_factory=dict)
    cards: dict[str, list[CardChange]] = field(default_factory=dict)
    admissions: dict[str, Admission] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    by_person: dict[str, dict[int, Claim]] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    years: dict[str, set[int]] = field(default_factory=dict)
    premiums: dict[str, dict[PremiumKey, Premium]] = field(default_factory=dict)
    suspensions: dict[str, list[Suspension]] = field(default_factory=dict)
    deaths: dict[str, date] = field(default_factory=dict)
    fines: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    waiting: list[Waiting] = field(default_factory=list)
    advances: set[tuple[str, str]] = field(default_factory=set)
    new: dict[Table, dict[Any, Row]] = field(default_factory=dict)
    changed: dict[Table, dict[Any, Row]] = field(default_factory=dict)
    counted: dict[str, bool] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)

    def register_hospital(self, hospital: Hospital) -> None:
        """A hospital as last registered; its suspensions stand."""
        known = self.hospitals.get(hospital.hospital_id)
        self._put_hospital(replace(hospital, suspended=known.suspended) if known else hospital)

    def enrol(self, enrolment: Enrolment) -> None:
        """A person's enrollment for a year, in place of an earlier one."""
        self.enrolments[enrolment.person_id, enrolment.year] = enrolment
        self.years.setdefault(enrolment.person_id, set()).add(enrolment.year)
        self._change(enrolments, (enrolment.person_id, enrolment.year), asdict(enrolment))

    def put_premium(self, premium: Premium) -> None:
        """What a payer pays of a person's premium, new or changed."""
        known = self.premiums.setdefault(premium.person_id, {})
        note = self._change if premium.key in known else self._add
        known[premium.key] = premium
        note(premiums, (premium.person_id, *premium.key), asdict(premium))

    def suspend(self, change: Suspension) -> None:
        """A hospital is suspended or reinstated."""
        changes = self.suspensions.setdefault(change.hospital_id, [])
        changes.append(change)
        self._add(suspensions, change.number, asdict(change))
        self._put_hospital(replace(self.hospitals[change.hospital_id], suspended=turns(changes)))

    def add_fine(self, number: int, source: str, fine: facts.FineImposed) -> None:
        """A fine on a hospital."""
        self.fines.add(fine.fine_id)
        row = {name: getattr(fine, name) for name in ("fine_id", "hospital_id", "amount", "imposed_on")}
        row |= {"number": number, "reason": fine.reason, "clause": fine.clause, "source": source}
        self._add(fines, fine.fine_id, row)

    def add_advance(self, advance: Advance) -> None:
        """Money that a bureau lent a person."""
        self.advances.add((advance.region, advance.advance_id))
        self._add(advances, (advance.region, advance.advance_id), advance._asdict())

    def report_death(self, number: int, source: str, death: facts.PersonDied) -> None:
        """A person's death, as last reported; it ends his enrollments."""
        self.deaths[death.person_id] = death.died_on
        row = {"person_id": death.person_id, "died_on": death.died_on, "number": number, "source": source}
        self._change(deaths, death.person_id, row)
        for year in sorted(self.years.get(death.person_id, ())):
            self.enrol(replace(self.enrolments[death.person_id, year], died_on=death.died_on))

    def change_roster(self, change: RosterChange) -> None:
        """A roster change; the categories of the person's claims follow."""
        changes = self.rosters.setdefault(change.person_id, [])
        changes.append(change)
        self._add(rosters, change.number, asdict(change))
        for number, claim in self.by_person.get(change.person_id, {}).items():
            self._keep(replace(claim, categories=categories_on(changes, claim.date)), number)

    def change_card(self, change: CardChange) -> None:
        """A chronic card issued or revoked."""
        self.cards.setdefault(change.person_id, []).append(change)
        self._add(cards, change.number, asdict(change))

    def put_admission(self, admission: Admission) -> None:
        """An admission, new or changed."""
        note = self._change if admission.admission_id in self.admissions else self._add
        self.admissions[admission.admission_id] = admission
        note(admissions, admission.admission_id, asdict(admission))

    def put_claim(self, claim: Claim) -> None:
        """A claim, new or changed."""
        note = self._change if claim.claim_id in self.claims else self._add
        self._keep(claim, claim.number)
        note(claims, claim.claim_id, claim_row(claim))

    def add_audit(self, finding_id: str, number: int, claim: Claim, audit: Audit) -> Claim:
        """An audit finding on a claim; returns the claim with it."""
        self.findings.add(finding_id)
        row = {"finding_id": finding_id, "number": number, "claim_id": claim.claim_id} | asdict(audit)
        self._add(audits, finding_id, row)
        audited = replace(claim, audits=(*claim.audits, audit))
        self._keep(audited, audited.number)
        return audited

    def person(self, person_id: str) -> Person:
        """A person's head, to count up."""
        person = self.persons.get(person_id)
        self.counted.setdefault(person_id, person is None)
        if person is None:
            person = self.persons[person_id] = Person(person_id)
        return person

    def wait(self, entry: Waiting) -> None:
        """A discharge waits for its admission."""
        self.waiting.append(entry)
        self._add(waiting, entry.number, asdict(entry))

    def stop_waiting(self, entry: Waiting) -> None:
        """A discharge waits no longer."""
        self.waiting.remove(entry)
        self.new.get(waiting, {}).pop(entry.number, None)
        self.gone.append(entry.number)

    def save(self, writes: Writes) -> None:
        """Write every row that is new or changed."""
        for person_id, is_new in self.counted.items():
            note = self._add if is_new else self._change
            note(persons, person_id, asdict(self.persons[person_id]))
        for table, rows in self.new.items():
            writes.insert(table, rows.values())
        for table, rows in self.changed.items():
            writes.upsert(table, rows.values())
        writes.remove(waiting, ((number,) for number in self.gone))

    def _put_hospital(self, hospital: Hospital) -> None:
        self.hospitals[hospital.hospital_id] = hospital
        self._change(hospitals, hospital.hospital_id, asdict(hospital))

    def _keep(self, claim: Claim, number: int) -> None:
        self.claims[claim.claim_id] = claim
        self.by_person.setdefault(claim.person_id, {})[number] = claim

    def _add(self, table: Table, key: Any, row: Row) -> None:
        self.new.setdefault(table, {})[key] = row

    def _change(self, table: Table, key: Any, row: Row) -> None:
        added = self.new.get(table)
        if added is not None and key in added:
            added[key] = row
        else:
            self.changed.setdefault(table, {})[key] = row


@dataclass(slots=True)
class _Keys:
    hospitals: set[str] = field(default_factory=set)
    admissions: set[str] = field(default_factory=set)
    arriving: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    fines: set[str] = field(default_factory=set)
    advances: set[str] = field(default_factory=set)
    suspended: set[str] = field(default_factory=set)
    insured: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    histories: set[str] = field(default_factory=set)

    def want(self, fact: Fact) -> None:
        match fact.data:
            # the most frequent first: each pydantic class that is asked in vain costs a microsecond
            case facts.DischargeRecorded() as discharged:
                self.admissions.add(discharged.admission_id)
                self.claims.add(discharged.claim_id)
                self.persons.add(discharged.person_id)
            case facts.OutpatientRecorded() as served:
                self.hospitals.update(filter(None, (served.hospital_id, served.prescribed_by)))
                self.claims.add(served.claim_id)
                self.persons.add(served.person_id)
            case facts.AdmissionRecorded() as admitted:
                self.hospitals.add(admitted.hospital_id)
                self.admissions.add(admitted.admission_id)
                self.arriving.add(admitted.admission_id)
                if admitted.referred_from is not None:
                    self.admissions.add(admitted.referred_from)
                    self.histories.add(admitted.person_id)
            case facts.AdvanceIssued(advance_id=advance_id):
                self.advances.add(advance_id)
            case facts.HospitalRegistered(hospital_id=hospital_id):
                self.hospitals.add(hospital_id)
            case facts.HospitalSuspended(hospital_id=hospital_id) | facts.HospitalReinstated(hospital_id=hospital_id):
                self.hospitals.add(hospital_id)
                self.suspended.add(hospital_id)
            case facts.FineImposed(hospital_id=hospital_id, fine_id=fine_id):
                self.hospitals.add(hospital_id)
                self.fines.add(fine_id)
            case facts.EnrollmentRecorded(person_id=person_id) | facts.PersonDied(person_id=person_id):
                self.persons.add(person_id)
                self.insured.add(person_id)
            case facts.ChronicCardIssued() | facts.ChronicCardRevoked():
                self.persons.add(fact.data.person_id)
            case facts.RosterChanged(person_id=person_id):
                self.persons.add(person_id)
                self.insured.add(person_id)
                self.histories.add(person_id)
            case facts.AdmissionCancelled(admission_id=admission_id):
                self.admissions.add(admission_id)
            case facts.ClaimReversed(claim_id=claim_id) | facts.ClaimCorrected(claim_id=claim_id):
                self.touched.add(claim_id)
            case facts.AuditFound(claim_id=claim_id, finding_id=finding_id):
                self.touched.add(claim_id)
                self.findings.add(finding_id)
            case facts.ResettlementOrdered(persons=ordered):
                self.histories.update(ordered)
            case other:
                raise AssertionError(f"{type(other).__name__} is no fact")


async def load_state(connection: AsyncConnection, batch: Iterable[Fact]) -> LedgerState:
    """Load what the facts of a batch may need, and what waits for them."""
    keys = _Keys()
    for fact in batch:
        keys.want(fact)
    state = LedgerState(waiting=await load_waiting(connection, keys.arriving, keys.touched))
    for entry in state.waiting:
        keys.want(read(entry.raw, entry.source))
    known = await load_claim_rows(connection, keys.claims | keys.touched)
    keys.admissions.update(row["admission_id"] for row in known.values() if row["admission_id"] is not None)
    state.admissions = await load_admissions(connection, keys.admissions)
    state.findings = await known_findings(connection, keys.findings)
    for admission in state.admissions.values():
        keys.hospitals.add(admission.hospital_id)
        if admission.referral:
            keys.histories.add(admission.person_id)
    keys.histories.update(row["person_id"] for claim_id, row in known.items() if claim_id in keys.touched)
    keys.persons |= keys.histories
    state.hospitals = await load_hospitals(connection, keys.hospitals)
    state.persons = await load_persons(connection, keys.persons)
    state.enrolments = await load_enrolments(connection, keys.persons)
    state.rosters = await load_rosters(connection, keys.persons)
    state.cards = await load_cards(connection, keys.persons)
    for person_id, year in state.enrolments:
        state.years.setdefault(person_id, set()).add(year)
    state.premiums = await load_premiums(connection, keys.insured)
    state.deaths = await load_deaths(connection, keys.insured)
    state.suspensions = await load_suspensions(connection, keys.suspended)
    state.fines = await known_fines(connection, keys.fines)
    state.advances = await known_advances(connection, keys.advances)
    await _load_claims(connection, state, known, keys.histories)
    return state


async def load_histories(connection: AsyncConnection, person_ids: set[str]) -> LedgerState:
    """Load all claims of some persons, with what their live facts need."""
    state = LedgerState(persons=await load_persons(connection, person_ids))
    state.rosters = await load_rosters(connection, person_ids)
    await _load_claims(connection, state, {}, person_ids)
    return state


async def _load_claims(
    connection: AsyncConnection, state: LedgerState, known: Mapping[str, Mapping[str, Any]], histories: set[str]
) -> None:
    rows = dict(known)
    for history in (await load_person_claims(connection, histories & state.persons.keys())).values():
        rows |= {row["claim_id"]: row for row in history}
    found = await load_audits(connection, rows)
    for claim_id, row in rows.items():
        claim = claim_of(row, state.rosters.get(row["person_id"], ()), found.get(claim_id, ()))
        state._keep(claim, claim.number)


def with_bill(claim: Claim, bill: facts.Bill) -> Claim:
    """A claim with another bill."""
    return replace(claim, bill=bill_of(bill))


def bill_of(bill: facts.Bill) -> Bill:
    """A fact's bill as the rules read it."""
    return Bill(bill.total, bill.in_scope, bill.upfront_copay, bill.over_limit, bill.self_funded)
