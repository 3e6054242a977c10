"""What is booked behind what clearings have taken, by region: sums that go on from where they were last read."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.delivery.names import SETTLEMENT_CONSUMER
from projections.bookings import IS_BOOKING, MAY_MOVE_BETWEEN_PARTIES, MOVES_BETWEEN_PARTIES

FEW = 50_000
KEPT_S = 600.0
"""Sums are not kept for longer: claims that were damaged and built anew have no entry that would tell."""
Sums = dict[str, dict[str, "BookedSum"]]
"""By journal and region."""
Taken = Mapping[tuple[str, str], int]
"""The last number that a region's clearings have taken of a journal, by region and journal."""

# Bookings are sorted out by OFFSET before their claims are looked up: most entries of a layer book nothing.
_SUMS = """
SELECT entry.journal, claim.region, coalesce(sum(entry.paid), 0)::bigint AS amount, count(*) AS bookings,
       min(entry.recorded_at) AS since
FROM unnest(CAST(:journals AS text[]), CAST(:lows AS bigint[]), CAST(:highs AS bigint[]))
  AS ranges (journal, low, high)
CROSS JOIN LATERAL (
    SELECT entry.* FROM ledger.entries AS entry
    WHERE entry.journal = ranges.journal AND entry.number > ranges.low AND entry.number <= ranges.high
      AND {wanted}
    OFFSET 0
) AS entry
{of_claim}
LEFT JOIN unnest(CAST(:regions AS text[]), CAST(:taken_of AS text[]), CAST(:upto AS bigint[]))
  AS taken (region, journal, upto) ON taken.region = claim.region AND taken.journal = entry.journal
WHERE entry.number > coalesce(taken.upto, 0) AND {counts}
GROUP BY entry.journal, claim.region
"""
OF_CLAIM = {
    True: """CROSS JOIN LATERAL (
    SELECT region, hospital_id, opened, standing FROM projections.claims
    WHERE claims.claim_id = entry.claim_id OFFSET 0
) AS claim""",
    False: "JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id",
}
"""The claims of few entries are looked up one by one: PostgreSQL takes them for many, and would read all claims."""
BOOKED = {
    few: text(_SUMS.format(wanted=f"{IS_BOOKING} AND entry.paid <> 0", counts="true", of_claim=of_claim))
    for few, of_claim in OF_CLAIM.items()
}
MOVED = {
    few: text(_SUMS.format(wanted=MAY_MOVE_BETWEEN_PARTIES, counts=MOVES_BETWEEN_PARTIES, of_claim=of_claim))
    for few, of_claim in OF_CLAIM.items()
}
_HEADS = text("""
SELECT name.journal,
       coalesce((SELECT max(number) FROM ledger.entries WHERE entries.journal = name.journal), 0) AS number
FROM unnest(CAST(:journals AS text[])) AS name (journal)
""")


@dataclass(frozen=True, slots=True)
class BookedSum:
    """Fen and number of bookings of one region, and when the first of them was booked."""

    amount: int
    bookings: int
    since: datetime

    def plus(self, other: "BookedSum | None") -> "BookedSum":
        """Both together."""
        if other is None:
            return self
        return BookedSum(self.amount + other.amount, self.bookings + other.bookings, min(self.since, other.since))


@dataclass(frozen=True, slots=True)
class _Kept:
    """Sums of a journal by region, up to its entry ``head``, behind what was ``taken``."""

    taken: Taken
    head: int
    read_s: float
    sums: Mapping[str, BookedSum]


@dataclass(eq=False)
class BookedSums:
    """Bookings that no clearing has taken. Entries don't change and a claim stays in its region: new ones are added.

    What moves between hospital and person without money hangs on what is known of a claim now, and is asked each time.
    """

    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)

    async def read(
        self, connection: AsyncConnection, journals: Sequence[str], regions: Sequence[str], taken: Taken
    ) -> dict[str, BookedSum]:
        """Sums by region as the connection's snapshot has the journals. ``regions`` are all that have claims."""
        heads = {row.journal: row.number for row in await connection.execute(_HEADS, {"journals": list(journals)})}
        begun = {
            journal: min((taken.get((region, journal), 0) for region in regions), default=0) for journal in journals
        }
        settled = {
            journal: (begun[journal], head)
            for journal, head in heads.items()
            if journal.startswith(f"{SETTLEMENT_CONSUMER}.")
        }
        moved = await _read(connection, MOVED, settled, taken)
        found: dict[str, BookedSum] = {}
        for sums in (await self._booked(connection, begun, heads, taken), moved):
            for of_journal in sums.values():
                _add(found, of_journal)
        return found

    async def _booked(
        self, connection: AsyncConnection, begun: Mapping[str, int], heads: Mapping[str, int], taken: Taken
    ) -> Sums:
        known = {journal: self._known(journal, begun[journal], head, taken) for journal, head in heads.items()}
        new = await _read(connection, BOOKED, {name: (kept.head, heads[name]) for name, kept in known.items()}, taken)
        for journal, kept in known.items():
            sums = dict(kept.sums)
            _add(sums, new.get(journal, {}))
            self._kept[journal] = replace(kept, head=heads[journal], sums=sums)
            new[journal] = sums
        return new

    def _known(self, journal: str, begun: int, head: int, taken: Taken) -> _Kept:
        """What is known of a journal up to ``head`` or before it."""
        of_journal = {place: upto for place, upto in taken.items() if place[1] == journal}
        kept = self._kept.get(journal)
        if kept is None or kept.taken != of_journal or kept.head > head or self.clock() - kept.read_s > KEPT_S:
            return _Kept(of_journal, begun, self.clock(), {})
        return kept


async def _read(
    connection: AsyncConnection,
    statements: Mapping[bool, TextClause],
    ranges: Mapping[str, tuple[int, int]],
    taken: Taken,
) -> Sums:
    """Sums of entries behind the first number of a journal's range, up to the second, that were not taken."""
    found: Sums = {}
    for few, statement in statements.items():
        read = {name: within for name, within in ranges.items() if within[1] > within[0] and few is _is_few(within)}
        if not read:
            continue
        lows, highs = ([within[side] for within in read.values()] for side in (0, 1))
        parameters = {"journals": list(read), "lows": lows, "highs": highs, "upto": list(taken.values())}
        places = {"regions": [region for region, _ in taken], "taken_of": [journal for _, journal in taken]}
        for row in await connection.execute(statement, parameters | places):
            found.setdefault(row.journal, {})[row.region] = BookedSum(row.amount, row.bookings, row.since)
    return found


def _is_few(within: tuple[int, int]) -> bool:
    return within[1] - within[0] <= FEW


def _add(sums: dict[str, BookedSum], more: Mapping[str, BookedSum]) -> None:
    for region, booked in more.items():
        sums[region] = booked.plus(sums.get(region))
