"""The journal ``funds.0``: each step on a fund's money is one event in it, written as clearing's steps are."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.delivery.names import FUNDS_CONSUMER, FUNDS_JOURNAL
from processors.offices.journal import OfficeJournal, office_journal, read_journal
from projections.fund_budgets import BudgetRegister
from projections.fund_movements import FundRegister
from projections.office_register import OfficeRegister, R


class FundRegisters:
    """The movements and budgets of funds."""

    def __init__(self) -> None:
        self.movements = FundRegister()
        self.budgets = BudgetRegister()

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Apply one event of the journal. Raises ``KeyError`` where it names what is not there."""
        register = self.budgets if type_.startswith("fund_budget.") else self.movements
        register.apply(type_, number, at, data)

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the tables."""
        await self.movements.save(connection)
        await self.budgets.save(connection)


FundJournal = OfficeJournal[FundRegisters]


async def registers_from_journal(connection: AsyncConnection) -> FundRegisters:
    """The movements and budgets that the journal's events make. Raises ``InvalidStep``."""
    return await read_journal(connection, FUNDS_JOURNAL, FundRegisters())


def open_journal(engine: AsyncEngine) -> AbstractAsyncContextManager[FundJournal]:
    """The journal for one step.

    Movements and budgets are read from the journal and not from the tables: a county enters some hundred a year.
    """
    return office_journal(engine, FUNDS_CONSUMER, _registers)


async def _registers(connection: AsyncConnection) -> FundRegisters:
    registers = await registers_from_journal(connection)
    registers.movements.forget_changes()
    registers.budgets.forget_changes()
    return registers


async def rebuild(engine: AsyncEngine) -> dict[str, int]:
    """Make the tables what the journal says; returns by table how many rows differed. Raises ``InvalidStep``."""
    mended: dict[str, int] = {}
    async with open_journal(engine) as journal:
        expected = await registers_from_journal(journal.connection)
        mended["fund_movements"] = await _rebuild(journal.connection, expected.movements, FundRegister())
        mended["fund_budgets"] = await _rebuild(journal.connection, expected.budgets, BudgetRegister())
    return mended


async def _rebuild(connection: AsyncConnection, expected: OfficeRegister[R], found: OfficeRegister[R]) -> int:
    await found.load(connection)
    differing = expected.differing(found)
    if differing:
        await connection.execute(delete(expected.table))
        await expected.save(connection)
    return len(differing)
