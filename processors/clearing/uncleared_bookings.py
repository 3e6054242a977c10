"""What is booked and no clearing has taken yet, by region, whether the region was ever cleared or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Select, Text, column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from events.money import yuan
from events.store.journal import database_time, entries
from processors.clearing.booked_sums import FEW, OF_CLAIM, BookedSums
from processors.clearing.journal import refusing_unreadable_rows
from processors.clearing.premium_refunds import END_OF_JOURNAL, load_refunds
from processors.clearing.ranges import cleared_journals, next_ranges
from processors.delivery.names import INTAKE_JOURNAL
from projections.bookings import ENTRIES_IN_RANGES, IS_BOOKING, MOVES_BETWEEN_PARTIES
from projections.clearing_rows import Clearing, Ranges
from projections.clearing_table import ClearingTable
from projections.clearings import clearings

_REGIONS = text("""
WITH RECURSIVE known (region) AS (
    SELECT min(region) FROM projections.claims
    UNION ALL
    SELECT (SELECT min(region) FROM projections.claims WHERE claims.region > known.region)
    FROM known WHERE known.region IS NOT NULL
)
SELECT region FROM known WHERE region IS NOT NULL
""")
"""The regions of claims, each found in the index behind the one before: a ledger has few of them and many claims."""
_ENTRIES = {
    few: f"""
WITH ranges AS (
    SELECT journal, low, high
    FROM unnest(CAST(:journals AS text[]), CAST(:lows AS bigint[]), CAST(:highs AS bigint[]))
         AS taken(journal, low, high)
), refunds AS (
    SELECT number, amount FROM unnest(CAST(:refunds AS bigint[]), CAST(:amounts AS bigint[])) AS refund(number, amount)
)
SELECT entry.journal, entry.number, entry.type, entry.recorded_at, entry.claim_id, entry.person_id, claim.hospital_id,
       coalesce(entry.layer, 'grant') AS layer, coalesce(entry.paid, 0) AS amount
FROM ranges
{ENTRIES_IN_RANGES}
{of_claim}
WHERE claim.region = :region AND ({IS_BOOKING} AND entry.paid <> 0 OR {MOVES_BETWEEN_PARTIES})
UNION ALL
SELECT entry.journal, entry.number, entry.type, entry.recorded_at, NULL, entry.person_id, NULL, entry.layer,
       refund.amount
FROM refunds AS refund
JOIN ledger.entries AS entry ON entry.journal = :refunded_in AND entry.number = refund.number
"""  # noqa: S608 - our own conditions
    for few, of_claim in OF_CLAIM.items()
}
_COLUMNS = (
    *(column("journal", Text), column("number", BigInteger), column("type", Text)),
    *(column("recorded_at", DateTime(timezone=True)), column("claim_id", Text), column("person_id", Text)),
    *(column("hospital_id", Text), column("layer", Text), column("amount", BigInteger)),
)


@dataclass(frozen=True, slots=True)
class UnclearedBookings:
    """Which bookings of a region no clearing has taken: ranges of journals, and refunds of premiums, fen by number."""

    region: str
    ranges: Ranges
    refunds: Mapping[int, int]

    def select(self, ranges: Sequence[tuple[str, int, int]] | None = None) -> Select[Any]:
        """Their entries, ``amount`` in fen; of those in ``ranges`` alone, where some are named."""
        taken = [(journal, *within) for journal, within in self.ranges.items()] if ranges is None else ranges
        wanted = {
            number: amount
            for number, amount in self.refunds.items()
            if ranges is None or any(each[0] == INTAKE_JOURNAL and each[1] < number <= each[2] for each in ranges)
        }
        journals, lows, highs = zip(*taken, strict=True) if taken else ((), (), ())
        few = ranges is not None and sum(high - low for _, low, high in ranges) <= FEW
        query = text(_ENTRIES[few]).bindparams(
            region=self.region,
            journals=list(journals),
            lows=list(lows),
            highs=list(highs),
            refunds=list(wanted),
            amounts=list(wanted.values()),
            refunded_in=INTAKE_JOURNAL,
        )
        return select(query.columns(*_COLUMNS).subquery("uncleared"))


async def uncleared_of(connection: AsyncConnection, region: str) -> UnclearedBookings:
    """What stands behind a row of ``uncleared_rows``, up to now."""
    ranges = await next_ranges(connection, region, await database_time(connection))
    begun, ended = ranges.get(INTAKE_JOURNAL, (0, 0))
    refunds = {
        each.number: each.amount async for each in load_refunds(connection, begun, ended) if each.region == region
    }
    return UnclearedBookings(region, ranges, refunds)


@dataclass(slots=True)
class UnclearedSum:
    """What one region has uncleared, in fen."""

    amount: int = 0
    bookings: int = 0
    since: datetime | None = None
    draft: str | None = None

    def add(self, amount: int, bookings: int, since: datetime) -> None:
        self.amount += amount
        self.bookings += bookings
        self.since = since if self.since is None else min(self.since, since)


async def uncleared_rows(engine: AsyncEngine, booked: BookedSums | None = None) -> list[dict[str, Any]]:
    """Regions with uncleared bookings or with an open draft: money in yuan, days in the county's time.

    Who asks again and again gives the same ``booked``, which remembers what it has summed. Raises ``StepRefused`` where
    a clearing can't be read.
    """
    async with engine.connect() as connection:
        # One snapshot: a clearing that is drafted meanwhile takes bookings either in both reads or in none.
        await connection.execution_options(isolation_level="REPEATABLE READ")
        found = await load_uncleared(connection, booked or BookedSums())
    return [
        {
            "region": region,
            "amount": yuan(uncleared.amount),
            "bookings": uncleared.bookings,
            "since": None if uncleared.since is None else uncleared.since.astimezone(COUNTY_TIME).date().isoformat(),
            "draft": uncleared.draft,
        }
        for region, uncleared in sorted(found.items())
    ]


async def load_uncleared(connection: AsyncConnection, booked: BookedSums) -> dict[str, UnclearedSum]:
    """The same by region, as the connection's one snapshot has it."""
    found: dict[str, UnclearedSum] = {}
    upto: dict[tuple[str, str], int] = {}
    standing = ClearingTable(clearings, Clearing)
    with refusing_unreadable_rows():
        await standing.load(connection, clearings.c.status != "withdrawn")
    for clearing in sorted(standing, key=lambda each: each.number):
        upto |= {(clearing.region, journal): to for journal, (_, to) in clearing.ranges.items()}
        if clearing.status == "drafted":
            found[clearing.region] = UnclearedSum(draft=clearing.clearing_id)
    regions = (await connection.execute(_REGIONS)).scalars().all()
    for region, sums in (await booked.read(connection, await cleared_journals(connection), regions, upto)).items():
        found.setdefault(region, UnclearedSum()).add(sums.amount, sums.bookings, sums.since)
    refunds: dict[str, list[tuple[int, int]]] = {}
    async for refund in load_refunds(connection, 0, END_OF_JOURNAL):
        if refund.number > upto.get((refund.region, INTAKE_JOURNAL), 0):
            refunds.setdefault(refund.region, []).append((refund.number, refund.amount))
    for region, refunded in refunds.items():
        oldest = select(entries.c.recorded_at).where(
            entries.c.journal == INTAKE_JOURNAL, entries.c.number == min(number for number, _ in refunded)
        )
        since = (await connection.execute(oldest)).scalar_one()
        found.setdefault(region, UnclearedSum()).add(sum(amount for _, amount in refunded), len(refunded), since)
    return found
