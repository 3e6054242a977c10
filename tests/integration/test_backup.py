"""A ledger that was lost and restored ends as one that never was: from its backup, and from what INTAKE still holds."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.embedded.nats import NatsServer
from infra.embedded.postgres import program
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.messaging.stream_restore import Aftermath, Streams
from infra.operations.backup import InUse, NotEmptyLedger, Restored, StepsForgotten, back_up, restore
from infra.operations.settle import settle_files
from infra.postgres.dump import BackupError, dump
from infra.postgres.engine import connect, migrate
from infra.servers import Endpoints
from infra.settings import Settings
from policies.loader import SCHEMES, load_text
from processors.clearing import steps
from processors.clearing.draft import draft
from processors.delivery.position import lock
from processors.law.adoption import adopt_schemes, initialise
from processors.pipeline.layer import SETTLEMENT
from processors.proof.seals import seal
from tests import facts
from tests.conftest import database_url
from tests.program import Dump, background, canonical, claims, dump_of, eventually, up_is_ready, write_lines

pytestmark = pytest.mark.timeout(180)


class Ledger:
    """A database and a NATS server, settled into in this process."""

    def __init__(self, database: str, nats_url: str, folder: Path) -> None:
        self.database, self.nats_url, self.folder = database, nats_url, folder

    async def settle(self, lines: Sequence[Any]) -> int:
        """Settle events as `claims settle` does; returns how many the ledger had already."""
        file = write_lines(self.folder / "events.jsonl", lines)
        endpoints = Endpoints(self.database, self.nats_url, owned=True)
        settled = await settle_files(endpoints, Settings(), [str(file)])
        assert settled.summary.parked == 0
        return settled.summary.duplicates

    async def restore(
        self,
        file: Path,
        *,
        replace: bool = True,
        forget_steps: bool = False,
        streams: Callable[[Client], Streams] = Streams,
    ) -> Restored:
        client = await nats.connect(self.nats_url)
        try:
            return await restore(self.database, streams(client), file, None, replace=replace, forget_steps=forget_steps)
        finally:
            await client.close()

    async def holds(self, query: str) -> bool:
        return bool(await self.value(query))

    async def value(self, query: str) -> Any:
        connection = await asyncpg.connect(self.database, ssl=False)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


@pytest.fixture
def ledger(database: str, nats_url: str, server_folder: Path) -> Ledger:
    return Ledger(database, nats_url, server_folder)


@asynccontextmanager
async def new_ledger(endpoints: Endpoints, template: str, name: str) -> AsyncIterator[Ledger]:
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    with tempfile.TemporaryDirectory(prefix="claims-other-") as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        broker = NatsServer(Path(folder) / "nats")
        try:
            yield Ledger(database_url(endpoints, name), await broker.start(), Path(folder))
        finally:
            await broker.stop()
            await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
            await server.close()


async def _databases(ledger: Ledger) -> set[str]:
    name = urlsplit(ledger.database).path.removeprefix("/")
    return set(await ledger.value(f"SELECT array_agg(datname) FROM pg_database WHERE datname LIKE '{name}%'"))


def comparable(found: Dump) -> bytes:
    """A dump without revisions: a fresh run may count fewer of them."""
    plain = {
        name: [{key: value for key, value in row.items() if key != "revision"} for row in rows]
        for name, rows in found.items()
    }
    return canonical(plain)


def _a_year(persons: int) -> list[dict[str, Any]]:
    """Everybody is enrolled and has two stays."""
    lines = [facts.hospital()]
    for number in range(persons):
        lines += [facts.enrol(f"P{number}"), *facts.stay(2 * number, f"P{number}", "2019-02-03")]
    for number in range(persons):
        lines += facts.stay(2 * number + 1, f"P{number}", "2019-06-07", in_scope=f"{1000 * (number % 50 + 1)}")
    return lines


def _late_facts(persons: int) -> list[dict[str, Any]]:
    """The past changes for everybody, in turn in four ways; some is refused."""
    lines = []
    for number in range(persons):
        claim = f"C{2 * number}"
        audit = facts.audit(claim, "500", "hospital", claim)
        changes = (facts.roster(f"P{number}"), facts.correct(claim, "30000"), audit, facts.reverse(claim))
        lines.append(changes[number % 4])
        lines += [facts.discharge(f"C{number}", "A-none")] if number % 40 == 0 else []
    return lines


async def test_restored_in_flight_and_settled_again_it_is_as_if_never_lost(
    ledger: Ledger, endpoints: Endpoints, template_database: str
) -> None:
    first, second = _a_year(240), _late_facts(240)
    lines = [*first, *second]
    backup = ledger.folder / "ledger.backup"

    engine = connect(ledger.database)
    async with engine.begin() as connection:
        await lock(connection, SETTLEMENT, 0)  # so that nothing comes to its end before the backup is made
        working = asyncio.create_task(ledger.settle(first))
        taken = "SELECT stream_seq >= 400 FROM processors.positions WHERE consumer = 'intake'"
        await eventually(lambda: ledger.holds(taken), working.done)
        assert await ledger.holds("SELECT count(*) > 0 FROM processors.runs")
        size = await back_up(ledger.database, backup, None)
    await engine.dispose()
    await working
    assert (backup.stat().st_size, backup.stat().st_mode & 0o777) == (size, 0o600)
    await ledger.settle(second)
    undisturbed = await dump_of(ledger.database)
    statements = len(undisturbed["statements"])

    with pytest.raises(NotEmptyLedger):
        await ledger.restore(backup, replace=False)
    assert await ledger.value("SELECT count(*) FROM projections.statements") == statements
    restored = await ledger.restore(backup)
    assert restored.report.holds
    assert restored.aftermath is not None
    assert restored.aftermath.lost is None, "INTAKE keeps what came after the last backup"
    assert restored.aftermath.taken + restored.aftermath.again == len(lines)
    assert await ledger.value("SELECT count(*) FROM projections.statements") < statements
    assert len(await _databases(ledger)) == 1

    assert await ledger.settle(second) == len(second), "INTAKE had them still"
    assert comparable(await dump_of(ledger.database)) == comparable(undisturbed)

    async with new_ledger(endpoints, template_database, f"{urlsplit(ledger.database).path[1:]}_machine") as other:
        restored = await other.restore(backup, replace=False)  # another machine, with streams of its own
        assert restored.aftermath is not None
        assert (restored.aftermath.again, restored.aftermath.lost) == (0, None)
        await other.settle(lines)
        assert comparable(await dump_of(other.database)) == comparable(undisturbed)


async def test_what_intake_has_purged_is_named_and_sent_again(ledger: Ledger) -> None:
    ready = [facts.hospital(), *(facts.enrol(f"P{number}") for number in (1, 2, 3)), facts.roster()]
    second, third = facts.stay(2, "P2"), facts.stay(3, "P3")
    older = ledger.folder / "older.backup"
    await ledger.settle([*ready, *facts.stay(1)])
    await back_up(ledger.database, older, None)
    await ledger.settle(second)
    await back_up(ledger.database, ledger.folder / "newer.backup", None)
    await ledger.settle(third)
    undisturbed = await dump_of(ledger.database)

    restored = await ledger.restore(older)
    taken = len(ready) + len(facts.stay(1))
    assert restored.aftermath is not None
    assert restored.aftermath.taken == taken
    lost = restored.aftermath.lost
    assert lost is not None
    assert lost[0] == taken + 1
    assert taken < lost[1] <= taken + len(second)
    assert restored.aftermath.again >= len(third)
    await ledger.settle(second)
    assert comparable(await dump_of(ledger.database)) == comparable(undisturbed)


async def test_another_ledgers_streams_do_not_stand_in_the_way(
    ledger: Ledger, endpoints: Endpoints, template_database: str
) -> None:
    backup = ledger.folder / "ledger.backup"
    lines = [facts.hospital(), facts.enrol("P1"), *facts.stay(1), *facts.stay(2), *facts.stay(3)]
    await ledger.settle(lines)
    await back_up(ledger.database, backup, None)
    undisturbed = await dump_of(ledger.database)
    async with new_ledger(endpoints, template_database, f"{urlsplit(ledger.database).path[1:]}_other") as other:
        await other.settle([facts.hospital("H9")])
        restored = await other.restore(backup)
        assert restored.aftermath is not None
        assert (restored.aftermath.foreign, restored.aftermath.lost) == (True, None)
        assert restored.aftermath.sources_send_again
        await other.settle([facts.enrol("P2"), *facts.stay(4, "P2")])
        found = await dump_of(other.database)
        assert [row for row in found["statements"] if row["person_id"] == "P1"] == undisturbed["statements"]
        assert len(found["statements"]) == 4


class Watched(Streams):
    """Streams beside a database that a clerk's command comes to in the moment of the swap."""

    async def before_the_swap(self, engine: AsyncEngine, taken_before: int) -> Aftermath:
        replaced = (engine.url.database or "").removesuffix("_restoring")
        url = engine.url.set(drivername="postgresql", database=replaced).render_as_string(hide_password=False)
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="not currently accepting connections"):
            await asyncpg.connect(url, ssl=False)
        return await super().before_the_swap(engine, taken_before)


