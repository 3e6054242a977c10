"""Who is on the ledger's roster, and which department says so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import CATEGORY_ORDER, Category
from events.ledger import entries
from processors.rosters.lists import Membership
from projections.enrolments import enrolments
from projections.rosters import rosters
from projections.rows import among

OF_A_ROSTER = text("entries.type = 'roster.changed.v1'")
"""Literal, so that PostgreSQL sees that the index of identities serves."""


@dataclass(frozen=True, slots=True)
class Said:
    """A change of one membership, in recorded order by ``number``, and the department that stated it."""

    number: int
    source: str
    added: bool
    effective_on: date


History = Sequence[Said]
"""All changes of one membership."""


def held_on(history: Iterable[Said], day: date) -> bool:
    """Whether a membership is held on a day: [added, removed); of two changes of one date the later recorded wins."""
    last = max(
        (change for change in history if change.effective_on <= day),
        key=lambda change: (change.effective_on, change.number),
        default=None,
    )
    return last is not None and last.added


def held_since(history: History, day: date) -> date | None:
    """First day of the unbroken membership that is held on a day; None where none is."""
    if not held_on(history, day):
        return None
    days = sorted({change.effective_on for change in history if change.effective_on <= day}, reverse=True)
    since = days[0]
    for earlier in days:
        if not held_on(history, earlier):
            break
        since = earlier
    return since


async def load_histories(
    connection: AsyncConnection, source: str | None = None, persons: Iterable[str] = ()
) -> dict[Membership, list[Said]]:
    """Histories of memberships: all, or of the persons named and of those whom ``source`` ever spoke of."""
    query = (
        select(rosters, entries.c.source)
        .join(entries, (entries.c.journal == "intake") & (entries.c.number == rosters.c.number))
        .order_by(rosters.c.number)
    )
    if source is not None:
        spoken_of = select(entries.c.person_id).where(OF_A_ROSTER, entries.c.source == source)
        query = query.where(among(rosters.c.person_id, persons) | rosters.c.person_id.in_(spoken_of))
    found: dict[Membership, list[Said]] = {}
    for row in await connection.execute(query):
        said = Said(row.number, row.source, row.added, row.effective_on)
        found.setdefault((row.person_id, row.category), []).append(said)
    return found


async def ever_enrolled(connection: AsyncConnection, persons: Iterable[str]) -> set[str]:
    """Those of some persons who have been enrolled in any year."""
    query = select(enrolments.c.person_id).where(among(enrolments.c.person_id, persons)).distinct()
    return set((await connection.execute(query)).scalars())


def in_order(categories: Iterable[Category]) -> list[Category]:
    """Categories in the order of choice (DOMAIN 4)."""
    return sorted(categories, key=CATEGORY_ORDER.index)
