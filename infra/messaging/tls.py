"""TLS to a nats-server, and whether one can be trusted."""

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from infra.embedded.process import ServerError

REACHED_WITHIN_S = 5.0
"""How long a host may take to accept a connection."""


async def check_tls(nats_url: str, ca: Path | None) -> None:
    """Raise ``ServerError`` where a server that is there can't be trusted: a broker would try again for ever."""
    context = client_tls(nats_url, ca)
    for url in nats_url.split(",") if context is not None else ():
        server = urlsplit(url)
        try:
            async with asyncio.timeout(REACHED_WITHIN_S):
                _, writer = await asyncio.open_connection(server.hostname, server.port or 4222, ssl=context)
        except ssl.SSLError as error:
            raise ServerError(
                f"NATS on {server.hostname}:{server.port or 4222} can't be trusted: {error}. CLAIMS_NATS_CA names who "
                "signed its certificate; its configuration needs `handshake_first: auto` in `tls`"
            ) from None
        except OSError:  # not there now: the broker waits for it
            continue
        writer.close()


def client_tls(nats_url: str, ca: Path | None) -> ssl.SSLContext | None:
    """What a client trusts: ``ca``, else the system's; None where neither it nor the URL asks for TLS."""
    if ca is None and not nats_url.startswith("tls://"):
        return None
    return ssl.create_default_context(cafile=ca)
