"""A worker cut off from its servers for a while, and one whose NATS comes back empty: both go on by themselves."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from infra.embedded.nats import NatsServer
from tests.faults.conftest import Undisturbed
from tests.faults.harness import (
    INTAKE_TAKEN,
    LEAVES_CONNECTIONS,
    OPEN_RUNS,
    SETTLED,
    Figures,
    Given,
    ask,
    compare,
    publish,
    read_books,
    source,
    until,
    until_quiet,
)
from tests.faults.proxy import Proxy, proxy_of
from tests.faults.supervisor import stands_still
from tests.owners import all_lanes, end_as_stalled, own, owners
from tests.program import Running, eventually, exit_code

pytestmark = LEAVES_CONNECTIONS


async def test_a_worker_loses_its_network_and_finds_it_again(
    undisturbed: Undisturbed, database: str, nats_url: str, server_folder: Path
) -> None:
    lines, log = undisturbed.lines, server_folder / "log"
    part = (len(lines) - undisturbed.first_discharge) // 3
    async with proxy_of(database) as to_database, proxy_of(nats_url) as to_nats:
        given = Given(to_database.url(database), to_nats.url(nats_url))
        async with given.worker(log) as worker:
            await publish(nats_url, lines[: -2 * part])
            await until(database, SETTLED, lambda found: found > 10)
            to_database.cut()
            await eventually(lambda: "given up" in log.read_text(), log.read_text)
            taken = await ask(database, INTAKE_TAKEN)
            to_database.heal()
            await publish(nats_url, lines[-2 * part : -part])
            await until(database, INTAKE_TAKEN, lambda found: found > taken)
            to_database.hold()
            to_nats.cut()
            await publish(nats_url, lines[-part:])
            to_nats.heal()
            to_database.heal()
            await until_quiet(database, len(lines))
            assert worker.returncode is None, log.read_text()
    found = compare(await read_books(database), undisturbed.books, events=len(lines))
    assert found == Figures(events=len(lines))


async def test_a_worker_whose_database_falls_silent_loses_its_lanes(
    undisturbed: Undisturbed, database: str, nats_url: str, server_folder: Path
) -> None:
    lines, logs = undisturbed.lines, (server_folder / "far", server_folder / "near")
    half = (undisturbed.first_discharge + len(lines)) // 2
    near = Given(database, nats_url, {"CLAIMS_PARTITIONS": "2"})
    async with proxy_of(database) as to_database, AsyncExitStack() as stack:
        given_far = Given(to_database.url(database), nats_url, near.more)
        far = await stack.enter_async_context(given_far.worker(logs[0]))
        await owners_are(database, to_database, all_lanes(2))
        await publish(nats_url, lines[:half])
        await until(database, SETTLED, lambda found: found > 10)
        to_database.hold()
        last = await publish(nats_url, lines[half:])
        assert await ask(database, INTAKE_TAKEN) < last, "silent with work in hand"
        other = await stack.enter_async_context(near.worker(logs[1]))
        # The server ends these by itself after STALLED_AFTER_S; the test does not wait for that, `make chaos` does.
        await end_as_stalled(database, to_database.far_ports)
        await until_quiet(database, last)
        await own(database, {other.pid: all_lanes(2)})
        to_database.heal()
        await eventually(lambda: "given up" in logs[0].read_text(), logs[0].read_text)
        await until_quiet(database, await publish(nats_url, lines[half:]))
        assert (far.returncode, other.returncode) == (None, None), [log.read_text() for log in logs]
    found = compare(await read_books(database), undisturbed.books, events=len(lines))
    assert found == Figures(events=len(lines))


async def owners_are(database_url: str, proxy: Proxy, lanes: int) -> None:
    """Wait until so many lanes are owned through a proxy."""

    async def met() -> bool:
        return sum(owned for port, owned in (await owners(database_url)).items() if port in proxy.far_ports) == lanes

    await eventually(met)


ONES = ("basic", "assistance")
ONES_LANES = 2 * len(ONES)
"""Of two partitions."""


async def test_workers_outlive_the_store_of_nats(
    undisturbed: Undisturbed, database: str, nats_server: NatsServer, server_folder: Path
) -> None:
    nats_url = await nats_server.start()
    given, lines = Given(database, nats_url, {"CLAIMS_PARTITIONS": "2"}), undisturbed.lines
    logs = server_folder / "one", server_folder / "two"
    stops = ["assistance", "committed", "1", "stop"]
    async with two_at_work(given, logs, stops) as (one, two), source(nats_url) as sender:
        await publish(nats_url, lines)
        await eventually(lambda: stands_still(one.pid), logs[0].read_text)
        nats_server.kill()
        assert await ask(database, OPEN_RUNS) > 0, "lost with work in hand"
        os.kill(one.pid, signal.SIGCONT)
        await nats_server.stop()
        shutil.rmtree(server_folder / "nats" / "store")
        again = NatsServer(server_folder / "nats", port=urlsplit(nats_url).port)
        try:
            assert await again.start() == nats_url
            # Sources send what they have no answer to; the streams are there again without anybody's help.
            for start in range(0, len(lines), 500):
                await sender.send(lines, range(start, min(start + 500, len(lines))))
            assert sender.places[0] > 1, "the streams go on where they were"
            await until_quiet(database, sender.last)
            assert (one.returncode, two.returncode) == (None, None), [log.read_text() for log in logs]
        finally:
            await again.stop()
    found = compare(await read_books(database), undisturbed.books, events=len(lines), revisions=False)
    assert found == Figures(events=len(lines))


async def test_one_of_two_workers_dies_and_the_other_takes_its_lanes(
    undisturbed: Undisturbed, database: str, nats_url: str, server_folder: Path
) -> None:
    given, lines = Given(database, nats_url, {"CLAIMS_PARTITIONS": "2"}), undisturbed.lines
    half = (undisturbed.first_discharge + len(lines)) // 2
    logs = server_folder / "one", server_folder / "two"
    async with two_at_work(given, logs, ["basic", "committed", "1", "kill"]) as (dies, stays):
        await publish(nats_url, lines[:half])
        assert await exit_code(dies, logs[0]) == -signal.SIGKILL, logs[0].read_text()
        await own(database, {stays.pid: all_lanes(2)})
        await until_quiet(database, await publish(nats_url, lines[half:]))
        assert stays.returncode is None, logs[1].read_text()
    found = compare(await read_books(database), undisturbed.books, events=len(lines))
    assert found == Figures(events=len(lines))


@asynccontextmanager
async def two_at_work(
    given: Given, logs: tuple[Path, Path], fate: Sequence[str]
) -> AsyncIterator[tuple[Running, Running]]:
    """One that wants some lanes only, and has a fate; then another, that takes all the rest."""
    only = [part for consumer in ONES for part in ("--only", consumer)]
    async with given.dying_worker(logs[0], fate, *only) as one:
        # in that order, or the second would own all
        await own(given.database_url, {one.pid: ONES_LANES})
        async with given.worker(logs[1]) as two:
            await own(given.database_url, {one.pid: ONES_LANES, two.pid: all_lanes(2) - ONES_LANES})
            yield one, two
