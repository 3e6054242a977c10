"""The bytes of a request, bounded."""

from starlette.requests import Request

_HEARD_OUT = 4
"""How many times the bound of a request is read and thrown away: who still sends does not read the answer."""


async def read_body(request: Request, most_bytes: int) -> bytes:
    """What was sent, or a byte more than the bound where it was more. Raises ``ClientDisconnect``."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        if size <= most_bytes:
            parts.append(part)
        size += len(part)
        if size > _HEARD_OUT * most_bytes:
            break
    return b"".join(parts)[: most_bytes + 1]
