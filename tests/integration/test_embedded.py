"""The embedded servers: closed to others, one owner, gone with their parent, back with their data."""

import asyncio
import json
import os
import re
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import nats
import pytest
from structlog.testing import capture_logs

from infra.embedded import keeper
from infra.embedded.directory import DirectoryInUse
from infra.embedded.nats import NatsServer
from infra.embedded.nats_health import write_error
from infra.embedded.process import ServerError, server_user
from infra.servers import Endpoints, servers
from tests.program import BOUND_S, eventually

# What `claims up` is to this test: a process that owns the directory until it is killed.
OWNER = """
import asyncio, sys
from pathlib import Path
from infra.servers import servers

async def main():
    async with servers(Path(sys.argv[1]), command="up"):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def owner(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """An owner in another process; `wait_ready` before use where it matters."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(folder), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        await eventually(lambda: not running(folder))


async def ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), BOUND_S) == b"ready\n"


def running(folder: Path) -> list[int]:
    """Pids of live processes whose command line names the folder's servers."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"{folder}/postgres/".encode() in command or f"{folder}/nats/".encode() in command:
            found.append(int(entry.name))
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    # nats-server writes its ports file 0644; there is no secret in it and the folder around it is closed.
    return [path.name for path in folder.iterdir() if mode(path) & 0o077 and path.suffix != ".ports"]


async def nats_answer_to_a_stranger(url: str) -> bytes:
    """What the server says to a client without a password (nats-py leaks its socket when refused)."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(b"CONNECT {}\r\nPING\r\n")
    answer = await asyncio.wait_for(reader.read(), BOUND_S)
    writer.close()
    await writer.wait_closed()
    return answer


async def write(endpoints: Endpoints, value: int) -> None:
    connection = await asyncpg.connect(endpoints.database_url, ssl=False)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (value int)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()
    client = await nats.connect(endpoints.nats_url)
    js = client.jetstream()
    await js.add_stream(name="KEPT", subjects=["kept"])
    await js.publish("kept", str(value).encode())
    await client.close()


async def read(endpoints: Endpoints) -> tuple[list[int], list[int]]:
    connection = await asyncpg.connect(endpoints.database_url, ssl=False)
    rows = [row["value"] for row in await connection.fetch("SELECT value FROM kept ORDER BY value")]
    await connection.close()
    client = await nats.connect(endpoints.nats_url)
    js = client.jetstream()
    last = (await js.stream_info("KEPT")).state.last_seq
    messages = [int((await js.get_msg("KEPT", seq)).data or b"0") for seq in range(1, last + 1)]
    await client.close()
    return rows, messages


async def test_what_was_handed_out_holds_at_the_next_start(server_folder: Path) -> None:
    """A source keeps its nats_url, an accountant's tool its database URL; a port that is taken is not forgotten."""
    async with servers(server_folder, command="up") as first:
        handed_out = (first.database_url, first.nats_url)
    async with servers(server_folder, command="up") as second:
        assert (second.database_url, second.nats_url) == handed_out
    taken = urlsplit(handed_out[1]).port
    stranger = await asyncio.start_server(lambda *_: None, "127.0.0.1", taken)
    async with stranger:
        with capture_logs() as told:
            async with servers(server_folder, command="up") as third:
                assert third.database_url == handed_out[0]
                assert urlsplit(third.nats_url).port not in (None, taken)
                assert await nats_answer_to_a_stranger(third.nats_url)
        assert [(line["server"], line["port"]) for line in told if "this_time" in line] == [("nats", taken)]
    async with servers(server_folder, command="up") as fourth:
        assert (fourth.database_url, fourth.nats_url) == handed_out


async def test_servers_are_set_up_for_a_ledger_and_closed_to_others(server_folder: Path) -> None:
    async with servers(server_folder, command="up") as endpoints:
        assert endpoints.owned
        assert re.fullmatch(r"postgresql://claims:[0-9a-f]{48}@127\.0\.0\.1:\d+/claims", endpoints.database_url)
        assert re.fullmatch(r"nats://claims:[0-9a-f]{48}@127\.0\.0\.1:\d+", endpoints.nats_url)

        connection = await asyncpg.connect(endpoints.database_url, ssl=False)
        settings = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in (
                "data_checksums",
                "fsync",
                "TimeZone",
                "password_encryption",
                "max_wal_size",
                "server_encoding",
            )
        }
        await connection.close()
        assert settings == {
            "data_checksums": "on",
            "fsync": "on",
            "TimeZone": "Asia/Shanghai",
            "password_encryption": "scram-sha-256",
            "max_wal_size": "4GB",
            "server_encoding": "UTF8",
        }

        client = await nats.connect(endpoints.nats_url)
        assert client.max_payload == 8 * 1024 * 1024
        await client.close()

        # Nothing below the directory is open to others; the directory itself lets the servers' user pass, as root.
        assert mode(server_folder) == (0o711 if os.geteuid() == 0 else 0o700)
        for folder in (server_folder, server_folder / "postgres", server_folder / "nats"):
            assert open_to_others(folder) == []
        assert mode(server_folder / "endpoints.json") == 0o600

        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(re.sub(":[0-9a-f]{48}@", ":guess@", endpoints.database_url), ssl=False)
        assert b"Authorization Violation" in await nats_answer_to_a_stranger(endpoints.nats_url)

        if os.geteuid() == 0:
            user = server_user()
            assert user.uid != 0
            assert {os.stat(f"/proc/{pid}").st_uid for pid in running(server_folder)} == {user.uid}  # noqa: PTH116

    assert running(server_folder) == []
    assert not (server_folder / "endpoints.json").exists()


