"""Journals of offices: each step is one event beside the rows that it makes, written one step at a time.

One step writes at a time, under the lock of the journal's row of positions. Such a journal has no lane and no stream.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

import orjson
from msgspec import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.journal import Journal, database_time, entries, write
from processors.delivery.position import lock_position, write_position
from processors.offices.operators import Operator, login_of


class StepReader(Protocol):
    """Makes rows of a journal's events."""

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any], /) -> None:
        """Apply one event. Raises ``KeyError`` where it names what is not there."""


class StepRegister(StepReader, Protocol):
    """Writes the rows besides."""

    async def save(self, connection: AsyncConnection, /) -> None:
        """Write what has changed."""


Reader = TypeVar("Reader", bound=StepReader)
Register = TypeVar("Register", bound=StepRegister)


class InvalidStep(ValueError):
    """An event of a journal names what none before it has entered, or does not say what it must."""


@dataclass(frozen=True, slots=True)
class OfficeJournal(Generic[Register]):
    """A journal in one transaction: what is recorded here is in the ledger and in the tables, or in neither.

    ``login`` is the database's, as the server knows it; the actor of a step is only a word that somebody typed.
    ``is_owner`` says that the login owns the database, so that everybody may work under it. ``era`` tells numbers that
    the ledger gives a second time, after a restore, from those that it gave before.
    """

    connection: AsyncConnection
    journal: Journal
    register: Register
    login: str
    is_owner: bool
    era: str

    @property
    def today(self) -> date:
        """The county's day on which the step is taken."""
        return self.journal.recorded_at.astimezone(COUNTY_TIME).date()

    @property
    def next_number(self) -> int:
        """The number of the entry that comes next."""
        return self.journal.number + 1

    def record(self, type_: str, data: Mapping[str, Any]) -> None:
        """Append an event, with the login under which it is written, and apply it to the register."""
        signed = {**data, "login": self.login} | ({"owner": True} if self.is_owner else {})
        number = self.journal.append(type_, signed)
        self.register.apply(type_, number, self.journal.recorded_at, signed)

    def operator(self, actor: str) -> Operator:
        """Who takes this step."""
        return Operator(actor, None if self.is_owner else self.login)


@asynccontextmanager
async def office_journal(
    engine: AsyncEngine, consumer: str, load: Callable[[AsyncConnection], Awaitable[Register]]
) -> AsyncIterator[OfficeJournal[Register]]:
    """A consumer's journal for one step: written when the block ends, and rolled back when it raises.

    ``load`` gives the register that the step begins with; of it ``save`` writes what the step changes.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, consumer, 0)
        position.journal.start(await database_time(connection))
        login, is_owner = await login_of(connection)
        register = await load(connection)
        yield OfficeJournal(connection, position.journal, register, login, is_owner, position.era)
        await write(connection, position.journal)
        await register.save(connection)
        await write_position(connection, position, position.stream_seq, position.outgoing)


async def read_journal(connection: AsyncConnection, journal: str, register: Reader) -> Reader:
    """Apply all events of a journal to a register, and return it. Raises ``InvalidStep``."""
    rows = await connection.stream(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == journal)
        .order_by(entries.c.number)
    )
    async for row in rows:
        try:
            register.apply(row.type, row.number, row.recorded_at, orjson.loads(row.data))
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise InvalidStep(f"entry {row.number}: {error}") from error
    return register
