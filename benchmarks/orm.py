"""Peer (a): what a team would write instead. One SQLAlchemy ORM transaction per claim, 16 in flight, no broker.

The same engine, the same acceptance, the same ledger entries (each lane's in a hash chain of its own) and projection
rows, in mapped classes over the same tables. A person's events stay in one lane, so no two transactions meet. Generous
to it: hospitals are held in memory, a repeated event is noticed by the unique key alone, no answers are sent.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped

from benchmarks.bench import Bench
from benchmarks.load import CLAIMS, sample
from benchmarks.peers import Booking, accept, by_lane, decide_all, record, shipped
from benchmarks.servers import Meter, copy_database, count
from benchmarks.throughput import prepare
from events import facts
from events.catalog import Fact, read
from events.refusals import Refusal
from events.store import journal
from events.store.journal import Journal
from events.store.metadata import metadata
from policies.claim import Claim, Used
from policies.limits import Tracks
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.kinds.admission import accept_admission
from processors.pipeline.kinds.discharge import WaitsFor
from processors.pipeline.settlement import statement_row
from processors.pipeline.state import LedgerState
from projections import accumulations, admissions, cards, claims, enrolments, hospitals, persons, rosters, statements
from projections.admissions import Admission
from projections.cards import CardChange
from projections.enrolments import Enrolment
from projections.hospitals import Hospital
from projections.persons import Person
from projections.rosters import RosterChange

IN_FLIGHT = 16


class Base(DeclarativeBase):
    """A mapped class takes its columns from the table; to the type checker it names those that are read one by one."""

    metadata = metadata


class EntryRow(Base):
    __table__ = journal.entries


class AdmissionRow(Base):
    __table__ = admissions.admissions

    if TYPE_CHECKING:
        discharged_by: Mapped[str | None]


class HospitalRow(Base):
    __table__ = hospitals.hospitals

    if TYPE_CHECKING:
        hospital_id: Mapped[str]


class EnrolmentRow(Base):
    __table__ = enrolments.enrolments


class RosterRow(Base):
    __table__ = rosters.rosters

    if TYPE_CHECKING:
        person_id: Mapped[str]


class CardRow(Base):
    __table__ = cards.cards

    if TYPE_CHECKING:
        person_id: Mapped[str]


class PersonRow(Base):
    __table__ = persons.persons

    if TYPE_CHECKING:
        person_id: Mapped[str]
        claims: Mapped[int]
        runs: Mapped[int]


class ClaimRow(Base):
    __table__ = claims.claims

    if TYPE_CHECKING:
        person_id: Mapped[str]
        admission_id: Mapped[str | None]


class AccumulationRow(Base):
    __table__ = accumulations.accumulations

    if TYPE_CHECKING:
        person_id: Mapped[str]
        year: Mapped[int]
        scheme: Mapped[str]
        layer: Mapped[str]
        track: Mapped[str]


class StatementRow(Base):
    __table__ = statements.statements


ENTRY_COLUMNS = tuple(column.name for column in journal.entries.columns)
ACCUMULATED = ("base", "deductible", "paid", "extra", "claims")
Written = dict[str, list[dict[str, Any]]]


@dataclass
class Lane:
    """One of those in flight: its journal, and with ``keep`` the rows that it wrote, a batch per claim."""

    sessions: async_sessionmaker[AsyncSession]
    pinned: PinnedSchemes
    hospitals: dict[str, Hospital]
    journal: Journal
    keep: bool = False
    settled: int = 0
    refused: int = 0
    written: list[tuple[int, Written]] = field(default_factory=list)

    async def take(self, place: int, event: dict[str, Any]) -> None:
        """One event, one transaction."""
        raw = orjson.dumps(event)
        try:
            fact = read(raw, str(event["source"]))
        except Refusal:
            self.refused += 1
            return
        head = self.journal.number, self.journal.hash
        self.journal.start(datetime.now(UTC))
        async with self.sessions() as session:
            try:
                if isinstance(fact.data, facts.AdmissionRecorded):
                    await self._admit(session, fact, fact.data, raw, place)
                else:
                    await self._settle(session, fact, raw, place)
            except (Refusal, WaitsFor):
                self._forget(head)
                return
            rows = [dict(zip(ENTRY_COLUMNS, row, strict=True)) for row in self.journal.rows]
            self.journal.rows = []
            session.add_all(EntryRow(**row) for row in rows)
            written = _written(session) if self.keep else {}
            try:
                await session.commit()
            except IntegrityError:  # an event, claim or admission that is there already
                self._forget(head)
                return
        self.settled += fact.type in CLAIMS
        self.written.append((place, written))

    def _forget(self, head: tuple[int, bytes]) -> None:
        self.refused += 1
        self.journal.number, self.journal.hash = head
        self.journal.rows = []

    async def _admit(
        self, session: AsyncSession, fact: Fact, data: facts.AdmissionRecorded, raw: bytes, place: int
    ) -> None:
        state = LedgerState(hospitals=self.hospitals)
        for admission_id in filter(None, (data.admission_id, data.referred_from)):
            await _admission(session, state, admission_id)
        admission = accept_admission(state, fact.source, data)
        record(self.journal, fact, raw, place, person_id=data.person_id)
        session.add(AdmissionRow(**{name: getattr(admission, name) for name in _columns(AdmissionRow)}))

    async def _settle(self, session: AsyncSession, fact: Fact, raw: bytes, place: int) -> None:
        state, admission, person = await self._world(session, fact)
        claim = accept(state, self.pinned, fact, state.persons[person.person_id].runs + 1)
        scheme = self.pinned.by_hash[claim.scheme]
        of_year = select(AccumulationRow).where(
            AccumulationRow.person_id == claim.person_id,
            AccumulationRow.year == claim.year,
            AccumulationRow.scheme == scheme.name,
        )
        held = {(row.layer, row.track): row for row in await session.scalars(of_year)}
        used: dict[str, Tracks] = {}
        for (layer, track), row in held.items():
            used.setdefault(layer, {})[track] = Used(*(getattr(row, name) for name in ACCUMULATED))
        payouts = decide_all(self.pinned.by_hash, claim, used, await self._chain(session, claim))
        statement = statement_row(claim, payouts, scheme)
        Booking(fact, raw, place, claim, scheme.name, payouts, statement).book(self.journal)
        session.add(ClaimRow(**claims.claim_row(claim)))
        session.add(StatementRow(**statement))
        person.claims, person.runs = claim.number, claim.opened
        if admission is not None:
            admission.discharged_by = claim.claim_id
        for payout in payouts:
            accumulated = held.get((payout.layer, payout.track))
            if accumulated is None:
                accumulated = AccumulationRow(
                    person_id=claim.person_id,
                    year=claim.year,
                    scheme=scheme.name,
                    layer=payout.layer,
                    track=payout.track,
                )
                held[payout.layer, payout.track] = accumulated
                session.add(accumulated)
            for name in ACCUMULATED:
                setattr(accumulated, name, getattr(used[payout.layer][payout.track], name))

    async def _world(self, session: AsyncSession, fact: Fact) -> tuple[LedgerState, AdmissionRow | None, PersonRow]:
        """What acceptance reads, row by row."""
        state, data = LedgerState(hospitals=self.hospitals), fact.data
        admission = None
        if isinstance(data, facts.DischargeRecorded):
            admission = await _admission(session, state, data.admission_id)
            year = data.discharged_on.year
        else:
            assert isinstance(data, facts.OutpatientRecorded)
            year = data.served_on.year
        enrolment = await session.get(EnrolmentRow, (data.person_id, year))
        if enrolment is not None:
            state.enrolments[data.person_id, year] = Enrolment(*_values(enrolment))
        person = await session.get(PersonRow, data.person_id)
        if person is None:
            person = PersonRow(person_id=data.person_id, claims=0, runs=0)
            session.add(person)
        state.persons[data.person_id] = Person(person.person_id, person.claims, person.runs)
        changes = await session.scalars(select(RosterRow).where(RosterRow.person_id == data.person_id))
        state.rosters[data.person_id] = [RosterChange(*_values(row)) for row in changes]
        held = await session.scalars(select(CardRow).where(CardRow.person_id == data.person_id))
        state.cards[data.person_id] = [CardChange(*_values(row)) for row in held]
        return state, admission, person

    async def _chain(self, session: AsyncSession, claim: Claim) -> dict[str, list[Claim]]:
        chain: dict[str, list[Claim]] = {}
        if claim.referral:
            own = ClaimRow.person_id == claim.person_id
            earlier = select(ClaimRow).where(own, ClaimRow.admission_id.in_(claim.referral))
            for row in await session.scalars(earlier):
                values = dict(zip(_columns(ClaimRow), _values(row), strict=True))
                # what his roster said that day does not bear on a deductible already applied
                assert row.admission_id is not None  # it was looked for by its admission
                chain.setdefault(row.admission_id, []).append(claims.claim_of(values, (), (), ()))
        return chain


async def orm(bench: Bench) -> list[tuple[int, Written]]:
    """One run over a sample of the county's events; returns the rows it wrote, for the floor."""
    events = sample(bench.load, bench.options.peers)
    async with bench.server_templates.running(await prepare(bench)) as endpoints:
        url = await copy_database(endpoints.database_url, "peer")
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), pool_size=IN_FLIGHT)
        try:
            sessions = async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
            async with sessions() as session:
                known = {row.hospital_id: Hospital(*_values(row)) for row in await session.scalars(select(HospitalRow))}
            pinned, keep = shipped(), "orm" not in bench.samples
            lanes = [Lane(sessions, pinned, known, Journal(f"orm.{number}"), keep) for number in range(IN_FLIGHT)]
            meter = Meter.start()
            await asyncio.gather(
                *(_work(lane, mine) for lane, mine in zip(lanes, by_lane(events, IN_FLIGHT), strict=True))
            )
            meter.stop()
            settled = sum(lane.settled for lane in lanes)
            if settled != await count(engine, "projections.statements"):
                raise RuntimeError("the peer lost claims: this is no measurement")
        finally:
            await engine.dispose()
    bench.note_peer("orm", settled, meter)
    return sorted((row for lane in lanes for row in lane.written), key=lambda row: row[0])


async def _work(lane: Lane, mine: list[tuple[int, dict[str, Any]]]) -> None:
    for place, event in mine:
        await lane.take(place, event)


async def _admission(session: AsyncSession, state: LedgerState, admission_id: str) -> AdmissionRow | None:
    row = await session.get(AdmissionRow, admission_id)
    if row is not None:
        state.admissions[admission_id] = Admission(*_values(row))
    return row


def _columns(mapped: type[Base]) -> list[str]:
    return [column.name for column in mapped.__table__.columns]


def _values(row: Base) -> list[Any]:
    return [getattr(row, name) for name in _columns(type(row))]


def _written(session: AsyncSession) -> Written:
    """The rows that a session is about to write."""
    rows: Written = {}
    changed = [row for row in session.dirty if session.is_modified(row)]
    for row in (*session.new, *changed):
        values = dict(zip(_columns(type(row)), _values(row), strict=True))
        rows.setdefault(row.__table__.fullname, []).append(values)
    return rows