async def test_what_operators_did_since_the_backup_is_not_forgotten_unsaid(ledger: Ledger) -> None:
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1), *facts.stay(2)])
    backup = ledger.folder / "ledger.backup"
    now, month, region = datetime(2032, 1, 1, tzinfo=UTC), date(2031, 1, 1), "220621"
    engine = connect(ledger.database)
    early = await draft(engine, region, month, "wang", now)
    await steps.withdraw(engine, early, "wang")
    await back_up(ledger.database, backup, None)
    clearing = await draft(engine, region, month, "wang", now)
    await steps.approve(engine, clearing, "li")
    assert await steps.pay(engine, clearing, "zhao", "T1") > 0
    newer = load_text((SCHEMES / "shanggao.yaml").read_bytes() + b"# anew\n", "anew")
    assert await adopt_schemes(engine, [newer], "wang") == [newer]
    await seal(engine)
    await engine.dispose()
    undisturbed = await dump_of(ledger.database)

    with pytest.raises(StepsForgotten, match=rf"#5 clearing\.paid\.v1 {clearing} zhao") as refused:
        await ledger.restore(backup)
    assert "#2 clearing.withdrawn" not in str(refused.value), "that one is in the backup"
    assert await dump_of(ledger.database) == undisturbed
    assert len(await _databases(ledger)) == 1

    restored = await ledger.restore(backup, forget_steps=True, streams=Watched)
    lost, standing = restored.lost, restored.standing
    assert lost is not None
    assert standing is not None
    types = ["clearing.drafted.v1", "clearing.approved.v1", "clearing.paid.v1"]
    assert [(step.number, step.type, step.of) for step in lost.steps] == [
        (number, type_, clearing) for number, type_ in enumerate(types, start=3)
    ]
    assert [(scheme.name, scheme.hash) for scheme in lost.schemes] == [("shanggao", newer.content_hash)]
    assert lost.notes == {"seal.0": 1}
    assert standing.last_step is not None
    assert (standing.last_step.number, standing.last_step.of) == (2, early)
    assert newer.content_hash not in {scheme.hash for scheme in standing.schemes}
    assert "shanggao" in {scheme.name for scheme in standing.schemes}
    again = await ledger.restore(backup)
    assert again.lost is not None
    assert (again.lost.steps, again.lost.schemes, again.lost.notes) == ((), (), {})


