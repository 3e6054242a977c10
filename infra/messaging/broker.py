"""The connection to NATS through FastStream."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from faststream.nats import NatsBroker
from faststream.nats.security import NatsSecurity, NatsUserPassword
from nats.errors import Error as NatsError
from nats.errors import SlowConsumerError

from infra.embedded.process import ServerError
from infra.logs import Repeats
from infra.messaging.tls import REACHED_WITHIN_S, client_tls
from infra.tasks import end

_log = structlog.get_logger("nats")


TOLD_AGAIN_AFTER_S = 60.0
"""What goes on is told again after so long, with how often it came meanwhile."""


class BrokerLog:
    """FastStream's log lines as structlog events: what is wrong, without its lines at every call and task.

    What nats-py reports of a connection is one line with its meaning, and is not told again for a while.
    """

    def __init__(self) -> None:
        self._repeats = Repeats(TOLD_AGAIN_AFTER_S)

    def log(self, level: int, message: Any, /, *, exc_info: Any = None, extra: Mapping[str, Any] | None = None) -> None:
        """Log a line of FastStream's."""
        if isinstance(exc_info, NatsError):
            self._tell(exc_info)
        elif level >= logging.WARNING:
            _log.log(level, message, exc_info=exc_info, **(extra or {}))

    def _tell(self, error: NatsError) -> None:
        event, meaning = "NATS connection broken", "it is tried again, and lanes begin again at their positions"
        if isinstance(error, SlowConsumerError):
            event = "subscriber falls behind"
            meaning = (
                f"messages on {error.subject} come faster than they are handled: those that find no room are dropped"
            )
        since = self._repeats.due(event)
        if since is not None:
            said = str(error).partition(", sid:")[0] or type(error).__name__
            _log.warning(event, meaning=meaning, error=said, since=since)


ANSWERS_WITHIN_S = 30.0
"""How long a command tries to connect: a cluster chooses a leader, a server reads a large store in less."""
FIRST_WORD_S = 3.0
"""After how long it says that it waits."""


@asynccontextmanager
async def connected_broker(
    nats_url: str, ca: Path | None, *, within_s: float = ANSWERS_WITHIN_S
) -> AsyncIterator[NatsBroker]:
    """A broker that is connected. Raises ``ServerError`` where NATS does not answer in time; it says that it waits.

    Once connected it reconnects for ever.
    """
    broker = connect_broker(nats_url, ca)
    starting = asyncio.create_task(broker.start())
    try:
        done, _ = await asyncio.wait({starting}, timeout=min(FIRST_WORD_S, within_s))
        if not done:
            _log.warning("NATS does not answer yet", servers=_hosts(nats_url), tried_for_s=round(within_s))
            done, _ = await asyncio.wait({starting}, timeout=within_s - FIRST_WORD_S)
        if not done:
            hosts, why = _hosts(nats_url), await _why(nats_url)
            raise ServerError(
                f"NATS 没有应答：{hosts}。NATS does not answer on {hosts} within {within_s:.0f} s ({why}): "
                "start it, or correct CLAIMS_NATS_URL"
            )
        await starting
        yield broker
    finally:
        await end([starting])
        with suppress(NatsError, OSError):  # a connection that is lost already can't be closed politely
            await broker.stop()


def _hosts(nats_url: str) -> str:
    """The servers of a URL, without what logs in."""
    return ", ".join(urlsplit(url).netloc.rpartition("@")[2] for url in nats_url.split(","))


async def _why(nats_url: str) -> str:
    """What keeps a client from connecting, as far as a look at the first server tells."""
    server = urlsplit(nats_url.split(",")[0])
    try:
        async with asyncio.timeout(REACHED_WITHIN_S):
            reader, writer = await asyncio.open_connection(server.hostname, server.port or 4222)
            try:
                said = await reader.readline()
            finally:
                writer.close()
    except TimeoutError:
        return "nobody answers there"
    except OSError as error:
        return error.strerror or str(error)
    if not said.startswith(b"INFO "):
        return "something else than NATS answers there"
    return "it asks for TLS" if b'"tls_required":true' in said else "it does not let this login in"


def connect_broker(nats_url: str, ca: Path | None) -> NatsBroker:
    """A broker, not started, that reconnects for ever: once closed for good, FastStream's loops would spin.

    ``nats_url`` names one server, or several of a cluster separated by commas. A ``tls://`` URL, or ``ca``, asks for
    TLS (``check_tls``).
    """
    security = _security(nats_url, client_tls(nats_url, ca))
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
        logger=BrokerLog(),
        log_level=logging.DEBUG,
    )


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
