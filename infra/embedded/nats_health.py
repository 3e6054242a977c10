"""What an embedded nats-server says of its own health: a stream that once could not write takes nothing ever after."""

import asyncio

import nats
import orjson
from nats.errors import Error as NatsError

from infra.embedded.nats import SYSTEM_USER, USER

HEALTH = "$SYS.REQ.SERVER.PING.HEALTHZ"
ANSWERS_WITHIN_S = 5.0
MADE_WITHIN_S = 2.0
"""How long a stream may take from its folder on the disk until the server knows it. Until then the server says of it
that it "could not be recovered"."""


async def write_error(nats_url: str) -> str | None:
    """Why a stream of an embedded server can't write, None where all can. Raises ``NoHealth``.

    nats-server 2.15 keeps a stream's first failed write until it is started again: publishers get no answer, also when
    the disk has room again. What a second look does not find was a stream that was being made.
    """
    fault = await _fault(nats_url)
    if fault is None:
        return None
    await asyncio.sleep(MADE_WITHIN_S)
    return fault if await _fault(nats_url) == fault else None


async def _fault(nats_url: str) -> str | None:
    system_url = nats_url.replace(f"//{USER}:", f"//{SYSTEM_USER}:", 1)
    try:
        client = await nats.connect(
            system_url, allow_reconnect=False, max_reconnect_attempts=0, connect_timeout=2, error_cb=_unheard
        )
        try:
            answer = orjson.loads((await client.request(HEALTH, b"", timeout=ANSWERS_WITHIN_S)).data)
        finally:
            await client.close()
    except (NatsError, OSError) as error:
        raise NoHealth(str(error) or type(error).__name__) from None
    health = answer["data"]
    return None if health["status"] == "ok" else str(health.get("error") or health["status"])


class NoHealth(ConnectionError):
    """The server does not answer."""


async def _unheard(_: Exception) -> None:
    """What nats-py would log: it is raised too."""
