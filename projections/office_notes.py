"""What offices note in journal ``registers.0``, as its events make it: entries of registers, requests, deliveries."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import ValidationError, convert, structs, to_builtins
from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events import decisions
from events.store.rows import upsert
from projections.advance_requests import APPLIED, AdvanceRequest, advance_requests
from projections.register_entries import ENTERED, RegisterEntry, register_entries
from projections.roster_deliveries import PUBLISHED, RosterDelivery, roster_deliveries
from projections.signatures import signature

OfficeNote = RegisterEntry | AdvanceRequest | RosterDelivery
Key = tuple[str, ...]
"""The name of a table, and a row's key in it."""

TABLES: Mapping[str, tuple[Table, type[OfficeNote]]] = {
    "register_entries": (register_entries, RegisterEntry),
    "advance_requests": (advance_requests, AdvanceRequest),
    "roster_deliveries": (roster_deliveries, RosterDelivery),
}


def _key_of(note: OfficeNote) -> Key:
    match note:
        case RegisterEntry():
            return "register_entries", note.entry_id
        case AdvanceRequest():
            return "advance_requests", note.region, note.advance_id
        case RosterDelivery():
            return "roster_deliveries", note.delivery_id


class OfficeNotes:
    """The rows of the three tables, by table and key."""

    def __init__(self) -> None:
        self._rows: dict[Key, OfficeNote] = {}
        self._changed: set[Key] = set()

    def entry(self, entry_id: str) -> RegisterEntry | None:
        """One entry of a register."""
        found = self._rows.get(("register_entries", entry_id))
        return found if isinstance(found, RegisterEntry) else None

    def entries(self) -> list[RegisterEntry]:
        """The entries of registers that are loaded, in their order."""
        found = [row for row in self._rows.values() if isinstance(row, RegisterEntry)]
        return sorted(found, key=lambda row: row.number)

    def requests(self) -> list[AdvanceRequest]:
        """The requests that are loaded, in their order."""
        return sorted(
            (row for row in self._rows.values() if isinstance(row, AdvanceRequest)), key=lambda row: row.number
        )

    def request(self, region: str, advance_id: str) -> AdvanceRequest | None:
        """One request for a loan."""
        found = self._rows.get(("advance_requests", region, advance_id))
        return found if isinstance(found, AdvanceRequest) else None

    def deliveries(self) -> list[RosterDelivery]:
        """The deliveries that are loaded, in their order."""
        found = [row for row in self._rows.values() if isinstance(row, RosterDelivery)]
        return sorted(found, key=lambda row: (row.number, row.delivery_id))

    def delivery(self, delivery_id: str) -> RosterDelivery | None:
        """One delivery."""
        found = self._rows.get(("roster_deliveries", delivery_id))
        return found if isinstance(found, RosterDelivery) else None

    def told(self, key: Key) -> str:
        """A row for a message; ``none`` where there is none."""
        return str(to_builtins(self._rows[key], builtin_types=(date, datetime))) if key in self._rows else "none"

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Apply one event of the journal. Raises ``KeyError`` where it names what is not there."""
        match type_:
            case decisions.REGISTER_ENTERED:
                own = {
                    "entry_id": data["entry_id"],
                    "number": number,
                    "status": "standing",
                    **signature("entered", data, at),
                }
                self._put(convert({**own, **{name: data.get(name) for name in ENTERED}}, RegisterEntry))
            case decisions.REGISTER_ENDED | decisions.REGISTER_WITHDRAWN:
                self._end_entry(type_, at, data)
            case decisions.ROSTER_PUBLISHED:
                own = {"delivery_id": data["delivery_id"], "number": number, **signature("published", data, at)}
                self._put(convert({**own, **{name: data[name] for name in PUBLISHED}}, RosterDelivery))
            case decisions.ROSTER_RECEIVED:
                found = self._rows["roster_deliveries", data["delivery_id"]]
                said = {"received_on": date.fromisoformat(data["received_on"]), "receipt": data["receipt"]}
                self._put(structs.replace(found, **said, **signature("noted", data, at)))
            case _:
                self._apply_request(type_, number, at, data)

    def _end_entry(self, type_: str, at: datetime, data: Mapping[str, Any]) -> None:
        found = self._rows["register_entries", data["entry_id"]]
        said: dict[str, Any] = {"status": "withdrawn", "reason": data["reason"]}
        if type_ == decisions.REGISTER_ENDED:
            said |= {"status": "ended", "until": date.fromisoformat(data["until"])}
        self._put(structs.replace(found, **said, **signature("ended", data, at)))

    def _apply_request(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        region, advance_id = data["region"], data["advance_id"]
        found = self.request(region, advance_id) or AdvanceRequest(region, advance_id, number)
        match type_:
            case decisions.ADVANCE_APPLIED:
                said = {name: data.get(name) for name in APPLIED} | {
                    "status": "applied",
                    **signature("applied", data, at),
                }
                said["applied_on"] = date.fromisoformat(data["applied_on"])
            case decisions.ADVANCE_APPROVED:
                said = {"status": "approved", "approved": data["amount"], **signature("decided", data, at)}
            case decisions.ADVANCE_DECLINED:
                said = {"status": "declined", "reason": data["reason"], **signature("decided", data, at)}
            case decisions.ADVANCE_FILED:
                said = {"filed_on": date.fromisoformat(data["filed_on"]), **signature("filed", data, at)}
            case _:
                raise KeyError(type_)
        self._put(structs.replace(found, **said))

    def differing(self, other: "OfficeNotes") -> list[Key]:
        """The keys of rows that are not the same in both."""
        return sorted(
            key for key in self._rows.keys() | other._rows.keys() if self._rows.get(key) != other._rows.get(key)
        )

    async def load(self, connection: AsyncConnection, name: str, *conditions: ColumnElement[bool]) -> None:
        """Add the rows of a table that meet the conditions. Raises ``ValueError`` for one that can't be read."""
        table, kind = TABLES[name]
        for found in (await connection.execute(select(table).where(*conditions))).mappings():
            try:
                row = convert({str(column): value for column, value in found.items()}, kind)
            except ValidationError as error:
                raise ValueError(f"a row of {name} can't be read: {error}") from error
            self._rows[_key_of(row)] = row

    async def load_all(self, connection: AsyncConnection) -> None:
        """Add all rows of the three tables. Raises ``ValueError``."""
        for name in TABLES:
            await self.load(connection, name)

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the tables."""
        for name, (table, _) in TABLES.items():
            changed = [self._rows[key] for key in sorted(self._changed) if key[0] == name]
            await upsert(connection, table, [to_builtins(row, builtin_types=(date, datetime)) for row in changed])
        self._changed.clear()

    def _put(self, note: OfficeNote) -> None:
        key = _key_of(note)
        self._rows[key] = note
        self._changed.add(key)


async def clear_notes(connection: AsyncConnection) -> None:
    """Empty the three tables."""
    for table, _ in TABLES.values():
        await connection.execute(delete(table))
