"""Waits until the ledger has come as far as a command needs: the one loop that asks the database again and again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.delivery.in_flight import InFlight, in_flight

log = structlog.get_logger(__name__)

POLL_S = 0.03
STALLED_AFTER_S = 20.0
"""How long nothing may change before the log says so."""

Seen = TypeVar("Seen")


async def poll_until(
    engine: AsyncEngine,
    observe: Callable[[AsyncConnection], Awaitable[Seen]],
    reached: Callable[[Seen], bool],
    *,
    on_observation: Callable[[Seen], None] | None = None,
    give_up_after_s: float | None = None,
) -> Seen:
    """Observe the database until what is seen is ``reached``; returns what was seen last.

    Where nothing changes for ``STALLED_AFTER_S`` the log says so, again and again: a lane that fails is tried again and
    again too. With ``give_up_after_s`` the wait ends once nothing has changed for so long; the caller asks ``reached``
    of what it gets.
    """
    before: Seen | None = None
    since = logged = time.monotonic()
    while True:
        async with engine.connect() as connection:
            seen = await observe(connection)
        if on_observation is not None:
            on_observation(seen)
        if reached(seen):
            return seen
        now = time.monotonic()
        if seen != before:
            before, since, logged = seen, now, now
        elif give_up_after_s is not None and now - since > give_up_after_s:
            return seen
        elif now - logged > STALLED_AFTER_S:
            log.warning("nothing moves: is a worker running?", for_s=round(now - since))
            logged = now
        await asyncio.sleep(POLL_S)


async def until_quiet(
    engine: AsyncEngine, sequences: Sequence[int], on_observation: Callable[[InFlight], None] | None = None
) -> InFlight:
    """Wait until the events at these places of INTAKE are taken and every open run is parked."""
    last = max(sequences, default=0)

    def quiet(flight: InFlight) -> bool:
        return flight.intake >= last and flight.runs <= flight.parked

    return await poll_until(engine, in_flight, quiet, on_observation=on_observation)


async def until_taken(engine: AsyncEngine, sequence: int) -> None:
    """Wait until intake has taken everything up to a place of INTAKE."""
    await poll_until(engine, in_flight, lambda flight: flight.intake >= sequence)
