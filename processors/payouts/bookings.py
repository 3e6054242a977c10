"""Bookings behind what was told of the journals, in the ledger's order.

A journal's order is that of its numbers. Between journals it is that of the time of record: a layer books a run after
the layer before it has committed, so no booking is told before one that it follows from. What transactions beside each
other book has no order of its own; what commits later is told later, whatever its time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import (
    GRANT_AWARDED,
    GRANT_WITHDRAWN,
    PAYOUT_ADJUSTED,
    PAYOUT_DECIDED,
    PAYOUT_WITHDRAWN,
    PREMIUM_PURCHASED,
    PREMIUM_REFUNDED,
    PREMIUM_SUBSIDISED,
)
from projections.bookings import ENTRIES_IN_RANGES

BOOKING_TYPES = (
    PAYOUT_DECIDED,
    PAYOUT_ADJUSTED,
    PAYOUT_WITHDRAWN,
    GRANT_AWARDED,
    GRANT_WITHDRAWN,
    PREMIUM_SUBSIDISED,
    PREMIUM_PURCHASED,
    PREMIUM_REFUNDED,
)
"""The entries that say who pays how much."""
ENTRIES_AT_ONCE = 10_000
"""Entries that one look reads, of all journals together: a ledger has up to some hundred journals, and the lanes of the
same process wait while rows are read."""
BATCH = 500
"""Bookings that are told together."""

_TYPES = ", ".join(f"'{type_}'" for type_ in BOOKING_TYPES)
BOOKINGS = text(f"""
SELECT entry.journal, entry.number, entry.type, entry.recorded_at, entry.person_id, entry.claim_id, entry.scheme,
       entry.layer, entry.track, entry.paid, entry.data, claim.region, claim.hospital_id, claim.prepaid
FROM unnest(CAST(:journals AS text[]), CAST(:begun AS bigint[]), CAST(:ended AS bigint[]))
  AS ranges (journal, low, high)
{ENTRIES_IN_RANGES}
LEFT JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
WHERE entry.type IN ({_TYPES})
""")  # noqa: S608 - our own types
BOOKINGS_COUNT = text(f"""
SELECT count(*)
FROM unnest(CAST(:journals AS text[]), CAST(:begun AS bigint[]), CAST(:ended AS bigint[]))
  AS ranges (journal, low, high)
{ENTRIES_IN_RANGES}
WHERE entry.type IN ({_TYPES})
""")  # noqa: S608 - our own types
_RECORDED = text("""
SELECT entry.recorded_at
FROM unnest(CAST(:journals AS text[]), CAST(:numbers AS bigint[])) AS taken (journal, number)
JOIN ledger.entries AS entry ON entry.journal = taken.journal AND entry.number = taken.number
""")


class Booking(Struct, frozen=True):
    """One entry that books money: ``paid`` in fen, a difference; ``data`` JSON. Of a premium no claim is known."""

    journal: str
    number: int
    type: str
    recorded_at: datetime
    person_id: str
    claim_id: str | None
    scheme: str
    layer: str | None
    track: str | None
    paid: int
    data: bytes
    region: str | None
    hospital_id: str | None
    prepaid: bool | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Bookings to be told together, and how far the journals are told with them."""

    bookings: list[Booking]
    numbers: Mapping[str, int]


async def load_batches(connection: AsyncConnection, begun: Mapping[str, int], heads: Mapping[str, int]) -> list[Batch]:
    """What comes next behind ``begun``, up to ``heads`` as they were at one moment.

    Where more comes than one look reads, the last batch ends before ``heads``: call again. A batch without bookings
    says that the journals go on without any.
    """
    ranges = [journal for journal, head in heads.items() if begun.get(journal, 0) < head]
    if not ranges:
        return []
    share = max(1, ENTRIES_AT_ONCE // len(ranges))
    ended = {journal: min(heads[journal], begun.get(journal, 0) + share) for journal in ranges}
    found = [Booking(*row) for row in await connection.execute(BOOKINGS, _ranges(begun, ended))]
    found.sort(key=attrgetter("recorded_at", "journal", "number"))
    unfinished = {journal: number for journal, number in ended.items() if number < heads[journal]}
    horizon = await _horizon(connection, unfinished)
    if horizon is not None:
        later = [booking for booking in found if booking.recorded_at > horizon]
        found = found[: len(found) - len(later)]
        for booking in reversed(later):
            ended[booking.journal] = booking.number - 1
    return list(_cut(found, dict(begun), {**begun, **ended}))


async def count_bookings(connection: AsyncConnection, begun: Mapping[str, int], heads: Mapping[str, int]) -> int:
    """How many bookings come behind ``begun``, up to ``heads``."""
    counted: int = (await connection.execute(BOOKINGS_COUNT, _ranges(begun, heads))).scalar_one()
    return counted


def _ranges(begun: Mapping[str, int], ended: Mapping[str, int]) -> dict[str, list[str] | list[int]]:
    return {
        "journals": list(ended),
        "begun": [begun.get(journal, 0) for journal in ended],
        "ended": list(ended.values()),
    }


async def _horizon(connection: AsyncConnection, unfinished: Mapping[str, int]) -> datetime | None:
    """Up to when everything is read: a journal of which more is to come may have booked something after its last
    entry that comes before what others booked."""
    if not unfinished:
        return None
    within = {"journals": list(unfinished), "numbers": list(unfinished.values())}
    horizon: datetime = min((await connection.execute(_RECORDED, within)).scalars())
    return horizon


def _cut(found: list[Booking], begun: Mapping[str, int], ended: Mapping[str, int]) -> Iterator[Batch]:
    numbers = dict(begun)
    for start in range(0, len(found) - BATCH, BATCH):
        bookings = found[start : start + BATCH]
        numbers |= {booking.journal: booking.number for booking in bookings}
        yield Batch(bookings, dict(numbers))
    rest = (len(found) - 1) // BATCH * BATCH if found else 0
    yield Batch(found[rest:], dict(ended))
