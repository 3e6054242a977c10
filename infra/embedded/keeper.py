"""Keeps embedded servers at work: one that ended, or that can't write any more, is told and started again."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from infra.embedded.nats import NatsServer
from infra.embedded.nats_health import NoHealth, write_error
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import ServerError
from infra.tasks import end

log = structlog.get_logger(__name__)

LOOK_S = 3.0
ROOM_BYTES = 100_000_000
"""Free on the disk before a server is started again: less is full again at once."""
LONGEST_PAUSE_S = 60.0
UNANSWERED = 3
"""After so many looks without an answer, of some seconds each, a server stands still: a full disk may do that too."""


class _Kept:
    """One server, and what was last said of it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.name = name
        self.unanswered = 0
        self._told: str | None = None
        self._pause_s = LOOK_S
        self._due = 0.0

    def tell(self, fault: str) -> bool:
        """Say a fault once; returns whether the server may be started again now."""
        free = shutil.disk_usage(self._folder).free
        has_room = free >= ROOM_BYTES
        follows = "it is started again" if has_room else "it is started again once the disk has room"
        if self._told != (said := f"{fault}: {follows}"):
            log.error(
                "a server does not work", server=self.name, fault=fault, free_mb=free // 1_000_000, follows=follows
            )
            self._told = said
        now = asyncio.get_running_loop().time()
        if not has_room or now < self._due:
            return False
        self.unanswered = 0
        self._due, self._pause_s = now + self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return True

    def works(self) -> None:
        """Nothing is wrong with it."""
        if self._told is not None:
            log.info("a server works again", server=self.name)
        self._told, self._pause_s = None, LOOK_S


@asynccontextmanager
async def kept_running(
    folder: Path, postgres: PostgresServer, broker: NatsServer | None, nats_url: str
) -> AsyncIterator[None]:
    """Look at the servers beside the block, again and again. Call from the main thread."""

    async def keep() -> None:
        database, streams = _Kept(folder / "postgres", "PostgreSQL"), _Kept(folder / "nats", "nats-server")
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await _keep_database(database, postgres)
                if broker is not None:
                    await _keep_streams(streams, broker, nats_url)
            except (ServerError, OSError) as error:  # it did not start: told, and tried again
                log.error("a server was not started", error=str(error))

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        await end([keeping])


async def _keep_database(kept: _Kept, postgres: PostgresServer) -> None:
    if postgres.running:
        kept.works()
    elif kept.tell("it ended"):
        await postgres.stop()
        await postgres.start()


async def _keep_streams(kept: _Kept, broker: NatsServer, nats_url: str) -> None:
    fault: str | None = "it ended"
    if broker.running:
        try:
            fault = await write_error(nats_url)
            kept.unanswered = 0
        except NoHealth as error:
            kept.unanswered += 1
            if kept.unanswered < UNANSWERED:  # busy, or about to end: the next look tells
                return
            fault = f"it does not answer: {error}"
    if fault is None:
        kept.works()
    elif kept.tell(fault):
        await broker.restart()
