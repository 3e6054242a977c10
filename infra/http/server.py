"""Serves an ASGI application until it is asked to end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from infra.http.address import ANYWHERE, Address, ListenError
from infra.http.head_bound import HeadBoundProtocol

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than a browser's pool or a proxy (60 s) holds one, so that it is the
client that closes. A server that closes first may do so under a request that is on its way, which then has no answer.
"""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command, which ends other things besides."""
        yield


@asynccontextmanager
async def listening(
    app: ASGIApp, listener: socket.socket, address: Address, not_started: str, grace_s: int
) -> AsyncIterator[str]:
    """An application at work within the block; gives its URL, and closes the listener.

    ``grace_s`` is how long requests that are under way may last behind the block. Raises ``ListenError`` with the words
    ``not_started``.
    """
    config = uvicorn.Config(
        app,
        http=HeadBoundProtocol,
        log_config=None,
        access_log=False,  # addresses name persons, if only by pseudonyms
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=grace_s,
        timeout_keep_alive=KEEP_ALIVE_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                await task
                raise ListenError(not_started)
            await asyncio.sleep(0.01)
        yield f"http://{_shown_host(address.host)}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


def _shown_host(host: str) -> str:
    if host in ANYWHERE:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
