"""Money that the emergency fund lent persons before treatment, to be repaid from the settlement (上高 二5)."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, get_args

from sqlalchemy import BigInteger, Column, Date, Index, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.facts import Lender
from events.store.metadata import metadata, not_negative, one_of
from events.store.rows import load

advances = Table(
    "advances",
    metadata,
    Column("region", Text, primary_key=True, comment="of the office that stated it"),
    Column("advance_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the fact in journal intake"),
    Column("person_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("issued_on", Date, nullable=False),
    Column("lent_by", Text, nullable=False, comment="who examined and lent it"),
    Column("filed_on", Date, comment="day it was filed with the bureau, where it was"),
    Index("advances_person", "person_id"),
    not_negative("amount"),
    one_of("lent_by", get_args(Lender)),
    schema="projections",
    comment="an advance_id names one loan of its region",
)


class Advance(NamedTuple):
    """One loan; ``amount`` in fen. ``lent_by`` is one of ``events.facts.Lender``."""

    region: str
    advance_id: str
    number: int
    person_id: str
    amount: int
    issued_on: date
    lent_by: str
    filed_on: date | None


async def known_advances(connection: AsyncConnection, advance_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Which region has used which of the advance ids."""
    rows = await load(connection, advances, advances.c.advance_id, advance_ids)
    return {(row["region"], row["advance_id"]) for row in rows}


async def load_advances(connection: AsyncConnection) -> list[Advance]:
    """All advances, oldest first."""
    rows = await connection.execute(select(advances).order_by(advances.c.issued_on, advances.c.number))
    return [Advance(*row) for row in rows]
