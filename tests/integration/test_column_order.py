"""Rows reach the columns that they are meant for, in whatever order the database has them."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from events.store.driver import connected, transaction
from events.store.rows import load, upsert
from events.store.writes import AT_ONCE_ROWS, Writes
from infra.postgres.engine import connect

MOVED = Table(
    "moved",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("paid", BigInteger, nullable=False),
    Column("base", BigInteger, nullable=False),
    Column("layers", JSONB, nullable=False),
    schema="projections",
)
GUARD = "SELECT 1 AS stands"


@pytest.fixture
async def moved(database: str) -> AsyncIterator[AsyncEngine]:
    """A table as migrations leave it: a column gone, another put behind those that are declared after it."""
    engine = connect(database, pool_size=1)
    async with engine.begin() as connection:
        await connection.execute(
            text("CREATE TABLE projections.moved (base bigint NOT NULL, gone int, id text PRIMARY KEY, layers jsonb)")
        )
        await connection.execute(text("ALTER TABLE projections.moved DROP COLUMN gone"))
        await connection.execute(text("ALTER TABLE projections.moved ADD COLUMN paid bigint NOT NULL"))
    yield engine
    await engine.dispose()


def row(number: int, paid: int) -> dict[str, object]:
    return {"id": f"C{number:04}", "base": 1000 + number, "paid": paid, "layers": [["basic", paid]]}


async def test_one_statement_writes_each_value_into_its_column(moved: AsyncEngine) -> None:
    async with connected(moved) as connection, transaction(connection):
        writes = Writes()
        writes.insert(MOVED, [row(1, 10), row(2, 20)])
        await writes.at_once(connection, GUARD, [])
        writes = Writes()
        writes.upsert(MOVED, [row(2, 25)])
        writes.insert(MOVED, [row(3, 30)])
        await writes.at_once(connection, GUARD, [])
    async with moved.connect() as connection:
        found = await load(connection, MOVED, MOVED.c.id, ["C0001", "C0002", "C0003"], MOVED.c.id)
    assert [(one["id"], one["base"], one["paid"]) for one in found] == [
        ("C0001", 1001, 10),
        ("C0002", 1002, 25),
        ("C0003", 1003, 30),
    ]


async def test_copy_and_single_inserts_do_too(moved: AsyncEngine) -> None:
    async with connected(moved) as connection, transaction(connection):
        many = Writes()
        many.insert(MOVED, [row(number, number) for number in range(AT_ONCE_ROWS + 1)])
        await many.one_by_one(connection)
        await upsert(connection, MOVED, [row(0, 77)])
    async with moved.connect() as connection:
        sums = await connection.execute(text("SELECT count(*), sum(base - 1000), sum(paid) FROM projections.moved"))
        count = AT_ONCE_ROWS + 1
        assert tuple(sums.one()) == (count, count * (count - 1) // 2, count * (count - 1) // 2 + 77)


async def test_a_table_with_other_columns_is_refused(moved: AsyncEngine) -> None:
    async with moved.begin() as connection:
        await connection.execute(text("ALTER TABLE projections.moved ADD COLUMN unknown int"))
    writes = Writes()
    writes.insert(MOVED, [row(1, 10)])
    async with connected(moved) as connection:
        with pytest.raises(LookupError, match=r"projections\.moved has the columns base, id, layers, paid, unknown"):
            await writes.at_once(connection, GUARD, [])
