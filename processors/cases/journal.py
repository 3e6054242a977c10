"""The journal ``cases.0``: each step of supervision's work is one event in it, written as clearing's steps are."""

from contextlib import AbstractAsyncContextManager
from datetime import date

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.cases.refusal import CaseRefused
from processors.delivery.names import CASES_CONSUMER, CASES_JOURNAL
from processors.offices.journal import OfficeJournal, office_journal, read_journal
from projections.case_register import CaseRegister

CaseJournal = OfficeJournal[CaseRegister]


def require_past(journal: CaseJournal, day: date, what: str) -> None:
    """Refuse a day that is to come. Raises ``CaseRefused``."""
    if day > journal.today:
        raise CaseRefused(f"{what} {day} 尚未到，今天是 {journal.today}。{day} is to come, today is {journal.today}")


async def register_from_journal(connection: AsyncConnection) -> CaseRegister:
    """What the journal's events make. Raises ``InvalidStep``."""
    return await read_journal(connection, CASES_JOURNAL, CaseRegister())


def open_journal(engine: AsyncEngine) -> AbstractAsyncContextManager[CaseJournal]:
    """The journal for one step.

    The register is read from the journal and not from the tables: a county has some hundred cases a year.
    """
    return office_journal(engine, CASES_CONSUMER, _register)


async def _register(connection: AsyncConnection) -> CaseRegister:
    return (await register_from_journal(connection)).unchanged()


async def load_register(engine: AsyncEngine) -> CaseRegister:
    """The register as its tables say, for reading."""
    async with engine.connect() as connection:
        return await CaseRegister().load(connection)


async def rebuild(engine: AsyncEngine) -> dict[str, int]:
    """Make the tables what the journal says; returns how many rows differed, by table. Raises ``InvalidStep``."""
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
