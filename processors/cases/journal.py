"""The journal ``cases.0``: each step of supervision's work is one event in it, written as clearing's steps are."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from msgspec import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.journal import Journal, database_time, entries, write
from processors.cases.refusal import CaseRefused
from processors.clearing.operators import Operator, login_of
from processors.delivery.names import CASES_CONSUMER, CASES_JOURNAL
from processors.delivery.position import lock_position, write_position
from projections.case_register import CaseRegister


@dataclass(frozen=True, slots=True)
class CaseJournal:
    """The journal in one transaction: what is recorded here is in the ledger and in the tables, or in neither.

    ``era`` tells numbers that the ledger gives a second time, after a restore, from those that it gave before.
    """

    connection: AsyncConnection
    journal: Journal
    register: CaseRegister
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

    def require_past(self, day: date, what: str) -> None:
        """Refuse a day that is to come. Raises ``CaseRefused``."""
        if day > self.today:
            raise CaseRefused(f"{what} {day} 尚未到，今天是 {self.today}。{day} is to come, today is {self.today}")


class InvalidCaseEvent(ValueError):
    """An event of the journal names what none before it has entered, or does not say what it must."""


async def register_from_journal(connection: AsyncConnection) -> CaseRegister:
    """What the journal's events make. Raises ``InvalidCaseEvent``."""
    register = CaseRegister()
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == CASES_JOURNAL)
        .order_by(entries.c.number)
    )
    for row in rows:
        try:
            register.apply(row.type, row.number, row.recorded_at, orjson.loads(row.data))
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise InvalidCaseEvent(f"entry {row.number}: {error!r}") from error
    return register


@asynccontextmanager
async def open_journal(engine: AsyncEngine) -> AsyncIterator[CaseJournal]:
    """The journal for one step: written when the block ends, and rolled back when it raises.

    The register is read from the journal and not from the tables: a county has some hundred cases a year.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, CASES_CONSUMER, 0)
        position.journal.start(await database_time(connection))
        login, is_owner = await login_of(connection)
        register = (await register_from_journal(connection)).unchanged()
        opened = CaseJournal(connection, position.journal, register, login, is_owner, position.era)
        yield opened
        await write(connection, position.journal)
        await opened.register.save(connection)
        await write_position(connection, position, position.stream_seq, position.outgoing)


async def load_register(engine: AsyncEngine) -> CaseRegister:
    """The register as its tables say, for reading."""
    async with engine.connect() as connection:
        return await CaseRegister().load(connection)


async def rebuild(engine: AsyncEngine) -> dict[str, int]:
    """Make the tables what the journal says; returns how many rows differed, by table. Raises ``InvalidCaseEvent``."""
    async with open_journal(engine) as journal:
        expected, found = await register_from_journal(journal.connection), CaseRegister()
        await found.load(journal.connection)
        mended = {}
        for mine, theirs in zip(expected.tables, found.tables, strict=True):
            mended[str(mine.table.name)] = len(mine.differing(theirs))
            if mended[mine.table.name]:
                await journal.connection.execute(delete(mine.table))
                await mine.save(journal.connection)
    return mended
