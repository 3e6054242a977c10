"""How a process that shares its processors with settlement lets settlement go first."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from processors.delivery.in_flight import is_settling
from processors.supervision.journal import is_waited_for

NICE = 19
_AUTOGROUP = Path("/proc/self/autogroup")
POLL_S = 0.5
AT_REST = 3
"""So many times in a row nothing may be settling, once something was: between two batches nothing is for a moment."""


def take_lowest_priority() -> None:
    """Let whatever else wants a processor have it first; called in a new session, before the program is loaded.

    Linux shares processors between sessions before it looks at a process's own nice value (sched(7), autogroup), and
    each of PostgreSQL's backends has a session of its own. So the session is made as nice as the process.
    """
    os.nice(NICE)
    with suppress(OSError):  # a kernel without such groups, or one that does not let us
        _AUTOGROUP.write_text(str(NICE), encoding="ascii")


class StandBack:
    """Waits while claims are settling, so many seconds in all: what is put off is done even where they never rest."""

    def __init__(self, engine: AsyncEngine, at_most_s: float) -> None:
        self._engine = engine
        self._left_s = at_most_s

    async def __call__(self) -> None:
        """Wait until nothing is settling, the time is used up, or somebody else waits to look for leads."""
        began = time.monotonic()
        rests = 0 if await self._settlement_first() else AT_REST
        while rests < AT_REST and time.monotonic() - began < self._left_s:
            await asyncio.sleep(POLL_S)
            rests = 0 if await self._settlement_first() else rests + 1
        self._left_s -= time.monotonic() - began

    async def _settlement_first(self) -> bool:
        if self._left_s <= 0:
            return False
        async with self._engine.connect() as connection:
            return await is_settling(connection) and not await is_waited_for(connection)
