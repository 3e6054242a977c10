"""Which entries a clearing takes: a range of numbers of each journal that books payouts or refunds of premiums."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.delivery.names import journal_name
from processors.delivery.position import positions
from processors.law.terms import claim_consumers
from projections.clearing_rows import Clearing, Ranges
from projections.clearing_table import ClearingTable
from projections.clearings import clearings

_HEADS = text("""
SELECT name.journal, coalesce((
    SELECT entry.number FROM ledger.entries AS entry
    WHERE entry.journal = name.journal AND entry.recorded_at < :end
    ORDER BY entry.number DESC LIMIT 1
  ), 0) AS number
FROM unnest(CAST(:journals AS text[])) AS name (journal)
""")


async def next_ranges(connection: AsyncConnection, region: str, end: datetime) -> Ranges:
    """What was booked before a moment, a month's end or a later day's, and no earlier clearing of the region has taken.

    A journal's times rise with its numbers, so the moment is a number. An entry that a slow transaction
    commits after this was read has a higher number, whatever its time, and goes to the next clearing.
    """
    begun = await _cleared_up_to(connection, region)
    heads = await _last_before(connection, await cleared_journals(connection), end)
    return {journal: (begun.get(journal, 0), max(begun.get(journal, 0), head)) for journal, head in heads.items()}


async def cleared_journals(connection: AsyncConnection) -> list[str]:
    """The journals of which clearings take ranges."""
    lanes = await connection.execute(
        select(positions.c.consumer, positions.c.partition)
        .where(positions.c.consumer.in_(await claim_consumers(connection)))
        .order_by(positions.c.consumer, positions.c.partition)
    )
    return [journal_name(consumer, partition) for consumer, partition in lanes]


async def _cleared_up_to(connection: AsyncConnection, region: str) -> Mapping[str, int]:
    """The last number that the region's last clearing has taken, by journal."""
    standing = ClearingTable(clearings, Clearing)
    await standing.load(connection, clearings.c.region == region, clearings.c.status != "withdrawn")
    last = max(standing, key=lambda each: each.number, default=None)
    return {} if last is None else {journal: to for journal, (_, to) in last.ranges.items()}


async def _last_before(connection: AsyncConnection, journals: list[str], end: datetime) -> dict[str, int]:
    # One statement sees one moment: where a run's settlement is in its journal's range, so are its layers' bookings.
    rows = await connection.execute(_HEADS, {"journals": journals, "end": end})
    return {row.journal: row.number for row in rows}
