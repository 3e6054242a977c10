"""Runs a simulation with the machine's processors, at one moment of the ledger. Nothing is written."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.postgres.engine import connect
from infra.worker.cluster import cluster_executor
from infra.worker.fact_shards import shards_of
from infra.worker.simulation_process import SimulationTask, settle_part
from policies.reform import ReformFile
from processors.proof.verification.snapshot import share, snapshot
from processors.simulation.facts import PersonRange, facts_of, person_ranges
from processors.simulation.plan import Asked, Simulation, planned
from processors.simulation.side_by_side import side_by_side
from processors.simulation.totals import SimulationTotals, totals_of_nobody

Progress = Callable[[str, int, int], None]
PARTS_PER_PROCESS = 5
"""Fewer are settled sooner than a process of their own starts, which takes two to three seconds."""


class Simulated(NamedTuple):
    """What was simulated and what it came to; ``moved`` are those who ``gain`` and ``lose`` most, where persons were
    asked for, each as ``side_by_side`` tells it."""

    simulation: Simulation
    totals: SimulationTotals
    moved: Mapping[str, list[dict[str, Any]]]


class Settling(NamedTuple):
    """How everybody is settled: by so many processes of this machine (None: as many as there are processors, or this
    one where the persons are few), or by the workers of a Dask ``cluster``, whose address it is.

    Persons' facts are kept in the data directory ``kept_in``, where one is given, for the next simulation of the same
    moment; a cluster's workers, which may be on other machines, read PostgreSQL.
    """

    workers: int | None = None
    cluster: str | None = None
    progress: Progress | None = None
    kept_in: Path | None = None


class _Begun(NamedTuple):
    """What everybody is settled with: the snapshot's name, the parts of the persons, and what runs them."""

    shared: str
    parts: Sequence[PersonRange]
    executor: Executor


class Simulator:
    """Simulates at one moment of the ledger, as often as is asked for."""

    def __init__(
        self, connection: AsyncConnection, database_url: str, settling: Settling, stack: AsyncExitStack
    ) -> None:
        """``stack`` is left by whoever has this."""
        self._connection, self._database_url, self._settling, self._stack = connection, database_url, settling, stack
        self._begun: _Begun | None = None

    async def planned(self, reforms: Sequence[ReformFile], asked: Asked, *, apart: bool = False) -> Simulation:
        """A simulation of the law as it is and of the reforms; with ``apart`` each of them is one variant, and there
        is none of all together. Raises ``ReformError`` for a reform that fits no text of the ledger."""
        return await planned(self._connection, reforms, asked, apart=apart)

    async def settled(self, simulation: Simulation) -> Simulated:
        """Settle everybody. Raises ``ReformError`` where a changed text can't settle a claim, and ``ClusterError`` for
        a cluster that is not there."""
        begun = self._begun = self._begun or await self._begin()
        kept_in = None if self._settling.cluster else self._settling.kept_in
        kept = None if kept_in is None else str(shards_of(kept_in, simulation.moment))
        task = SimulationTask(self._database_url, begun.shared, simulation.plan, kept)
        assignment = msgspec.msgpack.encode(task)
        totals = await _run(begun.executor, assignment, begun.parts, simulation, self._settling.progress)
        return Simulated(simulation, totals, await _moved(self._connection, simulation, totals))

    async def _begin(self) -> _Begun:
        parts, shared = await person_ranges(self._connection), await share(self._connection)
        cluster = self._settling.cluster
        wanted = self._settling.workers or min(len(os.sched_getaffinity(0)), len(parts) // PARTS_PER_PROCESS)
        executors = cluster_executor(cluster) if cluster else _executor(wanted)
        return _Begun(shared, parts, await self._stack.enter_async_context(executors))


@asynccontextmanager
async def simulator(database_url: str, settling: Settling) -> AsyncIterator[Simulator]:
    """What simulates at the moment that it is begun."""
    engine = connect(database_url)
    try:
        async with snapshot(engine) as connection, AsyncExitStack() as stack:
            yield Simulator(connection, database_url, settling, stack)
    finally:
        await engine.dispose()


async def simulate(
    database_url: str, reforms: Sequence[ReformFile], asked: Asked, settling: Settling | None = None
) -> Simulated:
    """Simulate once. Raises what a ``Simulator`` raises."""
    async with simulator(database_url, settling or Settling()) as simulating:
        return await simulating.settled(await simulating.planned(reforms, asked))


async def _moved(
    connection: AsyncConnection, simulation: Simulation, totals: SimulationTotals
) -> dict[str, list[dict[str, Any]]]:
    burdens, fold = totals.burdens, simulation.plan.fold()
    facts = {person.person_id: person for person in await facts_of(connection, burdens.moved_persons())}
    most = {"gain": burdens.gain, "lose": burdens.lose}
    return {side: [side_by_side(fold, facts[person_id]) for _, person_id in found] for side, found in most.items()}


@asynccontextmanager
async def _executor(workers: int) -> AsyncIterator[Executor]:
    """Processes of their own; where one is enough, a thread of this one."""
    many = workers > 1
    pool: Executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if many else ThreadPoolExecutor(1)
    try:
        yield pool
    finally:
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)


async def _run(
    executor: Executor,
    assignment: bytes,
    parts: Sequence[PersonRange],
    simulation: Simulation,
    progress: Progress | None,
) -> SimulationTotals:
    loop = asyncio.get_running_loop()
    totals = totals_of_nobody(len(simulation.plan.variants), simulation.plan.breakdown.by)
    running = [loop.run_in_executor(executor, settle_part, assignment, part) for part in parts]
    try:
        for done, future in enumerate(asyncio.as_completed(running), start=1):
            totals.add(await future)
            if progress is not None:
                progress("测算 settling", done, len(parts))
    finally:
        for other in running:
            other.cancel()
        await asyncio.gather(*running, return_exceptions=True)  # what else went wrong is told by the first
    return totals
