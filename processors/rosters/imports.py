"""The journal ``rosters.0``: every list that was taken in, those that changed nothing among them.

One writer at a time, by the lock on its row of positions; no lane and no stream. A list that says what the ledger knows
already makes no events, and yet an older one must not come after it, and that it was late must be known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import ROSTER_IMPORTED
from events.ledger import entries, write
from processors.positions import journal_name, lock, move
from processors.rosters.comparison import Comparison, Handed
from processors.rosters.lists import RosterList
from processors.rosters.memberships import OF_A_ROSTER
from processors.rosters.period import Period

CONSUMER = "rosters"
JOURNAL = journal_name(CONSUMER, 0)

IMPORTED = r"^roster-20[0-9]{2}-(0[1-9]|1[0-2])-[0-9a-f]{24}$"
"""The ids of events that an import makes; the month in them is the list's."""


@dataclass(frozen=True, slots=True)
class Import:
    """A list that was taken in: sha256 of its file in hex, who brought it, and what came of it in counts."""

    handed: Handed
    sha256: str
    actor: str | None
    counts: Mapping[str, int]

    def data(self) -> dict[str, Any]:
        """As the journal says it."""
        handed = self.handed
        return {
            "source": handed.source,
            "period": str(handed.period),
            "received": handed.received_on.isoformat(),
            "late": handed.late,
            "effective_on": handed.effective_on.isoformat(),
            "sha256": self.sha256,
            "actor": self.actor,
            **self.counts,
        }


def counts_of(read: RosterList, found: Comparison) -> dict[str, int]:
    """What came of a list, in counts of rows and memberships."""
    return {
        "listed": len(read.listed),
        "refused": len(read.refused),
        "unchanged": found.unchanged,
        "added": len(found.added),
        "removed": len(found.removed),
        "kept": len(found.kept),
        "contested": len(found.contested),
    }


async def record(engine: AsyncEngine, taken: Import) -> bool:
    """Note a list that was taken in; False where its department's last is the same file and nothing came of it now."""
    async with engine.begin() as connection:
        position = await lock(connection, CONSUMER, 0)
        before = [said for said in await imports(connection) if said["source"] == taken.handed.source]
        data = taken.data()
        same = bool(before) and all(before[-1][name] == data[name] for name in ("period", "sha256"))
        if same and not (taken.counts["added"] or taken.counts["removed"]):
            return False
        position.journal.start(datetime.now(UTC))
        position.journal.append(ROSTER_IMPORTED, data)
        await write(connection, position.journal)
        await move(connection, position, position.stream_seq, [])
    return True


async def imports(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every list that was taken in, as ``Import.data`` gives it, in the order in which they were."""
    rows = await connection.execute(
        select(entries.c.data)
        .where(entries.c.journal == JOURNAL, entries.c.type == ROSTER_IMPORTED)
        .order_by(entries.c.number)
    )
    return [orjson.loads(data) for data in rows.scalars()]


async def newest_period(connection: AsyncConnection, source: str) -> Period | None:
    """The latest month of which a list of a department was taken in.

    Events tell it too: those of an import that was interrupted before it was noted stand in the ledger.
    """
    latest = select(func.max(entries.c.event_id.collate("C"))).where(
        OF_A_ROSTER, entries.c.source == source, entries.c.event_id.regexp_match(IMPORTED)
    )
    event_id = (await connection.execute(latest)).scalar_one_or_none()
    months = [said["period"] for said in await imports(connection) if said["source"] == source]
    if event_id is not None:
        months.append(event_id.removeprefix("roster-")[:7])
    return max(map(Period.parse, months), default=None)
