"""The journal ``clearing.0``: each step of clearing is one event in it."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import entries
from processors.delivery.names import CLEARING_CONSUMER, CLEARING_JOURNAL
from processors.offices.journal import OfficeJournal, office_journal
from processors.offices.refusal import StepRefused
from projections.clearing_register import ClearingRegister
from projections.clearing_table import UnreadableRow

ClearingJournal = OfficeJournal[ClearingRegister]


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
    """Raise ``StepRefused`` where a row of the tables can't be read: no step is taken on a guess."""
    try:
        yield
    except UnreadableRow as error:
        raise StepRefused(str(error)) from error


@asynccontextmanager
async def open_journal(engine: AsyncEngine) -> AsyncIterator[ClearingJournal]:
    """The journal for one step: written when the block ends, and rolled back when it raises.

    Raises ``StepRefused`` where the step needs a row that can't be read.
    """
    async with office_journal(engine, CLEARING_CONSUMER, _no_rows) as opened:
        with refusing_unreadable_rows():
            yield opened


async def _no_rows(_connection: AsyncConnection) -> ClearingRegister:
    return ClearingRegister()


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
