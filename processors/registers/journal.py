"""The journal ``registers.0``: each note of an office is one event in it, under the login of who writes it."""

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.delivery.names import REGISTERS_CONSUMER, REGISTERS_JOURNAL
from processors.offices.journal import OfficeJournal, office_journal, read_journal
from projections.office_notes import OfficeNotes, clear_notes

RegisterJournal = OfficeJournal[OfficeNotes]


async def notes_from_journal(connection: AsyncConnection) -> OfficeNotes:
    """The notes that the journal's events make. Raises ``InvalidStep``."""
    return await read_journal(connection, REGISTERS_JOURNAL, OfficeNotes())


def open_journal(engine: AsyncEngine) -> AbstractAsyncContextManager[RegisterJournal]:
    """The journal for one step, which loads the rows that it needs: a county enters ten thousand a year."""
    return office_journal(engine, REGISTERS_CONSUMER, _no_notes)


async def _no_notes(_connection: AsyncConnection) -> OfficeNotes:
    return OfficeNotes()


async def rebuild(engine: AsyncEngine) -> int:
    """Make the tables what the journal says; returns how many rows differed. Raises ``InvalidStep``."""
    async with open_journal(engine) as journal:
        expected, found = await notes_from_journal(journal.connection), OfficeNotes()
        await found.load_all(journal.connection)
        differing = expected.differing(found)
        if differing:
            await clear_notes(journal.connection)
            await expected.save(journal.connection)
    return len(differing)
