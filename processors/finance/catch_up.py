"""Moves finance's sums forward to where the ledger stands: exact, since journals only grow and have no gaps.

No consumer writes for finance while a claim is settled. A catch-up takes, of each journal, the entries after the last
one counted; for claims that were settled among them, the statement as it is now is added, and the figures counted
before are subtracted. Counting the same entry again changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import any_, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import Text

from processors.delivery.names import INTAKE_JOURNAL, SETTLEMENT_CONSUMER, journal_name
from processors.delivery.position import positions
from processors.finance.sums import CLAIMS, CONCERNS_ENROLMENT, FUND_BOOKINGS, FUND_FLOWS, ROSTERED
from processors.finance.unreadable import is_of_data, unreadable_entry
from processors.law.terms import claim_consumers
from projections.finance import SUMS, counted_journals, roster_gaps, roster_years

COUNTED_AT_ONCE = 50_000
"""Entries of each journal in one transaction: after a bulk of claims a catch-up stays within bounds of memory."""

Ranges = dict[str, tuple[int, int]]
"""Of each journal with something new: the last entry counted, and up to which is counted now."""


async def catch_up(engine: AsyncEngine, *, at_once: int = COUNTED_AT_ONCE, anew: bool = False) -> datetime:
    """Count what the ledger has booked since the last time; returns as of when the sums hold everything.

    Raises ``UnreadableEntry`` at an entry whose data is damaged: what came before its step stays counted.
    Two at a time wait for each other. ``anew`` forgets the sums first, in the transaction that begins to fill them.
    """
    while True:
        async with engine.connect() as connection:
            # one view of ledger and statements, so that a statement is never ahead of the journal that it stands in
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                # before anything is read: a snapshot taken while waiting for another catch-up would not see its sums
                await connection.execute(text("LOCK TABLE projections.counted_journals IN SHARE ROW EXCLUSIVE MODE"))
                if anew:
                    await _forget(connection)
                    anew = False
                as_of = await _step(connection, at_once)
        if as_of is not None:
            return as_of


async def _step(connection: AsyncConnection, at_once: int) -> datetime | None:
    heads = await _heads(connection)
    counted = {row.journal: row.number for row in await connection.execute(select(counted_journals))}
    ranges = {
        journal: (low, min(head, low + at_once))
        for journal, head in heads.items()
        if (low := counted.get(journal, 0)) < head
    }
    if ranges:
        try:
            async with connection.begin_nested():
                await _count(connection, ranges)
        except DBAPIError as error:
            if is_of_data(error) and (found := await unreadable_entry(connection, ranges)) is not None:
                raise found from error
            raise
    complete = all(high == heads[journal] for journal, (_, high) in ranges.items())
    as_of: datetime | None = (await connection.execute(select(func.now()))).scalar_one() if complete else None
    await _move(connection, heads, ranges, as_of)
    return as_of


async def _heads(connection: AsyncConnection) -> dict[str, int]:
    """The last entry of every journal that the sums count."""
    wanted = positions.c.consumer == any_(
        bindparam("consumers", list(await claim_consumers(connection)), type_=ARRAY(Text))
    )
    rows = await connection.execute(
        select(positions.c.consumer, positions.c.partition, positions.c.journal_number).where(wanted)
    )
    return {journal_name(row.consumer, row.partition): row.journal_number for row in rows}


async def _count(connection: AsyncConnection, ranges: Ranges) -> None:
    taken = _parameters(ranges)
    await connection.execute(text(FUND_FLOWS), taken)
    await connection.execute(text(FUND_BOOKINGS), taken)
    settlement = f"{SETTLEMENT_CONSUMER}."
    settled = _parameters({journal: of for journal, of in ranges.items() if journal.startswith(settlement)})
    await connection.execute(text(CLAIMS), settled)
    facts = _parameters({journal: of for journal, of in ranges.items() if journal == INTAKE_JOURNAL})
    if (await connection.execute(text(CONCERNS_ENROLMENT), facts)).scalar_one():
        # any person's new year of enrolment may be everybody's: all are compared again
        await connection.execute(delete(roster_gaps))
        await connection.execute(delete(roster_years))
        await connection.execute(text(ROSTERED))


def _parameters(ranges: Ranges) -> Mapping[str, Any]:
    return {
        "journals": list(ranges),
        "lows": [low for low, _ in ranges.values()],
        "highs": [high for _, high in ranges.values()],
    }


async def _move(connection: AsyncConnection, heads: Mapping[str, int], ranges: Ranges, as_of: datetime | None) -> None:
    moved = heads if as_of is not None else {journal: high for journal, (_, high) in ranges.items()}
    if not moved:
        return
    rows = [
        {"journal": journal, "number": ranges.get(journal, (0, heads[journal]))[1], "as_of": as_of} for journal in moved
    ]
    statement = insert(counted_journals)
    changed = {"number": statement.excluded.number}
    if as_of is not None:
        changed["as_of"] = statement.excluded.as_of
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[counted_journals.c.journal], set_=changed), rows
    )


async def _forget(connection: AsyncConnection) -> None:
    for table in SUMS:
        await connection.execute(delete(table))
