"""What a backup is worth: files that can't be used, the commands, and what a database has set for it."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import nats
import pytest

from infra.access.logins import GROUPS, Login, create_login, drop_login
from infra.embedded.postgres import program
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.backup import InUse, back_up
from infra.postgres.dump import BackupError, dump
from infra.postgres.dump_digest import LINE_BYTES
from infra.postgres.engine import connect
from infra.servers import Endpoints
from tests import facts
from tests.conftest import database_url
from tests.integration.backups import BackedUpLedger, beside, databases, initialised
from tests.program import background, claims, dump_of, eventually, up_is_ready, write_lines

TRIGGER = b"CREATE TRIGGER append_only_rows BEFORE DELETE OR UPDATE ON ledger.entries"


async def test_a_file_that_cannot_be_used_changes_nothing(ledger: BackedUpLedger, endpoints: Endpoints) -> None:
    lines = [facts.hospital(), facts.enrol("P1"), *facts.stay(1)]
    await ledger.settle(lines)
    backup, bad = ledger.folder / "ledger.backup", ledger.folder / "bad.backup"
    await back_up(ledger.database, backup, None)
    undisturbed = await dump_of(ledger.database)
    good = backup.read_bytes()
    archive = good[:-LINE_BYTES]
    middle, trigger = len(good) * 3 // 4, good.index(TRIGGER)
    damaged = [
        (b"no backup at all", "pg_restore"),
        (b"", "pg_restore"),
        (good[:middle], "pg_restore"),
        (archive[:-1], "pg_restore"),
        (good[:-1], "digest"),
        # pg_dump has no checksum over its list of contents: pg_restore leaves the trigger out, and reports success
        (good[:trigger] + bytes(64) + good[trigger + 64 :], "digest"),
        (good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :], "digest"),
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
    assert len(await databases(ledger)) == 1
    assert await dump_of(ledger.database) == undisturbed
    await ledger.settle([facts.enrol("P2"), *facts.stay(2, "P2")])


async def back_up_foreign(ledger: BackedUpLedger, server: Any, endpoints: Endpoints, file: Path) -> None:
    """A backup of some other program's database."""
    name = f"{urlsplit(ledger.database).path[1:]}x"
    await server.execute(f"CREATE DATABASE {name}")
    await dump(database_url(endpoints, name), file, None)
    await server.execute(f"DROP DATABASE {name}")


async def test_a_backup_whose_books_do_not_hold_is_not_put_in_place(ledger: BackedUpLedger) -> None:
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    changed = "UPDATE projections.statements SET patient_share = patient_share - 1, hospital_share = hospital_share + 1"
    await ledger.value(changed)
    backup = ledger.folder / "ledger.backup"
    await back_up(ledger.database, backup, None)
    await ledger.value(changed.replace("+ 1", "- 1").replace("patient_share - 1", "patient_share + 1"))
    undisturbed = await dump_of(ledger.database)
    restored = await ledger.restore(backup)
    assert [problem.check for problem in restored.report.problems] == ["statement"]
    assert restored.beyond_backup is None
    assert await dump_of(ledger.database) == undisturbed


