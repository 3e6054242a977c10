"""The migrated database is what the code declares, and the ledger in it can only grow."""

from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

import infra.cli  # noqa: F401 - with every command, every table is declared
from events.store.metadata import metadata
from infra.postgres.engine import LANES_LOCK, WorkersRunning, connect, migrate, upgrade
from infra.servers import Endpoints
from policies.loader import load_directory
from processors.delivery.layout import LayoutError
from processors.law.adoption import initialise
from tests import facts
from tests.conftest import database_url
from tests.ledger import Books


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    return not (kind == "schema" and name in (None, "public"))


def differences(connection: Connection) -> list[Any]:
    options = {"include_schemas": True, "compare_type": True, "include_name": ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_migrations_create_what_the_code_declares(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_columns_stand_in_the_order_in_which_they_are_declared(engine: AsyncEngine) -> None:
    # rows are sent as wholes (events/store/writes.py)
    query = text(
        "SELECT attrelid::regclass::text, array_agg(attname::text ORDER BY attnum) FROM pg_attribute "
        "JOIN pg_class ON pg_class.oid = attrelid WHERE attnum > 0 AND relkind = 'r' GROUP BY attrelid"
    )
    async with engine.connect() as connection:
        found = {row[0]: row[1] for row in await connection.execute(query)}
    tables = {str(table): [column.name for column in table.columns] for table in metadata.sorted_tables}
    assert {name: found[name] for name in tables} == tables


async def test_migrating_again_changes_nothing(engine: AsyncEngine) -> None:
    await initialise(engine, load_directory(), 2)
    await migrate(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    assert await initialise(engine, load_directory()) == 2


async def test_nothing_is_migrated_under_running_workers(endpoints: Endpoints) -> None:
    server = await asyncpg.connect(endpoints.database_url, ssl=False)
    await server.execute("CREATE DATABASE older")
    url = database_url(endpoints, "older")
    owner = await asyncpg.connect(url, ssl=False)
    try:
        older = connect(url)
        async with older.begin() as connection:
            await connection.run_sync(upgrade, "0001")
        await older.dispose()
        await owner.execute("SELECT pg_advisory_lock($1, 1)", LANES_LOCK)  # a worker owns a lane
        with pytest.raises(WorkersRunning, match="stop all workers"):
            await migrate(url)
        await owner.execute("SELECT pg_advisory_unlock_all()")
        await migrate(url)
        await owner.execute("SELECT pg_advisory_lock($1, 1)", LANES_LOCK)
        await migrate(url)  # nothing is left to do
    finally:
        await owner.close()
        await server.execute("DROP DATABASE older WITH (FORCE)")
        await server.close()


@pytest.mark.parametrize("table", ["ledger.entries", "ledger.schemes"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET hash = hash", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_ledger_refuses_change(books: Books, table: str, statement: str) -> None:
    await books.publish([facts.hospital()])
    async with books.engine.connect() as connection:
        with pytest.raises(DBAPIError, match=r"the ledger is append only"):
            await connection.execute(text(statement.format(table)))


async def test_setting_up_again_adopts_nothing_twice(books: Books) -> None:
    async def entries() -> int:
        async with books.engine.connect() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM ledger.entries"))).scalar_one())

    assert await entries() == len(load_directory())
    await initialise(books.engine, load_directory(), 1)
    assert await entries() == len(load_directory())


async def test_the_number_of_partitions_is_fixed(engine: AsyncEngine) -> None:
    assert await initialise(engine, [], 4) == 4
    assert await initialise(engine, []) == 4
    with pytest.raises(LayoutError, match="has 4 partitions, not 8"):
        await initialise(engine, [], 8)
