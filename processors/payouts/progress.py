"""How far the journals are told: the last number of each, as it stands beside what was told last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import BigInteger, Column, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata
from events.store.rows import upsert
from processors.delivery.layout import layout
from processors.delivery.names import OFFICE_CONSUMERS, journal_name
from processors.delivery.position import positions

payouts_told = Table(
    "payouts_told",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="up to which its bookings are told, as noted last"),
    schema="processors",
    comment="how far payers are told, for when PAYOUTS itself holds nothing any more; up to a minute old",
)

_ERA = "coalesce((SELECT era FROM processors.layout), '') AS era"
_LAST_BEFORE = text("""
SELECT name.journal, coalesce((
    SELECT entry.number FROM ledger.entries AS entry
    WHERE entry.journal = name.journal AND entry.recorded_at < :moment
    ORDER BY entry.number DESC LIMIT 1
  ), 0) AS number
FROM unnest(CAST(:journals AS text[])) AS name (journal)
""")


@dataclass(frozen=True, slots=True)
class Reached:
    """The last number told of each journal that books money, and the era of the ledger that told it."""

    era: str
    numbers: Mapping[str, int]

    def text(self) -> str:
        """As a header of a message: the era, then each journal with its number."""
        return " ".join([self.era or "-", *(f"{journal}={number}" for journal, number in self.numbers.items())])

    @classmethod
    def read(cls, header: str) -> "Reached":
        """What ``text`` wrote. Raises ``ValueError``."""
        era, *parts = header.split(" ")
        told = [part.partition("=") for part in parts]
        return cls("" if era == "-" else era, {journal: int(number) for journal, _, number in told})


@cache
def era_began(era: str) -> datetime | None:
    """When a ledger was restored to begin an era; None for a ledger that never was."""
    return datetime.strptime(era, "@%Y%m%dT%H%M%S%f").replace(tzinfo=UTC) if era else None


def era_of(moment: datetime, eras: Sequence[str]) -> str:
    """The era in which something was booked; eras in their order."""
    return next((era for era in reversed(eras) if (began := era_began(era)) and began <= moment), "")


async def load_eras(connection: AsyncConnection) -> list[str]:
    """All eras of the ledger in their order; none where it was never restored."""
    return (await connection.execute(select(layout.c.eras))).scalar_one_or_none() or []


async def load_heads(connection: AsyncConnection) -> Reached:
    """Where the journals end now: what is booked up to there is there, of all of them at one moment."""
    columns = (positions.c.consumer, positions.c.partition, positions.c.journal_number)
    rows = await connection.execute(select(*columns, text(_ERA)).where(positions.c.consumer.notin_(OFFICE_CONSUMERS)))
    era, numbers = "", {}
    for row in rows:
        era = row.era
        numbers[journal_name(row.consumer, row.partition)] = row.journal_number
    return Reached(era, numbers)


async def load_last_before(
    connection: AsyncConnection, journals: Mapping[str, int], moment: datetime
) -> dict[str, int]:
    """The last number of each journal that was recorded before a moment, 0 where none was."""
    rows = await connection.execute(_LAST_BEFORE, {"journals": list(journals), "moment": moment})
    return {row.journal: row.number for row in rows}


async def load_told(connection: AsyncConnection) -> dict[str, int]:
    """How far the journals were told when it was noted last; empty where it never was."""
    return {row.journal: row.number for row in await connection.execute(select(payouts_told))}


async def save_told(connection: AsyncConnection, reached: Reached) -> None:
    """Note how far the journals are told."""
    rows = [{"journal": journal, "number": number} for journal, number in reached.numbers.items()]
    await upsert(connection, payouts_told, rows)
