"""The journal ``funds.0``: each step on a fund's money is one event in it, written as clearing's steps are."""

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
from processors.clearing.operators import Operator, login_of
from processors.delivery.names import FUNDS_CONSUMER, FUNDS_JOURNAL
from processors.delivery.position import lock_position, write_position
from projections.fund_budgets import BudgetRegister
from projections.fund_movements import FundRegister
from projections.office_register import OfficeRegister, R


@dataclass(frozen=True, slots=True)
class FundJournal:
    """The journal in one transaction: what is recorded here is in the ledger and in the table, or in neither."""

    connection: AsyncConnection
    journal: Journal
    register: FundRegister
    budgets: BudgetRegister
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
        """Append an event, with the login under which it is written, and apply it to the register."""
        signed = {**data, "login": self.login} | ({"owner": True} if self.is_owner else {})
        number = self.journal.append(type_, signed)
        _register_of(type_, self.register, self.budgets).apply(type_, number, self.journal.recorded_at, signed)

    def operator(self, actor: str) -> Operator:
        """Who takes this step."""
        return Operator(actor, None if self.is_owner else self.login)


class InvalidFundEvent(ValueError):
    """An event of the journal names a movement that none before it has entered, or does not say what it must."""


def _register_of(type_: str, movements: FundRegister, budgets: BudgetRegister) -> FundRegister | BudgetRegister:
    return budgets if type_.startswith("fund_budget.") else movements


async def registers_from_journal(connection: AsyncConnection) -> tuple[FundRegister, BudgetRegister]:
    """The movements and budgets that the journal's events make. Raises ``InvalidFundEvent``."""
    movements, budgets = FundRegister(), BudgetRegister()
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == FUNDS_JOURNAL)
        .order_by(entries.c.number)
    )
    for row in rows:
        register = _register_of(row.type, movements, budgets)
        try:
            register.apply(row.type, row.number, row.recorded_at, orjson.loads(row.data))
        except (KeyError, ValidationError, orjson.JSONDecodeError) as error:
            raise InvalidFundEvent(f"entry {row.number}: {error}") from error
    return movements, budgets


@asynccontextmanager
async def open_journal(engine: AsyncEngine) -> AsyncIterator[FundJournal]:
    """The journal for one step: written when the block ends, and rolled back when it raises.

    Movements and budgets are read from the journal and not from the tables: a county enters some hundred a year.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, FUNDS_CONSUMER, 0)
        position.journal.start(await database_time(connection))
        login, is_owner = await login_of(connection)
        registers = await registers_from_journal(connection)
        for register in registers:
            register.forget_changes()
        yield FundJournal(connection, position.journal, *registers, login, is_owner)
        await write(connection, position.journal)
        for register in registers:
            await register.save(connection)
        await write_position(connection, position, position.stream_seq, position.outgoing)


async def rebuild(engine: AsyncEngine) -> dict[str, int]:
    """Make the tables what the journal says; returns by table how many rows differed. Raises ``InvalidFundEvent``."""
    mended: dict[str, int] = {}
    async with open_journal(engine) as journal:
        movements, budgets = await registers_from_journal(journal.connection)
        mended["fund_movements"] = await _rebuild(journal.connection, movements, FundRegister())
        mended["fund_budgets"] = await _rebuild(journal.connection, budgets, BudgetRegister())
    return mended


async def _rebuild(connection: AsyncConnection, expected: OfficeRegister[R], found: OfficeRegister[R]) -> int:
    await found.load(connection)
    differing = expected.differing(found)
    if differing:
        await connection.execute(delete(expected.table))
        await expected.save(connection)
    return len(differing)
