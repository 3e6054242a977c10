"""What is booked behind what clearings have taken, by region: sums that go on from where they were last read."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.delivery.names import SETTLEMENT_CONSUMER
from projections.bookings import (
    ENTRIES_IN_RANGES,
    IS_BOOKING,
    MAY_MOVE_BETWEEN_PARTIES,
    MOVES_BETWEEN_PARTIES,
    OF_FIRST_RUN,
)

FEW = 50_000
KEPT_S = 600.0
"""Sums are not kept for longer: claims that were damaged and built anew have no entry that would tell."""
Sums = dict[str, dict[str, "BookedSum"]]
"""By journal and region."""
Range = tuple[str, int, int]
"""A journal, the last entry before, and the last one within."""
Taken = Mapping[tuple[str, str], int]
"""The last number that a region's clearings have taken of a journal, by region and journal."""

_FROM_ENTRIES = f"""FROM unnest(CAST(:journals AS text[]), CAST(:lows AS bigint[]), CAST(:highs AS bigint[]))
  AS ranges (journal, low, high)
{ENTRIES_IN_RANGES}"""
_SUMS = """
SELECT entry.journal, claim.region, coalesce(sum(entry.paid), 0)::bigint AS amount, count(*) AS bookings,
       min(entry.recorded_at) AS since
{entries}
{of_claim}
LEFT JOIN unnest(CAST(:regions AS text[]), CAST(:taken_of AS text[]), CAST(:upto AS bigint[]))
  AS taken (region, journal, upto) ON taken.region = claim.region AND taken.journal = entry.journal
WHERE entry.number > coalesce(taken.upto, 0) AND {wanted}
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
    few: text(_SUMS.format(entries=_FROM_ENTRIES, of_claim=of_claim, wanted=f"{IS_BOOKING} AND entry.paid <> 0"))
    for few, of_claim in OF_CLAIM.items()
}
MOVED = {
    few: text(_SUMS.format(entries=_FROM_ENTRIES, of_claim=of_claim, wanted=MOVES_BETWEEN_PARTIES))
    for few, of_claim in OF_CLAIM.items()
}
LATER = text(f"""
SELECT entry.journal, entry.number
{_FROM_ENTRIES}
{OF_CLAIM[True]}
WHERE {MAY_MOVE_BETWEEN_PARTIES} AND NOT {OF_FIRST_RUN}
""")
"""Settlement's entries of a claim's later runs: none of a first run moves anything."""
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
    """Sums of a journal by region, up to its entry ``head``, behind what was ``taken``.

    ``later`` are numbers of settlement's entries there of a claim's later runs, which may move something.
    """

    taken: Taken
    head: int
    read_s: float
    sums: Mapping[str, BookedSum]
    later: tuple[int, ...] = ()


@dataclass(eq=False)
class BookedSums:
    """Bookings that no clearing has taken. Entries don't change and a claim stays in its region: new ones are added.

    Whether a later run moves something between hospital and person hangs on what is known of a claim now: it is asked
    each time of these runs.
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
        known = {journal: self._known(journal, begun[journal], head, taken) for journal, head in heads.items()}
        new = [(journal, kept.head, heads[journal]) for journal, kept in known.items()]
        booked, later = await _read(connection, BOOKED, new, taken), await _later_runs(connection, new)
        found: dict[str, BookedSum] = {}
        for journal, kept in known.items():
            sums = dict(kept.sums)
            _add(sums, booked.get(journal, {}))
            more = (*kept.later, *later.get(journal, ()))
            self._kept[journal] = kept = replace(kept, head=heads[journal], sums=sums, later=more)
            _add(found, sums)
            single = [(journal, number - 1, number) for number in kept.later]
            _add(found, (await _read(connection, MOVED, single, taken)).get(journal, {}))
        return found

    def _known(self, journal: str, begun: int, head: int, taken: Taken) -> _Kept:
        """What is known of a journal up to ``head`` or before it."""
        of_journal = {place: upto for place, upto in taken.items() if place[1] == journal}
        kept = self._kept.get(journal)
        if kept is None or kept.taken != of_journal or kept.head > head or self.clock() - kept.read_s > KEPT_S:
            return _Kept(of_journal, begun, self.clock(), {})
        return kept


async def _read(
    connection: AsyncConnection, statements: Mapping[bool, TextClause], ranges: Sequence[Range], taken: Taken
) -> Sums:
    """Sums of entries behind the first number of a range, up to the second, that were not taken."""
    found: Sums = {}
    places = {"regions": [region for region, _ in taken], "taken_of": [journal for _, journal in taken]}
    for few, statement in statements.items():
        read = [each for each in ranges if each[2] > each[1] and few is (each[2] - each[1] <= FEW)]
        if not read:
            continue
        for row in await connection.execute(statement, _within(read) | places | {"upto": list(taken.values())}):
            found.setdefault(row.journal, {})[row.region] = BookedSum(row.amount, row.bookings, row.since)
    return found


async def _later_runs(connection: AsyncConnection, ranges: Sequence[Range]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    settled = [each for each in ranges if each[0].startswith(f"{SETTLEMENT_CONSUMER}.") and each[2] > each[1]]
    for row in await connection.execute(LATER, _within(settled)) if settled else ():
        found.setdefault(row.journal, []).append(row.number)
    return found


def _within(ranges: Sequence[Range]) -> dict[str, list[str] | list[int]]:
    journals = [journal for journal, _, _ in ranges]
    return {"journals": journals, "lows": [low for _, low, _ in ranges], "highs": [high for _, _, high in ranges]}


def _add(sums: dict[str, BookedSum], more: Mapping[str, BookedSum]) -> None:
    for region, booked in more.items():
        sums[region] = booked.plus(sums.get(region))
