"""What the ledger knows that a batch of facts may need: loaded at once, changed in memory, written back at once."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from msgspec.structs import asdict, replace
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from events import facts
from events.fact_fields import LAST_DAY
from events.store.rows import Row
from events.store.writes import Writes
from policies.claim import BillParts, Claim
from projections.admissions import Admission, admissions, load_admissions
from projections.aids import load_aids
from projections.audits import load_audits
from projections.cards import CardChange, load_cards
from projections.claims import claim_of, claim_row, claims, load_claim_rows, load_paper_claims, load_person_claims
from projections.enrolments import Enrolment, enrolments, load_enrolments
from projections.hospitals import Hospital, hospitals, load_hospitals
from projections.persons import Person, load_persons, persons
from projections.rosters import RosterChange, load_rosters
from projections.waiting_discharges import Waiting, waiting

T = TypeVar("T")


class Lookup(Generic[T]):
    """What only some kinds of event need: ``load`` reads it for some keys, ``empty`` makes what stands for no rows."""

    def __init__(self, load: Callable[[AsyncConnection, Iterable[str]], Awaitable[T]], empty: Callable[[], T]) -> None:
        self.load = load
        self.empty = empty


_END_OF_NUMBER = re.compile(r"(?<=[A-Za-z0-9])(?=[-_])|(?<=[0-9])(?=[A-Za-z])")


def hospital_numbers(id_: str) -> list[str]:
    """What of an id may be the number of the hospital that made it, longest first.

    A number ends before - or _, or with a digit that no digit follows: H1-7 and H1A7 are of H1, H10-7 is not. One of
    digits alone ends before - or _ only: 550e8400 is of nobody.
    """
    ends = [match.start() for match in _END_OF_NUMBER.finditer(id_)]
    return [id_[:end] for end in reversed(ends) if id_[end] in "-_" or not id_[:end].isdigit()]


@dataclass(slots=True)
class Keys:
    """What the facts of a batch need loaded.

    ``persons`` are those of whom enrollments, rosters and cards are needed, ``histories`` those of whom all claims are.
    ``claims`` are claim ids that may be used already; of the persons of ``touched`` claims all claims are needed.
    ``arriving`` admissions may have discharges that wait for them. ``invoices`` may be claimed already; of the persons
    of ``papers`` all bills on paper are needed, of those of ``stays`` all claims with their admissions.
    """

    hospitals: set[str] = field(default_factory=set)
    admissions: set[str] = field(default_factory=set)
    arriving: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    histories: set[str] = field(default_factory=set)
    invoices: set[str] = field(default_factory=set)
    papers: set[str] = field(default_factory=set)
    stays: set[str] = field(default_factory=set)
    lookups: dict[Lookup[Any], set[str]] = field(default_factory=dict)

    def begin_with_hospital(self, id_: str) -> None:
        """Ask for the hospitals whose numbers an id may begin with."""
        self.hospitals.update(hospital_numbers(id_))

    def look_up(self, lookup: Lookup[Any], key: str) -> None:
        """Ask for one key of a lookup."""
        self.lookups.setdefault(lookup, set()).add(key)


@dataclass(slots=True)
class LedgerState:
    """Knowledge by key; ``new`` and ``changed`` hold the rows to write back, by table and key.

    ``today`` is the county's day, by the time of record; a caller that asks what has happened by now sets it.
    """

    hospitals: dict[str, Hospital] = field(default_factory=dict)
    enrolments: dict[tuple[str, int], Enrolment] = field(default_factory=dict)
    years: dict[str, set[int]] = field(default_factory=dict)
    rosters: dict[str, list[RosterChange]] = field(default_factory=dict)
    cards: dict[str, list[CardChange]] = field(default_factory=dict)
    admissions: dict[str, Admission] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    by_person: dict[str, dict[int, Claim]] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    today: date = LAST_DAY
    looked_up: dict[Lookup[Any], Any] = field(default_factory=dict)
    new: dict[Table, dict[Any, Row]] = field(default_factory=dict)
    changed: dict[Table, dict[Any, Row]] = field(default_factory=dict)
    counted: dict[str, bool] = field(default_factory=dict)
    no_longer_waiting: list[int] = field(default_factory=list)

    def of(self, lookup: Lookup[T]) -> T:
        """What a lookup found, to read and to change."""
        found: T | None = self.looked_up.get(lookup)
        if found is None:
            found = self.looked_up[lookup] = lookup.empty()
        return found

    def insert(self, table: Table, key: Any, row: Row) -> None:
        """Write a new row."""
        self.new.setdefault(table, {})[key] = row

    def upsert(self, table: Table, key: Any, row: Row) -> None:
        """Write a row, in place of the one with this key if there is one."""
        inserted = self.new.get(table)
        if inserted is not None and key in inserted:
            inserted[key] = row
        else:
            self.changed.setdefault(table, {})[key] = row

    def put_hospital(self, hospital: Hospital) -> None:
        """A hospital, new or changed."""
        self.hospitals[hospital.hospital_id] = hospital
        self.upsert(hospitals, hospital.hospital_id, asdict(hospital))

    def put_enrolment(self, enrolment: Enrolment) -> None:
        """A person's enrollment for a year, in place of an earlier one."""
        self.enrolments[enrolment.person_id, enrolment.year] = enrolment
        self.years.setdefault(enrolment.person_id, set()).add(enrolment.year)
        self.upsert(enrolments, (enrolment.person_id, enrolment.year), asdict(enrolment))

    def put_admission(self, admission: Admission) -> None:
        """An admission, new or changed."""
        write = self.upsert if admission.admission_id in self.admissions else self.insert
        self.admissions[admission.admission_id] = admission
        write(admissions, admission.admission_id, asdict(admission))

    def put_claim(self, claim: Claim) -> None:
        """A claim, new or changed."""
        write = self.upsert if claim.claim_id in self.claims else self.insert
        self.keep_claim(claim)
        write(claims, claim.claim_id, claim_row(claim))

    def keep_claim(self, claim: Claim) -> None:
        """A claim whose row stays as it is: only what is derived from other tables has changed."""
        self.claims[claim.claim_id] = claim
        self.by_person.setdefault(claim.person_id, {})[claim.number] = claim

    def person(self, person_id: str) -> Person:
        """The last claim and run number of a person, to count up."""
        person = self.persons.get(person_id)
        self.counted.setdefault(person_id, person is None)
        if person is None:
            person = self.persons[person_id] = Person(person_id)
        return person

    def next_run(self, person_id: str) -> int:
        """The number that a person's next run will have."""
        person = self.persons.get(person_id)
        return person.runs + 1 if person else 1

    def wait(self, entry: Waiting) -> None:
        """A discharge waits for its admission."""
        self.waiting.append(entry)
        self.insert(waiting, entry.number, asdict(entry))

    def stop_waiting(self, entry: Waiting) -> None:
        """A discharge waits no longer."""
        self.waiting.remove(entry)
        self.new.get(waiting, {}).pop(entry.number, None)
        self.no_longer_waiting.append(entry.number)

    def save(self, writes: Writes) -> None:
        """Write every row that is new or changed since the last save."""
        for person_id, is_new in self.counted.items():
            write = self.insert if is_new else self.upsert
            write(persons, person_id, asdict(self.persons[person_id]))
        for table, rows in self.new.items():
            writes.insert(table, rows.values())
        for table, rows in self.changed.items():
            writes.upsert(table, rows.values())
        writes.remove(waiting, ((number,) for number in self.no_longer_waiting))
        self.new, self.changed, self.counted, self.no_longer_waiting = {}, {}, {}, []


