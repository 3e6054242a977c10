"""The journal ``rosters.0``: one record of each list that was imported, also of one that changed nothing.

A list that says what the ledger knows already makes no events. It is recorded all the same, because

- a list of an earlier month may not be imported after it;
- it must be known whether the list was late;
- it may have left out persons whom another department kept. That ended its department's support, and no membership.

One import writes at a time, under the lock of the journal's row of positions. The journal has no lane and no stream.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import ROSTER_IMPORTED
from events.store.journal import database_time, entries, write
from processors.delivery.names import ROSTERS_CONSUMER, ROSTERS_JOURNAL
from processors.delivery.position import lock_position, write_position
from processors.rosters.list_comparison import ListComparison, ListReceipt
from processors.rosters.lists import Membership, RosterList
from processors.rosters.period import Period

IS_ROSTER_CHANGE = text("entries.type = 'roster.changed.v1'")
"""A literal, so that PostgreSQL sees that the partial index of identities serves."""
EVENT_ID = r"^roster-20[0-9]{2}-(0[1-9]|1[0-2])-[0-9a-f]{24}$"
"""The ids of events that an import makes; the month in them is the list's."""


class ConcurrentImport(Exception):
    """Another list was imported since this one was compared: who is kept by others may have changed."""


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """What the journal says of an imported list: whose it is, for which month, and whom it left out.

    ``left_out`` are memberships that other departments kept. ``last_change`` is the number of the last roster change
    in the ledger that the import knew.
    """

    source: str
    period: Period
    effective_on: date
    sha256: str
    left_out: frozenset[Membership]
    last_change: int

    @property
    def until(self) -> date:
        """The last day of which the list speaks."""
        return max(self.period.last, self.effective_on)


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

    ``known`` is how many lists had been recorded when the list was compared. Raises ``ConcurrentImport`` where another
    was recorded since.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, ROSTERS_CONSUMER, 0)
        before = await load_imports(connection)
        if len(before) != known:
            raise ConcurrentImport
        last = next((each for each in reversed(before) if each.source == imported.receipt.source), None)
        if last is not None and imported.repeats(last):
            return False
        position.journal.start(await database_time(connection))
        position.journal.append(ROSTER_IMPORTED, imported.event_data())
        await write(connection, position.journal)
        await write_position(connection, position, position.stream_seq, [])
    return True


async def load_imports(connection: AsyncConnection) -> list[ImportRecord]:
    """The records of all imported lists, in the order of the imports."""
    rows = await connection.execute(
        select(entries.c.data)
        .where(entries.c.journal == ROSTERS_JOURNAL, entries.c.type == ROSTER_IMPORTED)
        .order_by(entries.c.number)
    )
    return [_record(orjson.loads(data)) for data in rows.scalars()]


def _record(data: Mapping[str, Any]) -> ImportRecord:
    return ImportRecord(
        data["source"],
        Period.parse(data["period"]),
        date.fromisoformat(data["effective_on"]),
        data["sha256"],
        frozenset((person_id, category) for person_id, category in data["left_out"]),
        data["held_against"],
    )


async def newest_period(connection: AsyncConnection, source: str) -> Period | None:
    """The latest month of which a list of a department was imported.

    Events tell it too: an import that was interrupted before its record was written has its events in the ledger.
    """
    latest = select(func.max(entries.c.event_id.collate("C"))).where(
        IS_ROSTER_CHANGE, entries.c.source == source, entries.c.event_id.regexp_match(EVENT_ID)
    )
    event_id = (await connection.execute(latest)).scalar_one_or_none()
    months = [record.period for record in await load_imports(connection) if record.source == source]
    if event_id is not None:
        months.append(Period.parse(event_id.removeprefix("roster-")[:7]))
    return max(months, default=None)
