"""The advisory locks by which a worker owns lanes: all of one connection, so that they end with it."""

import asyncio
import zlib

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.postgres.engine import LANES_LOCK

STALLED_AFTER_S = 30
"""A worker that asks the database for nothing for so long (stopped, cut off) loses its lanes and its transactions."""
SILENT_S = 10.0
"""How long the database may take to answer a worker's round; silent for longer, its connections are given up."""


class LaneLocks:
    """One worker's locks; PostgreSQL ends their connection once it is silent for ``STALLED_AFTER_S``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.connection: AsyncConnection | None = None

    async def check(self) -> None:
        """Open the connection, or ask whether it answers. Raises ``TimeoutError``, ``DBAPIError`` or ``OSError``."""
        asking = asyncio.create_task(self._ask())
        for _ in range(2):  # the second look hears an answer that came while this process was busy with something else
            done, _ = await asyncio.wait({asking}, timeout=SILENT_S / 2)
            if done:
                asking.result()
                return
        asking.cancel()
        raise TimeoutError(f"no answer from the database within {SILENT_S:.0f} s")

    async def acquire(self, lane: str) -> bool:
        """Lock a lane by its name; returns whether it was free."""
        locked = await self._checked.execute(text("SELECT pg_try_advisory_lock(:lock, :lane)"), _key(lane))
        return bool(locked.scalar_one())

    async def release(self, lane: str) -> None:
        """Unlock a lane."""
        await self._checked.execute(text("SELECT pg_advisory_unlock(:lock, :lane)"), _key(lane))

    async def release_all(self) -> None:
        """Unlock every lane and give the connection back."""
        if self.connection is not None:
            # the connection goes back to its pool, and a session's locks with it
            await self.connection.execute(text("SELECT pg_advisory_unlock_all()"))
            await self.connection.close()
            self.connection = None

    async def drop(self) -> None:
        """Give up a connection that is lost; its locks end when the server notices."""
        if self.connection is not None:
            await self.connection.invalidate()
            self.connection = None

    @property
    def _checked(self) -> AsyncConnection:
        if self.connection is None:
            raise AssertionError("the locks were not checked")
        return self.connection

    async def _ask(self) -> None:
        if self.connection is None:
            connection = await self._engine.connect()
            self.connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await self.connection.execute(text(f"SET idle_session_timeout = '{STALLED_AFTER_S}s'"))
        else:
            await self.connection.execute(text("SELECT 1"))


def _key(lane: str) -> dict[str, int]:
    return {"lock": LANES_LOCK, "lane": zlib.crc32(lane.encode()) - 2**31}
