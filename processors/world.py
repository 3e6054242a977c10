"""What the ledger knows that a batch of facts may need: loaded at once, changed in memory, written back at once."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from events import facts
from events.catalog import Fact, read
from policies.claim import Audit, Bill, Claim
from projections.admissions import Admission, admissions, load_admissions
from projections.audits import audits, known_findings, load_audits
from projections.cards import CardChange, cards, load_cards
from projections.claims import claim_of, claim_row, claims, load_claim_rows, load_person_claims
from projections.enrolments import Enrolment, enrolments, load_enrolments
from projections.hospitals import Hospital, hospitals, load_hospitals
from projections.persons import Person, load_persons, persons
from projections.rosters import RosterChange, categories_on, load_rosters, rosters
from projections.rows import remove, upsert
from projections.waiting import Waiting, load_waiting, waiting


@dataclass(slots=True)
class World:
    """Knowledge by key; ``dirty`` holds the rows to write back, by table and key."""

    hospitals: dict[str, Hospital] = field(default_factory=dict)
    enrolments: dict[tuple[str, int], Enrolment] = field(default_factory=dict)
    rosters: dict[str, list[RosterChange]] = field(default_factory=dict)
    cards: dict[str, list[CardChange]] = field(default_factory=dict)
    admissions: dict[str, Admission] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    by_person: dict[str, dict[int, Claim]] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    findings: set[str] = field(default_factory=set)
    waiting: list[Waiting] = field(default_factory=list)
    dirty: dict[str, dict[Any, Mapping[str, Any]]] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)

    def register_hospital(self, hospital: Hospital) -> None:
        """A hospital as last registered."""
        self.hospitals[hospital.hospital_id] = hospital
        self._note("hospitals", hospital.hospital_id, asdict(hospital))

    def enrol(self, enrolment: Enrolment) -> None:
        """A person's enrollment for a year, in place of an earlier one."""
        self.enrolments[enrolment.person_id, enrolment.year] = enrolment
        self._note("enrolments", (enrolment.person_id, enrolment.year), asdict(enrolment))

    def change_roster(self, change: RosterChange) -> None:
        """A roster change; the categories of the person's claims follow."""
        changes = self.rosters.setdefault(change.person_id, [])
        changes.append(change)
        self._note("rosters", change.number, asdict(change))
        for number, claim in self.by_person.get(change.person_id, {}).items():
            self._keep(replace(claim, categories=categories_on(changes, claim.day)), number)

    def change_card(self, change: CardChange) -> None:
        """A chronic card issued or revoked."""
        self.cards.setdefault(change.person_id, []).append(change)
        self._note("cards", change.number, asdict(change))

    def put_admission(self, admission: Admission) -> None:
        """An admission, new or changed."""
        self.admissions[admission.admission_id] = admission
        self._note("admissions", admission.admission_id, asdict(admission))

    def put_claim(self, claim: Claim) -> None:
        """A claim, new or changed."""
        self._keep(claim, claim.number)
        self._note("claims", claim.claim_id, claim_row(claim))

    def add_audit(self, finding_id: str, number: int, claim: Claim, audit: Audit) -> Claim:
        """An audit finding on a claim; returns the claim with it."""
        self.findings.add(finding_id)
        self._note(
            "audits",
            finding_id,
            {"finding_id": finding_id, "number": number, "claim_id": claim.claim_id} | asdict(audit),
        )
        audited = replace(claim, audits=(*claim.audits, audit))
        self._keep(audited, audited.number)
        return audited

    def person(self, person_id: str) -> Person:
        """A person's head, to count up."""
        person = self.persons.setdefault(person_id, Person(person_id))
        self._note("persons", person_id, {})
        return person

    def wait(self, entry: Waiting) -> None:
        """A discharge waits for its admission."""
        self.waiting.append(entry)
        self._note("waiting", entry.number, asdict(entry))

    def stop_waiting(self, entry: Waiting) -> None:
        """A discharge waits no longer."""
        self.waiting.remove(entry)
        self.dirty.get("waiting", {}).pop(entry.number, None)
        self.gone.append(entry.number)

    async def save(self, connection: AsyncConnection) -> None:
        """Write every changed row, one statement a table."""
        self.dirty["persons"] = {key: asdict(self.persons[key]) for key in self.dirty.get("persons", {})}
        tables = (hospitals, enrolments, rosters, cards, admissions, claims, audits, persons, waiting)
        for table in tables:
            await upsert(connection, table, list(self.dirty.get(table.name, {}).values()))
        await remove(connection, waiting, waiting.c.number, self.gone)

    def _keep(self, claim: Claim, number: int) -> None:
        self.claims[claim.claim_id] = claim
        self.by_person.setdefault(claim.person_id, {})[number] = claim

    def _note(self, table: str, key: Any, row: Mapping[str, Any]) -> None:
        self.dirty.setdefault(table, {})[key] = row


