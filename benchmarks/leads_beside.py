"""What looks for leads cost settlement beside them: one long settlement in windows, in which looks work or stand still.

Two windows that follow each other are compared, so that what else the machine does weighs little.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.bench import Bench
from benchmarks.servers import engine_on
from benchmarks.throughput import CORES, prepare, timed
from infra.tasks import end
from infra.worker.lead_worker import LeadAssignment, look_elsewhere

WINDOW_S = 4.0
_SETTLED = text("SELECT coalesce(sum(journal_number), 0) FROM processors.positions WHERE consumer = 'settlement'")


async def beside(bench: Bench) -> list[float]:
    """Of each window in which looks work: what settles, of what settles in those before and after it."""
    name = await prepare(bench)
    settled: list[int] = []
    at_work = asyncio.Event()
    async with bench.server_templates.running(name) as endpoints, engine_on(endpoints.database_url) as engine:
        looks, windows = _look(endpoints.database_url, at_work), _windows(engine, settled, at_work)
        tasks = [asyncio.create_task(each) for each in (looks, windows)]
        try:
            await timed(bench, endpoints, CORES)
        finally:
            _signal(signal.SIGCONT)
            await end(tasks)
    return ratios(settled)


def ratios(settled: Sequence[int]) -> list[float]:
    """Looks work in every second window. Those in which settlement begins and ends do not count."""
    busy = [place for place, count in enumerate(settled) if count]
    if not busy:
        return []
    first = busy[0] + 1 + (busy[0] + 1) % 2  # the first whole window in which looks stand still
    return [
        settled[place] / ((settled[place - 1] + settled[place + 1]) / 2) for place in range(first + 1, busy[-1] - 1, 2)
    ]


async def _look(database_url: str, at_work: asyncio.Event) -> None:
    """Looks one behind the other that wait for nothing, as the worker's once all that it may wait is used up."""
    while True:
        await at_work.wait()
        await look_elsewhere(LeadAssignment(database_url, peers=True, waits_s=0.0))


async def _windows(engine: AsyncEngine, settled: list[int], at_work: asyncio.Event) -> None:
    """Note the entries of settlement of each whole window; in each second one looks are at work."""
    before = await _count(engine)
    while True:
        if len(settled) % 2:
            at_work.set()
            _signal(signal.SIGCONT)
        else:
            at_work.clear()
            _signal(signal.SIGSTOP)
        await asyncio.sleep(WINDOW_S)
        now = await _count(engine)
        settled.append(now - before)
        before = now


async def _count(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(_SETTLED) or 0)


def _signal(number: signal.Signals) -> None:
    """Send it to each look and to the process that it has started, which are a session."""
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, path.read_text(encoding="ascii").split()):
            if b"infra.worker.lead_worker" in Path("/proc", str(pid), "cmdline").read_bytes():
                os.killpg(pid, number)
