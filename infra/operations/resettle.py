"""Orders a re-settlement of intake beside whatever else is settled: an order after the other, never many on the way."""

from collections.abc import Callable
from uuid import uuid4

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from events.catalog import ITSELF
from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, publish_events
from infra.operations.quiescence import poll_until, until_taken
from processors.delivery.in_flight import in_flight, moving_runs
from processors.resettlement.order import SchemeChange, order_event, persons_touched, split_into_orders
from projections.refusals import refusal_at

MOST_RUNS = 20
"""An order is given once fewer runs than this are under way, of any origin: new claims come first."""
PASSES = 2
"""The second finds what was lost with a store of NATS, or accepted in a batch that had begun before the new text."""


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
                await poll_until(engine, in_flight, lambda seen: seen.runs - seen.parked < MOST_RUNS)
                body = order_event(change, [touched.person_id for touched in order], actor, stamp)
                (place,) = await publish_events(client, [Outgoing(subject_of(body), body)])
                await until_taken(engine, place)
                await _check_accepted(engine, place)
                ordered += sum(touched.claims for touched in order)
                if on_progress is not None:
                    on_progress(ordered)
    async with engine.connect() as connection:
        ours = await moving_runs(connection)
    await poll_until(engine, moving_runs, ours.isdisjoint)


async def _check_accepted(engine: AsyncEngine, place: int) -> None:
    async with engine.connect() as connection:
        refusal = await refusal_at(connection, place)
    if refusal is not None and refusal["mailbox"] == ITSELF:
        raise OrderRefused(f"{refusal['reason']}: {refusal['detail']}")
