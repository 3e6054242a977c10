"""Compares a projection's table with the derived one, and mends the rows that differ."""

# ruff: noqa: S608 - the names in these statements are those of our own tables

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.proof.derivation.queries import names_of
from processors.proof.derivation.report import MOST_SHOWN, ProjectionComparison, ProjectionDifference

Row = Mapping[str, Any]


async def compare(connection: AsyncConnection, table: Table, rows: int) -> ProjectionComparison:
    """Note the keys of differing rows in ``pg_temp.differing_<name>``, and give the first of them."""
    keys, columns = table.primary_key.columns.keys(), table.columns.keys()
    derived, differing = f"pg_temp.derived_{table.name}", f"differing_{table.name}"
    await connection.exec_driver_sql(
        f"CREATE TEMP TABLE {differing} ON COMMIT DROP AS"
        f" SELECT {names_of(keys)}, CASE WHEN {names_of(keys[:1], of='live')} IS NULL THEN 'missing'"
        f" WHEN {names_of(keys[:1], of='ours')} IS NULL THEN 'surplus' ELSE 'different' END AS differs"
        f" FROM {derived} AS ours FULL JOIN {table.fullname} AS live USING ({names_of(keys)})"
        f" WHERE ROW({names_of(columns, of='ours')}) IS DISTINCT FROM ROW({names_of(columns, of='live')})"
    )
    counted = await connection.exec_driver_sql(
        "SELECT count(*) FILTER (WHERE differs = 'missing') AS missing,"
        " count(*) FILTER (WHERE differs = 'surplus') AS surplus,"
        f" count(*) FILTER (WHERE differs = 'different') AS different FROM pg_temp.{differing}"
    )
    compared = ProjectionComparison(table.name, rows, **counted.mappings().one())
    if compared.found:
        compared.first = await _first(connection, table, derived)
    return compared


async def mend(connection: AsyncConnection, table: Table) -> int:
    """Make the differing rows of a table what the ledger says; returns how many."""
    keys, columns = names_of(table.primary_key.columns.keys()), names_of(table.columns.keys())
    differing = f"SELECT {keys} FROM pg_temp.differing_{table.name}"
    # Deleted before any is inserted: two rows that changed places would break a unique index one by one.
    await connection.exec_driver_sql(
        f"DELETE FROM {table.fullname} WHERE ({keys}) IN ({differing} WHERE differs <> 'missing')"
    )
    await connection.exec_driver_sql(
        f"INSERT INTO {table.fullname} ({columns}) SELECT {columns} FROM pg_temp.derived_{table.name}"
        f" WHERE ({keys}) IN ({differing} WHERE differs <> 'surplus')"
    )
    count = await connection.exec_driver_sql(f"SELECT count(*) FROM pg_temp.differing_{table.name}")
    return int(count.scalar_one())


async def _first(connection: AsyncConnection, table: Table, derived: str) -> list[ProjectionDifference]:
    keys = names_of(table.primary_key.columns.keys())
    rows = await connection.exec_driver_sql(
        "SELECT differs, to_json(ours)::text AS ours, to_json(live)::text AS live"
        f" FROM (SELECT * FROM pg_temp.differing_{table.name} ORDER BY {keys} LIMIT {MOST_SHOWN}) AS differing"
        f" LEFT JOIN {derived} AS ours USING ({keys}) LEFT JOIN {table.fullname} AS live USING ({keys})"
        f" ORDER BY {keys}"
    )
    return [_difference(table, row.differs, _row(row.ours), _row(row.live)) for row in rows]


def _difference(table: Table, kind: str, ours: Row, live: Row) -> ProjectionDifference:
    keys, row = table.primary_key.columns.keys(), ours or live
    # by the row's own plain names: "grant" is a reserved word, which SQLAlchemy carries in a class of its own
    key = {name: value for name, value in row.items() if name in keys}
    sides = {name: (ours.get(name), live.get(name)) for name in row if name not in key}
    if kind == "different":
        sides = {name: pair for name, pair in sides.items() if pair[0] != pair[1]}
    return ProjectionDifference(kind, key, sides)


def _row(value: str | None) -> Row:
    row: Row = orjson.loads(value) if value is not None else {}
    return row
