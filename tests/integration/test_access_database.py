"""Logins of the database: what each role may do it can do, and nothing else; also past the ledger's triggers."""

import asyncio
import signal
import sys
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.advisory_locks import AdvisoryLock
from infra.access.logins import Login, LoginError, create_login, drop_login, logins, rotate_login
from infra.embedded.process import ServerError
from infra.postgres.engine import SchemaBehind, connect, migrate
from infra.servers import Endpoints, servers
from tests import facts
from tests.conftest import database_url
from tests.ledger import SHIPPED_LAYERS
from tests.owners import all_lanes, own
from tests.program import Done, background, claims, eventually, exit_code, installed, up_is_ready, write_lines

ROOT = Path(__file__).parents[2]
SCHEMAS = ("ledger", "projections", "processors", "finance")
DENIED = "42501"


@pytest.fixture
def name() -> str:
    """A name of a login that no other test uses: logins are those of the whole server."""
    return f"login_{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def owner(database: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(database)
    yield engine
    await engine.dispose()


UrlOf = Callable[[str], Awaitable[str]]


@pytest.fixture
async def url_of(owner: AsyncEngine, database: str) -> AsyncIterator[UrlOf]:
    """Makes a login of a role and gives the URL it connects by; all are dropped."""
    made = []

    async def make(role: str) -> str:
        login = Login(f"login_{uuid.uuid4().hex[:12]}", role)
        password = await create_login(owner, login)
        made.append(login.name)
        return as_login(database, login.name, password)

    yield make
    for login in made:
        await drop_login(owner, login)


