"""Releases parked runs: asks the owner of each lane, and waits for what comes of it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.sender import Outgoing, publish_all
from processors.delivery.position import all_positions
from processors.delivery.release import ParkedRun, load_parked_runs, open_among, release_messages

POLL_S = 0.05
NOTHING_MOVES_S = 15.0
"""How long nothing may change before the wait ends: a lane that no worker owns takes nothing."""


@dataclass(frozen=True, slots=True)
class Released:
    """What came of a parked run: ``settled``, ``parked`` again (``consumer`` and ``reason`` say where and why), or
    ``on_the_way`` where no worker has gone on with it yet."""

    person_id: str
    consumer: str
    run: int
    state: str
    reason: str | None


async def release(engine: AsyncEngine, client: Client, partitions: int, wanted: Sequence[ParkedRun]) -> list[Released]:
    """Release parked runs, and what is parked in the same lanes; returns what came of each that was wanted."""
    awaited: dict[tuple[str, int], int] = {}
    for request in release_messages(wanted, partitions):
        (sequence,) = await publish_all(client, [Outgoing(request.subject, request.body)])
        awaited[request.consumer, request.partition] = sequence
    return await _outcome(engine, awaited, wanted)


async def _outcome(
    engine: AsyncEngine, awaited: dict[tuple[str, int], int], wanted: Sequence[ParkedRun]
) -> list[Released]:
    before: object = None
    since = time.monotonic()
    while True:
        async with engine.connect() as connection:
            positions = await all_positions(connection)
            still_open = await open_among(connection, wanted)
            standing = {(run.person_id, run.run): run for run in await load_parked_runs(connection)}
        lagging = {lane for lane, sequence in awaited.items() if positions.get(lane, 0) < sequence}
        moving = still_open - standing.keys()
        if not lagging and not moving:
            break
        if (lagging, moving) != before:
            before, since = (lagging, moving), time.monotonic()
        elif time.monotonic() - since > NOTHING_MOVES_S:
            break
        await asyncio.sleep(POLL_S)
    asked_in_vain = {consumer for consumer, _ in lagging}
    return [_told(run, standing.get((run.person_id, run.run)), still_open, asked_in_vain) for run in wanted]


def _told(
    run: ParkedRun, there: ParkedRun | None, still_open: set[tuple[str, int]], asked_in_vain: set[str]
) -> Released:
    if there is not None and there.consumer not in asked_in_vain:
        return Released(run.person_id, there.consumer, run.run, "parked", there.reason)
    state = "on_the_way" if (run.person_id, run.run) in still_open else "settled"
    return Released(run.person_id, run.consumer, run.run, state, None)
