"""How long the gateway keeps answers and files: what is older is removed by somebody, and who it was is recorded.

Transactions themselves stay, so that no msgid does anything twice; so do visits, fee lines and settlements, which
prove what was billed.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, Table, Text, delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.metadata import metadata
from processors.visits.statement_files import DOWNLOADABLE_FOR, statement_files
from processors.visits.transactions import transactions

FEWEST_DAYS = DOWNLOADABLE_FOR.days
"""Files were promised for so long, and a hospital's program may repeat a call for days."""

prunings = Table(
    "prunings",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("before", DateTime(timezone=True), nullable=False, comment="what had ended before then was removed"),
    Column("answers", Integer, nullable=False, comment="how many sealed answers"),
    Column("files", Integer, nullable=False, comment="how many files of reconciliation"),
    Column("actor", Text, nullable=False),
    Column("login", Text, nullable=False, server_default=text("session_user"), comment="of the database"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    schema="gateway",
    comment="removals of old answers and files",
)


class Pruned(Struct, frozen=True):
    """What was removed: of before which moment, how many answers and files."""

    before: datetime
    answers: int
    files: int


async def prune(engine: AsyncEngine, days: int, actor: str) -> Pruned:
    """Remove answers and files that are older than some days, beside whatever is at work; who did it is recorded."""
    async with engine.begin() as connection:
        moment = await connection.execute(
            text("SELECT clock_timestamp() - make_interval(days => :days)"), {"days": days}
        )
        before: datetime = moment.scalar_one()
        answers = await connection.execute(
            update(transactions)
            .where(transactions.c.reply.is_not(None), transactions.c.ended_at < before)
            .values(reply=None, key_id=None)
        )
        files = await connection.execute(delete(statement_files).where(statement_files.c.at < before))
        pruned = Pruned(before, answers.rowcount, files.rowcount)
        noted = {"before": before, "answers": pruned.answers, "files": pruned.files, "actor": actor}
        await connection.execute(insert(prunings).values(noted))
    return pruned
