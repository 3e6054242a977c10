"""Runs a simulation with the machine's processors, at one moment of the ledger. Nothing is written."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.postgres.engine import connect
from infra.worker.fact_shards import shards_of
from infra.worker.simulation_process import SimulationTask, settle_part
from policies.reform import ReformFile
from processors.proof.verification.snapshot import share, snapshot
from processors.simulation.facts import PersonRange, facts_of, person_ranges
from processors.simulation.plan import Asked, Simulation, planned
from processors.simulation.side_by_side import side_by_side
from processors.simulation.totals import SimulationTotals, totals_of_nobody

Progress = Callable[[str, int, int], None]


class Simulated(NamedTuple):
    """What was simulated and what it came to; ``moved`` are those who ``gain`` and ``lose`` most, where persons were
    asked for, each as ``side_by_side`` tells it."""

    simulation: Simulation
    totals: SimulationTotals
    moved: Mapping[str, list[dict[str, Any]]]


async def simulate(
    database_url: str,
    reforms: Sequence[ReformFile],
    asked: Asked,
    workers: int | None = None,
    progress: Progress | None = None,
    kept_in: Path | None = None,
) -> Simulated:
    """Settle everybody under the law as it is and under the reforms, by so many processes; by default as many as there
    are processors, or this one where the persons are few.

    Persons' facts are kept in a data directory, where one is given, for the next simulation of the same moment. Raises
    ``ReformError`` for a reform that fits no text of the ledger.
    """
    engine = connect(database_url)
    try:
        async with snapshot(engine) as connection:
            simulation = await planned(connection, reforms, asked)
            parts = await person_ranges(connection)
            kept = None if kept_in is None else str(shards_of(kept_in, simulation.moment))
            task = SimulationTask(database_url, await share(connection), simulation.plan, kept)
            assignment = msgspec.msgpack.encode(task)
            wanted = workers or min(len(os.sched_getaffinity(0)), len(parts))
            async with _executor(wanted) as executor:
                totals = await _run(executor, assignment, parts, simulation, progress)
            moved = await _moved(connection, simulation, totals)
    finally:
        await engine.dispose()
    return Simulated(simulation, totals, moved)


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
