"""A server that stays connected and says nothing any more: nothing waits for it for ever."""

from pathlib import Path

import orjson
import pytest

from infra.postgres.engine import connect
from infra.worker import lane_locks
from infra.worker.lane_locks import LaneLocks
from tests import facts
from tests.faults.harness import LEAVES_CONNECTIONS, Given, publish, until_quiet
from tests.faults.proxy import proxy_of

pytestmark = LEAVES_CONNECTIONS


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


async def test_no_question_about_lanes_waits_for_ever(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is asked right after a check that was answered."""
    monkeypatch.setattr(lane_locks, "SILENT_S", 0.5)
    async with proxy_of(database) as to_database:
        for ask in (
            LaneLocks.adopted,
            lambda locks: locks.acquire(("basic", 0)),
            lambda locks: locks.release(("x", 0)),
        ):
            engine = connect(to_database.url(database))
            locks = LaneLocks(engine)
            await locks.check()
            to_database.forget()
            with pytest.raises(TimeoutError, match="no answer from the database"):
                await ask(locks)
            await locks.drop()
            await engine.dispose()
