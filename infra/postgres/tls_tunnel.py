"""A way to a database for programs that know no TLS, such as the pg_dump of the embedded PostgreSQL.

The connection is made as the rest of the program makes it, by asyncpg: the same hosts, the same certificates, the same
checks. Where the server speaks TLS, the program is given a socket in a private folder, and what it says goes on inside
TLS.
"""

import asyncio
import ssl
import struct
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg

_SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)
_CHUNK_BYTES = 1 << 18
_PORT = 5432
"""Stands in the socket's name only."""


@dataclass(frozen=True, slots=True)
class PlainAddress:
    """A URL without a password, to be reached without TLS, and the password."""

    url: str
    password: str


@dataclass(frozen=True, slots=True)
class _Server:
    """The server that asyncpg found at a URL."""

    host: str
    port: int
    user: str
    password: str
    database: str
    tls: ssl.SSLContext | None
    """None where the connection was made without."""

    def address(self, host: str, port: int) -> PlainAddress:
        query = urlencode({"host": host, "port": port, "sslmode": "disable"})
        return PlainAddress(f"postgresql://{quote(self.user, safe='')}@/{quote(self.database)}?{query}", self.password)


@asynccontextmanager
async def plain_address(database_url: str) -> AsyncIterator[PlainAddress]:
    """An address at which a program without TLS reaches a database, as long as the block lasts.

    Raises ``OSError`` and ``asyncpg.PostgresError`` where the database can't be reached.
    """
    server = await _find(database_url)
    if server.tls is None:
        yield server.address(server.host, server.port)
        return
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            running.add(task)
        await _carry(reader, writer, server)

    with tempfile.TemporaryDirectory(prefix="claims-tls-") as folder:  # closed to other users
        listening = await asyncio.start_unix_server(serve, Path(folder) / f".s.PGSQL.{_PORT}")
        try:
            yield server.address(folder, _PORT)
        finally:
            listening.close()
            _cancel(running)
            await asyncio.gather(*running, return_exceptions=True)


async def _find(database_url: str) -> _Server:
    connection = await asyncpg.connect(database_url)
    try:
        # asyncpg tells nobody which of several hosts it chose, and how it was checked
        address, parameters = connection._addr, connection._params
        over_tls = connection._protocol.is_ssl
    finally:
        await connection.close()
    host, port = (str(Path(address).parent), int(address.rpartition(".")[2])) if isinstance(address, str) else address
    login = (parameters.user, parameters.password or "", parameters.database)
    return _Server(host, port, *login, parameters.ssl if over_tls else None)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: _Server) -> None:
    """What a client says to the server, and what the server answers, until either ends."""
    ends = [writer]
    try:
        answers, back = await asyncio.open_connection(server.host, server.port)
        ends.append(back)
        back.write(_SSL_REQUEST)
        if await answers.readexactly(1) != b"S":
            raise ConnectionError("the server speaks no TLS any more")
        if server.tls is None:
            raise AssertionError("a tunnel without TLS")
        await back.start_tls(server.tls, server_hostname=server.host)
        await asyncio.gather(_forward(reader, back), _forward(answers, writer))
    except (OSError, asyncio.IncompleteReadError):  # either went away: its own words say why
        pass
    finally:
        for end in ends:
            end.close()
            with suppress(OSError):
                await end.wait_closed()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.close()


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
