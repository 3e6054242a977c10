"""Connects to the database, and brings its schema to this program's version."""

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from events.store.advisory_locks import AdvisoryLock, hold_lock
from infra.postgres.view_files import apply_rights, are_applied, create_views, dependents_refused, drop_views
from processors.delivery.lane_owners import load_owners
from processors.law.adoption import fill_targets

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = frozenset(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
"""The revisions that this program knows, each migrating from the one before. Each command looks at them, and few need
alembic, which takes longer to load than that."""
OLDEST_SERVER = 170_000
"""The first version that has transaction_timeout."""
ASLEEP_S = 120
"""The server ends a transaction that is idle for so long, and frees its locks."""
RENEWED_AFTER_S = 600
"""A connection is opened anew after so long: before a firewall forgets one that was idle, without a word to either."""
ATTEMPTS = 3
LOCK_WAIT_MS = 5_000
"""How long each attempt to change the schema waits for a lock."""
_INSUFFICIENT_PRIVILEGE = "42501"
_LOCKED_OUT = ("55P03", "40P01")
"""A lock did not come in time; a deadlock."""


def connect(
    database_url: str,
    *,
    pool_size: int = 5,
    stalled_after_s: int | None = None,
    busy: bool = False,
    parallel: bool = True,
) -> AsyncEngine:
    """An engine for a plain ``postgresql://`` URL, its query as libpq understands it (``sslmode``, ``sslrootcert``).

    The server ends a transaction that is idle for ``ASLEEP_S``: a machine that went to sleep must not hold locks. With
    ``stalled_after_s`` it ends one after that time instead, and every transaction that lasts twice as long: a process
    that was stopped within a request must not hold locks either.

    Before each use a connection is asked whether it lives, which takes three round trips. A ``busy`` program asks the
    database several times a call and saves them: as a worker, it meets an error where a connection was lost unseen, and
    repeats its work or has it repeated.

    Without ``parallel`` the server takes one process for a query: a long look of one person must not take every core
    from those who settle.
    """
    settings = {"application_name": "claims", "timezone": "Asia/Shanghai", "jit": "off"}
    settings["idle_in_transaction_session_timeout"] = f"{stalled_after_s or ASLEEP_S}s"
    if not parallel:
        settings["max_parallel_workers_per_gather"] = "0"
    if stalled_after_s is not None:
        settings["transaction_timeout"] = f"{2 * stalled_after_s}s"
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    # SQLAlchemy would make each part of the query an argument of asyncpg, which knows sslrootcert in a DSN only.
    query = url.set(drivername="postgresql", username=None, password=None, host=None, port=None, database=None)
    engine = create_async_engine(
        url.set(query={}),
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=not busy and stalled_after_s is None,
        pool_recycle=RENEWED_AFTER_S,
        pool_use_lifo=True,  # the fewer are in use, the more of their statements are prepared already
        json_deserializer=orjson.loads,
        hide_parameters=True,  # they name persons and end up in logs
        connect_args={"server_settings": settings, "dsn": query.render_as_string()},
    )
    event.listen(engine.sync_engine, "checkout", _refuse_broken)
    _urls[engine] = database_url
    return engine


_urls: WeakKeyDictionary[AsyncEngine, str] = WeakKeyDictionary()


def database_url_of(engine: AsyncEngine) -> str:
    """The URL that ``connect`` was given for an engine, with password and query: another process connects by it."""
    return _urls[engine]


def _refuse_broken(adapted: Any, _record: object, _proxy: object) -> None:
    """Make the pool replace a connection that the driver knows to be closed or within a transaction."""
    driver = adapted.driver_connection
    if driver.is_closed() or driver.is_in_transaction():
        raise DisconnectionError("the connection was ended, or left in a transaction")


class ServerTooOld(RuntimeError):
    """The PostgreSQL server lacks features that the ledger needs."""


class WorkersRunning(RuntimeError):
    """The schema is older than the program, and workers of the older program are running on it."""


class SchemaAhead(RuntimeError):
    """The schema is that of a newer program."""


class SchemaBehind(RuntimeError):
    """The schema is older than the program, and this login has no right to change it."""


class SchemaLocked(RuntimeError):
    """Other programs hold locks on the tables for longer than an upgrade waits."""


async def migrate(database_url: str) -> None:
    """Bring the database's schema to this program's version. Any login may call it on a schema that is there already.

    Tables are changed by migrations; views and rights are made anew from their files. Raises ``ServerTooOld``;
    ``SchemaAhead``;
    ``SchemaBehind`` where a login has no right to change it; ``WorkersRunning``: rows that an older program sends would
    not fit any more; ``SchemaLocked``; ``ViewInUse`` where somebody's own objects read the views or tables.
    """
    engine = connect(database_url)
    try:
        for remaining in reversed(range(ATTEMPTS)):
            try:
                await _migrate(engine)
                return
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _LOCKED_OUT:
                    raise
                if remaining == 0:
                    raise SchemaLocked(await _blocked_by(engine)) from None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        said = error.orig.__cause__ or error.orig if error.orig is not None else error
        raise SchemaBehind(
            f"the database must be brought to this program's version by a login that may: {said}. Run any command once "
            "as the owner of the database; who that needs to be is in docs/access.md"
        ) from None
    finally:
        await engine.dispose()


async def _migrate(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        version = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
        if version < OLDEST_SERVER:
            raise ServerTooOld(f"PostgreSQL {version // 10_000} is too old: 17 or newer is needed")
        if await connection.run_sync(_is_newest):
            return
        if unknown := await connection.run_sync(_unknown_version):
            raise SchemaAhead(
                f"数据库已由更新版本的程序升级（{unknown}）。The database was brought to version {unknown} by a newer "
                "program, which this one does not know: use the newer program"
            )
        # A request for a lock on a table keeps every later reader of it waiting too; anybody may hold an advisory lock.
        await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_MS}ms'"))
        await hold_lock(connection, AdvisoryLock.MIGRATION)
        if await connection.run_sync(_is_newest):
            return  # another program did it while this one waited, and its workers may run by now
        if workers := await _workers(connection):
            raise WorkersRunning(
                "数据库版本较旧且有处理进程在运行。The database is older than this program: stop all workers of the "
                f"older one first ({'; '.join(workers)})"
            )
        grants = await connection.run_sync(drop_views)
        await connection.run_sync(upgrade)
        await connection.run_sync(create_views, grants)
        await fill_targets(connection)


async def _workers(connection: AsyncConnection) -> list[str]:
    """Who owns lanes of a database of any version."""
    rows = (await connection.execute(text(_OWNED_LANES), {"lanes": AdvisoryLock.LANES.value})).all()
    found = {f"{row.application} as {row.login}, process {row.pid}" for row in rows}
    if (await connection.execute(text("SELECT to_regclass('processors.lane_owners')"))).scalar() is not None:
        found |= {owner.worker for owner in (await load_owners(connection)).values()}
    return sorted(found)


async def _blocked_by(engine: AsyncEngine) -> str:
    """One sentence on who holds locks on our tables and views."""
    async with engine.connect() as connection:
        rows = (await connection.execute(text(_HOLDERS), {"migration": AdvisoryLock.MIGRATION.value})).all()
    who = "; ".join(f"{row.application} as {row.login}, process {row.pid}" for row in rows) or "gone by now"
    return (
        "其他程序正在使用数据库，无法升级。The database can't be upgraded while other programs hold its tables "
        f"({who}): let them end, and run this again"
    )


_HOLDERS = """
SELECT DISTINCT pid, coalesce(nullif(application_name, ''), 'a program without a name') AS application,
       usename AS login
FROM pg_locks JOIN pg_stat_activity USING (pid) LEFT JOIN pg_class ON pg_class.oid = pg_locks.relation
WHERE pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND granted AND pid <> pg_backend_pid()
  AND (relnamespace::regnamespace::text IN
           ('ledger', 'projections', 'processors', 'finance', 'payees', 'gateway', 'identities', 'public')
       OR locktype = 'advisory' AND classid = 0 AND objid = CAST(:migration AS oid))
ORDER BY pid
"""
_OWNED_LANES = """
SELECT DISTINCT pid, coalesce(nullif(application_name, ''), 'a program without a name') AS application,
       usename AS login
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND classid = CAST(:lanes AS oid)
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def give_rights(engine: AsyncEngine) -> None:
    """Give the groups their rights in a database of this program's version."""
    async with engine.begin() as connection:
        await connection.run_sync(apply_rights)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the tables to a version; views are not made. Raises ``ViewInUse`` where others' objects read a table."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    with dependents_refused():
        command.upgrade(config, to)


def _is_newest(connection: Connection) -> bool:
    return _versions(connection) == {max(VERSIONS)} and are_applied(connection)


def _unknown_version(connection: Connection) -> str:
    """The version of a database that no migration of this program leads to; empty where one does."""
    return ", ".join(sorted(_versions(connection) - VERSIONS))


def _versions(connection: Connection) -> set[str]:
    """What alembic has written down; nothing where it never ran."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return set()
    return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
