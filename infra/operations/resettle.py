"""Orders a re-settlement of intake beside whatever else is settled: an order after the other, never many on the way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import structlog
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.catalog import ITSELF
from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, publish_all
from infra.operations.settle import QUIET_POLL_S, STALLED_AFTER_S
from processors.delivery.in_flight import in_flight, moving_runs
from processors.resettlement.order import SchemeChange, order_event, persons_touched, split_into_orders
from projections.refusals import refusal_at

log = structlog.get_logger(__name__)

MOST_RUNS = 20
"""An order is given once fewer runs than this are under way, whoever opened them: new claims come first."""
PASSES = 2
"""The second finds what was lost with a store of NATS, or accepted in a batch that had begun before the new text."""

Seen = TypeVar("Seen")


class OrderRefused(RuntimeError):
    """Intake refused an order, as it does where another text came into force meanwhile; those before it stand."""


async def resettle(
    engine: AsyncEngine,
    client: Client,
    change: SchemeChange,
    actor: str,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Move the claims that a change is about; returns when all of them are settled again, or parked.

    ``on_progress`` is told how many claims have been ordered so far. A command that dies half way leaves what it
    ordered; the next one orders the rest. Raises ``OrderRefused``.
    """
    ordered = 0
    for _ in range(PASSES):
        stamp = uuid4().hex
        async for page in persons_touched(engine, change):
            for order in split_into_orders(page):
                await _until(engine, in_flight, lambda seen: seen.runs - seen.parked < MOST_RUNS)
                body = order_event(change, [touched.person_id for touched in order], actor, stamp)
                (place,) = await publish_all(client, [Outgoing(subject_of(body), body)])
                await _until(engine, in_flight, lambda seen, place=place: seen.intake >= place)  # type: ignore[misc]
                await _check_accepted(engine, place)
                ordered += sum(touched.claims for touched in order)
                if on_progress is not None:
                    on_progress(ordered)
    async with engine.connect() as connection:
        ours = await moving_runs(connection)
    await _until(engine, moving_runs, ours.isdisjoint)


async def _check_accepted(engine: AsyncEngine, place: int) -> None:
    async with engine.connect() as connection:
        refusal = await refusal_at(connection, place)
    if refusal is not None and refusal["mailbox"] == ITSELF:
        raise OrderRefused(f"{refusal['reason']}: {refusal['detail']}")


async def _until(
    engine: AsyncEngine, look: Callable[[AsyncConnection], Awaitable[Seen]], enough: Callable[[Seen], bool]
) -> None:
    """Look again and again; says so in the log where nothing moves for a while."""
    before, since = None, time.monotonic()
    while True:
        async with engine.connect() as connection:
            seen = await look(connection)
        if enough(seen):
            return
        if seen != before:
            before, since = seen, time.monotonic()
        elif time.monotonic() - since > STALLED_AFTER_S:
            log.warning("nothing moves: is a worker running?")
            since = time.monotonic()
        await asyncio.sleep(QUIET_POLL_S)
