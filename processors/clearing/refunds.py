"""What persons had paid for their insurance and get back (长治 三(一)2), told from journal ``intake`` by region."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.refusals import Refusal
from processors.clearing.refusal import ClearingRefused
from processors.delivery.names import INTAKE_JOURNAL as JOURNAL
from processors.person.fact_decoders import EnrollmentData, EntryRow, fact_data
from processors.person.premium_history import ENROLLED

# Whose refunds the range books, with what came before: a correction belongs to the region of what it corrects. Who is
# enrolled elsewhere has his refund withdrawn there and booked here by one cause: only the difference is due to him.
_HISTORY = """
SELECT * FROM (
    SELECT entry.number, entry.type, entry.source, entry.raw, entry.person_id, entry.year, entry.scheme, entry.layer,
           entry.track, (sum(entry.paid) OVER one_cause)::bigint AS paid,
           entry.number = max(entry.number) OVER one_cause AS whole
    FROM ledger.entries AS entry
    WHERE entry.person_id IN (
        SELECT taken.person_id FROM ledger.entries AS taken
        WHERE taken.journal = :journal AND taken.number > :begun AND taken.number <= :ended
          AND taken.type = 'premium.refunded.v1' AND taken.paid <> 0
      )
      AND entry.journal = :journal AND entry.number <= :ended
      AND entry.type IN ('enrollment.recorded.v1', 'premium.refunded.v1')
    WINDOW one_cause AS (
        PARTITION BY entry.person_id, entry.year, entry.scheme, entry.layer, entry.track, entry.type,
                     CASE entry.type WHEN 'premium.refunded.v1' THEN convert_from(entry.data, 'UTF8')::json ->> 'cause'
                                     ELSE entry.number::text END
    )
) AS booked
WHERE whole ORDER BY person_id, number
"""


class Unreadable(ClearingRefused):
    """An entry that is not what intake took in, or a refund for which nobody was enrolled."""

    def __init__(self, number: int) -> None:
        super().__init__(f"entry {number} of journal {JOURNAL} can't be what was booked: see claims verify")


@dataclass(frozen=True, slots=True)
class Refunded:
    """One booking of a refund by a payer, a difference in fen. ``first`` where nothing of it stood before."""

    number: int
    region: str
    person_id: str
    payer: str
    first: bool
    amount: int


async def load_refunds(connection: AsyncConnection, begun: int, ended: int) -> AsyncIterator[Refunded]:
    """Refunds that entries of the journal after one number and up to another have booked, of all regions.

    The region is that in which the person was enrolled for the year when the refund came to stand; what follows is its
    correction and stays there, wherever he is enrolled by then: who paid gets back. Raises ``Unreadable``.
    """
    enrolled: dict[tuple[str, int], str] = {}
    standing: dict[tuple[object, ...], tuple[str, int]] = {}
    rows = await connection.stream(text(_HISTORY), {"journal": JOURNAL, "begun": begun, "ended": ended})
    async for row in rows:
        if row.type == ENROLLED:
            try:
                said = fact_data(cast("EntryRow", row._mapping), EnrollmentData)
            except (Refusal, TypeError) as error:
                raise Unreadable(row.number) from error
            enrolled[row.person_id, said.year] = said.region
            continue
        key = row.person_id, row.year, row.scheme, row.layer, row.track
        region, before = standing.get(key, ("", 0))
        if not before:
            if (row.person_id, row.year) not in enrolled:
                raise Unreadable(row.number)
            region = enrolled[row.person_id, row.year]
        standing[key] = region, before + row.paid
        if row.number > begun and row.paid:
            yield Refunded(row.number, region, row.person_id, row.track, not before, row.paid)
