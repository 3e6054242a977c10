"""How a process that shares its processors with settlement lets settlement go first."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from processors.delivery.in_flight import is_settling
from processors.supervision.journal import is_waited_for

NICE = 16
"""Less than 3% of a processor that others want all the time: a look costs them no more, and ends within forty
times what it would take alone. At 19 it would be half of that."""
POLL_S = 0.5
AT_REST = 3
"""So many times in a row nothing may be settling, once something was: between two batches nothing is for a moment."""


def take_low_priority(pid: int = 0) -> None:
    """Let what else wants a processor go before a process, which leads a session of its own.

    Linux shares processors between sessions before it looks at a process's own nice value (sched(7), autogroup). So the
    session is made as nice as the process. Does what the system permits.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    with suppress(OSError):  # a kernel without such groups, or one that does not let us
        Path("/proc", str(pid or "self"), "autogroup").write_text(str(NICE), encoding="ascii")


def lower_backends(engine: AsyncEngine) -> None:
    """Give the server's processes that answer an engine low priority too, where they are on this machine.

    Each of PostgreSQL's backends has a session of its own.
    """
    event.listen(engine.sync_engine, "connect", _lower_backend)


def _lower_backend(adapted: Any, _record: object) -> None:
    cursor = adapted.cursor()
    try:
        cursor.execute("SELECT pg_backend_pid(), host(inet_client_addr()), inet_client_port()")
        pid, host, port = cursor.fetchone()
    finally:
        cursor.close()
    adapted.rollback()
    if _is_here(pid, "[local]" if port is None else f"{host}({port})"):
        take_low_priority(pid)


def _is_here(pid: int, client: str) -> bool:
    """Whether the backend of this number, which is that of the server's machine, is a process of this one.

    A backend's title is ``postgres: user database client state``.
    """
    try:
        title = Path("/proc", str(pid), "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return title.startswith("postgres: ") and f" {client} " in title


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
