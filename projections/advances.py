"""Money that a bureau lent persons before treatment, to be repaid from the settlement (上高 二5)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Date, Index, Table, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.tables import metadata

advances = Table(
    "advances",
    metadata,
    Column("region", Text, primary_key=True, comment="of the bureau that lent it"),
    Column("advance_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake"),
    Column("person_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("issued_on", Date, nullable=False),
    Index("advances_person", "person_id"),
    schema="projections",
    comment="an advance_id said again by the same bureau is the same advance: the first counts",
)


class Advance(NamedTuple):
    """One loan; ``amount`` in fen."""

    region: str
    advance_id: str
    number: int
    person_id: str
    amount: int
    issued_on: date


async def record_advances(connection: AsyncConnection, issued: Sequence[Advance]) -> None:
    """Note advances; one whose number its bureau has used before is the one noted then."""
    if issued:
        rows = [advance._asdict() for advance in issued]
        await connection.execute(insert(advances).on_conflict_do_nothing(), rows)


async def load_advances(connection: AsyncConnection) -> list[Advance]:
    """All advances, oldest first."""
    rows = await connection.execute(select(advances).order_by(advances.c.issued_on, advances.c.number))
    return [Advance(*row) for row in rows]