@dataclass(slots=True)
class _Keys:
    hospitals: set[str] = field(default_factory=set)
    admissions: set[str] = field(default_factory=set)
    arriving: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    histories: set[str] = field(default_factory=set)

    def want(self, fact: Fact) -> None:
        match fact.data:
            case facts.HospitalRegistered() | facts.AdvanceIssued():
                pass
            case facts.EnrollmentRecorded() | facts.ChronicCardIssued() | facts.ChronicCardRevoked():
                self.persons.add(fact.data.person_id)
            case facts.RosterChanged(person_id=person_id):
                self.persons.add(person_id)
                self.histories.add(person_id)
            case facts.AdmissionRecorded() as admitted:
                self.hospitals.add(admitted.hospital_id)
                self.admissions.add(admitted.admission_id)
                self.arriving.add(admitted.admission_id)
                if admitted.referred_from is not None:
                    self.admissions.add(admitted.referred_from)
                    self.histories.add(admitted.person_id)
            case facts.AdmissionCancelled(admission_id=admission_id):
                self.admissions.add(admission_id)
            case facts.DischargeRecorded() as discharged:
                self.admissions.add(discharged.admission_id)
                self.claims.add(discharged.claim_id)
                self.persons.add(discharged.person_id)
            case facts.OutpatientRecorded() as served:
                self.hospitals.update(filter(None, (served.hospital_id, served.prescribed_by)))
                self.claims.add(served.claim_id)
                self.persons.add(served.person_id)
            case facts.ClaimReversed(claim_id=claim_id) | facts.ClaimCorrected(claim_id=claim_id):
                self.touched.add(claim_id)
            case facts.AuditFound(claim_id=claim_id, finding_id=finding_id):
                self.touched.add(claim_id)
                self.findings.add(finding_id)
            case other:
                raise AssertionError(f"{type(other).__name__} is no fact")


async def load_world(connection: AsyncConnection, batch: Iterable[Fact]) -> World:
    """Load what the facts of a batch may need, and what waits for them."""
    keys = _Keys()
    for fact in batch:
        keys.want(fact)
    world = World(waiting=await load_waiting(connection, keys.arriving, keys.touched))
    for entry in world.waiting:
        keys.want(read(entry.raw, entry.source))
    known = await load_claim_rows(connection, keys.claims | keys.touched)
    keys.admissions.update(row["admission_id"] for row in known.values() if row["admission_id"] is not None)
    world.admissions = await load_admissions(connection, keys.admissions)
    world.findings = await known_findings(connection, keys.findings)
    for admission in world.admissions.values():
        keys.hospitals.add(admission.hospital_id)
        if admission.referral:
            keys.histories.add(admission.person_id)
    keys.histories.update(row["person_id"] for claim_id, row in known.items() if claim_id in keys.touched)
    keys.persons |= keys.histories
    world.hospitals = await load_hospitals(connection, keys.hospitals)
    world.persons = await load_persons(connection, keys.persons)
    world.enrolments = await load_enrolments(connection, keys.persons)
    world.rosters = await load_rosters(connection, keys.persons)
    world.cards = await load_cards(connection, keys.persons)
    await _load_claims(connection, world, known, keys.histories)
    return world


async def load_histories(connection: AsyncConnection, person_ids: set[str]) -> World:
    """Load all claims of some persons, with what their live facts need."""
    world = World(persons=await load_persons(connection, person_ids))
    world.rosters = await load_rosters(connection, person_ids)
    await _load_claims(connection, world, {}, person_ids)
    return world


async def _load_claims(
    connection: AsyncConnection, world: World, known: Mapping[str, Mapping[str, Any]], histories: set[str]
) -> None:
    rows = dict(known)
    for history in (await load_person_claims(connection, histories & world.persons.keys())).values():
        rows |= {row["claim_id"]: row for row in history}
    found = await load_audits(connection, rows)
    for claim_id, row in rows.items():
        claim = claim_of(row, world.rosters.get(row["person_id"], ()), found.get(claim_id, ()))
        world._keep(claim, claim.number)


def with_bill(claim: Claim, bill: facts.Bill) -> Claim:
    """A claim with another bill."""
    return replace(claim, bill=bill_of(bill))


def bill_of(bill: facts.Bill) -> Bill:
    """A fact's bill as the rules read it."""
    return Bill(bill.total, bill.in_scope, bill.upfront_copay, bill.over_limit, bill.self_funded)
