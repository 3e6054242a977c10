"""How long finance's views take to answer over 1,000,000 claims: generated rows in the tables under them, no ledger.

    python -m benchmarks.finance_views [--claims 1000000]

A prefecture of 13 counties over ten years, three claims in ten settled while poor, most of them under a target; 20,000
deaths, of which 400 were told late, and two hospitals suspended for a quarter, told late. Sums are what the catch-up
would make of these statements, made by grouping them.
"""

import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.servers import server_templates
from infra.postgres.engine import migrate
from infra.servers import servers

SQL = Path(__file__).parent / "finance_views.sql"
ROUNDS = 20

ASKED = {
    "freshness": "",
    "fund_flows": "WHERE month = '2019-06'",
    "annual_report": "WHERE year = 2019",
    "hospital_costs": "WHERE year = 2019",
    "attainment": "WHERE year = 2019",
    "cost_growth": "WHERE year = 2019",
    "disease_costs": "WHERE year = 2019",
    "townships": "WHERE year = 2019 AND region = '140423'",
    "targets": "WHERE year = 2019 AND region = '140423'",
    "oversight": "",
    "oversight of a county's year": "WHERE year = 2019 AND region = '140423'",
    "statements": "WHERE person_id = 'P4711'",
    "accumulations": "WHERE person_id = 'P4711'",
}
"""A view's name, and what may tell a second question to it, by what it is asked."""


async def measure(folder: Path, claims: int) -> list[tuple[str, int, list[float]]]:
    """Rows and milliseconds of each question, from the client's side, warm."""
    async with servers(folder, command="bench", nats=False) as endpoints:
        await migrate(endpoints.database_url)
        connection = await asyncpg.connect(endpoints.database_url, ssl=False)
        try:
            await connection.execute("SET session_replication_role = replica; SET jit = off")
            for statement in SQL.read_text(encoding="utf-8").replace(":claims", str(claims)).split(";\n"):
                await connection.execute(statement)
            return [await _ask(connection, name, asked) for name, asked in ASKED.items()]
        finally:
            await connection.close()


async def _ask(connection: asyncpg.Connection, name: str, asked: str) -> tuple[str, int, list[float]]:
    query = f"SELECT * FROM finance.{name.partition(' ')[0]} {asked}"
    rows = len(await connection.fetch(query))
    took: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await connection.fetch(query)
        took.append((time.perf_counter() - start) * 1000)
    return name, rows, took


def main(claims: Annotated[int, typer.Option(help="statements to generate")] = 1_000_000) -> None:
    """Measure."""
    with server_templates() as folders:
        found = asyncio.run(measure(folders.root / "finance", claims))
    table = Table(title=f"finance's views over {claims:,} claims, {os.cpu_count()} cores, {ROUNDS} times each, warm")
    for heading in ("view", "asked", "rows", "median ms", "slowest ms"):
        table.add_column(heading, justify="left" if heading in ("view", "asked") else "right")
    for name, rows, took in found:
        table.add_row(name, ASKED[name], f"{rows:,}", f"{statistics.median(took):.1f}", f"{max(took):.1f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