async def load_state(connection: AsyncConnection, keys: Keys, waits: Iterable[Waiting]) -> LedgerState:
    """Load what is behind some keys; ``waits`` are the discharges that wait for them."""
    state = LedgerState(waiting=list(waits))
    known = await load_claim_rows(connection, keys.claims | keys.touched)
    known |= await load_paper_claims(connection, keys.invoices, keys.papers)
    for history in (await load_person_claims(connection, keys.stays)).values():
        known |= {row["claim_id"]: row for row in history}
    keys.admissions.update(row["admission_id"] for row in known.values() if row["admission_id"] is not None)
    state.admissions = await load_admissions(connection, keys.admissions)
    for admission in state.admissions.values():
        keys.hospitals.add(admission.hospital_id)
        if admission.referral or admission.interim_by is not None:
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
    for lookup, wanted in keys.lookups.items():
        state.looked_up[lookup] = await lookup.load(connection, wanted)
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
    audits, aids = await load_audits(connection, rows), await load_aids(connection, rows)
    for claim_id, row in rows.items():
        roster = state.rosters.get(row["person_id"], ())
        state.keep_claim(claim_of(row, roster, audits.get(claim_id, ()), aids.get(claim_id, ())))


def with_bill(claim: Claim, bill: facts.Bill) -> Claim:
    """A claim with another bill."""
    return replace(claim, bill=bill_of(bill))


def bill_of(bill: facts.Bill) -> BillParts:
    """A fact's bill as the rules read it."""
    return BillParts(bill.total, bill.in_scope, bill.upfront_copay, bill.over_limit, bill.self_funded)
