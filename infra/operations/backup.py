"""Backup and restore of a ledger's database. A restored database is proved before it takes the other's place."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import SCHEME_ADOPTED
from events.store.journal import entries
from infra.messaging.stream_restore import IntakeBeyondBackup, Streams
from infra.postgres.clone import check_may_replace, create_clone, give_settings, quoted
from infra.postgres.dependents import drop_dependents, make_dependents
from infra.postgres.dump import BackupError, dump, load
from infra.postgres.dump_digest import append_digest, check_digest
from infra.postgres.engine import SchemaAhead, connect, give_rights, migrate
from infra.postgres.view_files import ViewInUse
from infra.worker.proof_workers import prove
from processors.backup.lost_steps import LastWork, LostWork, last_work, lost_work
from processors.backup.retention import begin_backup, complete_backup, intake_position
from processors.proof.verify import Progress, VerifyReport

ADMINISTRATION = "postgres"
"""The database from which others are made and renamed."""


LEAVING_S = 2.0
"""How long a connection that is being closed, perhaps our own, may still be seen."""


class MayNotBackUp(RuntimeError):
    """The login may not read all of the database: what it made would be no whole backup."""


class NotEmptyLedger(RuntimeError):
    """A ledger is there already: only with ``--replace`` is it given up."""


class InUse(RuntimeError):
    """Another program is connected to the database that is to be replaced."""


class StepsForgotten(RuntimeError):
    """The ledger that is there has clearing steps that the backup has not: only when told so are they given up."""

    def __init__(self, lost: LostWork) -> None:
        steps = "\n".join(f"  clearing.0 #{step.number} {step.type} {step.of} {step.actor}" for step in lost.steps)
        super().__init__(
            f"备份中没有以下拨付步骤。{len(lost.steps)} clearing steps are not in the backup:\n{steps}\n"
            "What they approved or paid would look unpaid, and be paid twice. Note them, and give --forget-steps"
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """What was proved of the restored database, what its streams hold beyond it, and what operators must do again.

    ``unfit_views`` has a line for each view of others that does not fit this version's tables and views.
    Where ``report`` does not hold nothing was changed, and the others are None.
    """

    report: VerifyReport
    beyond_backup: IntakeBeyondBackup | None = None
    lost: LostWork | None = None
    standing: LastWork | None = None
    unfit_views: Sequence[str] = ()


async def back_up(database_url: str, file: Path, pg_bin: Path | None) -> int:
    """Write one moment of the database into ``file``, whole or not at all; returns its size in bytes.

    The processors may be at work. INTAKE keeps what they take from now on (docs/operations.md). Raises
    ``MayNotBackUp`` before anything is written, and ``BackupError``.
    """
    async with _engine(database_url) as engine:
        async with engine.connect() as connection:
            await _check_may_back_up(connection)
        draft = _draft(file)
        async with engine.begin() as connection:
            begun = await begin_backup(connection)
        try:
            await dump(database_url, draft, pg_bin)
            await asyncio.to_thread(append_digest, draft)
            size = _keep(draft, file)
        finally:
            draft.unlink(missing_ok=True)
        async with engine.begin() as connection:
            await complete_backup(connection, begun)
    return size


_CLOSED = text("""
SELECT oid::regclass::text FROM pg_class
WHERE relkind IN ('r', 'p', 'S') AND relpersistence <> 't'
  AND relnamespace::regnamespace::text NOT LIKE ALL (ARRAY['pg\\_%', 'information\\_schema'])
  AND NOT (has_schema_privilege(relnamespace, 'USAGE')
           AND CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'SELECT')
               ELSE has_table_privilege(oid, 'SELECT') END)