async def test_an_intake_of_another_ledger_is_told_also_where_it_is_longer(
    ledger: Ledger, endpoints: Endpoints, template_database: str
) -> None:
    backup = ledger.folder / "ledger.backup"
    lines = [facts.hospital(), facts.enrol("P1"), *facts.stay(1)]
    await ledger.settle(lines)
    await back_up(ledger.database, backup, None)
    async with new_ledger(endpoints, template_database, f"{urlsplit(ledger.database).path[1:]}_other") as other:
        theirs = [facts.hospital("H9"), *(facts.enrol(f"Q{number}") for number in range(9))]
        await initialised(other.database)
        await back_up(other.database, other.folder / "empty.backup", None)  # so that INTAKE keeps what it has
        await other.settle(theirs)
        client = await nats.connect(other.nats_url)
        body = BytesIO(b'{"source": "hospital/H9"}')
        async for _ in publish_file(client, "untaken", body, PublishedEvents()):
            pass
        await client.close()
        restored = await other.restore(backup)
        assert restored.aftermath is not None
        after = restored.aftermath
        assert (after.foreign, after.again, after.taken) == (True, 0, len(lines))
        assert after.lost == (len(lines) + 1, len(theirs))
        assert after.dropped == (len(theirs) + 1, len(theirs) + 1)
        assert await other.settle([*lines, facts.enrol("P2")]) == len(lines)


