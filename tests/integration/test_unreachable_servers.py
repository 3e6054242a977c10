"""Servers that are not there: bounded tries, a word, a clean end."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from infra.embedded.nats import NatsServer
from infra.embedded.process import ServerError
from infra.messaging.broker import connected_broker
from infra.messaging.sender import TIMEOUT_S, Outgoing, publish_events
from infra.messaging.streams import INTAKE, ensure_streams
from tests.program import background, claims, eventually, exit_code


@pytest.fixture
def nobody() -> Iterator[str]:
    """A NATS URL on whose port somebody listens and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        yield f"nats://claims:secret@127.0.0.1:{silent.getsockname()[1]}"


def refusing() -> str:
    """A NATS URL on whose port nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        return f"nats://claims:secret@127.0.0.1:{gone.getsockname()[1]}"


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_up_without_nats_says_that_it_waits_and_ends_when_it_is_asked(
    database: str, nobody: str, server_folder: Path, asked: signal.Signals
) -> None:
    log = server_folder / "log"
    env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": nobody}
    async with background("up", log=log, env=env) as up:
        await eventually(lambda: "NATS does not answer yet" in log.read_text(encoding="utf-8"), log.read_text)
        up.send_signal(asked)
        assert await exit_code(up, log) == 0, log.read_text()
    told = log.read_text(encoding="utf-8")
    assert "已停止 stopped" in told
    assert "Traceback" not in told
    assert "secret" not in told


async def test_nats_that_never_answers_is_given_up_with_what_keeps_it(nobody: str) -> None:
    for url, why in ((nobody, "nobody answers there"), (refusing(), "Connect")):
        with pytest.raises(ServerError, match=f"within 4 s .*{why}.*correct CLAIMS_NATS_URL") as refused:
            async with connected_broker(url, None, within_s=4):
                pass
        assert "secret" not in str(refused.value)


async def test_status_without_nats_tells_what_the_database_says(database: str) -> None:
    env = {"CLAIMS_DATABASE_URL": database, "CLAIMS_NATS_URL": refusing()}
    told = await claims("status", "--json", env=env)
    assert told.code == 1, told.err
    (state,) = told.rows
    assert "NATS does not answer" in state["nats_error"]
    assert (state["intake_writable"], state["halted"]) == (None, None)
    assert state["counts"]["statements"] == 0
    shown = await claims("status", env=env)
    assert shown.code == 1
    assert "What follows is from the database alone" in shown.err


async def test_of_several_hosts_the_one_that_answers_is_used(database: str, tmp_path: Path) -> None:
    parts = urlsplit(database)
    login, _, host = parts.netloc.rpartition("@")
    dead = urlsplit(refusing()).netloc.rpartition("@")[2]
    env = {"CLAIMS_DATABASE_URL": parts._replace(netloc=f"{login}@{dead},{host}").geturl()}
    for command in (("statements",), ("backup", tmp_path / "of-two.backup"), ("verify",)):
        done = await claims(*command, env=env)
        assert done.code == 0, (command, done.err)


async def test_a_database_of_a_newer_program_is_a_sentence(database: str) -> None:
    connection = await asyncpg.connect(database, ssl=False)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    refused = await claims("statements", env={"CLAIMS_DATABASE_URL": database})
    assert refused.code == 2
    assert "brought to version 9999 by a newer program" in refused.err
    assert "Traceback" not in refused.err


async def test_a_database_that_does_not_let_in_is_a_sentence(database: str) -> None:
    parts = urlsplit(database)
    nobody_there = parts._replace(netloc=f"claims:x@{urlsplit(refusing()).netloc.rpartition('@')[2]}")
    for url, said in (
        (nobody_there, "A server does not answer ("),
        (parts._replace(netloc=f"claims:x@{parts.netloc.rpartition('@')[2]}"), "password authentication failed"),
        (parts._replace(path="/none"), 'database "none" does not exist'),
    ):
        refused = await claims("statements", env={"CLAIMS_DATABASE_URL": url.geturl()})
        assert refused.code == 2
        assert said in refused.err
        assert not [word for word in ("Traceback", "Errno", "sqlalchemy") if word in refused.err], refused.err


async def test_events_that_a_dying_server_took_along_are_sent_again(server_folder: Path) -> None:
    """`claims publish` waited its whole 20 s for an acknowledgement that nobody would send."""
    first = NatsServer(server_folder / "nats")
    url = await first.start()
    second = NatsServer(server_folder / "nats", port=urlsplit(url).port)
    try:
        async with connected_broker(url, None) as broker:
            client = broker.connection
            await ensure_streams(client.jetstream(), {})
            sent = client.stats["out_msgs"]
            os.kill(first.pid, signal.SIGSTOP)  # it takes the bytes and reads none
            began = time.monotonic()
            publishing = asyncio.create_task(publish_events(client, [Outgoing("claims.intake.hospital.H1.P1", b"{}")]))
            await eventually(lambda: client.stats["out_msgs"] > sent and not client._pending_data_size)
            first.kill()
            await second.start()
            (place,) = await publishing
            assert time.monotonic() - began < TIMEOUT_S
            # twice where the server took longer to start: the same event again
            assert (await client.jetstream().stream_info(INTAKE)).state.last_seq == place
    finally:
        await second.stop()
