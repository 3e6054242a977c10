"""PostgreSQL and NATS that are killed and start again on their old ports."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from infra.embedded import postgres
from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import ServerError

DATABASE_STARTS_WITHIN_S = 60.0


@dataclass
class RestartedServers:
    """PostgreSQL and NATS of a round, on ports that stay theirs."""

    folder: Path
    database: PostgresServer
    database_url: str
    broker: NatsServer
    nats_url: str

    async def restart_database(self) -> None:
        """Start PostgreSQL on its old port, where it does not run."""
        await self.database.stop()
        port = urlsplit(self.database_url).port
        postgres._free_port = lambda: port or 0  # where the workers look for it
        deadline = time.monotonic() + DATABASE_STARTS_WITHIN_S
        while True:
            try:
                await self.database.start()
                return
            except (ServerError, OSError, asyncpg.PostgresError):  # no room to recover in yet
                await self.database.stop()
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)

    async def restart_broker(self) -> None:
        """Start NATS on its old port."""
        await self.broker.stop()
        self.broker = NatsServer(self.folder / "nats", port=urlsplit(self.nats_url).port or -1)
        await self.broker.start()
