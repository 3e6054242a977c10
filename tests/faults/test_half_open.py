"""A server that stays connected and says nothing any more: nothing waits for it for ever."""

from pathlib import Path

import orjson

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
