"""Releases parked runs: asks the owner of each lane, and waits for what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.messaging.sender import Outgoing, publish_events
from infra.operations.quiescence import poll_until
from processors.delivery.position import all_positions
from processors.delivery.release import ParkedRun, load_parked_runs, open_among, release_messages

NOTHING_MOVES_S = 15.0
"""How long nothing may change before the wait ends: a lane that no worker owns takes nothing."""
RunKey = tuple[str, int]
"""Person and number of a run."""


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
        (sequence,) = await publish_events(client, [Outgoing(request.subject, request.body)])
        awaited[request.consumer, request.partition] = sequence
    return await _outcome(engine, awaited, wanted)


@dataclass(frozen=True, slots=True)
class _Observation:
    """The lanes that have not taken our request; of the wanted runs those that are open, and those that are parked."""

    untaken: frozenset[tuple[str, int]]
    still_open: frozenset[RunKey]
    parked: dict[RunKey, ParkedRun]

    @property
    def is_final(self) -> bool:
        return not self.untaken and self.still_open <= self.parked.keys()


async def _outcome(
    engine: AsyncEngine, awaited: dict[tuple[str, int], int], wanted: Sequence[ParkedRun]
) -> list[Released]:
    keys = {(run.person_id, run.run) for run in wanted}

    async def observe(connection: AsyncConnection) -> _Observation:
        positions = await all_positions(connection)
        still_open = await open_among(connection, wanted)
        standing = {(run.person_id, run.run): run for run in await load_parked_runs(connection)}
        parked = {key: run for key, run in standing.items() if key in keys}
        untaken = frozenset(lane for lane, sequence in awaited.items() if positions.get(lane, 0) < sequence)
        return _Observation(untaken, frozenset(still_open), parked)

    seen = await poll_until(engine, observe, lambda seen: seen.is_final, give_up_after_s=NOTHING_MOVES_S)
    return [_released(run, seen) for run in wanted]


def _released(run: ParkedRun, seen: _Observation) -> Released:
    parked = seen.parked.get((run.person_id, run.run))
    if parked is not None and parked.consumer not in {consumer for consumer, _ in seen.untaken}:
        return Released(run.person_id, parked.consumer, run.run, "parked", parked.reason)
    state = "on_the_way" if (run.person_id, run.run) in seen.still_open else "settled"
    return Released(run.person_id, run.consumer, run.run, state, None)
