"""``make chaos``: faults drawn by seed while events flow at a steady rate; what was lost, doubled or reordered.

    python -m tests.faults.chaos FROM ROUNDS [points|rounds|backpressure|gateway …]

Each round has servers and stores of its own, two workers, and a supervisor that starts again what ended, as systemd
would; nothing else helps. Prints a line a round and the sum, writes build/chaos.json (seeds, faults by kind,
figures, and each outcome by itself); exit 1 where a figure is not 0 or something does not go on.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import asyncpg
import nats

from infra.demo import county, line_bytes
from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.operations.payouts import payout_state
from infra.postgres.engine import connect, migrate
from tests.faults.backpressure import flood
from tests.faults.disk import mount_disk, unmount_disk
from tests.faults.gateway import hospitals_at_work, patients
from tests.faults.harness import (
    Books,
    Figures,
    Given,
    compare,
    read_books,
    settle_undisturbed,
    source,
    tell_lost,
    until_quiet,
)
from tests.faults.outcome import Outcome, report
from tests.faults.points import all_deaths, die_again_and_again
from tests.faults.proxy import proxy_of
from tests.faults.round import (
    FAULTS_A_ROUND,
    GOES_ON_WITHIN_S,
    KEPT_BACK,
    PARTITIONS,
    NotComeAboutError,
    Round,
    Servers,
)
from tests.faults.supervisor import Supervised
from tests.payouts import differences
from tests.program import eventually

PERSONS, INPATIENT = 900, 675
DISK_MB = 700
STAYS, GATEWAY_FAULTS = 240, 16


@asynccontextmanager
async def players(seed: int, folder: Path, log: Callable[[str], None]) -> AsyncIterator[tuple[Round, Books]]:
    """Everybody in place, and the books that the lines come to undisturbed."""
    lines = [line_bytes(line) for line in county(seed, persons=PERSONS, inpatient=INPATIENT)]
    async with AsyncExitStack() as stack:
        disk = folder / "disk"
        refused = mount_disk(disk, DISK_MB)
        if refused:
            log(f"no fault disk_full: a small file system can't be mounted here ({refused})")
        else:
            stack.callback(unmount_disk, disk)
        database = PostgresServer(disk / "postgres")
        database_url = await database.start()
        broker = NatsServer(folder / "nats")
        servers = Servers(folder, database, database_url, broker, await broker.start())
        stack.push_async_callback(database.stop)
        stack.push_async_callback(lambda: servers.broker.stop())
        expected = await _undisturbed(database_url, lines, folder)
        to_database = await stack.enter_async_context(proxy_of(database_url))
        to_nats = await stack.enter_async_context(proxy_of(servers.nats_url))
        near = Given(database_url, servers.nats_url, {"CLAIMS_PARTITIONS": f"{PARTITIONS}"})
        far = Given(to_database.url(database_url), to_nats.url(servers.nats_url), near.more)
        # each wants a third of the lanes at once and takes what else is free later
        workers = [
            await stack.enter_async_context(Supervised.started(given, folder / f"worker{number}.log", number))
            for number, given in enumerate((far, near), start=1)
        ]
        sender = await stack.enter_async_context(source(servers.nats_url))
        small = None if refused else disk
        yield Round(Random(seed), lines, servers, workers, to_database, to_nats, sender, small), expected


async def _undisturbed(database_url: str, lines: list[bytes], folder: Path) -> Books:
    connection = await asyncpg.connect(database_url, ssl=False)
    await connection.execute("CREATE DATABASE undisturbed")
    url = urlsplit(database_url)._replace(path="/undisturbed").geturl()
    apart = folder / "undisturbed"
    apart.mkdir(mode=0o711)
    try:
        await migrate(url)
        return await settle_undisturbed(url, lines, apart)
    finally:
        await connection.execute("DROP DATABASE undisturbed WITH (FORCE)")
        await connection.close()


async def one_fault(ours: Round, fault: Callable[[], Awaitable[None]], log: Callable[[str], None]) -> None:
    """A burst of work, and a fault in the midst of it, which counts if it came about; then all must go on."""
    name, at = fault.__name__, time.monotonic()
    await ours.burst()
    ours.kept_back -= KEPT_BACK
    await ours.pause(0, 0.5)
    ours.begun = name
    try:
        await fault()
        ours.faults[name] += 1
    except NotComeAboutError as why:
        ours.not_come_about[name] += 1
        log(f"  {name} did not come about: {why}")
    await ours.goes_on()
    log(f"  {name}: {time.monotonic() - at:.1f} s")
    await ours.pause()


async def run_round(seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """One round: faults one after the other, each while events flow; then the books are held against the expected."""
    async with players(seed, folder, log) as (ours, expected):
        began = time.monotonic()
        publishing = asyncio.create_task(ours.publish())
        problem, found = "", Figures(len(ours.lines))
        try:
            await eventually(lambda: ours.next_line > len(ours.lines) // 2 + 20)
            for fault in ours.draw.sample(ours.deck(), FAULTS_A_ROUND):
                await one_fault(ours, fault, log)
            ours.hurry = True
            await asyncio.wait_for(publishing, GOES_ON_WITHIN_S)
            await until_quiet(ours.servers.database_url, ours.sender.last, GOES_ON_WITHIN_S)
            revisions = "store_lost" not in ours.faults
            books = await read_books(ours.servers.database_url)
            found = compare(books, expected, events=len(ours.lines), revisions=revisions)
            problem = await payout_problem(ours.servers)
            if found.lost:
                (folder / "lost").write_text(
                    await tell_lost(ours.servers.database_url, books, expected, ours.places_by_event())
                )
        except (AssertionError, TimeoutError) as error:
            problem = f"{ours.begun}: {_told(error)}"
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        seconds = time.monotonic() - began
        return Outcome(
            f"round {seed}",
            seed,
            found,
            dict(ours.faults),
            seconds,
            ours.lost_with_a_store,
            problem=problem,
            not_come_about=dict(ours.not_come_about),
        )


async def payout_problem(servers: Servers) -> str:
    """Where payers are not told each booking once, in the ledger's order; empty where they are."""
    engine, client = connect(servers.database_url), await nats.connect(servers.nats_url)

    async def all_told() -> bool:
        async with engine.connect() as connection:
            return (await payout_state(connection, client)).waiting == 0

    try:
        await eventually(all_told, bound_s=GOES_ON_WITHIN_S)
        wrong = await differences(client, engine)
    finally:
        await client.close()
        await engine.dispose()
    return f"PAYOUTS: {len(wrong)} wrong, {', '.join(wrong[:5])}" if wrong else ""


