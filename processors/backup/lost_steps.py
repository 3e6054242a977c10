"""What operators wrote straight into the database after a backup: no event of INTAKE brings it back after a restore.

Clearing steps (journal ``clearing.0``), adopted schemes (``scheme.adopted.v1`` in journal ``intake``), and notes: seals
(``seal.0``), and the lists of rosters that were taken in (``rosters.0``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.journal import entries, schemes
from processors.delivery.names import CLEARING_JOURNAL as CLEARING
from processors.delivery.names import INTAKE_CONSUMER as INTAKE
from processors.delivery.names import ROSTERS_JOURNAL as ROSTERS
from processors.delivery.names import SEAL_JOURNAL as SEALS

ABOUT = ("clearing_id", "receivable_id", "advance_id")
NOTES = (ROSTERS, SEALS)


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of ``clearing.0``; ``of`` is the clearing, receivable or advance that it is about."""

    number: int
    type: str
    recorded_at: datetime
    of: str
    actor: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """A scheme's text; ``hash`` is its sha256 in hex."""

    name: str
    hash: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one database holds and another does not; ``notes`` counts entries, by journal."""

    steps: tuple[Step, ...]
    schemes: tuple[Adopted, ...]
    notes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where operators' work ends in a database: the last entry of ``clearing.0``, and each scheme's last text."""

    last_step: Step | None
    schemes: tuple[Adopted, ...]


async def forgotten(replaced: AsyncConnection, restored: AsyncConnection) -> Forgotten:
    """What operators did in a database that another one, restored from a backup of it or not, does not hold."""
    known = {scheme.hash for scheme in await _adopted(restored)}
    return Forgotten(
        tuple(await _steps(replaced, await _shared(replaced, restored, CLEARING))),
        tuple(scheme for scheme in await _adopted(replaced) if scheme.hash not in known),
        {
            journal: count
            for journal in NOTES
            if (count := await _head(replaced, journal) - await _shared(replaced, restored, journal))
        },
    )


async def standing(connection: AsyncConnection) -> Standing:
    """Where operators' work ends in a database."""
    last = await _steps(connection, await _head(connection, CLEARING) - 1)
    by_name = {scheme.name: scheme for scheme in await _adopted(connection)}
    return Standing(last[0] if last else None, tuple(by_name[name] for name in sorted(by_name)))


async def _shared(one: AsyncConnection, other: AsyncConnection, journal: str) -> int:
    """The last number up to which two databases hold the same journal: what is chained before one hash is the same."""
    hashes = select(entries.c.number, entries.c.hash).where(entries.c.journal == journal)
    theirs = {row.number: bytes(row.hash) for row in await other.execute(hashes)}
    same = (row.number for row in await one.execute(hashes) if theirs.get(row.number) == bytes(row.hash))
    return max(same, default=0)


async def _head(connection: AsyncConnection, journal: str) -> int:
    last = select(func.coalesce(func.max(entries.c.number), 0)).where(entries.c.journal == journal)
    return int((await connection.execute(last)).scalar_one())


async def _steps(connection: AsyncConnection, after: int) -> list[Step]:
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == CLEARING, entries.c.number > after)
        .order_by(entries.c.number)
    )
    said = [(row, orjson.loads(row.data)) for row in rows]
    return [Step(row.number, row.type, row.recorded_at, _of(data), data["actor"]) for row, data in said]


def _of(data: Mapping[str, str]) -> str:
    return next((data[name] for name in ABOUT if name in data), "")


async def _adopted(connection: AsyncConnection) -> list[Adopted]:
    rows = await connection.execute(
        select(schemes.c.name, schemes.c.hash, entries.c.recorded_at)
        .join(entries, (entries.c.journal == INTAKE) & (entries.c.number == schemes.c.adopted))
        .order_by(schemes.c.adopted)
    )
    return [Adopted(*row) for row in rows]