async def test_servers_stop_where_a_look_at_them_loses_its_cancellation(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def asked(_url: str) -> None:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answers.put_nowait(answer)
        await asyncio.wait_for(answer, BOUND_S)  # as nats-py waits for each of the server's

    monkeypatch.setattr(keeper, "LOOK_S", 0.01)
    monkeypatch.setattr(keeper, "write_error", asked)
    async with asyncio.timeout(BOUND_S):
        async with servers(server_folder, command="up"):
            (await answers.get()).set_result(None)  # and at once, before the look hears of it, it is cancelled
    assert running(server_folder) == []


async def test_a_stream_that_is_being_made_is_no_fault(server_folder: Path) -> None:
    broker = NatsServer(server_folder / "nats")
    nats_url = await broker.start()
    client = await nats.connect(nats_url)
    made = asyncio.Event()

    async def look() -> list[str]:
        found = []
        while not made.is_set():
            found.append(await write_error(nats_url))
        return [fault for fault in found if fault is not None]

    looks = [asyncio.create_task(look()) for _ in range(4)]
    try:
        for number in range(150):  # of 1,047 so made, the server told more than half to a single look
            await client.jetstream().add_stream(name=f"S{number}", subjects=[f"s{number}"])
        made.set()
        assert await asyncio.gather(*looks) == [[], [], [], []]
    finally:
        await client.close()
        await broker.stop()


async def test_a_second_owner_is_refused_and_a_sharing_command_attaches(server_folder: Path) -> None:
    async with owner(server_folder) as process:
        # Not ready yet: attaching waits for the owner's servers.
        await eventually((server_folder / "lock").exists)
        async with servers(server_folder, command="status", share_with=frozenset({"up"})) as attached:
            await ready(process)
            assert not attached.owned
            await write(attached, 1)
        with pytest.raises(DirectoryInUse, match=rf"in use by `claims up` \(pid {process.pid}\)"):
            async with servers(server_folder, command="demo", share_with=frozenset({"bench"})):
                pytest.fail("two owners")
        assert len(running(server_folder)) > 0, "the refused and the attached left the owner's servers alone"


async def test_servers_die_with_their_parent_and_come_back_with_their_data(server_folder: Path) -> None:
    async with owner(server_folder) as process:
        await ready(process)
        shared = json.loads((server_folder / "endpoints.json").read_text())
        await write(Endpoints(shared["database_url"], shared["nats_url"], owned=False), 1)
        process.kill()
        await process.wait()
        # At once: the dead owner's endpoints are not believed, and its dying servers are waited for.
        async with servers(server_folder, command="demo", share_with=frozenset({"up"})) as endpoints:
            assert endpoints.owned
            assert await read(endpoints) == ([1], [1])
            for pid in running(server_folder):
                os.kill(pid, signal.SIGKILL)
    async with servers(server_folder, command="demo") as endpoints:
        assert await read(endpoints) == ([1], [1])
        await write(endpoints, 2)
        assert await read(endpoints) == ([1, 2], [1, 2])


async def test_servers_given_from_outside_leave_the_directory_alone(server_folder: Path) -> None:
    given = ("postgresql://elsewhere/claims", "nats://elsewhere")
    async with servers(server_folder, command="up", external=given) as endpoints:
        assert endpoints == Endpoints(*given, owned=False)
    assert os.listdir(server_folder) == []  # noqa: PTH208


async def test_a_folder_may_hold_other_things_beside_ours_but_not_in_their_place(server_folder: Path) -> None:
    (server_folder / "events.jsonl").touch()
    (server_folder / "postgres").mkdir()
    before = mode(server_folder)
    with pytest.raises(ServerError, match="postgres is not ours"):
        async with servers(server_folder, command="up"):
            pytest.fail("took over a foreign folder")
    (server_folder / "postgres").rmdir()
    async with servers(server_folder, command="up", nats=False) as endpoints:
        assert endpoints.owned
    assert mode(server_folder) == before
    assert (server_folder / "events.jsonl").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
async def test_servers_work_below_a_folder_closed_to_their_user_which_stays_closed(server_folder: Path) -> None:
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)
    async with servers(closed / "data", command="up") as endpoints:
        assert endpoints.database_url
    assert mode(closed) == 0o700
