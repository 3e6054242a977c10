"""Rows of one table of clearing in memory, as a step loads, changes and writes them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct, ValidationError, convert, structs, to_builtins
from sqlalchemy import ColumnElement, Delete, Table, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.rows import upsert

R = TypeVar("R", bound=Struct)
Key = tuple[Any, ...]


class UnreadableRow(ValueError):
    """A row that no event can have made: a value in it is not what its column holds."""

    def __init__(self, table: Table, key: Key, fault: Exception) -> None:
        super().__init__(
            f"表 {table.name} 中 {' '.join(map(str, key))} 一行读不出，请运行 claims clearing rebuild，按账册重建各表。"
            f"{table.name} {' '.join(map(str, key))} can't be read: {fault}. Run claims clearing rebuild: it makes the "
            f"tables again from the journal"
        )


class ClearingTable(Generic[R]):
    """Rows of one table by primary key, and which of them have changed since they were loaded."""

    def __init__(self, table: Table, row_type: type[R]) -> None:
        self.table = table
        self._row_type = row_type
        self._key_names = [column.name for column in table.primary_key]
        self._rows: dict[Key, R] = {}
        self._changed: set[Key] = set()
        self._unreadable: set[Key] = set()

    def __iter__(self) -> Iterator[R]:
        """The rows in the order of their keys."""
        return (self._rows[key] for key in sorted(self._rows))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Key) -> R:
        return self._rows[key]

    def get(self, key: Key) -> R | None:
        """The row of a primary key."""
        return self._rows.get(key)

    def put(self, row: R) -> None:
        """Add a row, or replace the one of the same key."""
        key = tuple(getattr(row, name) for name in self._key_names)
        self._rows[key] = row
        self._changed.add(key)

    def change(self, key: Key, **values: Any) -> None:
        """Give a row other values. Raises ``KeyError`` where there is none."""
        self.put(structs.replace(self._rows[key], **values))

    def remove_where(self, condition: Callable[[R], bool]) -> None:
        """Remove the rows that meet a condition."""
        for key in [key for key, row in self._rows.items() if condition(row)]:
            del self._rows[key]
            self._changed.add(key)

    def is_unreadable(self, key: Key) -> bool:
        """Whether the table has a row of this key that can't be read."""
        return key in self._unreadable

    def differing(self, other: "ClearingTable[R]") -> list[Key]:
        """The keys of rows that are not the same in both; a row that can't be read is like no other."""
        unreadable = self._unreadable | other._unreadable
        keys = sorted(self._rows.keys() | other._rows.keys() | unreadable)
        return [key for key in keys if key in unreadable or self._rows.get(key) != other._rows.get(key)]

    def write_only(self, keys: Iterable[Key]) -> None:
        """Let the next ``save`` write these rows and no others, and delete those of them that are missing here."""
        self._changed = set(keys)

    async def load(
        self, connection: AsyncConnection, *conditions: ColumnElement[bool], note_unreadable: bool = False
    ) -> None:
        """Add the table's rows that meet the conditions.

        Of a row that can't be read the key is noted, or ``UnreadableRow`` is raised.
        """
        for found in (await connection.execute(select(self.table).where(*conditions))).mappings():
            key = tuple(found[name] for name in self._key_names)
            try:
                self._rows[key] = convert({str(name): value for name, value in found.items()}, self._row_type)
            except ValidationError as error:
                if not note_unreadable:
                    raise UnreadableRow(self.table, key, error) from error
                self._unreadable.add(key)

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the table."""
        keys = sorted(self._changed)
        if gone := [key for key in keys if key not in self._rows]:
            parameters = [
                {f"key_{name}": value for name, value in zip(self._key_names, key, strict=True)} for key in gone
            ]
            await connection.execute(self._delete_one(), parameters)
        kept = [self._rows[key] for key in keys if key in self._rows]
        await upsert(connection, self.table, [to_builtins(row, builtin_types=(date, datetime)) for row in kept])
        self._changed.clear()

    def _delete_one(self) -> Delete:
        # One row at a time: the keys of a region's persons are more parameters than one statement takes.
        return delete(self.table).where(
            *(column == bindparam(f"key_{column.name}") for column in self.table.primary_key)
        )
