"""Where programs listen: no answer waits for a client's delayed acknowledgement."""

import asyncio
import socket

from infra.http.address import Address


async def test_connections_of_a_listener_send_at_once() -> None:
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = Address.parse("127.0.0.1:0").bound()
    async with await asyncio.start_server(accepted, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await asyncio.wait_for(found, 60) != 0
        writer.close()
