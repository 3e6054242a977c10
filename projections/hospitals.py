"""Hospitals as last registered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Column, Date, SmallInteger, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.tables import metadata
from projections.rows import load

hospitals = Table(
    "hospitals",
    metadata,
    Column("hospital_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("tier", SmallInteger, nullable=False),
    Column("region", Text, nullable=False),
    Column("designated_from", Date, nullable=False),
    Column("designated_until", Date, comment="exclusive"),
    schema="projections",
)


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital; designated from a day until another (exclusive)."""

    hospital_id: str
    name: str
    tier: int
    region: str
    designated_from: date
    designated_until: date | None

    def designated_on(self, day: date) -> bool:
        """Whether claims of that day are taken."""
        return self.designated_from <= day and (self.designated_until is None or day < self.designated_until)


async def load_hospitals(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Hospital]:
    """Hospitals by id."""
    rows = await load(connection, hospitals, hospitals.c.hospital_id, ids)
    return {row["hospital_id"]: Hospital(**row) for row in rows}
