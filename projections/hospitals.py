"""Hospitals, village clinics and pharmacies as last registered."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from sqlalchemy import ARRAY, Column, Date, SmallInteger, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import INSTITUTION_KINDS, TIERS
from events.store.metadata import metadata, one_of
from events.store.rows import load_as

hospitals = Table(
    "hospitals",
    metadata,
    Column("hospital_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("tier", SmallInteger, nullable=False),
    Column("region", Text, nullable=False),
    Column("designated_from", Date, nullable=False),
    Column("designated_until", Date, comment="exclusive"),
    Column("suspended", ARRAY(Date), nullable=False, comment="days of suspension and reinstatement in turn"),
    Column("kind", Text, nullable=False, comment="hospital, village_clinic or pharmacy"),
    one_of("tier", TIERS),
    one_of("kind", INSTITUTION_KINDS),
    schema="projections",
)


class Hospital(Struct, frozen=True):
    """A hospital; designated from a day until another (exclusive)."""

    hospital_id: str
    name: str
    tier: int
    region: str
    designated_from: date
    designated_until: date | None
    suspended: list[date] = []
    kind: str = "hospital"

    def designated_on(self, day: date) -> bool:
        """Whether claims of that day are taken."""
        return self.designated_from <= day and (self.designated_until is None or day < self.designated_until)

    def suspended_on(self, day: date) -> bool:
        """Whether its service agreement is suspended that day."""
        return bisect_right(self.suspended, day) % 2 == 1


async def load_hospitals(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Hospital]:
    """Hospitals by id."""
    found = await load_as(connection, Hospital, hospitals, hospitals.c.hospital_id, ids)
    return {hospital.hospital_id: hospital for hospital in found}