ORDER BY 1 LIMIT 1
""")
"""A table or sequence that pg_dump reads and the login may not."""


async def _check_may_back_up(connection: AsyncConnection) -> None:
    """Raise ``MayNotBackUp``, which says who may, where a login may not read all tables."""
    closed = (await connection.execute(_CLOSED)).scalar_one_or_none()
    if closed is not None:
        login = (await connection.execute(text("SELECT session_user"))).scalar_one()
        raise MayNotBackUp(
            f"登录 {login} 不能备份：备份要读整个数据库，它无权读取 {closed}；请由数据库所有者，或用 payee_keeper "
            f"角色的登录执行。尚未写入任何内容。{login} may not read {closed}, and a backup holds every table, payees' "
            "accounts (sealed) too: the owner of the database makes it, or a login of role payee_keeper. "
            "Nothing was written"
        )


async def restore(
    database_url: str,
    streams: Streams,
    file: Path,
    pg_bin: Path | None,
    *,
    replace: bool,
    forget_steps: bool = False,
    progress: Progress | None = None,
) -> Restored:
    """Put the ledger in ``file`` in the place of the database's.

    It is restored beside it, brought to this program's version and verified; only then do the two change places, in
    one transaction, while no other program may connect. Raises ``BackupError`` for a file that can't be used,
    ``MayNotReplace``, ``NotEmptyLedger``, ``StepsForgotten`` and ``InUse``; then, and where the proof fails, the ledger
    that was there stands as it stood.
    """
    await asyncio.to_thread(check_digest, file)
    name = make_url(database_url).database or ""
    fresh, old = f"{name}_restoring", f"{name}_replaced"
    async with _administering(database_url) as server:
        await check_may_replace(server, name)
        await _let_in(server, name)  # a restore that was killed may have closed it
    await migrate(database_url)
    async with _engine(database_url) as engine, engine.connect() as connection:
        if not replace and not await _is_empty(connection):
            raise NotEmptyLedger("there is a ledger already: --replace gives it up for the one in the file")
    async with _administering(database_url) as server:
        await _refuse_beside_others(server, name)
        for left_over in (fresh, old):  # by a restore that was killed
            await server.execute(f"DROP DATABASE IF EXISTS {quoted(left_over)} WITH (FORCE)")
        await create_clone(server, name, fresh)
        try:
            unfit = await _fill(_url(database_url, fresh), file, pg_bin)
            await _compare(database_url, fresh, forget_steps=forget_steps)  # the proof may take an hour
            report = await prove(_url(database_url, fresh), progress)
            if not report.holds:
                return Restored(report)
            async with _closed_to_others(server, database_url, name) as replaced:
                taken_before = await intake_position(replaced)
                lost, stands = await _compare(database_url, fresh, replaced, forget_steps=forget_steps)
                async with _engine(_url(database_url, fresh)) as engine:
                    beyond_backup = await streams.before_the_swap(engine, taken_before)
            await _refuse_beside_others(server, name)
            async with server.transaction():
                await give_settings(server, name, fresh)
                await server.execute(f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(old)}")
                await server.execute(f"ALTER DATABASE {quoted(fresh)} RENAME TO {quoted(name)}")
        except asyncpg.ObjectInUseError as error:
            raise InUse(f"somebody is connected to the database: {error}") from None
        finally:
            await _let_in(server, name)
            await server.execute(f"DROP DATABASE IF EXISTS {quoted(fresh)} WITH (FORCE)")
        beyond_backup = await streams.after_the_swap(beyond_backup, taken_before)
        await server.execute(f"DROP DATABASE {quoted(old)} WITH (FORCE)")
    return Restored(report, beyond_backup, lost, stands, unfit)


async def _compare(
    database_url: str, fresh: str, replaced: AsyncConnection | None = None, *, forget_steps: bool
) -> tuple[LostWork, LastWork]:
    """What a restored database does not know of the one to be replaced, and where its own ends.

    Raises ``StepsForgotten``.
    """
    if replaced is None:
        async with _engine(database_url) as engine, engine.connect() as connection:
            return await _compare(database_url, fresh, connection, forget_steps=forget_steps)
    async with _engine(_url(database_url, fresh)) as engine, engine.connect() as connection:
        lost, stands = await lost_work(replaced, connection), await last_work(connection)
    if lost.steps and not forget_steps:
        raise StepsForgotten(lost)
    return lost, stands


def _draft(file: Path) -> Path:
    """An empty file beside the one wanted that only we may read: what is written into it names persons."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    return draft


