"""The order in which a database has its columns: a row that is sent whole must follow it.

A column that a migration added stands last in the database, wherever it is declared.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.driver import fetch_text

Places = Callable[[Sequence[Any]], Sequence[Any]]
"""Takes a row's values in the order of declaration to the order of the database."""

_ORDERS = """
SELECT format('%s.%s', nspname, relname) AS name, array_agg(attname::text ORDER BY attnum) AS columns
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE attnum > 0 AND NOT attisdropped AND relkind = 'r' AND nspname = ANY($1)
GROUP BY nspname, relname
"""
_SCHEMAS = ("ledger", "projections", "processors")
_known: WeakKeyDictionary[Pool, dict[str, list[str]]] = WeakKeyDictionary()
_places: WeakKeyDictionary[Pool, dict[Table, Places | None]] = WeakKeyDictionary()


async def stored_places(connection: AsyncConnection, tables: Iterable[Table]) -> Mapping[Table, Places | None]:
    """How to reorder the rows of tables, None where they stand as declared.

    The database is asked once for each pool of connections: no schema changes under running workers
    (infra/postgres/engine.py). Raises ``LookupError`` where the columns of a table are not those declared.
    """
    if connection.sync_connection is None:
        raise AssertionError("the connection is not open")
    pool = connection.sync_connection.engine.pool
    places = _places.setdefault(pool, {})
    for table in tables:
        if table not in places:
            if pool not in _known:
                rows = await fetch_text(connection, _ORDERS, [list(_SCHEMAS)])
                _known[pool] = {row["name"]: row["columns"] for row in rows}
            places[table] = _reordering(table, _known[pool].get(table.fullname, []))
    return places


def _reordering(table: Table, stored: Sequence[str]) -> Places | None:
    declared = [column.name for column in table.columns]
    if declared == stored:
        return None
    if sorted(declared) != sorted(stored):
        raise LookupError(f"{table.fullname} has the columns {', '.join(stored)}, not {', '.join(declared)}")
    if len(declared) == 1:
        return None
    return itemgetter(*map(declared.index, stored))
