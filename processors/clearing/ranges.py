"""Which entries a clearing takes: a range of numbers in each journal that books payouts or refunds of premiums."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import LAYERS
from processors.delivery.names import INTAKE_CONSUMER, SETTLEMENT_CONSUMER, journal_name
from processors.delivery.position import positions
from projections.clearings import clearings

COUNTY_TIME = ZoneInfo("Asia/Shanghai")

_HEADS = text("""
SELECT name.journal, coalesce((
    SELECT entry.number FROM ledger.entries AS entry
    WHERE entry.journal = name.journal AND entry.recorded_at < :end
    ORDER BY entry.number DESC LIMIT 1
  ), 0) AS number
FROM unnest(CAST(:journals AS text[])) AS name (journal)
""")

Ranges = dict[str, tuple[int, int]]
"""By journal: after the first number, up to the second."""


async def next_ranges(connection: AsyncConnection, region: str, month: date) -> Ranges:
    """What was booked until the end of a month and no earlier clearing of the region has taken.

    A journal's times rise with its numbers, so "until the end of the month" is a number. What a slow transaction
    commits after this was read has a higher one, whatever its time, and is left to the next clearing.
    """
    begun = await _taken(connection, region)
    heads = await _last_before(connection, await journals(connection), end_of(month))
    return {journal: (begun.get(journal, 0), max(begun.get(journal, 0), head)) for journal, head in heads.items()}


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


async def journals(connection: AsyncConnection) -> list[str]:
    """The journals that clearings take ranges of."""
    lanes = await connection.execute(
        select(positions.c.consumer, positions.c.partition)
        .where(positions.c.consumer.in_((INTAKE_CONSUMER, *LAYERS, SETTLEMENT_CONSUMER)))
        .order_by(positions.c.consumer, positions.c.partition)
    )
    return [journal_name(consumer, partition) for consumer, partition in lanes]


async def _last_before(connection: AsyncConnection, journals: list[str], end: datetime) -> dict[str, int]:
    # one statement, one moment: where a run's settlement is in its journal's range, so are its layers' bookings
    rows = await connection.execute(_HEADS, {"journals": journals, "end": end})
    return {row.journal: row.number for row in rows}
