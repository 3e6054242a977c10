"""Clients of NATS with the rights of one source, and what the server complains of."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError

from infra.access.sources import Source
from tests.program import BOUND_S, eventually

PASSWORD = "given once"


@dataclass
class Connected:
    """A client, and what the server complained of."""

    client: Client
    complaints: list[str] = field(default_factory=list)

    answer_within_s: float = BOUND_S

    @property
    def js(self) -> JetStreamContext:
        return self.client.jetstream(timeout=self.answer_within_s)

    async def refused(self, attempt: Callable[["Connected"], Awaitable[object]]) -> bool:
        """Whether the server names a violation of this client's rights when it tries something."""
        self.complaints.clear()
        self.answer_within_s = 0.5  # what is refused is never answered
        with suppress(NatsError, JetStreamError, TimeoutError):
            await attempt(self)
        await self.client.flush()
        await eventually(lambda: bool(self.complaints), lambda: "no complaint")
        return "permissions violation" in self.complaints[0].lower()


@asynccontextmanager
async def connected(url: str, source: Source | None = None, password: str = PASSWORD) -> AsyncIterator[Connected]:
    """The ledger's own client, or a source's."""
    complaints: list[str] = []

    async def complain(error: Exception) -> None:
        complaints.append(str(error))

    options: dict[str, Any] = {"error_cb": complain, "allow_reconnect": False, "connect_timeout": BOUND_S}
    if source is not None:
        url = f"nats://{source.user}:{password}@{url.rpartition('@')[2]}"
        options["inbox_prefix"] = source.inbox_prefix.encode()
    client = await nats.connect(url, **options)
    try:
        yield Connected(client, complaints)
    finally:
        await client.close()


async def turned_away(url: str, user: str = "", password: str = "") -> bool:
    """Whether the server ends a connection with these credentials (nats-py leaves a socket behind where it does)."""
    server = urlsplit(url)
    reader, writer = await asyncio.open_connection(server.hostname, server.port)
    try:
        await reader.readline()
        told = json.dumps({"verbose": False, "pedantic": False, "user": user, "pass": password})
        writer.write(f"CONNECT {told}\r\nPING\r\n".encode())
        return b"Authorization Violation" in await asyncio.wait_for(reader.readline(), BOUND_S)
    finally:
        writer.close()
        await writer.wait_closed()
