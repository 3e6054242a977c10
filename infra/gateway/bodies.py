"""The bytes of a request, bounded in size and time."""

import asyncio

from starlette.requests import Request

BODY_WITHIN_S = 30.0
"""How long a request may take to arrive: 10 MB at 3 Mbit/s."""
_HEARD_OUT = 4
"""How many times the bound of a request is read and thrown away: who still sends does not read the answer."""


class BodyStalled(Exception):
    """A request did not come to its end in time."""


async def read_body(request: Request, most_bytes: int) -> bytes:
    """What was sent, or a byte more than the bound where it was more. Raises ``ClientDisconnect``, ``BodyStalled``."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for part in request.stream():
                if size <= most_bytes:
                    parts.append(part)
                size += len(part)
                if size > _HEARD_OUT * most_bytes:
                    break
    except TimeoutError:
        raise BodyStalled from None
    return b"".join(parts)[: most_bytes + 1]


async def disconnected(request: Request) -> None:
    """Wait until the caller of a request whose body was read, or that has none, is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
