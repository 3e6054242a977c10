"""`python -m benchmarks [SUITE…]`: every suite, or the ones named, in one run."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from benchmarks.bench import Bench, Options
from benchmarks.console import console as console_pages
from benchmarks.floods import floods
from benchmarks.floor import floor
from benchmarks.gateway import gateway
from benchmarks.growth import growth
from benchmarks.latency import latency, latency_beside_resettlement
from benchmarks.orm import orm
from benchmarks.servers import server_templates
from benchmarks.single import engine_alone, rebuild, verify, whatif
from benchmarks.sourcing import sourcing
from benchmarks.steps import steps
from benchmarks.table import draw, write
from benchmarks.throughput import CORES, throughput
from infra.logs import configure

RESULT = Path("build/bench.json")
SUITES = (
    *("throughput", "workers", "orm", "eventsourcing", "floor"),
    *(
        "latency",
        "resettlement",
        "floods",
        "rebuild",
        "verify",
        "whatif",
        "engine",
        "steps",
        "growth",
        "console",
        "gateway",
    ),
)
console = Console(width=120)
progress = Console(stderr=True)


async def run(bench: Bench, suites: list[str]) -> None:
    """Run suites; what is compared alternates, so that a slow minute of the machine hits all of it."""
    for number in range(bench.options.rounds):
        await _compared(bench, suites, number)
    await _latencies(bench, suites)
    for name, suite in (
        ("rebuild", rebuild),
        ("verify", verify),
        ("whatif", whatif),
        ("engine", engine_alone),
    ):
        if name in suites:
            await _say(bench, name, name, suite(bench))
    if "steps" in suites:
        await steps(bench)
    if "console" in suites:
        bench.figures["console"] = await console_pages(bench)
    if "gateway" in suites:
        bench.figures["gateway"] = await gateway(bench)
        progress.print(f"gateway: {bench.figures['gateway']}")
    if "growth" in suites:
        for size in bench.options.rounds * bench.options.growth:
            await _say(bench, f"over {size:,} claims", f"growth_{size}", growth(bench, size))


async def _compared(bench: Bench, suites: list[str], number: int) -> None:
    """One round of throughput and its peers."""
    if "throughput" in suites:
        await _say(bench, f"throughput, round {number + 1}", f"throughput_{CORES}", throughput(bench, CORES))
    if "orm" in suites or ("floor" in suites and number == 0):
        written = await orm(bench)
        progress.print(f"orm: {bench.samples['orm'][-1]:,.0f}")
        bench.figures.setdefault("written", written)
    if "eventsourcing" in suites:
        await _say(bench, "eventsourcing", "eventsourcing", sourcing(bench))
    if "floor" in suites:
        await _say(bench, "floor", "floor", floor(bench, bench.figures["written"]))
    if "workers" in suites:
        for count in bench.options.workers:
            if count != CORES:
                await _say(bench, f"{count} workers", f"throughput_{count}", throughput(bench, count))


async def _latencies(bench: Bench, suites: list[str]) -> None:
    if "latency" in suites:
        for rate in bench.options.rates:
            bench.figures[f"latency_{rate}"] = await latency(bench, rate)
            progress.print(f"latency at {rate}/s: {bench.figures[f'latency_{rate}']}")
            progress.print(f"payouts to their payers at {rate}/s: {bench.figures[f'payout_lag_{rate}']}")
    if "resettlement" in suites:
        bench.figures["latency_beside"] = await latency_beside_resettlement(bench)
        progress.print(f"latency beside a re-settlement: {bench.figures['latency_beside']}")
    if "floods" in suites:
        bench.figures["floods"] = await floods(bench)


async def _say(bench: Bench, title: str, name: str, suite: Awaitable[None]) -> None:
    await suite
    progress.print(f"{title}: {bench.samples[name][-1]:,.0f}")


def main(
    suites: Annotated[list[str] | None, typer.Argument(help=f"of {', '.join(SUITES)}; all where none is named")] = None,
    claims: Annotated[int, typer.Option(help="claims of the throughput run")] = Options.claims,
    peers: Annotated[int, typer.Option(help="claims of each peer's run")] = Options.peers,
    rounds: Annotated[int, typer.Option(min=1, help="how often what is compared alternates")] = Options.rounds,
    workers: Annotated[str, typer.Option(help="numbers of worker processes")] = "1,2,4",
    rates: Annotated[str, typer.Option(help="arrivals a second")] = "50,150",
    seconds: Annotated[float, typer.Option(help="how long each rate is held")] = Options.seconds,
    growth: Annotated[str, typer.Option(help="claims in the ledger before")] = "10000,100000",
    growth_claims: Annotated[int, typer.Option(help="new claims over them")] = Options.growth_claims,
    console_claims: Annotated[int, typer.Option(help="claims in the ledger of the console")] = Options.console_claims,
    profile: Annotated[Path | None, typer.Option(help="cProfile of the worker of the last run, into this file")] = None,
    out: Annotated[Path | None, typer.Option(help=f"JSON file; {RESULT} where every suite is run")] = None,
) -> None:
    """Measure."""
    wanted = suites or list(SUITES)
    unknown = set(wanted) - set(SUITES)
    if unknown:
        raise typer.BadParameter(f"{min(unknown)} is no suite; there are {', '.join(SUITES)}")
    options = Options(
        claims=claims,
        peers=peers,
        rounds=rounds,
        workers=_numbers(workers),
        rates=_numbers(rates),
        seconds=seconds,
        growth=_numbers(growth),
        growth_claims=growth_claims,
        console_claims=console_claims,
        profile=profile,
    )
    configure("error")
    with server_templates() as folders:
        bench = Bench(options, folders)
        uvloop.run(run(bench, wanted))
    draw(bench, console)
    path = out or (RESULT if suites is None else None)
    if path is not None:
        write(bench, path)
        progress.print(f"written: {path}")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(main)
    app()
