"""Derives projections anew from the ledger, compares the tables with that, and mends the tables."""

import time
from collections.abc import Collection

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from processors.delivery.position import positions
from processors.proof.derivation.comparison import compare, mend
from processors.proof.derivation.queries import DERIVATIONS, derive
from processors.proof.derivation.report import ProjectionComparison, ProjectionDifference, RebuildReport

__all__ = ["PROJECTIONS", "ProjectionComparison", "ProjectionDifference", "RebuildReport", "differences", "rebuild"]

PROJECTIONS = tuple(DERIVATIONS)
"""The names of all projections."""

LOCK_TIMEOUT_S = 30
"""How long mending waits for the open transactions of processors, before it gives up with nothing changed."""


async def differences(connection: AsyncConnection, names: Collection[str] = PROJECTIONS) -> list[ProjectionComparison]:
    """How the tables differ from what the ledger says, as the connection's transaction sees both; nothing is left.

    For one view of ledger and tables beside running processors the transaction must be REPEATABLE READ; as the rows
    are derived into temporary tables it can't be READ ONLY. Raises ``LookupError`` where a pinned text is damaged.
    """
    async with connection.begin_nested() as savepoint:
        found = await _compare(connection, names)
        await savepoint.rollback()
    return found


async def rebuild(engine: AsyncEngine, names: Collection[str] = PROJECTIONS, *, dry_run: bool = False) -> RebuildReport:
    """Compare projections with the ledger and, unless ``dry_run``, make the rows that differ what the ledger says.

    Raises ``LookupError`` where the ledger is damaged, so that nothing can be derived from it.
    Nothing waits for the comparison. Where rows differ, those projections are derived and compared once more with
    writers kept out, and mended in that transaction.
    """
    began = time.monotonic()
    async with engine.connect() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        try:
            found = await differences(connection, names)
        except DBAPIError as error:
            # of class 22 or 23: a value that PostgreSQL can't read, or that its column can't be
            if not str(getattr(error.orig, "sqlstate", None) or "").startswith(("22", "23")):
                raise
            raise LookupError(str(error.orig).splitlines()[0].rpartition(">: ")[2]) from error
        entries = (await connection.execute(select(func.sum(positions.c.journal_number)))).scalar_one() or 0
    wrong = [compared for compared in found if compared.found]
    if wrong and not dry_run:
        mended = await _mend(engine, [compared.projection for compared in wrong])
        for compared in wrong:
            compared.mended = mended[compared.projection]
    return RebuildReport(found, int(entries), time.monotonic() - began)


async def _compare(connection: AsyncConnection, names: Collection[str]) -> list[ProjectionComparison]:
    rows = await derive(connection, names)
    return [await compare(connection, DERIVATIONS[name].table, rows[name]) for name in names]


async def _mend(engine: AsyncEngine, names: Collection[str]) -> dict[str, int]:
    async with engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        # Every writer of ledger and projections moves its position first. So none is within its transaction after this,
        # and a writer that has read the wrong rows finds its position changed and reads again.
        await connection.execute(text("LOCK TABLE processors.positions IN EXCLUSIVE MODE"))
        await _compare(connection, names)
        mended = {name: await mend(connection, DERIVATIONS[name].table) for name in names}
        await connection.execute(update(positions).values(stream_seq=positions.c.stream_seq))
        return mended
