"""Claims a second from INTAKE through every layer to statements, every event lying in INTAKE when the clock starts.

A worker is a process of its own beside this one, which only starts the clock and looks whether all is quiet.
"""

import os
import time

from benchmarks.bench import Bench
from benchmarks.load import bodies
from benchmarks.servers import Cpu, count, end_of_intake, engine_on, publish, quiet, settle
from benchmarks.worker_processes import start_workers
from infra.servers import Endpoints

CORES = os.cpu_count() or 1
"""A worker a core is how a machine is run: the headline figure."""
SETTLED = "settled"
"""The name under which the first run's ledger is kept, for what reads a full ledger."""


async def prepare(bench: Bench) -> str:
    """Servers whose ledger knows the county, its year waiting in INTAKE; returns their name."""

    async def fill(endpoints: Endpoints) -> None:
        await settle(endpoints, bodies(bench.load.base))
        await publish(endpoints.nats_url, bodies(bench.load.work))

    name = "loaded"
    await bench.server_templates.prepare(name, fill)
    return name


async def throughput(bench: Bench, workers: int) -> None:
    """One run with some worker processes, which share the consumers of one partition."""
    name = await prepare(bench)
    async with bench.server_templates.running(name, keep_as=SETTLED if workers == CORES else None) as endpoints:
        rate, peak_mb, cpu_us = await timed(bench, endpoints, workers)
    bench.note(f"throughput_{workers}", rate)
    if workers == CORES:
        bench.note("peak_rss_mb", peak_mb)
        for part, value in cpu_us.items():
            bench.note(f"cpu_us_{part}", value)


async def timed(bench: Bench, endpoints: Endpoints, workers: int) -> tuple[float, float, dict[str, float]]:
    """Let workers take what lies in INTAKE: accepted claims a second, the peak of memory in MB, CPU µs a claim."""
    last = await end_of_intake(endpoints.nats_url)
    async with (
        engine_on(endpoints.database_url) as engine,
        start_workers(endpoints, workers, bench.options.profile) as ours,
    ):
        before = await count(engine, "projections.claims")
        cpu = Cpu.now()
        began = time.monotonic()
        ours.tell("go")
        await quiet(engine, last)
        seconds = time.monotonic() - began
        used = Cpu.now()
        claims = await count(engine, "projections.claims") - before
        await ours.stop()
    share = {
        "python": ours.cpu_s,
        "postgres": used.postgres - cpu.postgres,
        "nats": used.nats - cpu.nats,
    }
    return claims / seconds, ours.peak_rss_mb, {part: value / claims * 1e6 for part, value in share.items()}
