"""The journal ``registers.0``: each note of an office is one event in it, under the login of who writes it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from msgspec import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.journal import Journal, database_time, entries, write
from processors.clearing.operators import Operator, login_of
from processors.delivery.names import REGISTERS_CONSUMER, REGISTERS_JOURNAL
from processors.delivery.position import lock_position, write_position
from projections.office_notes import OfficeNotes, clear_notes


@dataclass(frozen=True, slots=True)
class RegisterJournal:
    """The journal in one transaction: what is recorded here is in the ledger and in its table, or in neither.

    ``notes`` holds the rows that a step has loaded: a county enters ten thousand a year, so no step reads them all.
    """

    connection: AsyncConnection
    journal: Journal
    notes: OfficeNotes
    login: str
    is_owner: bool

    @property
    def today(self) -> date:
        """The county's day on which the step is taken."""
        return self.journal.recorded_at.astimezone(COUNTY_TIME).date()

    @property
    def next_number(self) -> int:
        """The number of the entry that comes next."""
        return self.journal.number + 1

    def record(self, type_: str, data: Mapping[str, Any]) -> None:
        """Append an event, with the login under which it is written, and apply it to the notes."""
        signed = {**data, "login": self.login} | ({"owner": True} if self.is_owner else {})
        number = self.journal.append(type_, signed)
        self.notes.apply(type_, number, self.journal.recorded_at, signed)

    def operator(self, actor: str) -> Operator:
        """Who takes this step."""
        return Operator(actor, None if self.is_owner else self.login)


class InvalidRegisterEvent(ValueError):
    """An event of the journal names what none before it has entered, or does not say what it must."""


async def notes_from_journal(connection: AsyncConnection) -> OfficeNotes:
    """The notes that the journal's events make. Raises ``InvalidRegisterEvent``."""
    notes = OfficeNotes()
    rows = await connection.stream(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == REGISTERS_JOURNAL)
        .order_by(entries.c.number)
    )
    async for row in rows:
        try:
            notes.apply(row.type, row.number, row.recorded_at, orjson.loads(row.data))
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise InvalidRegisterEvent(f"entry {row.number}: {error}") from error
    return notes


@asynccontextmanager
async def open_journal(engine: AsyncEngine) -> AsyncIterator[RegisterJournal]:
    """The journal for one step: written when the block ends, and rolled back when it raises."""
    async with engine.begin() as connection:
        position = await lock_position(connection, REGISTERS_CONSUMER, 0)
        position.journal.start(await database_time(connection))
        login, is_owner = await login_of(connection)
        opened = RegisterJournal(connection, position.journal, OfficeNotes(), login, is_owner)
        yield opened
        await write(connection, position.journal)
        await opened.notes.save(connection)
        await write_position(connection, position, position.stream_seq, position.outgoing)


async def rebuild(engine: AsyncEngine) -> int:
    """Make the tables what the journal says; returns how many rows differed. Raises ``InvalidRegisterEvent``."""
    async with open_journal(engine) as journal:
        expected, found = await notes_from_journal(journal.connection), OfficeNotes()
        await found.load_all(journal.connection)
        differing = expected.differing(found)
        if differing:
            await clear_notes(journal.connection)
            await expected.save(journal.connection)
    return len(differing)
