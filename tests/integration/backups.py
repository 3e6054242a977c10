"""A ledger that a test settles into, backs up and restores."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import nats
from nats.aio.client import Client

from infra.embedded.nats import NatsServer
from infra.messaging.stream_restore import Streams
from infra.operations.backup import Restored, restore
from infra.operations.settle import settle_files
from infra.postgres.engine import connect, migrate
from infra.servers import Endpoints
from infra.settings import Settings
from processors.law.adoption import initialise
from tests.conftest import cloned
from tests.program import Dump, canonical, folder_for_servers, write_lines


class BackedUpLedger:
    """A database and a NATS server, settled into in this process."""

    def __init__(self, database: str, nats_url: str, folder: Path) -> None:
        self.database, self.nats_url, self.folder = database, nats_url, folder

    async def settle(self, lines: Sequence[Any]) -> int:
        """Settle events as `claims settle` does; returns how many the ledger had already."""
        file = write_lines(self.folder / "events.jsonl", lines)
        endpoints = Endpoints(self.database, self.nats_url, owned=True)
        settled = await settle_files(endpoints, Settings(), [str(file)])
        assert settled.summary.parked == 0
        return settled.summary.duplicates

    async def restore(
        self,
        file: Path,
        *,
        replace: bool = True,
        forget_steps: bool = False,
        streams: Callable[[Client], Streams] = Streams,
    ) -> Restored:
        client = await nats.connect(self.nats_url)
        try:
            return await restore(self.database, streams(client), file, None, replace=replace, forget_steps=forget_steps)
        finally:
            await client.close()

    async def holds(self, query: str) -> bool:
        """Whether a query's value is true."""
        return bool(await self.value(query))

    async def value(self, query: str) -> Any:
        """A query's value."""
        connection = await asyncpg.connect(self.database, ssl=False)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


@asynccontextmanager
async def new_ledger(endpoints: Endpoints, template: str, name: str) -> AsyncIterator[BackedUpLedger]:
    """Another ledger, on a server and in a database of its own."""
    with folder_for_servers() as folder:
        broker = NatsServer(folder / "nats")
        async with cloned(endpoints, template, name) as url:
            try:
                yield BackedUpLedger(url, await broker.start(), folder)
            finally:
                await broker.stop()


async def databases(ledger: BackedUpLedger) -> set[str]:
    """The ledger's database, and those that a restore has made beside it."""
    name = urlsplit(ledger.database).path.removeprefix("/")
    return set(await ledger.value(f"SELECT array_agg(datname) FROM pg_database WHERE datname LIKE '{name}%'"))


async def initialised(database: str) -> None:
    """Make a database an empty ledger's."""
    await migrate(database)
    engine = connect(database)
    await initialise(engine, [], 1)
    await engine.dispose()


def beside(database: str) -> str:
    """The URL of the database from which others are administered."""
    return urlsplit(database)._replace(path="/postgres").geturl()


def comparable(found: Dump) -> bytes:
    """A dump without revisions and places: a fresh run may count fewer, and another store of NATS numbers anew."""
    plain = {
        name: [{key: value for key, value in row.items() if key not in ("revision", "seq")} for row in rows]
        for name, rows in found.items()
    }
    return canonical(plain)
