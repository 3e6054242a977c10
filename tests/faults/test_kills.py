"""Kill -9, stop, lose and poison: in the end the books are those of a run that nothing disturbed."""

import os
import random
import shutil
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import nats
import orjson
import pytest

from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.servers import servers
from processors.delivery.names import RUNS
from tests import facts
from tests.faults.conftest import Undisturbed
from tests.faults.harness import (
    INTAKE_TAKEN,
    OPEN_RUNS,
    SETTLED,
    Given,
    ask,
    assert_same,
    dying,
    log_lines,
    publish,
    until,
    until_quiet,
)
from tests.faults.supervisor import stands_still
from tests.owners import end_as_stalled, local_ports
from tests.program import canonical, claims, dump_of, eventually, exit_code, kill_group, up_is_ready, write_lines


async def test_settle_is_killed_again_and_again(undisturbed: Undisturbed, server_folder: Path) -> None:
    data, log = server_folder / "data", server_folder / "log"
    file = write_lines(server_folder / "events.jsonl", undisturbed.lines)
    # Every call publishes the whole file again, and meets what the one before it left half done.
    for consumer, point in (
        ("intake", "written"), ("intake", "half_sent"), ("basic", "committed"), ("settlement", "written"),
    ):  # fmt: skip
        async with dying([consumer, point, "1", "kill"], "settle", file, "--data-dir", data, log=log) as process:
            assert await exit_code(process, log) == -signal.SIGKILL, log.read_text()
    done = await claims("settle", file, "--json", "--data-dir", data)
    assert (done.code, done.rows[0]["parked"]) == (0, 0), done.err
    async with servers(data, command="pytest", nats=False) as endpoints:
        assert_same(await dump_of(endpoints.database_url), undisturbed.dump)


async def test_workers_and_servers_are_killed_and_come_back(undisturbed: Undisturbed, server_folder: Path) -> None:
    draw, log = random.Random(20192), server_folder / "log"
    async with AsyncExitStack() as stack:
        database = PostgresServer(server_folder / "postgres")
        stack.push_async_callback(database.stop)
        given_database = await database.start()
        broker = NatsServer(server_folder / "nats")
        stack.push_async_callback(broker.stop)
        given = Given(given_database, await broker.start())

        lines, taken = undisturbed.lines, 0
        cuts = sorted(draw.sample(range(1, len(lines)), 5))
        for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
            async with given.worker(log) as worker:
                taken = await publish(given.nats_url, lines[start:end])
                if end == cuts[2]:
                    broker.kill()
                    await broker.stop()
                    broker = NatsServer(server_folder / "nats", port=urlsplit(given.nats_url).port)
                    stack.push_async_callback(broker.stop)
                    assert await broker.start() == given.nats_url
                if end == cuts[3]:
                    database.kill()
                    await database.stop()
                    assert await database.start() == given.database_url
                if end in (cuts[2], cuts[3], len(lines)):
                    await until_quiet(given.database_url, taken)  # the same worker goes on by itself
                else:
                    await until(given.database_url, INTAKE_TAKEN, lambda found, start=start: found > start)  # type: ignore[misc]
                assert worker.returncode is None, log.read_text()
                kill_group(worker)
        assert taken == len(lines)
        assert_same(await dump_of(given.database_url), undisturbed.dump)


@dataclass(frozen=True)
class Wakes:
    """A worker stopped at a point, and the log events that may tell what its lane meets when it wakes up."""

    point: str
    meets: tuple[str, ...]
    error: str = ""
    repeats_known_s: float = 120.0

    def met(self, log: Path) -> bool:
        """Whether the log tells it of the lane that was stopped."""
        return any(
            line["event"] in self.meets and line.get("lane") == "basic.0" and self.error in line["error"]
            for line in log_lines(log)
        )


@pytest.mark.parametrize(
    "case",
    [
        # nothing written yet: it finds the position touched, or its connections ended with the session that owned lanes
        Wakes("read", ("lane fenced", "database connection lost")),
        Wakes("written", ("lane fenced", "database connection lost")),
        # committed and not sent. Its successor sent it, and more behind it: RUNS has forgotten the id that it comes
        # under again, so that nothing but the subject's last sequence keeps it out
        Wakes("committed", ("lane fenced",), "JetStream error 10071", repeats_known_s=0.1),
    ],
    ids=lambda case: case.point,
)
async def test_a_stopped_worker_wakes_up_and_changes_nothing(
    case: Wakes, undisturbed: Undisturbed, database: str, nats_url: str, server_folder: Path
) -> None:
    given, lines = Given(database, nats_url), undisturbed.lines
    some, most = undisturbed.first_discharge + 200, len(lines) * 9 // 10
    log = server_folder / "first"
    # the second batch: a worker that never sent under a subject asks the server for its last message first
    async with given.dying_worker(log, ["basic", case.point, "2", "stop"]) as first, AsyncExitStack() as stack:
        await up_is_ready(log)
        await _know_repeats(nats_url, case.repeats_known_s)
        await publish(nats_url, lines[:some])

        async def a_batch_is_through() -> bool:
            return stands_still(first.pid) or await ask(database, SETTLED) > 0

        await eventually(a_batch_is_through, log.read_text)
        await publish(nats_url, lines[some:most])
        await eventually(lambda: stands_still(first.pid), log.read_text)
        assert await ask(database, OPEN_RUNS) > 0, "stopped with work in hand"
        last = await publish(nats_url, lines[most:])
        second = await stack.enter_async_context(given.worker(server_folder / "second"))
        await end_as_stalled(database, local_ports(first.pid))
        await until_quiet(database, last)
        before = await dump_of(database)
        assert not case.met(log)
        os.kill(first.pid, signal.SIGCONT)
        await eventually(lambda: case.met(log), log.read_text)
        await eventually(lambda: "given up" in log.read_text(), log.read_text)
        again = await publish(nats_url, lines[:most])
        await until_quiet(database, again)
        assert (first.returncode, second.returncode) == (None, None), log.read_text()
        after = await dump_of(database)
    assert_same(after, undisturbed.dump)
    assert canonical(after) == canonical(before)


