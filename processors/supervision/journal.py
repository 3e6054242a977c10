"""The journal ``leads.0``: what is found and what offices do of it, one event each, beside the table of leads."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import Journal, database_time, write
from processors.delivery.names import LEADS_CONSUMER, LEADS_JOURNAL
from processors.delivery.position import lock_position, write_position
from processors.delivery.transaction import Position
from processors.offices.journal import read_journal
from processors.offices.operators import Operator, login_of
from projections.leads import LeadRegister

_WAITED_FOR = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE NOT granted AND relation = 'projections.lead_journals'::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""


@dataclass(slots=True)
class LeadJournal:
    """The journal in one transaction: what is recorded here is in the ledger and in the table, or in neither."""

    connection: AsyncConnection
    position: Position
    login: str
    is_owner: bool
    register: LeadRegister = field(default_factory=LeadRegister)

    @property
    def journal(self) -> Journal:
        """Where entries are added."""
        return self.position.journal

    def record(self, type_: str, data: Mapping[str, Any]) -> int:
        """Append an event and apply it to the leads that are loaded; returns its number."""
        number = self.journal.append(type_, data)
        self.register.apply(type_, number, self.journal.recorded_at, data)
        return number

    def operator(self, actor: str) -> Operator:
        """Who takes a step."""
        return Operator(actor, None if self.is_owner else self.login)

    async def save(self) -> None:
        """Write entries and rows."""
        await write(self.connection, self.journal)
        await self.register.save(self.connection)

    async def end(self) -> None:
        """Write what is left, and the position."""
        await self.save()
        await write_position(self.connection, self.position, self.position.stream_seq, self.position.outgoing)


async def hold_leads(connection: AsyncConnection) -> None:
    """Let nobody else look for leads or take a step on one until the transaction ends.

    It comes before anything is read: a snapshot taken while waiting would not see what the other has written.
    """
    await connection.execute(text("LOCK TABLE projections.lead_journals IN SHARE ROW EXCLUSIVE MODE"))


async def is_waited_for(connection: AsyncConnection) -> bool:
    """Whether somebody waits to look for leads or to take a step on one."""
    return bool(await connection.scalar(text(_WAITED_FOR)))


async def open_lead_journal(connection: AsyncConnection) -> LeadJournal:
    """The journal within a transaction of the caller's, who calls ``end`` on it before that ends."""
    await hold_leads(connection)
    position = await lock_position(connection, LEADS_CONSUMER, 0)
    position.journal.start(await database_time(connection))
    login, is_owner = await login_of(connection)
    return LeadJournal(connection, position, login, is_owner)


@asynccontextmanager
async def lead_journal(engine: AsyncEngine) -> AsyncIterator[LeadJournal]:
    """The journal for one step: written when the block ends, and rolled back when it raises."""
    async with engine.begin() as connection:
        journal = await open_lead_journal(connection)
        yield journal
        await journal.end()


async def leads_from_journal(connection: AsyncConnection) -> LeadRegister:
    """The leads that the journal's events make. Raises ``InvalidStep``."""
    return await read_journal(connection, LEADS_JOURNAL, LeadRegister())
