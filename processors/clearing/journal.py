"""The journal ``clearing.0``: one writer at a time, by the lock on its row of positions; no lane and no stream."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import Journal, entries, write
from processors.clearing.approvers import Who
from processors.delivery.names import CLEARING_CONSUMER as CONSUMER
from processors.delivery.names import CLEARING_JOURNAL as JOURNAL
from processors.delivery.position import lock_position, write_position
from projections.clearings import TABLES, Register

_LOGIN = text(
    "SELECT session_user::text, pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """One transaction of the journal: what is recorded here is in the ledger and in the register, or in neither."""

    connection: AsyncConnection
    journal: Journal
    register: Register
    login: str
    """of the database, as the server knows it: the actor is a word that anybody can type"""
    owns: bool
    """the database: everybody works under this login, or nobody is kept from what it may"""

    def record(self, type_: str, data: Mapping[str, Any]) -> None:
        """Add an event to the journal, with the login it was written under, and to the register."""
        said = {**data, "login": self.login} | ({"owner": True} if self.owns else {})
        number = self.journal.append(type_, said)
        self.register.apply(type_, number, self.journal.recorded_at, said)

    def who(self, actor: str) -> Who:
        """Who takes this step."""
        return Who(actor, None if self.owns else self.login)


class Unfounded(ValueError):
    """An event of the journal speaks of what none before it has brought about."""


Watch = Callable[[Register, str, Mapping[str, Any]], None]
"""Sees the register as it stands before an event of the journal, by type and data."""


async def from_journal(connection: AsyncConnection, watch: Watch | None = None) -> Register:
    """The register made anew from its journal alone. Raises ``Unfounded``."""
    register = Register()
    events = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == JOURNAL)
        .order_by(entries.c.number)
    )
    for event in events:
        said = orjson.loads(event.data)
        try:
            if watch is not None:
                watch(register, event.type, said)
            register.apply(event.type, event.number, event.recorded_at, said)
        except KeyError as error:
            raise Unfounded(f"entry {event.number}: no {error}") from error
    return register


async def from_tables(connection: AsyncConnection) -> Register:
    """The register as the tables hold it."""
    register = Register()
    for table in TABLES:
        await register.load(connection, table)
    return register


@asynccontextmanager
async def desk(engine: AsyncEngine) -> AsyncIterator[Desk]:
    """The journal for one step; written when the block ends, dropped when it raises."""
    async with engine.begin() as connection:
        position = await lock_position(connection, CONSUMER, 0)
        position.journal.start(datetime.now(UTC))
        login, owner = (await connection.execute(_LOGIN)).one()
        opened = Desk(connection, position.journal, Register(), login, login == owner)
        yield opened
        await write(connection, position.journal)
        await opened.register.save(connection)
        await write_position(connection, position, position.stream_seq, position.outgoing)


async def rebuild(engine: AsyncEngine) -> dict[str, int]:
    """Make the tables what the journal says; returns how many rows of each differed. Raises ``Unfounded``."""
    async with desk(engine) as at:
        ours = await from_journal(at.connection)
        wrong = ours.differing(await from_tables(at.connection))
        ours.mark(wrong)
        await ours.save(at.connection)
    return {table.name: sum(1 for found, _ in wrong if found is table) for table in TABLES}
