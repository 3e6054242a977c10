"""The journal ``rosters.0``: every list that was taken in, those that changed nothing among them.

One writer at a time, by the lock on its row of positions; no lane and no stream. A list that says what the ledger knows
already makes no events, and yet an older one must not come after it, that it was late must be known, and so must whom
it left out while another department kept them: that ended its department's word and no membership.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import ROSTER_IMPORTED
from events.store.journal import entries, write
from processors.delivery.names import ROSTERS_CONSUMER as CONSUMER
from processors.delivery.names import ROSTERS_JOURNAL as JOURNAL
from processors.delivery.position import lock_position, write_position
from processors.rosters.comparison import Comparison, Handed
from processors.rosters.lists import Membership, RosterList
from processors.rosters.period import Period

OF_A_ROSTER = text("entries.type = 'roster.changed.v1'")
"""Literal, so that PostgreSQL sees that the index of identities serves."""
IMPORTED = r"^roster-20[0-9]{2}-(0[1-9]|1[0-2])-[0-9a-f]{24}$"
"""The ids of events that an import makes; the month in them is the list's."""


class Overtaken(Exception):
    """Another list was taken in since this one was held against the ledger: what it left out may be kept no more."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A list as its record has it: of whom and which month, from when to when it speaks, and whom it left out.

    ``held_against`` is the last roster change in the ledger that it knew.
    """

    source: str
    period: Period
    effective_on: date
    sha256: str
    left_out: frozenset[Membership]
    held_against: int

    @property
    def until(self) -> date:
        """The last day that the list speaks of."""
        return max(self.period.last, self.effective_on)


@dataclass(frozen=True, slots=True)
class Import:
    """A list that was taken in: sha256 of its file in hex, who brought it, and what came of it."""

    handed: Handed
    sha256: str
    actor: str
    read: RosterList
    found: Comparison

    def repeats(self, last: Noted) -> bool:
        """Whether it says nothing that its department's last list did not say."""
        same = (self.handed.period, self.sha256) == (last.period, last.sha256)
        return same and not self.found.changes and frozenset(self.found.left_out) == last.left_out

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
            **counts_of(self.read, self.found),
            "left_out": sorted(self.found.left_out),  # in place of their count: who they are decides what follows
            "held_against": self.found.held_against,
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
        "left_out": len(found.left_out),
    }


async def record(engine: AsyncEngine, taken: Import, known: int) -> bool:
    """Note a list that was taken in; False where its department's last is the same file and nothing came of it now.

    ``known`` is how many lists had been when it was held against the ledger. Raises ``Overtaken``.
    """
    async with engine.begin() as connection:
        position = await lock_position(connection, CONSUMER, 0)
        before = await imports(connection)
        if len(before) != known:
            raise Overtaken
        last = next((noted for noted in reversed(before) if noted.source == taken.handed.source), None)
        if last is not None and taken.repeats(last):
            return False
        position.journal.start(datetime.now(UTC))
        position.journal.append(ROSTER_IMPORTED, taken.data())
        await write(connection, position.journal)
        await write_position(connection, position, position.stream_seq, [])
    return True


async def imports(connection: AsyncConnection) -> list[Noted]:
    """Every list that was taken in, in the order in which they were."""
    rows = await connection.execute(
        select(entries.c.data)
        .where(entries.c.journal == JOURNAL, entries.c.type == ROSTER_IMPORTED)
        .order_by(entries.c.number)
    )
    return [_noted(orjson.loads(data)) for data in rows.scalars()]


def _noted(said: Mapping[str, Any]) -> Noted:
    return Noted(
        said["source"],
        Period.parse(said["period"]),
        date.fromisoformat(said["effective_on"]),
        said["sha256"],
        frozenset((person_id, category) for person_id, category in said["left_out"]),
        said["held_against"],
    )


async def newest_period(connection: AsyncConnection, source: str) -> Period | None:
    """The latest month of which a list of a department was taken in.

    Events tell it too: those of an import that was interrupted before it was noted stand in the ledger.
    """
    latest = select(func.max(entries.c.event_id.collate("C"))).where(
        OF_A_ROSTER, entries.c.source == source, entries.c.event_id.regexp_match(IMPORTED)
    )
    event_id = (await connection.execute(latest)).scalar_one_or_none()
    months = [noted.period for noted in await imports(connection) if noted.source == source]
    if event_id is not None:
        months.append(Period.parse(event_id.removeprefix("roster-")[:7]))
    return max(months, default=None)
