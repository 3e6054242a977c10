"""What operators wrote into the database after a backup. No event of INTAKE brings it back after a restore.

These are steps of clearing (journal ``clearing.0``), adopted schemes (``scheme.adopted.v1`` in journal ``intake``),
seals (``seal.0``), records of imported rosters (``rosters.0``), money of funds that offices noted (``funds.0``),
their registers (``registers.0``), leads with what offices did of them (``leads.0``), supervision texts
(``supervision.0``), work on cases (``cases.0``), proposals of texts (``proposals.0``), and who looked at whom
(``access.0``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries, schemes
from processors.delivery.names import (
    CLEARING_CONSUMER,
    CLEARING_JOURNAL,
    INTAKE_JOURNAL,
    OFFICE_CONSUMERS,
    journal_name,
)

SUBJECT_NAMES = ("clearing_id", "receivable_id", "advance_id", "prepayment_id", "release_id")
NOTES = tuple(journal_name(consumer, 0) for consumer in OFFICE_CONSUMERS if consumer != CLEARING_CONSUMER)
"""Journals of which only the number of lost entries is told."""


@dataclass(frozen=True, slots=True)
class ClearingStep:
    """An entry of ``clearing.0``; ``of`` is the id of its clearing, receivable, advance or prepayment."""

    number: int
    type: str
    recorded_at: datetime
    of: str
    actor: str


@dataclass(frozen=True, slots=True)
class AdoptedScheme:
    """A scheme's text that was adopted; ``hash`` is its sha256 in hex."""

    name: str
    hash: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True)
class LostWork:
    """What one database holds and another does not; ``notes`` counts entries by journal."""

    steps: tuple[ClearingStep, ...]
    schemes: tuple[AdoptedScheme, ...]
    notes: dict[str, int]


@dataclass(frozen=True, slots=True)
class LastWork:
    """Where operators' work ends in a database: the last entry of ``clearing.0``, and each scheme's last text."""

    last_step: ClearingStep | None
    schemes: tuple[AdoptedScheme, ...]


async def lost_work(replaced: AsyncConnection, restored: AsyncConnection) -> LostWork:
    """What operators did in one database and another does not hold; the other need not be restored from a backup."""
    known = {scheme.hash for scheme in await _adopted(restored)}
    return LostWork(
        tuple(await _steps(replaced, await _last_shared(replaced, restored, CLEARING_JOURNAL))),
        tuple(scheme for scheme in await _adopted(replaced) if scheme.hash not in known),
        {
            journal: count
            for journal in NOTES
            if (count := await _head(replaced, journal) - await _last_shared(replaced, restored, journal))
        },
    )


async def last_work(connection: AsyncConnection) -> LastWork:
    """Where operators' work ends in a database."""
    last = await _steps(connection, await _head(connection, CLEARING_JOURNAL) - 1)
    by_name = {scheme.name: scheme for scheme in await _adopted(connection)}
    return LastWork(last[0] if last else None, tuple(by_name[name] for name in sorted(by_name)))


async def _last_shared(one: AsyncConnection, other: AsyncConnection, journal: str) -> int:
    """The last number up to which two databases hold the same journal.

    Entries are chained: where one hash is the same, so is everything before it.
    """
    hashes = select(entries.c.number, entries.c.hash).where(entries.c.journal == journal)
    theirs = {row.number: bytes(row.hash) for row in await other.execute(hashes)}
    same = (row.number for row in await one.execute(hashes) if theirs.get(row.number) == bytes(row.hash))
    return max(same, default=0)


async def _head(connection: AsyncConnection, journal: str) -> int:
    last = select(func.coalesce(func.max(entries.c.number), 0)).where(entries.c.journal == journal)
    return int((await connection.execute(last)).scalar_one())


async def _steps(connection: AsyncConnection, after: int) -> list[ClearingStep]:
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == CLEARING_JOURNAL, entries.c.number > after)
        .order_by(entries.c.number)
    )
    steps = [(row, orjson.loads(row.data)) for row in rows]
    return [ClearingStep(row.number, row.type, row.recorded_at, _subject(data), data["actor"]) for row, data in steps]


def _subject(data: Mapping[str, str]) -> str:
    return next((data[name] for name in SUBJECT_NAMES if name in data), "")


async def _adopted(connection: AsyncConnection) -> list[AdoptedScheme]:
    rows = await connection.execute(
        select(schemes.c.name, schemes.c.hash, entries.c.recorded_at)
        .join(entries, (entries.c.journal == INTAKE_JOURNAL) & (entries.c.number == schemes.c.adopted))
        .order_by(schemes.c.adopted)
    )
    return [AdoptedScheme(*row) for row in rows]
