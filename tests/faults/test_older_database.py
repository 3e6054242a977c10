"""The database is set back under running workers, as by a failover to a standby that lagged: every lane halts."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest

from infra.embedded.postgres import PostgresServer
from infra.messaging.streams import INTAKE
from infra.postgres.engine import migrate
from tests.faults.conftest import Undisturbed
from tests.faults.harness import (
    LEAVES_CONNECTIONS,
    SETTLED,
    Figures,
    Given,
    ask,
    compare,
    log_lines,
    publish,
    read_books,
    until,
    until_quiet,
)
from tests.ledger import SHIPPED_LAYERS
from tests.program import claims, eventually

pytestmark = LEAVES_CONNECTIONS

ENTRIES = "SELECT count(*) FROM ledger.entries"
HALTED = "another store"
GOES_ON = "the database is as new as the streams again"


class Copies:
    """A PostgreSQL on one port whose data can be kept, and put in place of what is there."""

    def __init__(self, folder: Path) -> None:
        self.server = PostgresServer(folder)
        self._data = folder / "data"

    async def keep(self, name: str) -> None:
        """Stop it, keep a copy of its data, start it again."""
        await self.server.stop()
        shutil.copytree(self._data, self._data.with_name(name), copy_function=_copy, symlinks=True)
        _own_alike(self._data, self._data.with_name(name))
        await self.server.start()

    async def put(self, name: str) -> None:
        """Kill it, and start it on a copy that was kept: it holds the transactions of that time."""
        self.server.kill()
        await self.server.stop()
        # what the killed server's children still write goes with the folder, which can't be emptied under them
        gone = self._data.rename(self._data.with_name("gone"))
        self._data.with_name(name).rename(self._data)
        await self.server.start()
        shutil.rmtree(gone, ignore_errors=True)


def _copy(source: str, target: str) -> str:
    shutil.copy2(source, target)
    shutil.chown(target, Path(source).stat().st_uid, Path(source).stat().st_gid)
    return target


def _own_alike(source: Path, target: Path) -> None:
    for path in (source, *source.rglob("*")):
        if path.is_dir():
            stat, copy = path.stat(), target / path.relative_to(source)
            copy.chmod(stat.st_mode & 0o7777)
            shutil.chown(copy, stat.st_uid, stat.st_gid)


@pytest.fixture
async def copies(server_folder: Path) -> AsyncIterator[Copies]:
    made = Copies(server_folder / "postgres")
    yield made
    await made.server.stop()


def says(log: Path, event: str) -> bool:
    """Whether a worker's log has an event."""
    return any(line["event"] == event for line in log_lines(log))


async def events_in_intake(nats_url: str) -> int:
    """How many events INTAKE holds."""
    client = await nats.connect(nats_url)
    state = (await client.jetstream().stream_info(INTAKE)).state
    await client.close()
    return state.messages


async def test_a_database_that_is_set_back_halts_every_lane_until_the_right_one_or_a_restore(
    undisturbed: Undisturbed, copies: Copies, nats_url: str, server_folder: Path
) -> None:
    lines, settling, others = undisturbed.lines, server_folder / "settling.log", server_folder / "others.log"
    third = (len(lines) - undisturbed.first_discharge) // 3
    early, late = undisturbed.first_discharge + third, undisturbed.first_discharge + 2 * third
    database = await copies.server.start()
    await migrate(database)
    given = Given(database, nats_url)
    rest = [part for name in ("intake", *SHIPPED_LAYERS) for part in ("--only", name)]
    async with given.worker(others, *rest), given.worker(settling, "--only", "settlement"):
        last = await publish(nats_url, lines[:early])
        await until_quiet(database, last)
        await copies.keep("older")
        booked = await ask(database, ENTRIES)
        last = await publish(nats_url, lines[early:late])
        await until_quiet(database, last)
        await copies.keep("newer")
        newer = await ask(database, ENTRIES)
        held = await events_in_intake(nats_url)

        await copies.put("older")
        # the worker of settlement alone sends nothing on RUNS, and finds nothing wrong with its own lane
        await eventually(lambda: says(settling, HALTED) and says(others, HALTED), settling.read_text)
        status = await claims("status", "--json", env=given.env)
        assert "is older than the streams" in status.rows[0]["halted"]
        assert await ask(database, ENTRIES) == booked, "nothing is booked"
        assert await events_in_intake(nats_url) == held, "nothing is purged"
        (told,) = [line for line in log_lines(settling) if line["event"] == HALTED]
        assert "Do not remove INTAKE" in told["error"]

        await copies.keep("older")
        await copies.put("newer")
        await eventually(lambda: says(settling, GOES_ON) and says(others, GOES_ON), settling.read_text)
        assert await ask(database, ENTRIES) == newer
        last = await publish(nats_url, lines[late:])
        await until_quiet(database, last)
        await copies.keep("newest")
        assert compare(await read_books(database), undisturbed.books, events=len(lines)) == Figures(events=len(lines))
        await copies.put("older")
        await eventually(lambda: len([line for line in log_lines(others) if line["event"] == HALTED]) == 2)

    # the newer one is lost for good: what the message says
    refused = await claims("settle", "--json", "-", stdin=b"", env=given.env)
    assert refused.code == 2
    assert "claims restore FILE --replace" in refused.err
    backup = server_folder / "older.backup"
    made = await claims("backup", backup, env=given.env)
    assert made.code == 0, made.err
    restored = await claims("restore", backup, "--replace", env=given.env)
    assert restored.code == 0, restored.err
    assert await events_in_intake(nats_url) == await events_in_intake(nats_url)
    async with given.worker(server_folder / "again.log"):
        await until(database, SETTLED, lambda found: found > 0)
        last = await publish(nats_url, lines)  # sources send again what the streams may have thrown away
        await until_quiet(database, last)
    assert compare(await read_books(database), undisturbed.books, events=len(lines)) == Figures(events=len(lines))
