"""The journal ``rosters.0``: one record of each list that was imported, also of one that changed nothing.

A list that says what the ledger knows already makes no events. It is recorded all the same, because

- a list of an earlier month may not be imported after it;
- it must be known whether the list was late;
- it may have left out persons whom another department kept. That ended its department's support, and no membership.

A list that is withdrawn has a second record (``roster.withdrawn.v1``). One import or withdrawal writes at a time, under
the lock of the journal's row of positions. The journal has no lane and no stream.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import ROSTER_IMPORTED, ROSTER_WITHDRAWN
from events.store.journal import database_time, entries, write
from processors.delivery.names import ROSTERS_CONSUMER, ROSTERS_JOURNAL
from processors.delivery.position import lock_position, write_position
from processors.rosters.list_comparison import ListComparison, ListReceipt
from processors.rosters.lists import Membership, RosterList
from processors.rosters.period import Period

IS_ROSTER_CHANGE = text("entries.type = 'roster.changed.v1'")
"""A literal, so that PostgreSQL sees that the partial index of identities serves."""
EVENT_ID = r"^roster-20[0-9]{2}-(0[1-9]|1[0-2])-[0-9a-p]{24}$"
"""The ids of events that an import makes; the month in them is the list's. Older ones hold digits."""


class ConcurrentImport(Exception):
    """Another list was imported since this one was compared: who is kept by others may have changed."""


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """What the journal says of an imported list: whose it is, for which month, and whom it left out.

    ``left_out`` are memberships that other departments kept. ``last_change`` is the number of the last roster change
    in the ledger that the import knew; ``number`` is the record's own in the journal.
    """

    source: str
    period: Period
    effective_on: date
    sha256: str
    left_out: frozenset[Membership]
    last_change: int
    number: int = 0

    @property
    def until(self) -> date:
        """The last day of which the list speaks."""
        return max(self.period.last, self.effective_on)


UnbookedStatement = tuple[Membership, bool, date]
"""Whether the department supports a membership, and from which day: no change of the ledger."""


@dataclass(frozen=True, slots=True)
class WithdrawalRecord:
    """What the journal says of a list that was withdrawn: ``of`` is the number of its import's record.

    ``unbooked`` moves the department's support and no membership. ``last_change`` is the number of the department's
    last roster change in the ledger, those of the withdrawal included.
    """

    source: str
    period: Period
    of: int
    unbooked: tuple[UnbookedStatement, ...]
    last_change: int


ListRecord = ImportRecord | WithdrawalRecord


@dataclass(frozen=True, slots=True)
class ListImport:
    """A list that is imported: the sha256 of its file in hex, who imported it, and what it changes."""

    receipt: ListReceipt
    sha256: str
    actor: str
    read: RosterList
    found: ListComparison

    def repeats(self, last: ImportRecord) -> bool:
        """Whether it says nothing that its department's last list did not say."""
        same = (self.receipt.period, self.sha256) == (last.period, last.sha256)
        return same and not self.found.changes and frozenset(self.found.left_out) == last.left_out

    def event_data(self) -> dict[str, Any]:
        """As the journal holds it. ``left_out`` names the memberships, since the next comparisons need them."""
        receipt = self.receipt
        return {
            "source": receipt.source,
            "period": str(receipt.period),
            "received": receipt.received_on.isoformat(),
            "late": receipt.late,
            "effective_on": receipt.effective_on.isoformat(),
            "sha256": self.sha256,
            "actor": self.actor,
            **counts_of(self.read, self.found),
            "left_out": sorted(self.found.left_out),
            "held_against": self.found.last_change,
        }


def counts_of(read: RosterList, found: ListComparison) -> dict[str, int]:
    """What a list comes to, in counts of rows and memberships."""
    return {
        "listed": len(read.listed),
        "refused": len(read.refused),
        "unchanged": found.unchanged,
        "added": len(found.added),
        "removed": len(found.removed),
        "kept": len(found.kept),
        "left_out": len(found.left_out),
    }


