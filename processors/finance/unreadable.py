"""Which entry it is whose data PostgreSQL can't read, where a statement over many of them ends on it."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from projections.bookings import IS_BOOKING, IS_PREMIUM

_READ = text(f"""
SELECT count(convert_from(entry.data, 'UTF8')::jsonb) FROM ledger.entries AS entry
WHERE entry.journal = :journal AND entry.number > :low AND entry.number <= :high AND ({IS_BOOKING} OR {IS_PREMIUM})
""")  # noqa: S608 - our own conditions


class UnreadableEntry(ValueError):
    """The data of an entry that books money is damaged: sums without it would be untrue."""

    def __init__(self, journal: str, number: int) -> None:
        super().__init__(
            f"账册 {journal} 第 {number} 条的内容无法读取，财务数字停在它之前；请运行 claims verify，"
            "并由信息中心从备份恢复。"
            f"The data of journal {journal}, entry {number}, can't be read: finance's sums stop before it. Run claims "
            "verify, then restore the ledger from a backup (docs/operations.md)"
        )


def is_of_data(error: DBAPIError) -> bool:
    """Whether a statement ended on data that it could not read."""
    return str(getattr(error.orig, "sqlstate", None) or "").startswith("22")


async def unreadable_entry(
    connection: AsyncConnection, ranges: Mapping[str, tuple[int, int]]
) -> UnreadableEntry | None:
    """The first such entry of the first journal that has one, after low and up to high; None where all can be read."""
    for journal, (low, high) in sorted(ranges.items()):
        if await _can_be_read(connection, journal, low, high):
            continue
        begin, end = low, high
        while end - begin > 1:
            middle = (begin + end) // 2
            if await _can_be_read(connection, journal, begin, middle):
                begin = middle
            else:
                end = middle
        return UnreadableEntry(journal, end)
    return None


async def _can_be_read(connection: AsyncConnection, journal: str, low: int, high: int) -> bool:
    try:
        async with connection.begin_nested():
            await connection.execute(_READ, {"journal": journal, "low": low, "high": high})
    except DBAPIError as error:
        if not is_of_data(error):
            raise
        return False
    return True