def as_login(url: str, login: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{login}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()


@asynccontextmanager
async def session(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, ssl=False)
    try:
        yield connection
    finally:
        await connection.close()


async def denied(connection: asyncpg.Connection, statement: str) -> bool:
    """Whether a statement fails for want of a right (and not by a trigger); nothing of it stays."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return bool(error.sqlstate == DENIED)
    finally:
        await transaction.rollback()
    return False


async def may_write(connection: asyncpg.Connection, relation: str) -> bool:
    rights = "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN"
    return bool(await connection.fetchval("SELECT has_table_privilege($1, $2)", relation, rights))


async def relations(owner: AsyncEngine, schema: str) -> list[str]:
    async with owner.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE nspname = :schema AND relkind IN ('r', 'v', 'm', 'p') ORDER BY 1"
            ),
            {"schema": schema},
        )
        return [row.name for row in rows]


async def test_the_program_works_wholly_as_ledger_writer(url_of: UrlOf, nats_url: str) -> None:
    writer = await url_of("ledger_writer")
    env = {"CLAIMS_DATABASE_URL": writer, "CLAIMS_NATS_URL": nats_url}
    settled = await claims("settle", ROOT / "docs/examples/first.jsonl", "--json", env=env)
    assert settled.code == 0, settled.err
    assert (settled.rows[0]["accepted"], settled.rows[0]["claims"]) == (8, 2)

    finance = {"CLAIMS_DATABASE_URL": await url_of("finance_reader")}
    early = await claims("report", "annual", "--json", env=finance)
    assert (early.code, early.rows) == (0, [])
    assert "not counted yet" in early.err

    reported = await claims("report", "annual", "--json", env={"CLAIMS_DATABASE_URL": writer})
    assert (reported.code, sum(row["claims"] for row in reported.rows)) == (0, 2), reported.err
    assert "figures are those of the last time" not in reported.err
    later = await claims("report", "annual", "--json", env=finance)
    assert later.rows == reported.rows
    assert "figures are those of the last time" in later.err

    # whoever investigates reads the same database with fewer rights still, and without NATS
    reader = {"CLAIMS_DATABASE_URL": await url_of("investigator")}
    verified, replayed = await asyncio.gather(
        claims("verify", "--json", env=reader), claims("replay", "P2", env=reader)
    )
    assert (verified.code, replayed.code) == (0, 0), verified.err + replayed.err
    assert b"settling from scratch gives what was booked" in replayed.out


OFTEN = "import infra.worker.upkeep; infra.worker.upkeep.SUMS_ROUNDS = 1; from infra.cli import main; main()"


async def test_up_moves_finance_s_sums_forward_by_itself(url_of: UrlOf, nats_url: str, server_folder: Path) -> None:
    log = server_folder / "log"
    env = {"CLAIMS_DATABASE_URL": await url_of("ledger_writer"), "CLAIMS_NATS_URL": nats_url}
    up_often = installed("up", log=log, env=env, program=(sys.executable, "-c", OFTEN))
    async with session(await url_of("finance_reader")) as reader, up_often as up:
        await up_is_ready(log)
        published = await claims("publish", ROOT / "docs/examples/first.jsonl", env=env)
        assert published.code == 0, published.err

        async def counted() -> bool:
            return bool(await reader.fetchval("SELECT sum(claims) FROM finance.annual_report") == 2)

        await eventually(counted, log.read_text)
        # a count that fails is told, and stops neither the lanes nor the next one
        async with session(env["CLAIMS_DATABASE_URL"]) as writer, writer.transaction():
            await writer.execute("LOCK TABLE projections.counted_journals IN SHARE ROW EXCLUSIVE MODE")
            await _end_whoever_waits(writer)
            await eventually(lambda: "sums not moved forward" in log.read_text(encoding="utf-8"))
        visit = write_lines(server_folder / "more.jsonl", facts.stay(7, "P2", on="2019-08-01"))
        assert (await claims("publish", visit, env=env)).code == 0

        async def counted_more() -> bool:
            return bool(await reader.fetchval("SELECT sum(claims) FROM finance.annual_report") == 3)

        await eventually(counted_more, log.read_text)
        up.send_signal(signal.SIGTERM)
        assert await exit_code(up, log) == 0, log.read_text()


async def _end_whoever_waits(writer: asyncpg.Connection) -> None:
    """End the session that waits for a lock; a login may end those of its own."""
    waiting = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = current_user AND datname = current_database() AND wait_event_type = 'Lock'"
    )

    async def ended() -> bool:
        return bool(await writer.fetch(waiting))

    await eventually(ended)


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("finance_reader", "verify"),
        ("finance_reader", "statements"),
        ("investigator", "clearing draft --region 230803 --month 2026-11 --actor wang"),
    ],
)
async def test_who_lacks_a_right_is_told_which_role_has_it(url_of: UrlOf, role: str, command: str) -> None:
    done = await claims(*command.split(), env={"CLAIMS_DATABASE_URL": await url_of(role)})
    assert done.code == 2
    assert "本登录无权这样做（permission denied for" in done.err
    assert "docs/access.md" in done.err
    assert "Traceback" not in done.err
    assert "does not answer" not in done.err


async def test_the_ledger_only_grows_for_ledger_writer(url_of: UrlOf, owner: AsyncEngine) -> None:
    async with session(await url_of("ledger_writer")) as writer:
        for table in await relations(owner, "ledger"):
            assert not await denied(writer, f"SELECT * FROM {table}")
            for statement in (
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                f"DROP TABLE {table}",
                f"SELECT * FROM {table} FOR UPDATE",
            ):
                assert await denied(writer, statement), statement
        assert await denied(writer, "UPDATE ledger.entries SET paid = 0")
        assert await denied(writer, "UPDATE ledger.schemes SET text = ''")
        assert await denied(writer, "SET session_replication_role = replica")
        assert await denied(writer, "CREATE TABLE ledger.mine (a int)")
        assert await denied(writer, "CREATE TABLE public.mine (a int)")
        assert await denied(writer, "CREATE ROLE another")
        assert await denied(writer, "SET ROLE claims")
        assert not await denied(writer, "INSERT INTO ledger.schemes VALUES ('h', 'n', '', 1)")
        assert not await denied(writer, "DELETE FROM projections.statements")


async def test_finance_reader_reads_finance_and_nothing_else(url_of: UrlOf, owner: AsyncEngine) -> None:
    async with session(await url_of("finance_reader")) as reader:
        views = await relations(owner, "finance")
        assert "finance.statements" in views
        for view in views:
            assert not await denied(reader, f"SELECT * FROM {view} LIMIT 1"), view
            assert not await may_write(reader, view), view
        for schema in ("ledger", "projections", "processors"):
            for relation in await relations(owner, schema):
                assert await denied(reader, f"SELECT * FROM {relation} LIMIT 1"), relation
                assert await denied(reader, f"DELETE FROM {relation}"), relation


async def test_an_investigator_reads_all_and_writes_nothing(url_of: UrlOf, owner: AsyncEngine) -> None:
    async with session(await url_of("investigator")) as reader:
        for schema in SCHEMAS:
            for relation in await relations(owner, schema):
                assert not await denied(reader, f"SELECT * FROM {relation} LIMIT 1"), relation
                assert not await may_write(reader, relation), relation


async def test_a_reader_can_keep_no_lane_from_its_workers(
    url_of: UrlOf, database: str, nats_url: str, server_folder: Path
) -> None:
    env = {"CLAIMS_DATABASE_URL": await url_of("ledger_writer"), "CLAIMS_NATS_URL": nats_url}
    held = "SELECT (classid::bigint << 32) | objid::bigint AS key FROM pg_locks WHERE locktype = 'advisory' AND granted"
    async with session(await url_of("investigator")) as reader:
        async with background("up", log=server_folder / "first", env=env) as first:
            await up_is_ready(server_folder / "first")
            await own(database, {first.pid: all_lanes(1)})
            # every lock that the worker holds is waited for, and then held for good
            keys = [row["key"] for row in await reader.fetch(held)]
            assert keys
            waits = asyncio.create_task(
                reader.execute("SELECT pg_advisory_lock(key) FROM unnest($1::bigint[]) key", keys)
            )
            first.kill()
        await waits
        for name in ("intake", *SHIPPED_LAYERS, "settlement"):  # and those of versions before
            lane = zlib.crc32(f"{name}.0".encode()) - 2**31
            assert await reader.fetchval("SELECT pg_try_advisory_lock($1, $2)", AdvisoryLock.LANES.value, lane)
        assert await denied(reader, "UPDATE processors.lane_owners SET process = pg_backend_pid()")
        assert await denied(reader, "SELECT * FROM processors.lane_owners FOR KEY SHARE")
        async with background("up", log=server_folder / "second", env=env) as second:
            await up_is_ready(server_folder / "second")
            await own(database, {second.pid: all_lanes(1)})


async def test_what_is_added_later_has_the_same_rights(url_of: UrlOf, owner: AsyncEngine) -> None:
    async with owner.begin() as connection:
        await connection.execute(text("CREATE TABLE ledger.later (a int)"))
        await connection.execute(text("CREATE TABLE projections.later (a int)"))
        await connection.execute(text("CREATE VIEW finance.later AS SELECT a FROM projections.later"))
    async with session(await url_of("ledger_writer")) as writer:
        assert not await denied(writer, "INSERT INTO ledger.later VALUES (1)")
        assert await denied(writer, "DELETE FROM ledger.later")
        assert not await denied(writer, "UPDATE projections.later SET a = 1")
    async with session(await url_of("finance_reader")) as reader:
        assert not await denied(reader, "SELECT * FROM finance.later")
        assert await denied(reader, "SELECT * FROM projections.later")
    async with session(await url_of("investigator")) as reader:
        assert not await denied(reader, "SELECT * FROM ledger.later, finance.later")


async def test_a_command_without_its_broker_says_so(database: str, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="CLAIMS_NATS_URL is not: this command needs both"):
        async with servers(tmp_path, command="settle", external=(database, "")):
            pass


async def test_a_login_is_given_changed_and_taken_away(database: str, owner: AsyncEngine, name: str) -> None:
    env = {"CLAIMS_DATABASE_URL": database}

    async def access(*arguments: str) -> Done:
        return await claims("access", "database", "--login", name, "--json", *arguments, env=env)

    made = await access("--role", "finance_reader")
    assert made.code == 0, made.err
    url = made.rows[0]["database_url"]
    async with session(url) as first:
        assert await first.fetchval("SELECT count(*) FROM finance.statements") == 0
        login, password = await rotate_login(owner, name)
        assert login == Login(name, "finance_reader")
        await eventually(first.is_closed)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url, ssl=False)
    url = as_login(database, name, password)
    async with session(url) as second:
        assert (await access("--drop")).code == 0
        await eventually(second.is_closed)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url, ssl=False)


async def test_only_logins_of_ours_are_touched(owner: AsyncEngine, name: str) -> None:
    with pytest.raises(LoginError, match="there is a role claims already"):
        await create_login(owner, Login("claims", "investigator"))
    for role in ("claims", "ledger_writer", "postgres", name):
        with pytest.raises(LoginError, match="there is no login"):
            await drop_login(owner, role)
        with pytest.raises(LoginError, match="there is no login"):
            await rotate_login(owner, role)
    for bad in ('x" SUPERUSER; --', "Upper", "pg_signal", "", "9"):
        with pytest.raises(LoginError, match="no name of a login"):
            await create_login(owner, Login(bad, "investigator"))
    with pytest.raises(LoginError, match="no role"):
        await create_login(owner, Login(name, "pg_write_all_data"))
    assert name not in [login.name for login in await logins(owner)]


async def test_a_schema_that_is_behind_is_for_its_owner(
    endpoints: Endpoints, owner: AsyncEngine, url_of: UrlOf
) -> None:
    """A plain owner, who may make no roles, brings the schema up where the roles are there; a login may not."""
    login = await url_of("ledger_writer")
    role, fresh = f"owner_{uuid.uuid4().hex[:12]}", f"test_{uuid.uuid4().hex}"
    async with session(endpoints.database_url) as server:
        await server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'given'")
        await server.execute(f"CREATE DATABASE {fresh} OWNER {role}")
        try:
            of_login = urlsplit(login)._replace(path=f"/{fresh}").geturl()
            with pytest.raises(SchemaBehind, match=r"docs/access\.md"):
                await migrate(of_login)
            await migrate(as_login(database_url(endpoints, fresh), role, "given"))
            await migrate(of_login)
        finally:
            await server.execute(f"DROP DATABASE {fresh} WITH (FORCE)")
            await server.execute(f"DROP ROLE {role}")


async def test_a_new_server_gets_its_roles_from_who_may_make_them_also_from_many_at_once(server_folder: Path) -> None:
    """Roles are those of the whole server, so this takes one on which nothing was ever migrated."""
    fresh = [f"county_{number}" for number in range(4)]
    async with servers(server_folder / "data", command="pytest", nats=False) as started:
        async with session(started.database_url) as server:
            await server.execute("CREATE ROLE plain LOGIN PASSWORD 'given'")
            for database in fresh:
                await server.execute(f"CREATE DATABASE {database} OWNER plain")
            with pytest.raises(SchemaBehind, match="administrator runs CREATE ROLE ledger_writer NOLOGIN first"):
                await migrate(as_login(database_url(started, fresh[0]), "plain", "given"))
            made = await asyncio.gather(
                *(
                    claims("statements", env={"CLAIMS_DATABASE_URL": database_url(started, database)})
                    for database in fresh
                )
            )
            assert [(done.code, done.err) for done in made] == [(0, "")] * len(fresh)
            groups = "SELECT count(*) FROM pg_roles WHERE rolname = ANY($1) AND NOT rolcanlogin"
            assert await server.fetchval(groups, ["ledger_writer", "finance_reader", "investigator"]) == 3
        for database in fresh:
            async with session(database_url(started, database)) as server:
                assert await server.fetchval("SELECT has_schema_privilege('investigator', 'ledger', 'USAGE')")