async def record_import(engine: AsyncEngine, imported: ListImport, known: int) -> bool:
    """Record an imported list; False where it repeats its department's last list, and nothing is written.

    ``known`` is how many records there were when the list was compared. Raises ``ConcurrentImport`` where another
    was written since.
    """

    async def data(_: AsyncConnection, before: Sequence[ListRecord]) -> dict[str, Any] | None:
        last = last_import(before, imported.receipt.source)
        return None if last is not None and imported.repeats(last) else imported.event_data()

    return await record(engine, ROSTER_IMPORTED, known, data)


async def record(
    engine: AsyncEngine,
    type_: str,
    known: int,
    data: Callable[[AsyncConnection, Sequence[ListRecord]], Awaitable[dict[str, Any] | None]],
) -> bool:
    """Append what ``data`` makes of the connection and the records before, unless that is None.

    Raises ``ConcurrentImport`` where there are not ``known`` records.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, ROSTERS_CONSUMER, 0)
        before = await load_records(connection)
        if len(before) != known:
            raise ConcurrentImport
        made = await data(connection, before)
        if made is None:
            return False
        position.journal.start(await database_time(connection))
        position.journal.append(type_, made)
        await write(connection, position.journal)
        await write_position(connection, position, position.stream_seq, [])
    return True


async def load_records(connection: AsyncConnection) -> list[ListRecord]:
    """The records of all lists that were imported or withdrawn, in their order."""
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.data)
        .where(entries.c.journal == ROSTERS_JOURNAL, entries.c.type.in_((ROSTER_IMPORTED, ROSTER_WITHDRAWN)))
        .order_by(entries.c.number)
    )
    return [
        _import(row.number, orjson.loads(row.data))
        if row.type == ROSTER_IMPORTED
        else _withdrawal(orjson.loads(row.data))
        for row in rows
    ]


def standing_imports(records: Iterable[ListRecord], source: str) -> list[ImportRecord]:
    """A department's imported lists that were not withdrawn, in the order of the imports."""
    told = list(records)
    withdrawn = {record.of for record in told if isinstance(record, WithdrawalRecord)}
    return [
        record
        for record in told
        if isinstance(record, ImportRecord) and record.source == source and record.number not in withdrawn
    ]


def last_import(records: Iterable[ListRecord], source: str) -> ImportRecord | None:
    """A department's last list that stands."""
    return next(reversed(standing_imports(records, source)), None)


def _import(number: int, data: Mapping[str, Any]) -> ImportRecord:
    return ImportRecord(
        data["source"],
        Period.parse(data["period"]),
        date.fromisoformat(data["effective_on"]),
        data["sha256"],
        frozenset((person_id, category) for person_id, category in data["left_out"]),
        data["held_against"],
        number,
    )


def _withdrawal(data: Mapping[str, Any]) -> WithdrawalRecord:
    unbooked = tuple(
        ((person_id, category), change == "added", date.fromisoformat(day))
        for person_id, category, change, day in data["unbooked"]
    )
    return WithdrawalRecord(data["source"], Period.parse(data["period"]), data["of"], unbooked, data["held_against"])


async def newest_period(connection: AsyncConnection, source: str) -> Period | None:
    """The latest month of which a list of a department stands.

    Events tell it too: an import that was interrupted before its record was written has its events in the ledger. Those
    before a withdrawal of the month do not count.
    """
    month = func.substr(entries.c.event_id, len("roster-") + 1, len("2019-06"))
    told = select(month.label("month"), func.max(entries.c.number).label("last")).where(
        IS_ROSTER_CHANGE, entries.c.source == source, entries.c.event_id.regexp_match(EVENT_ID)
    )
    records = await load_records(connection)
    withdrawn: dict[Period, int] = {}
    for record in records:
        if isinstance(record, WithdrawalRecord) and record.source == source:
            withdrawn[record.period] = max(record.last_change, withdrawn.get(record.period, 0))
    months = [record.period for record in standing_imports(records, source)]
    for row in await connection.execute(told.group_by(month)):
        period = Period.parse(row.month)
        if row.last > withdrawn.get(period, 0):
            months.append(period)
    return max(months, default=None)
