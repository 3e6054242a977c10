"""Which entries a clearing takes: a range of numbers in each journal that books payouts or refunds of premiums."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import LAYERS
from events.ledger import entries
from processors.intake import CONSUMER as INTAKE
from processors.layers import SETTLEMENT
from processors.positions import journal_name, positions
from projections.clearings import clearings

COUNTY_TIME = ZoneInfo("Asia/Shanghai")

Ranges = dict[str, tuple[int, int]]
"""By journal: after the first number, up to the second."""


async def next_ranges(connection: AsyncConnection, region: str, month: date) -> Ranges:
    """What was booked until the end of a month and no earlier clearing of the region has taken.

    A journal's times rise with its numbers, so "until the end of the month" is a number. What a slow transaction
    commits after this was read has a higher one, whatever its time, and is left to the next clearing.
    """
    begun = await _taken(connection, region)
    ranges: Ranges = {}
    for journal in await _journals(connection):
        head = await _last_before(connection, journal, end_of(month))
        start = begun.get(journal, 0)
        ranges[journal] = (start, max(start, head))
    return ranges


def begin_of(month: date) -> datetime:
    """The first moment of a month, in the county's time; ``month`` is its first day."""
    return datetime(month.year, month.month, 1, tzinfo=COUNTY_TIME)


def end_of(month: date) -> datetime:
    """The first moment after a month, in the county's time; ``month`` is its first day."""
    year, after = (month.year + 1, 1) if month.month == 12 else (month.year, month.month + 1)
    return datetime(year, after, 1, tzinfo=COUNTY_TIME)


async def _taken(connection: AsyncConnection, region: str) -> Mapping[str, int]:
    """How far the region's last clearing went, by journal."""
    last = (
        select(clearings.c.ranges)
        .where(clearings.c.region == region, clearings.c.status != "withdrawn")
        .order_by(clearings.c.number.desc())
        .limit(1)
    )
    ranges = (await connection.execute(last)).scalar_one_or_none() or {}
    return {journal: to for journal, (_, to) in ranges.items()}


async def _journals(connection: AsyncConnection) -> list[str]:
    lanes = await connection.execute(
        select(positions.c.consumer, positions.c.partition)
        .where(positions.c.consumer.in_((INTAKE, *LAYERS, SETTLEMENT)))
        .order_by(positions.c.consumer, positions.c.partition)
    )
    return [journal_name(consumer, partition) for consumer, partition in lanes]


async def _last_before(connection: AsyncConnection, journal: str, end: datetime) -> int:
    found = await connection.execute(
        select(entries.c.number)
        .where(entries.c.journal == journal, entries.c.recorded_at < end)
        .order_by(entries.c.number.desc())
        .limit(1)
    )
    return found.scalar_one_or_none() or 0