async def _know_repeats(nats_url: str, seconds: float) -> None:
    """For how long RUNS knows a message's id again."""
    client = await nats.connect(nats_url)
    js = client.jetstream()
    config = (await js.stream_info(RUNS)).config
    config.duplicate_window = seconds
    await js.update_stream(config)
    await client.close()


async def test_the_store_of_nats_is_lost_with_runs_in_flight(
    undisturbed: Undisturbed, database: str, nats_server: NatsServer, server_folder: Path
) -> None:
    nats_url = await nats_server.start()
    given, lines = Given(database, nats_url), undisturbed.lines
    log = server_folder / "log"
    async with given.dying_worker(log, ["assistance", "committed", "1", "stop"]) as worker:
        await up_is_ready(log)
        await publish(nats_url, lines)
        await eventually(lambda: stands_still(worker.pid), log.read_text)
        assert await ask(database, OPEN_RUNS) > 0
        taken = await ask(database, INTAKE_TAKEN)
        nats_server.kill()
        kill_group(worker)
        await worker.wait()
    await nats_server.stop()
    shutil.rmtree(server_folder / "nats" / "store")
    given = Given(database, await nats_server.start())
    async with given.worker(log):
        last = await publish(given.nats_url, lines)
        assert last > taken + len(lines) - 1, "the streams go on where they were"
        await until_quiet(database, last)
    assert_same(await dump_of(database), undisturbed.dump, revisions=False)


async def test_a_run_that_cannot_be_handled_stops_its_person_alone(
    database: str, nats_url: str, server_folder: Path
) -> None:
    given, log = Given(database, nats_url), server_folder / "log"
    hospital = [facts.hospital(), facts.hospital("HC", 2, "140400")]
    people = [facts.enrol("P1"), facts.enrol("P2"), facts.enrol("C", 2019, "140400")]
    async with given.worker(log):
        # Intake reads every scheme with its first event, a layer those of the runs that it meets.
        taken = await publish(nats_url, map(orjson.dumps, hospital))
        await until_quiet(database, taken)
        text = await _replace_text(database, "changzhi", b"name: changzhi\n")
        stays = [
            *facts.stay(1), *facts.stay(2, "C", hospital_id="HC"), *facts.stay(3, "P2"),
            *facts.stay(4, "C", "2019-04-10", hospital_id="HC"),
        ]  # fmt: skip
        await publish(nats_url, map(orjson.dumps, [*people, *stays]))
        # open runs would be two for a moment on the way too
        await until(database, "SELECT count(*) FROM processors.parked WHERE person_id = 'C'", lambda found: found == 2)
        await until(database, SETTLED, lambda found: found == 2)
        listed = await claims("parked", "--json", env=given.env)
        assert listed.code == 0, listed.err
        assert [{name: row[name] for name in ("person_id", "consumer", "run")} for row in listed.rows] == [
            {"person_id": "C", "consumer": "basic", "run": run} for run in (1, 2)
        ]
        assert "does not match its hash" in listed.rows[0]["reason"]
        assert listed.rows[1]["reason"] == "waits behind run 1"

        await _replace_text(database, "changzhi", text)
        last = await publish(nats_url, [orjson.dumps(facts.correct("C2", "4500", "HC"))])
        await until_quiet(database, last)
        dump = await dump_of(database)
        assert dump["parked"] == []
        # Tier 2 of 长治, not poor: (4,500 − 500) × 70%, then (10,000 − 500) × 70%; under the line of 10,000.
        paid = {row["claim_id"]: row["layers"][0]["paid"] for row in dump["statements"] if row["person_id"] == "C"}
        assert paid == {"C2": "2800.00", "C4": "6650.00"}


async def _replace_text(database_url: str, scheme: str, text: bytes) -> bytes:
    """Put other bytes in a pinned text's place, past the triggers that refuse it; returns those that were there."""
    connection = await asyncpg.connect(database_url, ssl=False)
    await connection.execute("SET session_replication_role = replica")
    before: bytes = await connection.fetchval("SELECT text FROM ledger.schemes WHERE name = $1", scheme)
    await connection.execute("UPDATE ledger.schemes SET text = $1 WHERE name = $2", text, scheme)
    await connection.close()
    return before
