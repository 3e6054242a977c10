"""Proves the books: chains, pinned texts, balance, sums, and that settling everything again gives what is booked."""

from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.verification.booked import load_books
from processors.verification.books import check_settled, check_sums
from processors.verification.chains import check_chains
from processors.verification.clearings import check_clearings
from processors.verification.report import MOST_PROBLEMS, Problem, Progress, VerifyReport
from processors.verification.schemes import check_schemes
from processors.verification.seals import check_seals

__all__ = ["MOST_PROBLEMS", "Problem", "Progress", "VerifyReport", "verify"]

PERSONS_PER_CHUNK = 500

# A loose scan over the ledger's history index, since its rows outnumber the persons fifty to one.
_IN_LEDGER = """
WITH RECURSIVE person (id) AS (
    SELECT min(person_id) FROM ledger.entries WHERE person_id IS NOT NULL
    UNION ALL
    SELECT (SELECT min(person_id) FROM ledger.entries WHERE person_id > person.id)
    FROM person WHERE person.id IS NOT NULL
)
SELECT id FROM person WHERE id IS NOT NULL
"""
_IN_PROJECTIONS = " ".join(
    f"UNION SELECT DISTINCT person_id FROM projections.{name}"  # noqa: S608 - our own names
    for name in ("claims", "statements", "accumulations", "grants", "premiums")
)


async def verify(engine: AsyncEngine, progress: Progress | None = None) -> VerifyReport:
    """Check every entry and every person; nothing is changed.

    Reads one snapshot, so it may run beside the processors: persons with runs in flight in it are counted as skipped,
    and only the sums that hold at every moment are checked of them. Memory is bounded by a chunk of persons.
    """
    report = VerifyReport()
    tell = progress or _silent
    async with engine.connect() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        schemes = await check_schemes(connection, report)
        await check_chains(connection, report, tell)
        await check_seals(connection, report)
        await check_clearings(connection, report)
        async for chunk in _persons(connection):
            before = report.claims
            for books in await load_books(connection, chunk):
                report.persons += 1
                check_sums(books, report)
                if books.in_flight:
                    report.skipped += 1
                else:
                    check_settled(books, schemes, report)
            tell("claims", report.claims - before)
    return report


async def _persons(connection: AsyncConnection) -> AsyncIterator[list[str]]:
    """Everyone whom the ledger or a projection names: what only one of the two knows is a problem too."""
    rows = await connection.stream_scalars(
        text(f"{_IN_LEDGER} {_IN_PROJECTIONS} ORDER BY 1"), execution_options={"yield_per": PERSONS_PER_CHUNK}
    )
    async for chunk in rows.partitions(PERSONS_PER_CHUNK):
        yield list(chunk)


def _silent(_what: str, _count: int) -> None:
    return None
