"""Runs a simulation with the machine's processors, at one moment of the ledger. Nothing is written."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context

import msgspec

from infra.postgres.engine import connect
from infra.worker.simulation_process import SimulationTask, settle_part
from policies.reform import ReformFile
from processors.proof.verification.snapshot import share, snapshot
from processors.simulation.facts import PersonRange, person_ranges
from processors.simulation.plan import Asked, Simulation, planned
from processors.simulation.totals import SimulationTotals

Progress = Callable[[str, int, int], None]


async def simulate(
    database_url: str,
    reforms: Sequence[ReformFile],
    asked: Asked,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Simulation, SimulationTotals]:
    """Settle everybody under the law as it is and under the reforms, by so many processes; by default as many as there
    are processors, or this one where the persons are few.

    Raises ``ReformError`` for a reform that fits no text of the ledger.
    """
    engine = connect(database_url)
    try:
        async with snapshot(engine) as connection:
            simulation = await planned(connection, reforms, asked)
            parts = await person_ranges(connection)
            assignment = msgspec.msgpack.encode(SimulationTask(database_url, await share(connection), simulation.plan))
            wanted = workers or min(len(os.sched_getaffinity(0)), len(parts))
            async with _executor(wanted) as executor:
                totals = await _run(executor, assignment, parts, simulation, progress)
    finally:
        await engine.dispose()
    return simulation, totals


@asynccontextmanager
async def _executor(workers: int) -> AsyncIterator[Executor]:
    """Processes of their own; where one is enough, a thread of this one."""
    pool: Executor = ThreadPoolExecutor(1)
    if workers > 1:
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
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
    totals = simulation.plan.fold().totals()
    running = [loop.run_in_executor(executor, settle_part, assignment, part) for part in parts]
    for done, future in enumerate(asyncio.as_completed(running), start=1):
        totals.add(await future)
        if progress is not None:
            progress("测算 settling", done, len(parts))
    return totals
