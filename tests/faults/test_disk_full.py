"""A disk is full for a while. The database's: nothing is dropped or refused, and INTAKE takes events meanwhile. That of
NATS: nothing is acknowledged, and all goes on once there is room."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import pytest

from infra.embedded.postgres import PostgresServer
from infra.postgres.engine import migrate
from infra.servers import servers
from tests import facts
from tests.faults import harness
from tests.faults.conftest import Undisturbed
from tests.faults.disk import NO_ROOM, full, mount_disk, unmount_disk
from tests.faults.harness import (
    INTAKE_TAKEN,
    LEAVES_CONNECTIONS,
    SETTLED,
    Figures,
    Given,
    ask,
    compare,
    is_there,
    log_lines,
    publish,
    read_books,
    source,
    until,
    until_quiet,
)
from tests.program import BOUND_S, background, children, claims, eventually, exit_code, up_is_ready

pytestmark = LEAVES_CONNECTIONS

DISK_MB = 300


NATS_DISK_MB = 160
"""More than what is free before a server is started again."""


@pytest.fixture
def disk(server_folder: Path) -> Iterator[Path]:
    """A disk of the test's own."""
    folder = server_folder / "disk"
    refused = mount_disk(folder, DISK_MB)
    if refused:
        pytest.skip(f"a small file system can't be mounted here ({refused}); a disk is not filled that others use")
    yield folder
    unmount_disk(folder)


@pytest.fixture
async def server(disk: Path) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL on that disk, not started."""
    server = PostgresServer(disk / "postgres")
    yield server
    await server.stop()


async def test_a_full_disk_drops_nothing(
    undisturbed: Undisturbed,
    disk: Path,
    server: PostgresServer,
    nats_url: str,
    server_folder: Path,
) -> None:
    lines, log = undisturbed.lines, server_folder / "log"
    half = (undisturbed.first_discharge + len(lines)) // 2
    database = await server.start()
    await migrate(database)
    async with Given(database, nats_url).worker(log) as worker:
        await publish(nats_url, lines[:half])
        await until(database, SETTLED, lambda found: found > 10)
        with full(disk):
            last = await publish(nats_url, lines[half:])  # INTAKE takes what the database can't

            async def met() -> bool:
                return NO_ROOM in log.read_text() or not await is_there(database)

            await eventually(met, log.read_text)
            assert await ask(database, INTAKE_TAKEN) < last
        if not await is_there(database):  # where the log finds no room PostgreSQL stops; its supervisor starts it
            await server.stop()
            await server.start()
        await until_quiet(database, last)
        assert worker.returncode is None, log.read_text()
    found = compare(await read_books(database), undisturbed.books, events=len(lines))
    assert found == Figures(events=len(lines))


@pytest.fixture
async def data(server_folder: Path) -> AsyncIterator[Path]:
    """A data directory whose nats-server has a small disk of its own."""
    data = server_folder / "data"
    async with servers(data, command="pytest"):
        pass
    shutil.rmtree(data / "nats")
    refused = mount_disk(data / "nats", NATS_DISK_MB)
    if refused:
        pytest.skip(f"a small file system can't be mounted here ({refused}); a disk is not filled that others use")
    yield data
    unmount_disk(data / "nats")


async def test_a_full_disk_of_the_embedded_nats_is_told_and_mended(
    undisturbed: Undisturbed, data: Path, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "ACKNOWLEDGED_WITHIN_S", 3 * BOUND_S)  # as long as the steps below may take
    lines, log = undisturbed.lines, server_folder / "log"
    half = (undisturbed.first_discharge + len(lines)) // 2
    async with background("up", "--data-dir", data, log=log) as up:
        await up_is_ready(log)
        endpoints = json.loads((data / "endpoints.json").read_text())
        database = endpoints["database_url"]
        async with source(endpoints["nats_url"]) as sender:
            await sender.send(lines, range(half))
            await until_quiet(database, sender.last)
            with full(data / "nats"):
                sending = asyncio.create_task(sender.send(lines, range(half, len(lines))))
                await eventually(lambda: says(log, "a server does not work"), log.read_text)
                told = await claims("status", "--json", "--data-dir", data)
                # how it fails is the server's: it says that it can't write, or stands still
                assert (told.code, told.rows[0]["intake_writable"]) in ((1, False), (1, None)), told.err
                assert told.rows[0]["intake_error"] or told.rows[0]["nats_error"]
                assert not sending.done()
            await eventually(lambda: says(log, "a server works again"), log.read_text)
            await sending
            await until_quiet(database, sender.last)
        told = await claims("status", "--json", "--data-dir", data)
        assert (told.code, told.rows[0]["intake_writable"]) == (0, True), told.err
        found = compare(await read_books(database), undisturbed.books, events=len(lines))
        assert found == Figures(events=len(lines))
        up.send_signal(signal.SIGTERM)
        assert await exit_code(up, log) == 0, log.read_text()
    event = next(line for line in log_lines(log) if line["event"] == "a server does not work")
    assert (event["server"], event["follows"]) == ("nats-server", "it is started again once the disk has room")


async def test_embedded_servers_that_are_killed_are_started_again(server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    async with background("up", "--data-dir", data, log=log) as up:
        await up_is_ready(log)
        endpoints = json.loads((data / "endpoints.json").read_text())
        async with source(endpoints["nats_url"]) as sender:
            before = [facts.hospital(), facts.enrol(), *facts.stay(1)]
            events = list(map(orjson.dumps, [*before, *facts.stay(2)]))
            await sender.send(events, range(len(before)))
            await until_quiet(endpoints["database_url"], sender.last)
            servers_of_up = ("bin/postgres ", "bin/nats-server ")
            killed = [pid for pid, line in children(up.pid).items() if any(name in line for name in servers_of_up)]
            assert len(killed) == 2
            restarts = log.read_text().count("a server works again")  # a busy machine may have had one before
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            await eventually(lambda: log.read_text().count("a server works again") == restarts + 2, log.read_text)
            await sender.send(events, range(len(before), len(events)))
            await until_quiet(endpoints["database_url"], sender.last)
            assert await ask(endpoints["database_url"], SETTLED) == 2


def says(log: Path, event: str) -> bool:
    """Whether a worker's log has an event."""
    return any(line["event"] == event for line in log_lines(log))
