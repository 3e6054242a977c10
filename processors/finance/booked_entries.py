"""The ledger's entries behind finance's sums: bookings by month, as far as the sums have counted."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Select,
    SmallInteger,
    Subquery,
    Text,
    bindparam,
    column,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from events.county_time import day_start
from projections.bookings import ENTRIES_IN_RANGES, IS_BOOKING, OF_FIRST_RUN
from projections.finance import fund_flows
from projections.fund_bookings import BOOKED_ON_CLAIMS, BOOKED_ON_FUNDS, BOOKED_PREMIUMS
from projections.fund_bookings import fund_bookings as sums_of_funds

Range = tuple[str, int, int]
"""A journal, the last entry before, and the last one within; a journal may have several."""
FIRST_PART, GROWS_BY = 500, 4
"""How many entries the first part of ranges has, and how many times that the next one."""

_PLACES = text(
    """
WITH RECURSIVE search (journal, bound, low, high) AS (
    SELECT counted.journal, bounds.bound, CAST(0 AS bigint), counted.number + 1
    FROM projections.counted_journals AS counted
    CROSS JOIN unnest(CAST(:bounds AS timestamptz[])) AS bounds(bound)
    UNION ALL
    SELECT journal, bound, CASE WHEN before THEN middle ELSE low END, CASE WHEN before THEN high ELSE middle END
    FROM (
        SELECT search.*, (low + high) / 2 AS middle,
               (SELECT entry.recorded_at < search.bound FROM ledger.entries AS entry
                WHERE entry.journal = search.journal AND entry.number = (search.low + search.high) / 2) AS before
        FROM search
        WHERE high - low > 1
    ) AS probed
)
SELECT journal, bound, low FROM search WHERE high - low <= 1
"""
).bindparams(bindparam("bounds", type_=ARRAY(DateTime(timezone=True))))
"""In each journal the last entry before a moment: moments rise in a journal, and its numbers have no gaps."""

_RANGES = """
WITH ranges AS (
    SELECT journal, low, high
    FROM unnest(CAST(:journals AS text[]), CAST(:lows AS bigint[]), CAST(:highs AS bigint[]))
         AS taken(journal, low, high)
)"""

_ON_CLAIMS = f"""{_RANGES}
SELECT entry.journal, entry.number, entry.type, entry.recorded_at, entry.claim_id, entry.person_id, claim.hospital_id,
       claim.region, claim.setting, claim.date, coalesce(entry.layer, 'grant') AS layer, entry.paid AS amount,
       to_char(entry.recorded_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month,
       CAST(entry.type = 'grant.awarded.v1' OR entry.type = 'payout.decided.v1' AND {OF_FIRST_RUN} AS text) AS first_run
FROM ranges
{ENTRIES_IN_RANGES}
LEFT JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
WHERE {IS_BOOKING}
"""  # noqa: S608 - our own conditions
# Each booking has its claim: LEFT lets PostgreSQL leave the claims alone where nothing of them is asked for.
_CLAIM_COLUMNS = (
    *(column("journal", Text), column("number", BigInteger), column("type", Text)),
    *(column("recorded_at", DateTime(timezone=True)), column("claim_id", Text), column("person_id", Text)),
    *(column("hospital_id", Text), column("region", Text), column("setting", Text), column("date", Date)),
    *(column("layer", Text), column("amount", BigInteger), column("month", Text), column("first_run", Text)),
)
_CLAIM_LINES = ("payouts", "grants")
_FUND_COLUMNS = (
    *(column("month", Text), column("service_month", Text), column("year", SmallInteger), column("scheme", Text)),
    *(column("region", Text), column("fund", Text), column("insurer", Text), column("line", Text)),
    *(column("other_fund", Text), column("amount", BigInteger), column("journal", Text), column("number", BigInteger)),
    *(column("type", Text), column("recorded_at", DateTime(timezone=True)), column("claim_id", Text)),
    column("person_id", Text),
)


async def counted_ranges(connection: AsyncConnection, begin: date, end: date) -> list[Range]:
    """The entries booked from a day on and before another, that finance's sums have counted."""
    low, high = map(day_start, (begin, end))
    found: dict[str, dict[datetime, int]] = {}
    for journal, bound, place in await connection.execute(_PLACES, {"bounds": [low, high]}):
        found.setdefault(journal, {})[bound] = place
    return [(journal, at[low], at[high]) for journal, at in found.items() if at[low] < at[high]]


def entries_of(keys: Iterable[tuple[str, int]]) -> list[Range]:
    """Single entries by journal and number as ranges, each once."""
    return [(journal, number - 1, number) for journal, number in sorted(set(keys))]


def parts_of(ranges: Iterable[Range]) -> Iterator[Range]:
    """The same entries in the order of journals and numbers, in parts that grow: who needs few reads few."""
    size = FIRST_PART
    for journal, low, high in sorted(ranges):
        while low < high:
            upto = min(high, low + size)
            yield journal, low, upto
            low, size = upto, size * GROWS_BY


def claim_bookings(ranges: Sequence[Range], month: str | None = None) -> Select[Any]:
    """The entries of ``finance.fund_flows``, ``amount`` in fen; its ``decided`` sums those of ``first_run``.

    ``month`` (2019-06) is that of all the ranges, where it is known.
    """
    booked = text(_ON_CLAIMS).bindparams(**_taken(ranges)).columns(*_CLAIM_COLUMNS).subquery("booked")
    return _of_month(booked, month)


def fund_bookings(ranges: Sequence[Range], month: str, line: str | None = None) -> Select[Any]:
    """The entries behind the booked lines of ``finance.fund_lines``, or behind one of them; ``amount`` in fen.

    ``month`` is that of all the ranges.
    """
    told = BOOKED_ON_FUNDS if line is None else BOOKED_ON_CLAIMS if line in _CLAIM_LINES else BOOKED_PREMIUMS
    booked = text(f"{_RANGES} {told}").bindparams(**_taken(ranges)).columns(*_FUND_COLUMNS).subquery("booked")
    return _of_month(booked, month)


def flow_sums(begin: date, end: date) -> Select[Any]:
    """Sums of ``claim_bookings`` of the months from one day's to before another's, with their number, ``bookings``."""
    sums = fund_flows.c
    amount = (sums.decided + sums.adjusted).label("amount")
    within = sums.month >= f"{begin:%Y-%m}", sums.month < f"{end:%Y-%m}"
    return select(sums.month, sums.region, sums.setting, sums.layer, amount, sums.bookings).where(*within)


def fund_sums(month: str) -> Select[Any]:
    """Sums of ``fund_bookings`` of a month, with their number, ``bookings``."""
    return select(sums_of_funds).where(sums_of_funds.c.month == month)


def _of_month(booked: Subquery, month: str | None) -> Select[Any]:
    """With the month as it is known, so that it is not worked out for each entry."""
    if month is None:
        return select(booked)
    return select(*(literal(month, Text).label("month") if each.name == "month" else each for each in booked.c))


def _taken(ranges: Sequence[Range]) -> dict[str, Any]:
    return {
        "journals": [journal for journal, _, _ in ranges],
        "lows": [low for _, low, _ in ranges],
        "highs": [high for _, _, high in ranges],
    }
