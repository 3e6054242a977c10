"""What is not done yet: clearings that are not paid, receivables, discharges that wait, runs that are parked.

Nobody is named: these are numbers, sums and since when. A region takes its counties; None is everywhere.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import region_prefix

_UNPAID = text("""
SELECT clearing.clearing_id, clearing.region, to_char(clearing.month, 'YYYY-MM') AS month, clearing.status,
       coalesce(clearing.approved_at, clearing.drafted_at) AS since,
       sum(payment.amount - payment.paid)::bigint AS amount,
       count(*) AS payees, count(*) FILTER (WHERE payment.status = 'returned') AS returned
FROM projections.clearings AS clearing
JOIN projections.clearing_payments AS payment USING (clearing_id)
WHERE clearing.status IN ('drafted', 'approved') AND payment.amount > 0 AND payment.status IN ('due', 'returned')
  AND starts_with(clearing.region, :region)
GROUP BY clearing.clearing_id
ORDER BY since, clearing.clearing_id
""")
_OWED = text("""
SELECT count(*) AS number, coalesce(sum(owed.amount - owed.settled - owed.set_off), 0)::bigint AS amount,
       min(coalesce(clearing.approved_at, clearing.drafted_at)) AS since
FROM projections.receivables AS owed
JOIN projections.clearings AS clearing USING (clearing_id)
WHERE owed.stands AND owed.amount > owed.settled + owed.set_off AND starts_with(owed.region, :region)
""")
_WAITING = text("""
SELECT count(*) AS number, min(entry.recorded_at) AS since
FROM projections.waiting AS waiting
JOIN ledger.entries AS entry ON entry.journal = 'intake' AND entry.number = waiting.number
LEFT JOIN projections.hospitals AS hospital ON hospital.hospital_id = split_part(waiting.source, '/', 2)
WHERE starts_with(coalesce(hospital.region, ''), :region)
""")
_PARKED = text("""
SELECT count(*) AS number, min(parked.since) AS since
FROM (SELECT person_id, run, min(since) AS since FROM processors.parked GROUP BY person_id, run) AS parked
WHERE :region = '' OR EXISTS (
    SELECT FROM projections.enrolments AS enrolled
    WHERE enrolled.person_id = parked.person_id AND starts_with(enrolled.region, :region)
)
""")


class UnpaidClearing(Struct, frozen=True):
    """A clearing of which ``amount`` fen are still to be paid to ``payees``, since it was approved, or else drafted."""

    clearing_id: str
    region: str
    month: str
    status: str
    since: datetime
    amount: int
    payees: int
    returned: int


class OpenItems(Struct, frozen=True):
    """How many there are, since when the oldest, and what they come to in fen where they are money."""

    number: int
    since: datetime | None
    amount: int = 0


class OpenWork(Struct, frozen=True):
    """What is not done yet in a region."""

    unpaid: list[UnpaidClearing]
    owed: OpenItems
    waiting: OpenItems
    parked: OpenItems


async def open_work(connection: AsyncConnection, region: str | None) -> OpenWork:
    """What is not done yet now."""
    within = {"region": region_prefix(region or "")}
    unpaid = [UnpaidClearing(**row) for row in (await connection.execute(_UNPAID, within)).mappings()]
    return OpenWork(unpaid, *[await _items(connection, query, within) for query in (_OWED, _WAITING, _PARKED)])


async def _items(connection: AsyncConnection, query: Any, within: dict[str, str]) -> OpenItems:
    row = (await connection.execute(query, within)).mappings().one()
    return OpenItems(row["number"], row["since"], row.get("amount", 0))
