"""Reading and writing rows of projections in batches.

Each statement is made once for a table: SQLAlchemy's handling of a statement and its parameters costs more than the
rules spend on a row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

import orjson
from sqlalchemy import ARRAY, Column, ColumnElement, Table, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import Prepared, execute_many, insert_text

T = TypeVar("T")
Row = Mapping[str, Any]


def among(column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """``column = ANY(values)``: one statement text for any number of values."""
    return column == any_(bindparam(None, sorted(set(values)), type_=ARRAY(Text), unique=True))


async def load(
    connection: AsyncConnection, table: Table, column: Column[str], values: Iterable[str], *order: Column[Any]
) -> Sequence[Row]:
    """The rows of a table whose column holds one of the values, in the order given."""
    wanted = sorted(set(values))
    if not wanted:
        return []
    return [dict(row) for row in await _reading(table, column, order).fetch(connection, wanted=wanted)]


async def load_as(
    connection: AsyncConnection,
    type_: Callable[..., T],
    table: Table,
    column: Column[str],
    values: Iterable[str],
    *order: Column[Any],
) -> list[T]:
    """``load``, each row as a value of ``type_``; its fields are the table's columns, in the order of declaration."""
    wanted = sorted(set(values))
    if not wanted:
        return []
    return [type_(*row) for row in await _reading(table, column, order).fetch(connection, wanted=wanted)]


async def upsert(connection: AsyncConnection, table: Table, rows: Iterable[Row]) -> None:
    """Insert rows, or replace those with the same primary key."""
    values = values_of(table, rows)
    if values:
        await execute_many(connection, replacing(table), values)


@lru_cache(maxsize=256)
def _reading(table: Table, column: Column[str], order: tuple[Column[Any], ...]) -> Prepared:
    return Prepared(select(table).where(column == any_(bindparam("wanted", type_=ARRAY(Text)))).order_by(*order))


@lru_cache(maxsize=256)
def replacing(table: Table) -> str:
    """An INSERT of one row that takes the place of one with the same primary key."""
    return insert_text(table) + conflict(table)


@lru_cache(maxsize=256)
def conflict(table: Table) -> str:
    """The end of an INSERT whose rows take the place of those with the same primary key."""
    names = [f'"{column.name}"' for column in table.columns]
    keys = [f'"{column.name}"' for column in table.primary_key]
    others = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    done = f"UPDATE SET {others}" if others else "NOTHING"
    return f" ON CONFLICT ({', '.join(keys)}) DO {done}"


@lru_cache(maxsize=256)
def _documents(table: Table) -> tuple[str, ...]:
    """The columns that the driver takes as JSON text."""
    return tuple(column.name for column in table.columns if isinstance(column.type, JSONB))


@lru_cache(maxsize=256)
def _in_order(table: Table) -> Callable[[Row], tuple[Any, ...]]:
    return itemgetter(*(column.name for column in table.columns))


def values_of(table: Table, rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    """Rows as values in the order of the columns."""
    documents = _documents(table)
    if documents:
        rows = [{**row, **{name: orjson.dumps(row[name]).decode() for name in documents}} for row in rows]
    return list(map(_in_order(table), rows))
