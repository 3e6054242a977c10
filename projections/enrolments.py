"""Who is enrolled where in which year; a second enrollment for a year replaces the first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Column, Date, SmallInteger, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.tables import metadata
from projections.rows import load

enrolments = Table(
    "enrolments",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("self_paid", BigInteger, comment="fen that the person paid himself"),
    schema="projections",
)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person's enrollment for a year; ``self_paid`` in fen."""

    person_id: str
    year: int
    region: str
    effective_on: date
    self_paid: int | None


async def load_enrolments(connection: AsyncConnection, persons: Iterable[str]) -> dict[tuple[str, int], Enrolment]:
    """Enrolments by person and year."""
    rows = await load(connection, enrolments, enrolments.c.person_id, persons)
    return {(row["person_id"], row["year"]): Enrolment(**row) for row in rows}
