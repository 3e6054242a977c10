"""The journal ``clearing.0``: each step of clearing is one event in it.

One step writes at a time, under the lock of the journal's row of positions. The journal has no lane and no stream.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import Journal, database_time, entries, write
from processors.clearing.operators import Operator, login_of
from processors.clearing.refusal import ClearingRefused
from processors.delivery.names import CLEARING_CONSUMER, CLEARING_JOURNAL
from processors.delivery.position import lock_position, write_position
from projections.clearing_register import ClearingRegister, UnreadableRow


@dataclass(frozen=True, slots=True)
class ClearingJournal:
    """The journal in one transaction: an event recorded here is in the ledger and in the tables, or in neither.

    ``login`` is the database's, as the server knows it; the actor of a step is only a word that somebody typed.
    ``is_owner`` says that the login owns the database, so that everybody may work under it.
    """

    connection: AsyncConnection
    journal: Journal
    register: ClearingRegister
    login: str
    is_owner: bool

    def record(self, type_: str, data: Mapping[str, Any]) -> None:
        """Append an event, with the login under which it is written, and apply it to the register."""
        signed = {**data, "login": self.login} | ({"owner": True} if self.is_owner else {})
        number = self.journal.append(type_, signed)
        self.register.apply(type_, number, self.journal.recorded_at, signed)

    def operator(self, actor: str) -> Operator:
        """Who takes this step."""
        return Operator(actor, None if self.is_owner else self.login)


class InvalidClearingEvent(ValueError):
    """An event of the journal names something that no event before it has made."""


BeforeEvent = Callable[[ClearingRegister, str, Mapping[str, Any]], None]
"""Gets the register as it stands before an event of the journal, and the event's type and data."""


async def register_from_journal(connection: AsyncConnection, before: BeforeEvent | None = None) -> ClearingRegister:
    """The register that the journal's events make, from the first one on. Raises ``InvalidClearingEvent``."""
    register = ClearingRegister()
    events = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == CLEARING_JOURNAL)
        .order_by(entries.c.number)
    )
    for event in events:
        data = orjson.loads(event.data)
        try:
            if before is not None:
                before(register, event.type, data)
            register.apply(event.type, event.number, event.recorded_at, data)
        except KeyError as error:
            raise InvalidClearingEvent(f"entry {event.number}: no {error}") from error
    return register


async def register_from_tables(connection: AsyncConnection) -> ClearingRegister:
    """The register as the tables hold it."""
    register = ClearingRegister()
    await register.load_all(connection)
    return register


@contextmanager
def refusing_unreadable_rows() -> Iterator[None]:
    """Raise ``ClearingRefused`` where a row of the tables can't be read: no step is taken on a guess."""
    try:
        yield
    except UnreadableRow as error:
        raise ClearingRefused(str(error)) from error


@asynccontextmanager
async def open_journal(engine: AsyncEngine) -> AsyncIterator[ClearingJournal]:
    """The journal for one step: written when the block ends, and rolled back when it raises.

    Raises ``ClearingRefused`` where the step needs a row that can't be read.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, CLEARING_CONSUMER, 0)
        position.journal.start(await database_time(connection))
        login, is_owner = await login_of(connection)
        opened = ClearingJournal(connection, position.journal, ClearingRegister(), login, is_owner)
        with refusing_unreadable_rows():
            yield opened
        await write(connection, position.journal)
        await opened.register.save(connection)
        await write_position(connection, position, position.stream_seq, position.outgoing)


async def rebuild(engine: AsyncEngine) -> dict[str, int]:
    """Make the tables what the journal says; returns by table how many rows differed.

    Raises ``InvalidClearingEvent``.
    """
    differing = {}
    async with open_journal(engine) as journal:
        expected = await register_from_journal(journal.connection)
        found = await register_from_tables(journal.connection)
        for table, other in zip(expected.tables, found.tables, strict=True):
            keys = table.differing(other)
            # What the journal has made is marked as changed all along: only what differs is to be written.
            table.write_only(keys)
            differing[table.table.name] = len(keys)
        await expected.save(journal.connection)
    return differing