async def test_the_commands(server_folder: Path) -> None:
    data, log, backup = server_folder / "data", server_folder / "log", server_folder / "ledger.backup"
    file = write_lines(server_folder / "events.jsonl", [facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    async with background("up", "--data-dir", data, log=log):
        await up_is_ready(log)
        told = json.loads((data / "endpoints.json").read_text())
        running = BackedUpLedger(told["database_url"], told["nats_url"], server_folder)
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
    backup.write_bytes(backup.read_bytes()[:-LINE_BYTES])  # as older versions made it
    restored = await claims("restore", backup, "--replace", "--json", "--data-dir", data)
    assert restored.code == 0, restored.err
    assert "no digest" in restored.err
    (told,) = restored.rows
    assert (told["report"]["holds"], told["report"]["claims"]) == (True, 1)
    assert told["operators"]["lost"] == {"steps": [], "schemes": [], "notes": {}}
    assert told["operators"]["last_step"] is None
    assert "shanggao" in {scheme["name"] for scheme in told["operators"]["schemes"]}
    assert restored.err.index("claims schemes adopt") < restored.err.index("against the bank")


async def test_an_empty_ledger_gives_way_without_being_told(ledger: BackedUpLedger) -> None:
    backup = ledger.folder / "ledger.backup"
    await initialised(ledger.database)
    await back_up(ledger.database, backup, None)
    left_over = f"{urlsplit(ledger.database).path[1:]}_restoring"
    await ledger.value(f"CREATE DATABASE {left_over}")  # by a restore that was killed
    engine = connect(beside(ledger.database))
    async with engine.connect() as connection:  # it was killed when nobody might connect any more
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        name = urlsplit(ledger.database).path[1:]
        await connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await engine.dispose()
    assert (await ledger.restore(backup, replace=False)).report.holds
    assert len(await databases(ledger)) == 1
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


async def test_whom_the_database_lets_in_and_what_is_set_for_it_outlive_a_restore(ledger: BackedUpLedger) -> None:
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
    said = (server_folder / "said").read_text()
    assert "sslmode=disable" in said
    assert "host=127.0.0.1" in said


async def test_the_documented_owner_restores_once_he_may_create_databases(
    endpoints: Endpoints, ledger: BackedUpLedger
) -> None:
    """An owner who is no superuser, as docs/access.md has him on an external server."""
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    name, owner = urlsplit(ledger.database).path[1:], f"owner_{uuid.uuid4().hex[:12]}"
    async with administering(endpoints) as server:
        await server.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'given'")
        given = f"GRANT {', '.join(GROUPS)} TO {owner} WITH ADMIN OPTION"
        await server.execute(given)
        await server.execute(f"ALTER DATABASE {name} OWNER TO {owner}")
    await given_all(ledger.database, owner)
    parts = urlsplit(ledger.database)
    url = parts._replace(netloc=f"{owner}:given@{parts.netloc.rpartition('@')[2]}").geturl()
    env = {"CLAIMS_DATABASE_URL": url, "CLAIMS_NATS_URL": ledger.nats_url}
    backup = ledger.folder / "ledger.backup"
    made = await claims("backup", backup, env=env)
    assert made.code == 0, made.err
    refused = await claims("restore", backup, "--replace", env=env)
    assert refused.code == 2
    assert f'an administrator runs ALTER ROLE "{owner}" CREATEDB' in refused.err
    async with administering(endpoints) as server:
        await server.execute(f"ALTER ROLE {owner} CREATEDB")
    restored = await claims("restore", backup, "--replace", env=env)
    assert restored.code == 0, restored.err
    assert len(await databases(ledger)) == 1
    async with administering(endpoints) as server:
        await server.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER")
    await ledger.value(f"REASSIGN OWNED BY {owner} TO CURRENT_USER")
    await ledger.value(f"DROP OWNED BY {owner}")
    async with administering(endpoints) as server:
        await server.execute(f"DROP OWNED BY {owner}")
        await server.execute(f"DROP ROLE {owner}")


@pytest.mark.parametrize("role", ["ledger_writer", "investigator", "finance_reader"])
async def test_a_login_that_may_not_read_all_is_told_who_may_before_anything_is_written(
    ledger: BackedUpLedger, role: Any
) -> None:
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    backup = ledger.folder / "ledger.backup"
    async with login_of(ledger, role) as (name, env):
        refused = await claims("backup", backup, env=env)
    assert refused.code == 2
    assert f"登录 {name} 不能备份：备份要读整个数据库，它无权读取 " in refused.err
    assert role != "ledger_writer" or "identities.persons" in refused.err
    assert "a login of role payee_keeper" in refused.err
    assert [each.name for each in ledger.folder.iterdir() if "backup" in each.name] == []
    # a backup that was only begun would let INTAKE grow for eight days
    assert await ledger.holds("SELECT count(*) = 0 FROM processors.backups")


async def test_a_keeper_of_payees_accounts_makes_a_whole_backup(ledger: BackedUpLedger) -> None:
    await ledger.settle([facts.hospital(), facts.enrol("P1"), *facts.stay(1)])
    backup = ledger.folder / "ledger.backup"
    async with login_of(ledger, "payee_keeper") as (_, env):
        made = await claims("backup", backup, env=env)
    assert made.code == 0, made.err
    assert (await ledger.restore(backup)).report.holds


@asynccontextmanager
async def login_of(ledger: BackedUpLedger, role: Any) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """A login of a role, and the environment in which a command is that login's."""
    login = Login(f"login_{uuid.uuid4().hex[:12]}", role)
    engine = connect(ledger.database)
    parts = urlsplit(ledger.database)
    try:
        netloc = f"{login.name}:{await create_login(engine, login)}@{parts.netloc.rpartition('@')[2]}"
        url = parts._replace(netloc=netloc).geturl()
        yield login.name, {"CLAIMS_DATABASE_URL": url, "CLAIMS_NATS_URL": ledger.nats_url}
    finally:
        await drop_login(engine, login.name)
        await engine.dispose()


@asynccontextmanager
async def administering(endpoints: Endpoints) -> AsyncIterator[asyncpg.Connection]:
    """An administrator's connection to the server."""
    connection = await asyncpg.connect(endpoints.database_url, ssl=False)
    try:
        yield connection
    finally:
        await connection.close()


async def given_all(database: str, owner: str) -> None:
    """Everything in a database is made over to a login, as if it had made it."""
    connection = await asyncpg.connect(database, ssl=False)
    schemas = ["ledger", "projections", "processors", "finance", "payees", "gateway", "identities"]
    statements = await connection.fetch(
        "SELECT format('ALTER SCHEMA %I OWNER TO ' || $1, nspname) FROM pg_namespace WHERE nspname = ANY($2::text[])"
        " UNION ALL SELECT format('ALTER TABLE %s OWNER TO ' || $1, pg_class.oid::regclass) FROM pg_class"
        " WHERE relkind IN ('r', 'v') AND relnamespace::regnamespace::text = ANY($2::text[] || 'public'::text)"
        " UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO ' || $1, pg_proc.oid::regprocedure) FROM pg_proc"
        " WHERE pronamespace::regnamespace::text = ANY($2::text[])",
        owner,
        schemas,
    )
    for (statement,) in statements:
        await connection.execute(statement)
    await connection.close()
