"""Reading and writing rows of projections in batches."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ARRAY, Column, ColumnElement, Table, Text, any_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection


def among(column: Column[str], values: Iterable[str]) -> ColumnElement[bool]:
    """``column = ANY(values)``: one statement text for any number of values."""
    return column == any_(bindparam(None, sorted(set(values)), type_=ARRAY(Text), unique=True))


async def load(
    connection: AsyncConnection, table: Table, column: Column[str], values: Iterable[str], *order: Column[Any]
) -> Sequence[Mapping[str, Any]]:
    """The rows of a table whose column holds one of the values, in the order given."""
    wanted = set(values)
    if not wanted:
        return []
    result = await connection.execute(select(table).where(among(column, wanted)).order_by(*order))
    return cast("Sequence[Mapping[str, Any]]", result.mappings().all())


async def upsert(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those with the same primary key."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys},
    )
    await connection.execute(statement, list(rows))


async def remove(connection: AsyncConnection, table: Table, column: Column[Any], values: Sequence[Any]) -> None:
    """Delete the rows whose column holds one of the values."""
    if values:
        await connection.execute(
            delete(table).where(column == any_(bindparam(None, list(values), type_=ARRAY(column.type))))
        )
