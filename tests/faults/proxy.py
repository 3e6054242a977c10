"""A TCP proxy between a worker and its server: slow, silent, or cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_CHUNK_BYTES = 65_536


class Proxy:
    """Forwards connections to a port of this machine.

    ``delay_s`` holds every chunk back for so long, in each direction. ``hold`` is a network that loses all packets:
    connections stay and nothing passes. ``cut`` resets them and refuses new ones. ``heal`` ends both. ``forget`` is a
    firewall that has forgotten the connections it knew: what is sent on them goes nowhere, new ones pass.
    """

    def __init__(self, target_port: int) -> None:
        self.delay_s = 0.0
        self._target_port = target_port
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False
        self._forgotten = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._far: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def url(self, of_target: str) -> str:
        """A URL of the target, with this proxy in its place."""
        parts = urlsplit(of_target)
        return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{self.port}").geturl()

    @property
    def far_ports(self) -> list[int]:
        """The ports by which the target knows what is connected through here."""
        return [writer.get_extra_info("sockname")[1] for writer in self._far if not writer.is_closing()]

    def hold(self) -> None:
        self._passing.clear()

    def cut(self) -> None:
        self._refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def forget(self) -> None:
        self._forgotten.set()
        self._forgotten = asyncio.Event()

    def heal(self) -> None:
        self._refusing = False
        self._passing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if not self._refusing:
                await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the target is away, or the proxy closes
        finally:
            await self._abort(writer)
            self._tasks.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._passing.wait()
        forgotten = self._forgotten
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers.add(far_writer)
        self._far.add(far_writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer, forgotten))
                both.create_task(self._pump(far_reader, writer, forgotten))
        finally:
            await self._abort(far_writer)

    async def _abort(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        self._writers.discard(writer)
        self._far.discard(writer)
        with suppress(OSError):
            await writer.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, forgotten: asyncio.Event) -> None:
        """Forward until one end closes; then the other closes too, unless the connection was forgotten."""
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                if forgotten.is_set():
                    continue
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._passing.wait()
                writer.write(chunk)
                await writer.drain()
        if not forgotten.is_set():
            # what loses all packets loses a server's farewell too
            await self._passing.wait()
            writer.transport.abort()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.heal()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def proxy_of(url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the server that a URL names."""
    port = urlsplit(url).port
    assert port is not None
    proxy = Proxy(port)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