def _keep(draft: Path, file: Path) -> int:
    """A backup is there whole, and on disk, or not at all; returns its size."""
    handle = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.replace(file)
    folder = os.open(file.resolve().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return file.stat().st_size


async def _fill(url: str, file: Path, pg_bin: Path | None) -> Sequence[str]:
    """Load a dump and bring it to this program's version; returns a line for each view of others that fits no more."""
    await load(url, file, pg_bin)
    async with _engine(url) as engine:
        async with engine.connect() as connection:
            known = await connection.execute(
                text("SELECT to_regclass('ledger.entries') IS NOT NULL AND to_regclass('alembic_version') IS NOT NULL")
            )
            if not known.scalar_one():
                raise BackupError(f"{file} is a database, but not a claims ledger")
        try:
            unfit = await _upgrade(url, engine)
        except SchemaAhead as error:
            raise BackupError(f"{file} was made by a newer version of this program: {error}") from None
        await give_rights(engine)  # a dump grants nobody anything: its roles may not be known to this server
    return unfit


async def _upgrade(url: str, engine: AsyncEngine) -> Sequence[str]:
    """Bring a restored database to this version; nobody reads it, so others' views are dropped and made again."""
    try:
        await migrate(url)
    except ViewInUse:
        async with engine.begin() as connection:
            dropped = await connection.run_sync(drop_dependents)
    else:
        return ()
    await migrate(url)
    async with engine.begin() as connection:
        return await connection.run_sync(make_dependents, dropped)


async def _is_empty(connection: AsyncConnection) -> bool:
    """Whether a ledger holds nothing but the schemes that every ledger begins with."""
    query = select(entries.c.number).where(entries.c.type != SCHEME_ADOPTED).limit(1)
    return (await connection.execute(query)).first() is None


@asynccontextmanager
async def _closed_to_others(server: asyncpg.Connection, database_url: str, name: str) -> AsyncIterator[AsyncConnection]:
    """The only connection to a database; no other may be made, also after the block."""
    async with _engine(database_url) as engine, engine.connect() as ours:
        pid = (await ours.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await server.execute(f"ALTER DATABASE {quoted(name)} ALLOW_CONNECTIONS false")
        await _refuse_beside_others(server, name, pid)
        yield ours


async def _let_in(server: asyncpg.Connection, name: str) -> None:
    if await server.fetchval("SELECT NOT datallowconn FROM pg_database WHERE datname = $1", name):
        await server.execute(f"ALTER DATABASE {quoted(name)} ALLOW_CONNECTIONS true")


async def _refuse_beside_others(server: asyncpg.Connection, name: str, ours: int = 0) -> None:
    """Raise ``InUse`` where another process than ``ours`` is connected to a database, and stays."""
    query = (
        # of other logins' sessions an ordinary login sees no kind; the server's own have no login
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = $1 AND pid <> $2"
        " AND coalesce(backend_type, 'client backend') = 'client backend' AND usesysid IS NOT NULL"
    )
    deadline = time.monotonic() + LEAVING_S
    while others := await server.fetch(query, name, ours):
        if time.monotonic() > deadline:
            who = ", ".join(sorted(row["application_name"] or "unnamed" for row in others))
            raise InUse(f"others are connected to the database ({who}): stop them first")
        await asyncio.sleep(0.05)


def _url(database_url: str, name: str) -> str:
    return make_url(database_url).set(database=name).render_as_string(hide_password=False)


@asynccontextmanager
async def _engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _administering(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with _engine(_url(database_url, ADMINISTRATION)) as engine, engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        driver = (await connection.get_raw_connection()).driver_connection
        if driver is None:
            raise AssertionError("no driver connection")
        yield driver