async def test_answers_are_not_held_for_repeats_of_those_before_the_restore(ledger: Ledger) -> None:
    ready = [facts.hospital(), facts.enrol("P1"), facts.enrol("P2")]
    await ledger.settle(ready)
    backup = ledger.folder / "ledger.backup"
    await back_up(ledger.database, backup, None)
    await ledger.settle([facts.reverse("C-none", id_="one")])
    client = await nats.connect(ledger.nats_url)
    before = await client.jetstream().get_last_msg("ANSWERS", "claims.answers.hospital.H1.C-none")
    await client.jetstream().delete_stream("INTAKE")  # so that the place in it is given to another event
    await client.close()
    restored = await ledger.restore(backup)
    assert restored.aftermath is not None
    assert (restored.aftermath.missing, restored.aftermath.lost) == (True, (len(ready) + 1, len(ready) + 1))
    assert restored.aftermath.sources_send_again
    await ledger.settle([facts.reverse("C-other", id_="two"), facts.reverse("C-third", id_="three")])
    client = await nats.connect(ledger.nats_url)
    after = await client.jetstream().get_last_msg("ANSWERS", "claims.answers.hospital.H1.C-other")
    info = await client.jetstream().stream_info("ANSWERS")
    await client.close()
    assert after.seq == (before.seq or 0) + 1
    assert info.config.duplicate_window == 120.0, "within which the server knows the ids of both"
    # the same number of the journal, another answer: a reader drops ids that it has seen
    ids = [json.loads(message.data or b"")["id"] for message in (before, after)]
    assert ids[0] == ids[1].partition("@")[0]
    assert ids[0] != ids[1]


async def test_a_file_that_cannot_be_used_changes_nothing(ledger: Ledger, endpoints: Endpoints) -> None:
    lines = [facts.hospital(), facts.enrol("P1"), *facts.stay(1)]
    await ledger.settle(lines)
    backup, bad = ledger.folder / "ledger.backup", ledger.folder / "bad.backup"
    await back_up(ledger.database, backup, None)
    undisturbed = await dump_of(ledger.database)
    good = backup.read_bytes()
    middle = len(good) * 3 // 4
    damaged = [
        (b"no backup at all", "pg_restore"),
        (b"", "pg_restore"),
        (good[:middle], "pg_restore"),
        (good[:middle] + bytes(64) + good[middle + 64 :], "pg_restore"),
    ]
    for content, says in damaged:
        bad.write_bytes(content)
        with pytest.raises(BackupError, match=says):
            await ledger.restore(bad)
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await back_up_foreign(ledger, server, endpoints, bad)
    with pytest.raises(BackupError, match="not a claims ledger"):
        await ledger.restore(bad)
    stranger = await asyncpg.connect(ledger.database, ssl=False, server_settings={"application_name": "psql"})
    with pytest.raises(InUse, match="psql"):
        await ledger.restore(backup)
    await stranger.close()
    await server.close()
    assert len(await _databases(ledger)) == 1
    assert await dump_of(ledger.database) == undisturbed
    await ledger.settle([facts.enrol("P2"), *facts.stay(2, "P2")])


async def back_up_foreign(ledger: Ledger, server: Any, endpoints: Endpoints, file: Path) -> None:
    """A backup of some other program's database."""
    name = f"{urlsplit(ledger.database).path[1:]}x"
    await server.execute(f"CREATE DATABASE {name}")
    await dump(database_url(endpoints, name), file, None)
    await server.execute(f"DROP DATABASE {name}")


async def test_a_backup_whose_books_do_not_hold_is_not_put_in_place(ledger: Ledger) -> None:
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    changed = "UPDATE projections.statements SET patient_share = patient_share + 1, hospital_share = hospital_share - 1"
    await ledger.value(changed)
    backup = ledger.folder / "ledger.backup"
    await back_up(ledger.database, backup, None)
    await ledger.value(changed.replace("+ 1", "- 1").replace("hospital_share - 1", "hospital_share + 1"))
    undisturbed = await dump_of(ledger.database)
    restored = await ledger.restore(backup)
    assert [problem.check for problem in restored.report.problems] == ["statement"]
    assert restored.aftermath is None
    assert await dump_of(ledger.database) == undisturbed


