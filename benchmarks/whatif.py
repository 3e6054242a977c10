"""How long a simulation takes over a ledger that is there: cold, and with persons' facts kept, by one process and all.

    python -m benchmarks.whatif --data-dir DIR REFORM.yaml [--workers 2]

Prints one JSON object. ``cold_s`` reads PostgreSQL and keeps the facts, ``warm_s`` takes these; ``speedup`` is one
process's warm time by that of all; ``worker_mb`` is the largest process's memory. What was kept is removed first.
"""

import asyncio
import os
import resource
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer

from infra.cli.session import ledger_servers
from infra.settings import Settings
from infra.worker.fact_shards import FOLDER
from infra.worker.simulations import Settling, simulate
from policies.reform import ReformFile, read_reform
from processors.simulation.plan import Asked
from processors.simulation.totals import SimulationTotals


async def measured(data_dir: Path, reforms: Sequence[ReformFile], workers: int) -> dict[str, float]:
    """Seconds cold and warm, and what they come to, over the ledger of a data directory."""
    settings = Settings().model_copy(update={"data_dir": data_dir})
    shutil.rmtree(data_dir / FOLDER, ignore_errors=True)
    async with ledger_servers(settings, "bench", nats=False) as endpoints:
        return await measured_over(endpoints.database_url, data_dir, reforms, workers)


async def measured_over(
    database_url: str, kept_in: Path, reforms: Sequence[ReformFile], workers: int
) -> dict[str, float]:
    """The same over a database; facts are kept in a folder that has none yet."""

    async def run(processes: int) -> tuple[float, SimulationTotals]:
        began = time.monotonic()
        done = await simulate(database_url, reforms, Asked(), Settling(processes, kept_in=kept_in))
        return time.monotonic() - began, done.totals

    cold, totals = await run(workers)
    warm, again = await run(workers)
    alone, _ = await run(1)
    if totals != again:
        raise AssertionError("the same simulation gave other totals")
    return {
        "claims": totals.claims,
        "persons": totals.persons,
        "unlike": totals.unlike_count,
        "settled_again": totals.variants[-1].settled,
        "cold_s": round(cold, 1),
        "warm_s": round(warm, 1),
        "whatif_claims_per_s": round(totals.claims / warm),
        "speedup": round(alone / warm, 2),
        "worker_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def main(
    files: Annotated[list[Path], typer.Argument(help="files of reforms")],
    data_dir: Annotated[Path, typer.Option("--data-dir", help="the ledger's data directory")],
    workers: Annotated[int, typer.Option("--workers", min=2)] = len(os.sched_getaffinity(0)),
) -> None:
    """Measure, and print one JSON object."""
    reforms = [read_reform(file.read_bytes(), str(file)) for file in files]
    typer.echo(orjson.dumps(asyncio.run(measured(data_dir, reforms, workers))))


if __name__ == "__main__":
    typer.run(main)
