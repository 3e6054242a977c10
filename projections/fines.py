"""Fines imposed on hospitals: a register of its own, which no settlement reads and no audit deduction enters."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Date, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata, not_negative
from events.store.rows import load

fines = Table(
    "fines",
    metadata,
    Column("fine_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake"),
    Column("hospital_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("imposed_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("clause", Text),
    Column("source", Text, nullable=False, comment="the bureau"),
    Index("fines_hospital", "hospital_id"),
    not_negative("amount"),
    schema="projections",
)


async def known_fines(connection: AsyncConnection, fine_ids: Iterable[str]) -> set[str]:
    """Which of the fine ids have been recorded."""
    return {row["fine_id"] for row in await load(connection, fines, fines.c.fine_id, fine_ids)}
