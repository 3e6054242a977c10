"""The ledger's entries of premiums: which was the last."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from projections.bookings import IS_PREMIUM

_NEWEST = text(f"""
SELECT coalesce(max(entry.number), 0) FROM ledger.entries AS entry WHERE entry.journal = 'intake' AND {IS_PREMIUM}
""")  # noqa: S608 - our own condition


async def newest_premium(connection: AsyncConnection) -> int:
    """The number in journal intake of the last premium booked; 0 where none is. Until the next all stand as they do."""
    number: int = (await connection.execute(_NEWEST)).scalar_one()
    return number
