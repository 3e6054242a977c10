"""Rows that the events of an office's own journal make: entered by one person, approved by another."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import ValidationError, convert, structs, to_builtins
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.rows import upsert


class OfficeRow(Protocol):
    """A row that an event of the journal entered under a number."""

    @property
    def number(self) -> int:
        """Of the event that entered it."""
        ...


R = TypeVar("R", bound=OfficeRow)


class OfficeRegister(Generic[R]):
    """The rows of a table by their key, as the journal's events make them; ``apply`` is each register's own."""

    table: Table
    row: type[Any]
    key: str

    def __init__(self) -> None:
        self._rows: dict[str, R] = {}
        self._changed: set[str] = set()

    def __iter__(self) -> Iterator[R]:
        """The rows in the order in which they were entered."""
        return iter(sorted(self._rows.values(), key=lambda row: row.number))

    def get(self, key: str) -> R | None:
        """One row."""
        return self._rows.get(key)

    def differing(self, other: "OfficeRegister[R]") -> list[str]:
        """The keys of rows that are not the same in both."""
        return sorted(
            key for key in self._rows.keys() | other._rows.keys() if self._rows.get(key) != other._rows.get(key)
        )

    def forget_changes(self) -> None:
        """Take all rows for written: ``save`` writes none until an event changes it."""
        self._changed.clear()

    async def load(self, connection: AsyncConnection, *conditions: ColumnElement[bool]) -> None:
        """Add the table's rows that meet the conditions. Raises ``ValueError`` for one that can't be read."""
        for found in (await connection.execute(select(self.table).where(*conditions))).mappings():
            try:
                row = convert({str(name): value for name, value in found.items()}, self.row)
            except ValidationError as error:
                raise ValueError(f"{self.table.name} {found[self.key]} can't be read: {error}") from error
            self._rows[getattr(row, self.key)] = row

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the table."""
        rows = [to_builtins(self._rows[key], builtin_types=(date, datetime)) for key in sorted(self._changed)]
        await upsert(connection, self.table, rows)
        self._changed.clear()

    def put(self, row: R) -> None:
        """Enter a row, or change it."""
        key: str = getattr(row, self.key)
        self._rows[key] = row
        self._changed.add(key)

    def change(self, data: Mapping[str, Any], status: str, values: Mapping[str, Any]) -> None:
        """Change the row that an event names. Raises ``KeyError`` where there is none."""
        self.put(structs.replace(self._rows[data[self.key]], status=status, **values))  # type: ignore[type-var] # a Struct
