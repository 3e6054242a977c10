"""The connection to NATS through FastStream."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from faststream.nats import NatsBroker
from faststream.nats.security import NatsSecurity, NatsUserPassword

from infra.embedded.process import ServerError

_log = structlog.get_logger("nats")


class _Log:
    """FastStream's log lines as structlog events: what is wrong, without its lines at every call and task."""

    def log(self, level: int, message: Any, /, *, exc_info: Any = None, extra: Mapping[str, Any] | None = None) -> None:
        if level >= logging.WARNING:
            _log.log(level, message, exc_info=exc_info, **(extra or {}))


def connect_broker(nats_url: str, ca: Path | None) -> NatsBroker:
    """A broker, not started, that reconnects for ever: once closed for good, FastStream's loops would spin.

    ``nats_url`` names one server, or several of a cluster separated by commas. A ``tls://`` URL, or ``ca``, asks for
    TLS (``check_tls``).
    """
    security = _security(nats_url, _tls(nats_url, ca))
    urls = nats_url.split(",")
    return NatsBroker(
        [_without_login(url) for url in urls] if isinstance(security, NatsUserPassword) else urls,
        security=security,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        # A peer that vanished without a word is noticed within a minute, not after the default six.
        ping_interval=20,
        # Types are applied by the border's own models; FastStream's way costs a thread hop twice a call.
        apply_types=False,
        logger=_Log(),
        log_level=logging.DEBUG,
    )


async def check_tls(nats_url: str, ca: Path | None) -> None:
    """Raise ``ServerError`` where a server that is there can't be trusted: a broker would try again for ever."""
    context = _tls(nats_url, ca)
    for url in nats_url.split(",") if context is not None else ():
        server = urlsplit(url)
        try:
            _, writer = await asyncio.open_connection(server.hostname, server.port or 4222, ssl=context)
        except ssl.SSLError as error:
            raise ServerError(
                f"NATS on {server.hostname}:{server.port or 4222} can't be trusted: {error}. CLAIMS_NATS_CA names who "
                "signed its certificate; its configuration needs `handshake_first: auto` in `tls`"
            ) from None
        except OSError:  # not there now: the broker waits for it
            continue
        writer.close()


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _security(nats_url: str, context: ssl.SSLContext | None) -> NatsSecurity:
    # Otherwise the client would send its password in the clear to a server, or a machine in between, without TLS.
    tls: dict[str, Any] = {} if context is None else {"ssl_context": context, "tls_handshake_first": True}
    first = urlsplit(nats_url.split(",")[0])
    if first.username is None or first.password is None:
        return NatsSecurity(**tls)
    # Those of a URL hold for its server alone: one that the cluster names to us would turn us away.
    return NatsUserPassword(first.username, first.password, **tls)


def _tls(nats_url: str, ca: Path | None) -> ssl.SSLContext | None:
    if ca is None and not nats_url.startswith("tls://"):
        return None
    return ssl.create_default_context(cafile=ca)
