"""What the commands share: the ledger's servers, and a loop to run in."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvloop
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.embedded.directory import DirectoryInUse
from infra.messaging.tls import check_tls
from infra.postgres.engine import connect, migrate
from infra.servers import Endpoints, servers
from infra.settings import Settings
from processors.law.terms import learn_terms

INSUFFICIENT_PRIVILEGE = "42501"
SHORT_COMMANDS_END_S = 15.0
"""How long a command waits for another that holds the data directory, before it says so."""


class NoLedger(RuntimeError):
    """The data directory holds no ledger."""


@asynccontextmanager
async def ledger_servers(
    settings: Settings, command: str, *, nats: bool, share_with: str | None = "up"
) -> AsyncIterator[Endpoints]:
    """The servers for a command: given ones, those of a running ``claims up`` or ``claims console``, or our own.

    Raises ``DirectoryInUse`` where another command keeps the data directory for longer than short ones do.
    """
    shared = frozenset({share_with, "console"} if share_with else ())
    deadline = time.monotonic() + (SHORT_COMMANDS_END_S if share_with else 0.0)
    while True:
        manager = servers(settings.data_dir, command=command, external=settings.external, share_with=shared, nats=nats)
        try:
            endpoints = await manager.__aenter__()
        except DirectoryInUse:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
            continue
        break
    try:
        if nats and settings.external is not None:
            await check_tls(endpoints.nats_url, settings.nats_ca)
        yield endpoints
    finally:
        await manager.__aexit__(None, None, None)


@asynccontextmanager
async def reading(settings: Settings, command: str) -> AsyncIterator[AsyncEngine]:
    """An engine on the database of a ledger that is there, for a command that reads. Raises ``NoLedger``."""
    require_ledger(settings)
    async with database_of(settings, command) as engine:
        yield engine


def require_ledger(settings: Settings) -> None:
    """Raise ``NoLedger`` where a data directory holds none: a mistyped name must not look like an empty ledger."""
    if settings.external is None and not (settings.data_dir / "postgres").exists():
        raise NoLedger(f"没有账本：{settings.data_dir}。No ledger in {settings.data_dir}: `claims settle` makes one")


@asynccontextmanager
async def database_of(settings: Settings, command: str) -> AsyncIterator[AsyncEngine]:
    """An engine on the ledger's database, made where there is none."""
    async with ledger_servers(settings, command, nats=False) as endpoints:
        await migrate_and_learn(endpoints.database_url)
        engine = connect(endpoints.database_url)
        try:
            yield engine
        finally:
            await engine.dispose()


async def migrate_and_learn(database_url: str) -> None:
    """Bring the schema to this version, and learn what the ledger calls things.

    A login that may not read the schemes' texts knows the shared names alone.
    """
    await migrate(database_url)
    await learn_terms_of(database_url)


async def learn_terms_of(database_url: str) -> None:
    """Learn what a ledger of this version calls things."""
    engine = connect(database_url)
    try:
        async with engine.connect() as connection:
            await learn_terms(connection)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
    finally:
        await engine.dispose()


class Ending:
    """How a command that runs until it is interrupted ends: at once while it starts, in good order once it works."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._starting = asyncio.current_task()

    def starts_to_work(self) -> None:
        """From now on ``asked`` is heeded, and nothing is cancelled."""
        self._starting = None

    def ask(self) -> None:
        """End it."""
        self.asked.set()
        if self._starting is not None:
            self._starting.cancel()


@asynccontextmanager
async def ending() -> AsyncIterator[Ending]:
    """Ends the block on SIGINT and SIGTERM: what it waits for while it starts is cancelled, and not an error."""
    end = Ending()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, end.ask)
    try:
        yield end
    except asyncio.CancelledError:
        if not end.asked.is_set():
            raise


def run(main: Callable[[], Awaitable[int]]) -> int:
    """Run a command's coroutine on uvloop; returns its exit code."""

    async def call() -> int:
        return await main()

    return uvloop.run(call())
