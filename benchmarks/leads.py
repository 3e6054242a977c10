"""How long leads take over a whole ledger and over what is new, and what looking for them costs settlement beside it.

    python -m benchmarks.leads [--claims 300000] [--beside 40000] [--rounds 3]

The first part generates rows (three claims a person, a third of them visits, 60 hospitals) in a temporary database. The
second settles a made-up county with as many workers as there are processors beside looks (``leads_beside``).
"""

import asyncio
import os
import resource
import statistics
import time
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console

from benchmarks.bench import Bench, Options
from benchmarks.leads_beside import beside
from benchmarks.servers import engine_on, server_templates
from infra.logs import configure
from infra.postgres.engine import migrate
from infra.servers import servers
from infra.worker.lead_years import look_for_leads
from policies.loader import load_directory
from processors.law.adoption import initialise
from processors.supervision.catch_up import catch_up_leads

SQL = Path(__file__).parent / "leads.sql"
TOUCHED = 1_000
console = Console(stderr=True)


async def whole(folder: Path, claims: int) -> dict[str, float]:
    """Seconds for a first look at all claims, as ``claims leads`` takes it, and for one at 1,000 new entries."""
    async with servers(folder, command="bench", nats=False) as endpoints:
        await migrate(endpoints.database_url)
        async with engine_on(endpoints.database_url) as engine:
            await initialise(engine, load_directory())
            await _generate(endpoints.database_url, claims)
            took = {}
            began, cpu = time.monotonic(), _cpu_seconds()
            done = await look_for_leads(engine)
            took["first_s"], took["leads"] = time.monotonic() - began, float(done.found)
            took["python_cpu_s"] = _cpu_seconds() - cpu
            console.print(f"a first look at {claims:,} claims: {took}")
            async with engine.begin() as connection:
                await connection.exec_driver_sql(
                    f"UPDATE projections.lead_journals SET number = number - {TOUCHED} WHERE journal = 'settlement.0'"
                )
            began = time.monotonic()
            await catch_up_leads(engine, peers=False)
            took["new_s"] = time.monotonic() - began
    return took


def _cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    told = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in told)


async def _generate(database_url: str, claims: int) -> None:
    connection = await asyncpg.connect(database_url, ssl=False)
    try:
        await connection.execute("SET session_replication_role = replica; SET jit = off")
        for statement in SQL.read_text(encoding="utf-8").replace(":claims", str(claims)).split(";\n"):
            await connection.execute(statement)
    finally:
        await connection.close()


def main(
    claims: Annotated[int, typer.Option(help="claims to generate")] = 300_000,
    beside_claims: Annotated[int, typer.Option("--beside", help="claims to settle beside it; 0: none")] = 40_000,
    rounds: Annotated[int, typer.Option(min=1, help="how often that is settled")] = 3,
) -> None:
    """Measure."""
    configure("error")
    with server_templates() as folders:
        took = asyncio.run(whole(folders.root / "leads", claims)) if claims else {}
        console.print(f"{claims:,} claims, {os.cpu_count()} cores: {took}")
        if not beside_claims:
            return
        bench = Bench(Options(claims=beside_claims), folders)
        found = [ratio for _ in range(rounds) for ratio in asyncio.run(beside(bench))]
        console.print(f"settled beside looks: {[round(each, 2) for each in found]}")
        error = statistics.stdev(found) / len(found) ** 0.5
        console.print(f"mean {statistics.mean(found):.3f}, standard error {error:.3f}, of {len(found)} windows")


if __name__ == "__main__":
    typer.run(main)