async def run_points(seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """Every consumer killed at every point of its batch, in an order drawn by seed."""
    lines = [line_bytes(line) for line in county(seed, persons=3 * PERSONS, inpatient=3 * INPATIENT)]
    deaths = Random(seed).sample(all_deaths(), len(all_deaths()))
    began = time.monotonic()
    database, broker = PostgresServer(folder / "postgres"), NatsServer(folder / "nats")
    try:
        given = Given(await database.start(), await broker.start())
        expected = await _undisturbed(given.database_url, lines, folder)
        await migrate(given.database_url)
        await die_again_and_again(given, lines, deaths, folder)
        found = compare(await read_books(given.database_url), expected, events=len(lines))
    finally:
        await broker.stop()
        await database.stop()
    return Outcome("points", seed, found, {"worker_killed_at_a_point": len(deaths)}, time.monotonic() - began)


async def run_backpressure(seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """200,000 events published at once to a worker whose database is slow."""
    began = time.monotonic()
    database, broker = PostgresServer(folder / "postgres"), NatsServer(folder / "nats")
    try:
        database_url, nats_url = await database.start(), await broker.start()
        await migrate(database_url)
        flooded = await flood(database_url, nats_url, folder, events=200_000, delay_s=0.005, slow_s=60)
    finally:
        await broker.stop()
        await database.stop()
    measured = {"peak worker MB": flooded.peak_mb, "largest lag": flooded.largest_lag, "events/s": flooded.events_per_s}
    problem = "" if flooded.peak_mb <= flooded.bound_mb else f"more than {flooded.bound_mb} MB"
    figures, seconds = Figures(flooded.events, lost=flooded.missing), time.monotonic() - began
    return Outcome("backpressure", seed, figures, {"database_slow": 1}, seconds, problem=problem, measured=measured)


async def run_gateway(seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """Gateway, workers and NATS killed while hospitals' programs speak the national interface."""
    began, people = time.monotonic(), patients(STAYS)
    async with hospitals_at_work(seed, folder, people) as ours:
        found = await ours.run(people, GATEWAY_FAULTS, log)
    measured = {"calls repeated": float(ours.repeats)}
    seconds, faults = time.monotonic() - began, dict(ours.faults)
    return Outcome("gateway", seed, found, faults, seconds, measured=measured)


async def outcome_of(suite: str, seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """What a suite came to, also where it broke off: a server that does not start is an outcome too."""
    began = time.monotonic()
    try:
        return await SUITES[suite](seed, folder, log)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with those before it
        return Outcome(f"{suite} {seed}", seed, Figures(), {}, time.monotonic() - began, problem=_told(error))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


SUITES = {"points": run_points, "rounds": run_round, "backpressure": run_backpressure, "gateway": run_gateway}


def main(first: int, rounds: int, suites: list[str]) -> int:
    """Run the suites; 1 at the first outcome that does not hold."""
    outcomes = []
    plan = [
        (suite, seed) for suite in suites for seed in (range(first, first + rounds) if suite == "rounds" else [first])
    ]
    for suite, seed in plan:
        with tempfile.TemporaryDirectory(prefix="claims-chaos-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            folder.chmod(0o711)
            outcome = asyncio.run(
                outcome_of(suite, seed, folder, lambda text: print(text, file=sys.stderr, flush=True))
            )
            if not outcome.holds and "CHAOS_KEEP" in os.environ:
                shutil.copytree(
                    folder, os.environ["CHAOS_KEEP"], ignore=shutil.ignore_patterns("disk", "nats", "postgres")
                )
        outcomes.append(outcome)
        print(outcome, flush=True)
        if not outcome.holds:
            print(f"again: python -m tests.faults.chaos {seed} 1 {suite}", file=sys.stderr)
            break
    print(report(outcomes))
    return int(not all(outcome.holds for outcome in outcomes))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or list(SUITES)))
