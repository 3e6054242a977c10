"""What stopped a lane or a worker, as its log says it: what is expected is one line; a traceback means a bug."""

import errno
import socket
from dataclasses import dataclass
from typing import Literal

from nats.errors import (
    ConnectionClosedError,
    ConnectionDrainingError,
    ConnectionReconnectingError,
    NoRespondersError,
    NoServersError,
    OutboundBufferLimitError,
    StaleConnectionError,
)
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import NoStreamResponseError, NotFoundError, ServerError, ServiceUnavailableError
from sqlalchemy.exc import DBAPIError
from structlog.typing import FilteringBoundLogger

from events.store.driver import is_connection_lost
from infra.messaging.sender import WRONG_LAST_SEQUENCE, SendError
from infra.messaging.streams import OlderDatabase, StreamBehind
from infra.messaging.subscriber import PositionAheadOfStream
from processors.delivery.transaction import Fenced


@dataclass(frozen=True, slots=True)
class Failure:
    """A kind of failure that is expected: the name of its log event, its level, what it means and what follows."""

    event: str
    level: Literal["info", "warning", "error"]
    meaning: str


FENCED = Failure(
    "lane fenced",
    "info",
    "another program has changed this lane's position since the lane read it (a scheme was adopted, rows were mended, "
    "another worker took the lane over): nothing was written, the lane begins again from the database",
)
OVERTAKEN = Failure(
    "lane fenced",
    "info",
    "another worker has sent on this lane's subject since: NATS refused the late message, "
    "the lane begins again from the database",
)
CONNECTION_LOST = Failure(
    "database connection lost",
    "warning",
    "the connection was cut, or the server ended it: what was not committed was rolled back, "
    "the work begins again on a new connection",
)
TRANSACTION_TOO_LONG = Failure(
    "transaction too long",
    "warning",
    "a transaction lasted longer than a worker's may (the process was stopped, or the database is slow), and the "
    "server ended it: nothing was written, the work is tried again; if it comes again and again, make batches smaller",
)
DATABASE_UNABLE = Failure(
    "database unable",
    "warning",
    "the database could not do this now (its disk is full, it is short of memory, it gave way to another "
    "transaction): nothing was written, the work is tried again",
)
NATS_AWAY = Failure(
    "NATS does not answer",
    "warning",
    "NATS is away, or the stream or its consumer is missing: the messages stay in the stream, the work is tried again",
)
NO_ANSWER = Failure(
    "no answer",
    "warning",
    "a server can't be reached, or has not answered in time: the work is tried again",
)
OTHER_STORE = Failure(
    "another store",
    "error",
    "the database and the store of NATS do not belong together: nothing is taken until the right one is back",
)

_UNABLE = ("40", "53", "55", "57", "58")
"""Classes of SQLSTATE: rolled back for another transaction, no resources, not ready, operator's intervention, I/O."""
_TOO_LONG = "25P04"
"""SQLSTATE of transaction_timeout."""
NATS_AWAY_ERRORS = (
    NatsTimeout,
    NoRespondersError,
    NoServersError,
    ConnectionClosedError,
    ConnectionDrainingError,
    ConnectionReconnectingError,
    StaleConnectionError,
    OutboundBufferLimitError,
    NotFoundError,
    NoStreamResponseError,
    ServerError,
    ServiceUnavailableError,
)
"""What nats-py raises while NATS, a stream or a consumer is away.

Only those that pass by themselves: a subject, a header or a message that NATS does not take is a bug.
"""
_UNREACHABLE = (errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET)
"""What no class of its own stands for; the others are a ``ConnectionError`` or a ``TimeoutError``."""


def expected_failure(error: BaseException) -> Failure | None:
    """The kind of an error that is expected to happen, None where it is a bug."""
    match error:
        case Fenced():
            return FENCED
        case SendError(code=code) if code == WRONG_LAST_SEQUENCE:
            return OVERTAKEN
        case OlderDatabase() | StreamBehind() | PositionAheadOfStream():
            return OTHER_STORE
        case DBAPIError() if _sqlstate(error) == _TOO_LONG:
            return TRANSACTION_TOO_LONG
        case _ if is_connection_lost(error):
            return CONNECTION_LOST
        case DBAPIError() if _sqlstate(error).startswith(_UNABLE):
            return DATABASE_UNABLE
        case SendError() if error.is_transient:
            return NATS_AWAY
        case _ if isinstance(error, NATS_AWAY_ERRORS):
            return NATS_AWAY
        case OSError() if _is_unreachable(error):
            return NO_ANSWER
    return None


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _is_unreachable(error: OSError) -> bool:
    """Whether an error of the operating system is one of the network, not of a file.

    asyncio puts what each address of a host said into one error without a number.
    """
    return (
        isinstance(error, TimeoutError | ConnectionError | socket.gaierror)
        or error.errno in _UNREACHABLE
        or str(error).startswith("Multiple exceptions: ")
    )


def log_failure(log: FilteringBoundLogger, unexpected_event: str, error: BaseException, **bound: object) -> None:
    """Log an error: one line with its meaning where it is expected, else ``unexpected_event`` with its traceback."""
    failure = expected_failure(error)
    if failure is None:
        log.error(unexpected_event, error=error_line(error), exc_info=error, **bound)
        return
    log_at = {"info": log.info, "warning": log.warning, "error": log.error}[failure.level]
    log_at(failure.event, meaning=failure.meaning, error=error_line(error), **bound)


def error_line(error: BaseException) -> str:
    """An error's class and message in one line: SQLAlchemy adds the statement and a link below it."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
