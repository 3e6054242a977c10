"""One moment of the database, which several connections may read at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

SNAPSHOT_ISOLATION = "ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@asynccontextmanager
async def snapshot(engine: AsyncEngine, shared: str | None = None) -> AsyncIterator[AsyncConnection]:
    """A connection that reads one moment and changes nothing: that of ``shared``, else its own."""
    async with engine.connect() as connection:
        await connection.execute(text(f"SET TRANSACTION {SNAPSHOT_ISOLATION}"))
        if shared is not None:
            await connection.execute(text(join(shared)))
        # it locks nothing that anybody waits for, and is silent as long as others read its moment
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield connection


async def share(connection: AsyncConnection) -> str:
    """The name under which others may join the moment that a connection reads, as long as its transaction lasts."""
    return str((await connection.execute(text("SELECT pg_export_snapshot()"))).scalar_one())


def join(shared: str) -> str:
    """The statement that joins a moment, the first of its transaction; raises ``ValueError`` for what is no name."""
    if not shared.replace("-", "").isalnum():
        raise ValueError(f"{shared!r} names no snapshot")
    return f"SET TRANSACTION SNAPSHOT '{shared}'"


async def driver_of(connection: AsyncConnection) -> Any:
    """The connection of asyncpg behind one of SQLAlchemy's, in the same transaction."""
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        raise AssertionError("no driver connection")
    return driver