async def test_the_commands(server_folder: Path) -> None:
    data, log, backup = server_folder / "data", server_folder / "log", server_folder / "ledger.backup"
    file = write_lines(server_folder / "events.jsonl", [facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        told = json.loads((data / "endpoints.json").read_text())
        running = Ledger(told["database_url"], told["nats_url"], server_folder)
        client = await nats.connect(running.nats_url)
        async for _ in publish_file(client, "events", BytesIO(file.read_bytes()), PublishedEvents()):
            pass
        await client.close()
        await eventually(lambda: running.holds("SELECT count(*) = 1 FROM projections.statements"))
        made = await claims("backup", backup, "--json", "--data-dir", data)
        assert made.code == 0, made.err
        assert made.rows == [{"file": str(backup), "bytes": backup.stat().st_size}]
        beside = await claims("restore", backup, "--replace", "--data-dir", data)
        assert beside.code == 2
        assert "claims up" in beside.err
    bad = write_lines(server_folder / "bad", [b"none"])
    assert (await claims("restore", bad, "--replace", "--data-dir", data)).code == 2
    restored = await claims("restore", backup, "--replace", "--json", "--data-dir", data)
    assert restored.code == 0, restored.err
    (told,) = restored.rows
    assert (told["report"]["holds"], told["report"]["claims"]) == (True, 1)
    assert told["operators"]["lost"] == {"steps": [], "schemes": [], "notes": {}}
    assert told["operators"]["last_step"] is None
    assert "shanggao" in {scheme["name"] for scheme in told["operators"]["schemes"]}
    assert restored.err.index("claims schemes adopt") < restored.err.index("against the bank")


async def test_an_empty_ledger_gives_way_without_being_told(ledger: Ledger) -> None:
    backup = ledger.folder / "ledger.backup"
    await initialised(ledger.database)
    await back_up(ledger.database, backup, None)
    left_over = f"{urlsplit(ledger.database).path[1:]}_restoring"
    await ledger.value(f"CREATE DATABASE {left_over}")  # by a restore that was killed
    engine = connect(_beside(ledger.database))
    async with engine.connect() as connection:  # it was killed when nobody might connect any more
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        name = urlsplit(ledger.database).path[1:]
        await connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await engine.dispose()
    assert (await ledger.restore(backup, replace=False)).report.holds
    assert len(await _databases(ledger)) == 1
    may = "has_table_privilege('ledger_writer', 'ledger.entries', '{}')"
    assert await ledger.holds(f"SELECT {may.format('INSERT')} AND NOT {may.format('UPDATE')}")


SET_FOR_IT = (
    "ALTER DATABASE {} CONNECTION LIMIT 50",
    "ALTER DATABASE {} SET synchronous_commit = 'remote_apply'",
    "ALTER DATABASE {} SET claims.note = E'it''s a \\\\ note'",
    'ALTER DATABASE {} SET search_path = finance, "$user"',
    "ALTER ROLE finance_reader IN DATABASE {} SET statement_timeout = '5s'",
    "REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC",
    "GRANT CONNECT ON DATABASE {} TO investigator",
    "GRANT CONNECT ON DATABASE {} TO finance_reader WITH GRANT OPTION",
)
OF_THE_DATABASE = """
SELECT json_build_object('limit', datconnlimit, 'rights', (SELECT json_agg(each ORDER BY each) FROM
  (SELECT unnest(datacl)::text AS each) AS of_it), 'settings', (SELECT json_agg(json_build_array(setrole, setconfig)
  ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = oid))::text
FROM pg_database WHERE datname = current_database()
"""


async def test_whom_the_database_lets_in_and_what_is_set_for_it_outlive_a_restore(ledger: Ledger) -> None:
    # a dump has none of it: several counties' ledgers on one server would be open to each other's logins
    backup = ledger.folder / "ledger.backup"
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    name = urlsplit(ledger.database).path[1:]
    for statement in SET_FOR_IT:
        await ledger.value(statement.format(f'"{name}"'))
    before = json.loads(await ledger.value(OF_THE_DATABASE))
    assert before["limit"] == 50
    assert not any(right.startswith("=") for right in before["rights"]), "PUBLIC may not connect"
    await back_up(ledger.database, backup, None)
    assert (await ledger.restore(backup)).report.holds
    assert json.loads(await ledger.value(OF_THE_DATABASE)) == before


async def initialised(database: str) -> None:
    """Make a database an empty ledger's."""
    await migrate(database)
    engine = connect(database)
    await initialise(engine, [], 1)
    await engine.dispose()


def _beside(database: str) -> str:
    return urlsplit(database)._replace(path="/postgres").geturl()


@pytest.mark.parametrize("more", ["?sslmode=disable", "?host=127.0.0.1&sslmode=disable"])
async def test_a_backup_goes_to_the_server_as_its_address_says(
    database: str, nats_url: str, server_folder: Path, more: str
) -> None:
    programs = server_folder / "bin"
    programs.mkdir()
    noting = programs / "pg_dump"
    noting.write_text(f'#!/bin/sh\necho "$@" > {server_folder}/said\nexec {program("pg_dump")} "$@"\n')
    noting.chmod(0o755)
    given = {"CLAIMS_DATABASE_URL": database + more, "CLAIMS_NATS_URL": nats_url, "CLAIMS_PG_BIN": str(programs)}
    made = await claims("backup", server_folder / "ledger.backup", env=given)
    assert made.code == 0, made.err
    assert "sslmode=disable" in (server_folder / "said").read_text()
    assert ("host=127.0.0.1" in (server_folder / "said").read_text()) == ("host=" in more)
