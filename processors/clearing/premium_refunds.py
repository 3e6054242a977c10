"""What persons had paid for their insurance and get back (长治 三(一)2), read from journal ``intake`` by region."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import PREMIUM_REFUNDED
from events.refusals import Refusal
from processors.delivery.names import INTAKE_JOURNAL
from processors.offices.refusal import StepRefused
from processors.pipeline.fact_decoders import EnrollmentData, EntryRow, fact_data

END_OF_JOURNAL = 2**62
"""A number above all of the journal's."""

# The persons whose refunds the range books, with everything before: a correction belongs to the region of what it
# corrects. Where a person is enrolled elsewhere, one cause withdraws the refund there and books it here: the person is
# due the difference only, so the bookings of one cause are summed.
_HISTORY = """
SELECT * FROM (
    SELECT entry.number, entry.type, entry.source, entry.raw, entry.person_id, entry.year, entry.scheme, entry.layer,
           entry.track, (sum(entry.paid) OVER one_cause)::bigint AS paid,
           CASE entry.type WHEN 'premium.refunded.v1'
                THEN convert_from(entry.data, 'UTF8')::json ->> 'clears_in' END AS clears_in,
           entry.number = max(entry.number) OVER one_cause AS whole
    FROM ledger.entries AS entry
    WHERE entry.person_id IN (
        SELECT taken.person_id FROM ledger.entries AS taken
        WHERE taken.journal = :journal AND taken.number > :begun AND taken.number <= :ended
          AND taken.type = 'premium.refunded.v1' AND taken.paid <> 0
      )
      AND entry.journal = :journal AND entry.number <= :ended
      AND entry.type IN ('enrollment.recorded.v1', 'enrollment.recorded.v2', 'premium.refunded.v1')
    WINDOW one_cause AS (
        PARTITION BY entry.person_id, entry.year, entry.scheme, entry.layer, entry.track, entry.type,
                     CASE entry.type WHEN 'premium.refunded.v1' THEN convert_from(entry.data, 'UTF8')::json ->> 'cause'
                                     ELSE entry.number::text END
    )
) AS booked
WHERE whole ORDER BY person_id, number
"""


class UnreadableRefund(StepRefused):
    """An entry that intake can't have written, or a refund to a person who was never enrolled for its year."""

    def __init__(self, number: int) -> None:
        super().__init__(f"entry {number} of journal {INTAKE_JOURNAL} can't be what was booked: see claims verify")


@dataclass(frozen=True, slots=True)
class PremiumRefund:
    """One booking of a refund by a payer: a difference in fen. ``first`` says that no refund stood before."""

    number: int
    region: str
    person_id: str
    payer: str
    first: bool
    amount: int


async def load_refunds(connection: AsyncConnection, begun: int, ended: int) -> AsyncIterator[PremiumRefund]:
    """Refunds that entries of the journal after number ``begun``, up to ``ended``, have booked, of all regions.

    A refund belongs to the region that its entry names: the one in which the first refund of the person's year came to
    stand. Entries from before it was named belong where the person was enrolled when that refund came to stand, and
    its corrections stay there. So who moves is due the difference only. Raises ``UnreadableRefund``.
    """
    enrolled: dict[tuple[str, int], str] = {}
    standing: dict[tuple[object, ...], tuple[str, int]] = {}
    rows = await connection.stream(text(_HISTORY), {"journal": INTAKE_JOURNAL, "begun": begun, "ended": ended})
    async for row in rows:
        if row.type != PREMIUM_REFUNDED:
            try:
                enrolment = fact_data(cast("EntryRow", row._mapping), EnrollmentData)
            except (Refusal, TypeError) as error:
                raise UnreadableRefund(row.number) from error
            enrolled[row.person_id, enrolment.year] = enrolment.region
            continue
        key = row.person_id, row.year, row.scheme, row.layer, row.track
        region, before = standing.get(key, ("", 0))
        if row.clears_in is not None:
            region = row.clears_in
        elif not before:
            if (row.person_id, row.year) not in enrolled:
                raise UnreadableRefund(row.number)
            region = enrolled[row.person_id, row.year]
        standing[key] = region, before + row.paid
        if row.number > begun and row.paid:
            yield PremiumRefund(row.number, region, row.person_id, row.track, not before, row.paid)
