"""The database's disk is full for a while: nothing is dropped or refused, and INTAKE takes events meanwhile."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.embedded import postgres
from infra.embedded.postgres import PostgresServer
from infra.postgres.engine import migrate
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
    publish,
    read_books,
    until,
    until_quiet,
)
from tests.program import eventually

pytestmark = LEAVES_CONNECTIONS

DISK_MB = 300


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
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines, log = undisturbed.lines, server_folder / "log"
    half = (undisturbed.first_discharge + len(lines)) // 2
    database = await server.start()
    await migrate(database)
    port = urlsplit(database).port
    monkeypatch.setattr(postgres, "_free_port", lambda: port)  # where the worker will look for it again
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
