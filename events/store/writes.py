"""The writes of a batch: collected while the batch is decided, and made at its end.

A few rows, of any tables, go in one statement with a guard: nothing is written unless the guard returns a row. So a hop
of one claim costs one round trip. Many rows go by COPY, which costs client and server half of what an INSERT does.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.columns import Places, stored_places
from events.store.driver import DIALECT, execute_many, fetch_text, insert_rows
from events.store.rows import Row, conflict, replacing, values_of

AT_ONCE_ROWS = 200
"""Up to so many rows one statement is cheaper than COPY's round trips."""
Later = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(slots=True)
class Writes:
    """Rows by table, values in the order in which the columns are declared; keys in the primary key's."""

    added: dict[Table, list[Sequence[Any]]] = field(default_factory=dict)
    replaced: dict[Table, list[Sequence[Any]]] = field(default_factory=dict)
    removed: dict[Table, list[Sequence[Any]]] = field(default_factory=dict)
    rest: list[Later] = field(default_factory=list)

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows that are new; an existing primary key fails all writes."""
        self.insert_values(table, values_of(table, rows))

    def insert_values(self, table: Table, values: Iterable[Sequence[Any]]) -> None:
        """``insert``, of values."""
        if new := list(values):
            self.added.setdefault(table, []).extend(new)

    def upsert(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows, or replace those with the same primary key, which none of them shares with another."""
        if new := values_of(table, rows):
            self.replaced.setdefault(table, []).extend(new)

    def remove(self, table: Table, keys: Iterable[Sequence[Any]]) -> None:
        """Delete the rows with some primary keys."""
        if gone := list(keys):
            self.removed.setdefault(table, []).extend(gone)

    def do(self, later: Later) -> None:
        """Run something else after all rows are written."""
        self.rest.append(later)

    @property
    def fit_at_once(self) -> bool:
        """Whether all of it goes in one statement."""
        kinds = (self.added, self.replaced, self.removed)
        return not self.rest and sum(len(rows) for kind in kinds for rows in kind.values()) <= AT_ONCE_ROWS

    async def at_once(self, connection: AsyncConnection, guard: str, guarded: Sequence[Any]) -> list[Any]:
        """Write everything where ``guard``, a statement with parameters of its own, returns a row; returns that.

        Raises ``DBAPIError``.
        """
        parts = [
            *(("added", table, rows) for table, rows in self.added.items()),
            *(("replaced", table, rows) for table, rows in self.replaced.items()),
            *(("removed", table, rows) for table, rows in self.removed.items()),
        ]
        parts.sort(key=lambda part: (part[0], part[1].fullname))  # one wording whatever came first
        places = await stored_places(connection, [table for kind, table, _ in parts if kind != "removed"])
        parameters = list(guarded)
        statement = _statement(guard, len(parameters), tuple((kind, table) for kind, table, _ in parts))
        for kind, table, rows in parts:
            parameters += zip(*rows, strict=True) if kind == "removed" else [_as_stored(rows, places[table])]
        return await fetch_text(connection, statement, parameters)

    async def one_by_one(self, connection: AsyncConnection) -> None:
        """Write everything, within the connection's transaction. Raises ``DBAPIError``."""
        for table, rows in self.added.items():
            await insert_rows(connection, table, rows)
        for table, rows in self.replaced.items():
            await execute_many(connection, replacing(table), rows)
        for table, keys in self.removed.items():
            await execute_many(connection, _removing(table), keys)
        for later in self.rest:
            await later(connection)


def _as_stored(rows: list[Sequence[Any]], places: Places | None) -> list[Sequence[Any]]:
    """Rows as the server takes them whole: values in the order in which the database has the columns."""
    return rows if places is None else list(map(places, rows))


@lru_cache(maxsize=256)
def _statement(guard: str, taken: int, parts: tuple[tuple[str, Table], ...]) -> str:
    """The guard as the first part of a WITH, then a part a table, which reads its rows from arrays."""
    clauses = [f"guard AS ({guard})"]
    for number, (kind, table) in enumerate(parts):
        into = f'{table.schema}."{table.name}"'
        if kind == "removed":
            keys = list(table.primary_key)
            arrays = ", ".join(f"${taken + place}::{_type(key)}[]" for place, key in enumerate(keys, start=1))
            taken += len(keys)
            names = ", ".join(f'"{key.name}"' for key in keys)
            same = " AND ".join(f'{into}."{key.name}" = given."{key.name}"' for key in keys)
            what = f"DELETE FROM {into} USING unnest({arrays}) AS given ({names}), guard WHERE {same}"  # noqa: S608 - our own names
        else:
            taken += 1
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            values = ", ".join(f'given."{column.name}"' for column in table.columns)
            # one array of whole rows: PostgreSQL would read an array a column into a store a column
            what = f"INSERT INTO {into} ({names}) SELECT {values} FROM unnest(${taken}::{into}[]) AS given, guard"  # noqa: S608 - our own names
            what += conflict(table) if kind == "replaced" else ""
        clauses.append(f"part{number} AS ({what})")
    return f"WITH {', '.join(clauses)} SELECT * FROM guard"  # noqa: S608 - our own names


@lru_cache(maxsize=256)
def _removing(table: Table) -> str:
    same = " AND ".join(f'"{key.name}" = ${place}' for place, key in enumerate(table.primary_key, start=1))
    return f'DELETE FROM {table.schema}."{table.name}" WHERE {same}'  # noqa: S608 - our own names


def _type(column: Column[Any]) -> str:
    return column.type.compile(dialect=DIALECT)
