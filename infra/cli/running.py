"""What the commands share: the ledger's servers, and a loop to run in."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import connect, migrate
from infra.embedded.directory import DirectoryInUse
from infra.servers import Endpoints, servers
from infra.settings import Settings

SHORT_COMMANDS_END_S = 15.0
"""How long a command waits for another that holds the data directory, before it says so."""


@asynccontextmanager
async def ledger_servers(settings: Settings, command: str, *, nats: bool) -> AsyncIterator[Endpoints]:
    """The servers for a command: given ones, those of a running ``claims up``, or our own.

    Raises ``DirectoryInUse`` where another command keeps the data directory for longer than short ones do.
    """
    deadline = time.monotonic() + SHORT_COMMANDS_END_S
    while True:
        manager = servers(
            settings.data_dir, command=command, external=settings.external, share_with=frozenset({"up"}), nats=nats
        )
        try:
            endpoints = await manager.__aenter__()
        except DirectoryInUse:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
            continue
        break
    try:
        yield endpoints
    finally:
        await manager.__aexit__(None, None, None)


@asynccontextmanager
async def reading(settings: Settings, command: str) -> AsyncIterator[AsyncEngine]:
    """An engine on the ledger's database for a command that reads."""
    async with ledger_servers(settings, command, nats=False) as endpoints:
        await migrate(endpoints.database_url)
        engine = connect(endpoints.database_url)
        try:
            yield engine
        finally:
            await engine.dispose()


def run(main: Callable[[], Awaitable[int]]) -> int:
    """Run a command's coroutine on uvloop; returns its exit code."""

    async def call() -> int:
        return await main()

    return uvloop.run(call())
