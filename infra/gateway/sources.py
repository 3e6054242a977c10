"""Connections to NATS as the hospitals that the gateway speaks for: one a hospital, as that hospital's own user.

Each is opened when it is first needed, and reconnects by itself. One that is refused or stalled keeps no other waiting.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.access.sources import Source
from infra.messaging.tls import client_tls

CONNECTED_WITHIN_S = 5.0


@dataclass(slots=True)
class _Connection:
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    client: Client | None = None
    password: str = ""


class SourceConnections:
    """Clients of NATS by source."""

    def __init__(self, nats_url: str, ca: Path | None) -> None:
        self._servers = [_without_login(url) for url in nats_url.split(",")]
        self._tls = client_tls(nats_url, ca)
        self._connections: dict[Source, _Connection] = {}

    async def client(self, source: Source, password: str) -> Client:
        """A client as the gateway's user of a source. Raises ``TimeoutError`` or nats-py's errors."""
        connection = self._connections.setdefault(source, _Connection())
        async with connection.opening:
            held = connection.client
            if held is not None and not held.is_closed and connection.password == password:
                return held
            await _closed(held)
            connection.client = None
            connection.client, connection.password = await self._open(source, password), password
            return connection.client

    async def close(self) -> None:
        """Close all."""
        await asyncio.gather(*(_closed(each.client) for each in self._connections.values()))
        self._connections.clear()

    async def _open(self, source: Source, password: str) -> Client:
        options: dict[str, Any] = {} if self._tls is None else {"tls": self._tls, "tls_handshake_first": True}
        client = Client()
        try:
            async with asyncio.timeout(CONNECTED_WITHIN_S):
                await client.connect(
                    self._servers,
                    user=source.gateway_user,
                    password=password,
                    inbox_prefix=source.inbox_prefix.encode(),
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    ping_interval=20,
                    error_cb=_heard,
                    **options,
                )
        except BaseException:
            await _closed(client)
            raise
        return client


async def _heard(_error: Exception) -> None:
    """What a connection suffers shows in the call that needs it."""


async def _closed(client: Client | None) -> None:
    if client is not None:
        with suppress(NatsError, OSError):
            await client.close()


def _without_login(url: str) -> str:
    parts = urlsplit(url.strip())
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
