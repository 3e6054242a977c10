"""Moves finance's sums forward where nobody else does, so that a console by itself shows what is there."""

import asyncio
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from events.store.journal import database_time
from infra.console.stamp import Stamp, ledger_stamp
from infra.console.state import ConsoleState
from infra.console.visitor import Visitor
from processors.delivery.position import positions
from processors.finance.catch_up import catch_up
from processors.finance.reports import sums_as_of
from processors.finance.unreadable import UnreadableEntry

log = structlog.get_logger(__name__)
FRESH_S = 90.0
"""A running ``claims up`` counts once a minute: sums that are younger are left to it."""
WAIT_S = 2.0
"""How long a page waits for a count; then it shows what there was, and the count goes on."""
_counts: WeakKeyDictionary[ConsoleState, asyncio.Task[None]] = WeakKeyDictionary()


async def counted_stamp(state: ConsoleState, visitor: Visitor) -> tuple[Stamp, bool]:
    """As of when finance's sums are, and whether a count is still going on; begins one where they are behind."""
    running = _counts.get(state)
    if (running is None or running.done()) and await _is_behind(state):
        running = asyncio.create_task(_count(state))
        _counts[state] = running
    if running is not None and not running.done():
        await asyncio.wait({running}, timeout=WAIT_S)
    async with visitor.engine.connect() as connection:
        stamp = await ledger_stamp(connection, visitor, counted=True)
    return stamp, running is not None and not running.done()


async def _is_behind(state: ConsoleState) -> bool:
    async with state.engine.connect() as connection:
        now = await database_time(connection)
        as_of = await sums_as_of(connection)
        if as_of is not None and (now - as_of).total_seconds() < FRESH_S:
            return False
        newest = (await connection.execute(select(func.max(positions.c.recorded_at)))).scalar_one()
    return newest is not None and (as_of is None or newest > as_of)


async def _count(state: ConsoleState) -> None:
    try:
        await catch_up(state.engine)
    except (DBAPIError, OSError, UnreadableEntry) as error:
        log.warning("finance's sums not counted", error=type(error).__name__)
