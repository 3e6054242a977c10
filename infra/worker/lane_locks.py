"""By what a worker owns lanes: all by one connection, so that they end with it."""

import asyncio
import os
import secrets
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.journal import count_adopted
from processors.delivery.lane_owners import begin_session, disown, end_session, own

STALLED_AFTER_S = 30
"""A worker that asks the database for nothing for so long (stopped, cut off) loses its lanes and its transactions."""
SILENT_S = 10.0
"""How long the database may take to answer a worker's round; silent for longer, its connections are given up."""


Answer = TypeVar("Answer")


class LaneLocks:
    """One worker's lanes; PostgreSQL ends their connection once it is silent for ``STALLED_AFTER_S``.

    Whatever asks the database raises ``TimeoutError`` where it is silent, ``DBAPIError`` or ``OSError``.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session = 0
        self._worker = f"{socket.gethostname()}, process {os.getpid()}, login {engine.url.username}"
        self.connection: AsyncConnection | None = None

    async def check(self) -> None:
        """Open the connection, or ask whether it answers."""
        await _answered(self._ask())

    async def adopted(self) -> int:
        """How many texts of schemes were adopted so far: where it grows, a layer may have come."""
        return await _answered(count_adopted(self._checked))

    async def acquire(self, lane: tuple[str, int]) -> bool:
        """Own a lane, by its consumer and partition; returns whether it was free."""
        return await _answered(own(self._checked, self._session, lane, self._worker))

    async def release(self, lane: tuple[str, int]) -> None:
        """Give a lane up."""
        await _answered(disown(self._checked, self._session, lane))

    async def release_all(self) -> None:
        """Give every lane up, and the connection back."""
        if self.connection is not None:
            await end_session(self.connection, self._session)
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
            self._session = secrets.randbits(63)
            await begin_session(self.connection, self._session)
            await self.connection.execute(text(f"SET idle_session_timeout = '{STALLED_AFTER_S}s'"))
        else:
            await self.connection.execute(text("SELECT 1"))


async def _answered(asking: Coroutine[Any, Any, Answer]) -> Answer:
    """What the database answers: a connection may be forgotten by what lies between right after it was checked."""
    task = asyncio.create_task(asking)
    for _ in range(2):  # the second look hears an answer that came while this process was busy with something else
        done, _ = await asyncio.wait({task}, timeout=SILENT_S / 2)
        if done:
            return task.result()
    task.cancel()
    raise TimeoutError(f"no answer from the database within {SILENT_S:.0f} s")
