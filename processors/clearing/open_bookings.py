"""What is booked and no clearing has taken yet, by region: none is forgotten, cleared before or not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.money import yuan
from events.store.journal import entries
from processors.clearing.parties import OPEN
from processors.clearing.ranges import COUNTY_TIME, journals
from processors.clearing.refunds import load_refunds
from processors.delivery.names import INTAKE_JOURNAL as REFUNDS
from projections.clearings import clearings

_REGIONS = text("SELECT DISTINCT region FROM projections.claims")
# One journal, behind what every region has cleared of it: by itself, so that its primary key serves where that is most.
# A reversal's settlement may part what no layer booked anything for.
UNTAKEN = text("""
SELECT claim.region, coalesce(sum(entry.paid), 0)::bigint AS amount, count(*) AS bookings,
       min(entry.recorded_at) AS since
FROM ledger.entries AS entry
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
LEFT JOIN unnest(CAST(:regions AS text[]), CAST(:upto AS bigint[])) AS taken (region, upto)
  ON taken.region = claim.region
WHERE entry.journal = :journal AND entry.number > :least AND entry.number > coalesce(taken.upto, 0)
  AND (entry.type IN ('payout.decided.v1', 'payout.adjusted.v1', 'grant.awarded.v1', 'grant.withdrawn.v1')
       AND entry.paid <> 0 OR NOT claim.standing AND entry.run <> claim.opened
          AND entry.type IN ('claim.settled.v1', 'claim.resettled.v1'))
GROUP BY claim.region
""")


@dataclass(slots=True)
class _Region:
    amount: int = 0
    bookings: int = 0
    since: datetime | None = None
    draft: str | None = None

    def add(self, amount: int, bookings: int, since: datetime) -> None:
        self.amount += amount
        self.bookings += bookings
        self.since = since if self.since is None else min(self.since, since)


async def uncleared_rows(engine: AsyncEngine) -> list[dict[str, Any]]:
    """Regions with bookings that no clearing has taken, or with a draft: money in yuan, days in the county's time."""
    async with engine.connect() as connection:
        # one view of clearings and bookings
        await connection.execution_options(isolation_level="REPEATABLE READ")
        found = await _load(connection)
    return [
        {
            "region": region,
            "amount": yuan(left.amount),
            "bookings": left.bookings,
            "since": None if left.since is None else left.since.astimezone(COUNTY_TIME).date().isoformat(),
            "draft": left.draft,
        }
        for region, left in sorted(found.items())
    ]


async def _load(connection: AsyncConnection) -> dict[str, _Region]:
    found: dict[str, _Region] = {}
    upto: dict[tuple[str, str], int] = {}
    standing = select(clearings).where(clearings.c.status != "withdrawn").order_by(clearings.c.number)
    for row in await connection.execute(standing):
        upto |= {(row.region, journal): to for journal, (_, to) in row.ranges.items()}
        if row.status == "drafted":
            found[row.region] = _Region(draft=row.clearing_id)
    regions = (await connection.execute(_REGIONS)).scalars().all()
    for journal in await journals(connection):
        taken = [upto.get((region, journal), 0) for region in regions]
        within = {"journal": journal, "least": min(taken, default=0), "regions": regions, "upto": taken}
        for row in await connection.execute(UNTAKEN, within):
            found.setdefault(row.region, _Region()).add(row.amount, row.bookings, row.since)
    refunds: dict[str, list[tuple[int, int]]] = {}
    async for refund in load_refunds(connection, 0, OPEN):
        if refund.number > upto.get((refund.region, REFUNDS), 0):
            refunds.setdefault(refund.region, []).append((refund.number, refund.amount))
    for region, booked in refunds.items():
        oldest = select(entries.c.recorded_at).where(
            entries.c.journal == REFUNDS, entries.c.number == min(number for number, _ in booked)
        )
        since = (await connection.execute(oldest)).scalar_one()
        found.setdefault(region, _Region()).add(sum(amount for _, amount in booked), len(booked), since)
    return found
