"""Which transactions are in work: each at one place at a time, whichever gateway its calls come to.

All locks of a program are advisory locks on one connection: a call that waits for the ledger holds no connection of its
own. Where that connection is lost so are its locks; a transaction that is then done twice at once still sends the
ledger one and the same event.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_TRIED_AGAIN_AFTER_S = 0.1
_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))")
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))")


@dataclass(eq=False, slots=True)
class _Turn:
    """Who waits in this program for one transaction."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class TransactionLocks:
    """Locks by key."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turns: dict[str, _Turn] = {}
        self._asking = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    @asynccontextmanager
    async def held(self, key: str, *, within_s: float) -> AsyncIterator[None]:
        """Hold a key within the block. Raises ``TimeoutError`` where another holds it for longer than ``within_s``."""
        turn = self._turns.setdefault(key, _Turn())
        turn.waiting += 1
        try:
            async with asyncio.timeout(within_s) as bound:
                async with turn.lock:
                    while not await self._taken(key):  # noqa: ASYNC110 - another program holds it
                        await asyncio.sleep(_TRIED_AGAIN_AFTER_S)
                    try:
                        bound.reschedule(None)
                        yield
                    finally:
                        await asyncio.shield(self._release(key))
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(key, None)

    async def close(self) -> None:
        """Give all up."""
        async with self._asking:
            await self._drop()

    async def _taken(self, key: str) -> bool:
        """Whether the key was free; what is asked is asked to its end, for others use the connection too."""
        asking = asyncio.create_task(self._ask(_LOCK, key))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            with suppress(DBAPIError, OSError):
                if await asking:
                    await self._release(key)
            raise

    async def _release(self, key: str) -> None:
        with suppress(DBAPIError, OSError):  # with the connection its locks are gone
            await self._ask(_UNLOCK, key)

    async def _ask(self, question: TextClause, key: str) -> bool:
        async with self._asking:
            try:
                if self._connection is None:
                    connection = await self._engine.connect()
                    self._connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
                answer = await self._connection.execute(question, {"key": key})
                return bool(answer.scalar_one())
            except BaseException:
                await self._drop()
                raise

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError, OSError):
                await connection.invalidate()
                await connection.close()
