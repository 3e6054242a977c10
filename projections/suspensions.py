"""Suspensions of hospitals' service agreements (暂停服务协议) and their ends, in the order they were recorded."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from events.store.rows import load_as

suspensions = Table(
    "suspensions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the fact in journal intake"),
    Column("hospital_id", Text, nullable=False),
    Column("suspended", Boolean, nullable=False, comment="false: reinstated"),
    Column("effective_on", Date, nullable=False, comment="first day suspended, or first day no longer"),
    Column("reason", Text, nullable=False),
    Column("clause", Text),
    Column("source", Text, nullable=False, comment="the bureau"),
    Index("suspensions_hospital", "hospital_id"),
    schema="projections",
)


class Suspension(Struct, frozen=True):
    """A hospital is suspended from a day on, or reinstated on it."""

    number: int
    hospital_id: str
    suspended: bool
    effective_on: date
    reason: str
    clause: str | None
    source: str


def turns(changes: Sequence[Suspension]) -> list[date]:
    """The days on which a hospital's standing turns, in order: suspended, reinstated, suspended again, …

    Of two changes with one date the later recorded wins; one that changes nothing is no turn.
    """
    by_day = {change.effective_on: change.suspended for change in sorted(changes, key=lambda change: change.number)}
    days: list[date] = []
    for day in sorted(by_day):
        if by_day[day] is not bool(len(days) % 2):
            days.append(day)
    return days


async def load_suspensions(connection: AsyncConnection, hospital_ids: Iterable[str]) -> dict[str, list[Suspension]]:
    """Suspensions and their ends by hospital, in recorded order."""
    column = suspensions.c.hospital_id
    found: dict[str, list[Suspension]] = {}
    for change in await load_as(connection, Suspension, suspensions, column, hospital_ids, suspensions.c.number):
        found.setdefault(change.hospital_id, []).append(change)
    return found
