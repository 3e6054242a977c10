"""Rosters: a person's category memberships as a list of dated changes, in the order they were recorded."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from events.store.rows import load_as

rosters = Table(
    "rosters",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the fact in journal intake"),
    Column("person_id", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("added", Boolean, nullable=False),
    Column("effective_on", Date, nullable=False),
    Index("rosters_person", "person_id"),
    schema="projections",
)


class RosterChange(Struct, frozen=True):
    """A person enters (``added``) or leaves a category on a day."""

    number: int
    person_id: str
    category: str
    added: bool
    effective_on: date


_FIRST = ("destitute", "orphan", "dibao", "registered_poor", "low_income", "illness_poor", "veteran")
_PLACE = {code: place for place, code in enumerate(_FIRST)}


def recorded_order(categories: Iterable[str]) -> tuple[str, ...]:
    """Categories as claims are recorded with them: the first seven in their order, then all others by code.

    It hangs on no vocabulary, so what was recorded is never out of order. The order of choice is the scheme's.
    """
    return tuple(sorted(categories, key=lambda code: (_PLACE.get(code, len(_FIRST)), code)))


def categories_on(changes: Sequence[RosterChange], day: date) -> tuple[str, ...]:
    """The categories held on a day, in the order of records: intervals are [added, removed).

    Of two changes of one category with one date the later recorded wins (docs/domain.md#3.2).
    """
    held: dict[str, bool] = {}
    for change in sorted(changes, key=lambda change: (change.effective_on, change.number)):
        if change.effective_on <= day:
            held[change.category] = change.added
    return recorded_order(category for category, is_held in held.items() if is_held)


def categories_between(changes: Sequence[RosterChange], first: date, last: date) -> tuple[str, ...]:
    """The categories held on any day from first to last, in the order of records."""
    recorded = sorted(changes, key=lambda change: change.number)
    told = {(change.effective_on, change.category): change.added for change in recorded}
    held = {*categories_on(changes, first)}
    held |= {category for (day, category), added in told.items() if added and first < day <= last}
    return recorded_order(held)


async def load_rosters(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[RosterChange]]:
    """Roster changes by person, in recorded order."""
    changes: dict[str, list[RosterChange]] = {}
    for change in await load_as(connection, RosterChange, rosters, rosters.c.person_id, persons, rosters.c.number):
        changes.setdefault(change.person_id, []).append(change)
    return changes
