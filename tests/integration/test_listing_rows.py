"""Rows of listings that are dear to read: kept until something is booked, and asked for by the keys of a page."""

from collections.abc import AsyncIterator, Sequence
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Integer, Select, column, select, table, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.console.kept_rows import KEPT_S, MOST_KEPT, KeptRows
from infra.console.listing_columns import ListFilter, Row
from infra.console.listing_sources import Criteria, KeyedRows, read_select

BILLS = table("bills", column("region"), column("number", Integer), column("paid", Integer))
EVERY = select(BILLS)
ROWS = 23
PAGE = 5


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One that has bills: two regions, numbers that both have, amounts of which many are equal."""
    async with engine.connect() as connected:
        await connected.execute(text("CREATE TEMP TABLE bills (region text, number integer, paid integer)"))
        regions = "CASE n % 2 WHEN 0 THEN 'A' ELSE 'B' END"
        filled = f"INSERT INTO bills SELECT {regions}, n / 2, n % 4 FROM generate_series(1, {ROWS}) n"
        await connected.execute(text(filled))
        yield connected


class Books:
    """The newest entry, and the time, as a test sets them."""

    newest = 1
    now = 0.0

    async def entry(self, _connection: AsyncConnection) -> int:
        return self.newest


async def test_rows_are_kept_until_something_is_booked(connection: AsyncConnection) -> None:
    """What is added without an entry is not seen; with one it is, and once the rows are too old."""
    books = Books()
    kept = KeptRows(lambda: books.now)

    async def count() -> int:
        return len(await kept.read(connection, books.entry, "all", EVERY))

    async def add() -> None:
        await connection.execute(text("INSERT INTO bills VALUES ('A', 99, 1)"))

    assert await count() == ROWS
    await add()
    assert await count() == ROWS
    books.newest = 2
    assert await count() == ROWS + 1
    await add()
    books.now = KEPT_S
    assert await count() == ROWS + 1
    books.now = KEPT_S + 1
    assert await count() == ROWS + 2


async def test_the_question_asked_longest_ago_is_let_go(connection: AsyncConnection) -> None:
    """Of one more question than are kept the second goes, since the first was asked again after it."""
    books = Books()
    kept = KeptRows(lambda: books.now)

    async def count(question: int) -> int:
        return len(await kept.read(connection, books.entry, question, EVERY))

    for question in (*range(MOST_KEPT), 0, MOST_KEPT):
        assert await count(question) == ROWS
    await connection.execute(text("INSERT INTO bills VALUES ('A', 99, 1)"))
    assert await count(0) == ROWS
    assert await count(1) == ROWS + 1


def by_keys(keys: Sequence[Row]) -> Select[Any]:
    """Bills of some keys, and one beside them: what is asked for may be found with others."""
    wanted = [(key["region"], key["number"]) for key in keys]
    return EVERY.where(tuple_(BILLS.c.region, BILLS.c.number).in_([*wanted, ("A", 1)]))


@pytest.mark.parametrize(
    ("order", "descending", "region"), [*product(("", "region", "number", "paid"), (False, True), (None, "B"))]
)
async def test_rows_asked_for_by_key_are_those_of_the_whole_query(
    connection: AsyncConnection, order: str, descending: bool, region: str | None
) -> None:
    """Each page, in each order, with and without a filter: rows, number and sums are the same."""
    narrowed = [] if region is None else [(ListFilter("region", "地区", "region"), None, region)]
    for page in range(1, ROWS // PAGE + 2):
        asked = Criteria({}, narrowed, order, descending, ("region", "number"), ("paid",), page)
        at = ((page - 1) * PAGE, PAGE, 100)
        whole = await read_select(connection, EVERY, asked, *at)
        assert await read_select(connection, KeyedRows(EVERY, by_keys), asked, *at) == whole
        assert whole.number == (ROWS if region is None else 12)
