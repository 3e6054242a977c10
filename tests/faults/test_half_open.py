"""Servers that stay connected and say nothing any more, and a worker that sleeps in its turn: nobody waits for ever."""

import sys
from pathlib import Path

import asyncpg
import orjson
import pytest

from infra.worker import STALLED_AFTER_S, STREAMS_LOCK
from tests import facts
from tests.faults.given import LEAVES_CONNECTIONS, Given, publish, until_quiet
from tests.faults.proxy import proxy_of
from tests.faults.supervised import stands_still
from tests.program import background, eventually

pytestmark = [pytest.mark.timeout(180), LEAVES_CONNECTIONS]

SLEEPS_IN_ITS_TURN = """
import os, signal, sys
import infra.worker
make = infra.worker.ensure_streams
async def sleep_first(*given, **named):
    os.kill(os.getpid(), signal.SIGSTOP)
    await make(*given, **named)
infra.worker.ensure_streams = sleep_first
from infra.cli import main
sys.argv = ["claims", "up"]
main()
"""


async def test_a_lone_worker_goes_on_where_its_connections_were_forgotten(
    database: str, nats_url: str, server_folder: Path
) -> None:
    log = server_folder / "log"
    async with proxy_of(database) as to_database:
        given = Given(to_database.url(database), nats_url)
        async with given.worker(log) as worker:
            stay = [facts.hospital(), facts.enrol("P1"), *facts.stay(1, "P1")]
            await until_quiet(database, await publish(nats_url, [orjson.dumps(event) for event in stay]))
            to_database.forget()
            more = facts.stay(2, "P1", on="2019-08-01")
            last = await publish(nats_url, [orjson.dumps(event) for event in more])
            await until_quiet(database, last)
            assert worker.returncode is None, log.read_text()
            assert "given up" in log.read_text()


async def test_a_worker_that_sleeps_in_its_turn_at_the_streams_keeps_nobody_waiting(
    database: str, nats_url: str, server_folder: Path
) -> None:
    given, logs = Given(database, nats_url), (server_folder / "one", server_folder / "two")
    sleeper = (sys.executable, "-c", SLEEPS_IN_ITS_TURN)
    env = given.env | {"PYTHONPATH": str(Path(__file__).parents[2])}
    async with background(log=logs[0], env=env, program=sleeper) as one:
        await eventually(lambda: stands_still(one.pid), logs[0].read_text)
        async with background("up", log=logs[1], env=given.env):
            await eventually(lambda: "another worker looks after the streams" in logs[1].read_text(), logs[1].read_text)
            connection = await asyncpg.connect(database, ssl=False)
            holds = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = $1"
            assert await connection.fetchval(holds, STREAMS_LOCK) == 1
            await connection.close()
            await eventually(lambda: "ready" in logs[1].read_text(), logs[1].read_text, STALLED_AFTER_S + 20)
