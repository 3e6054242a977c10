"""What stopped a lane or a worker, as its log says it: what is expected is one line; a traceback means a bug."""

from dataclasses import dataclass
from typing import Literal

from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError
from structlog.typing import FilteringBoundLogger

from events.store.driver import is_connection_lost
from infra.messaging.sender import WRONG_LAST_SEQUENCE, SendError, SentAhead
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


def expected_failure(error: BaseException) -> Failure | None:
    """The kind of an error that is expected to happen, None where it is a bug."""
    match error:
        case Fenced():
            return FENCED
        case SendError(code=code) if code == WRONG_LAST_SEQUENCE:
            return OVERTAKEN
        case SentAhead() | PositionAheadOfStream():
            return OTHER_STORE
        case _ if is_connection_lost(error):
            return CONNECTION_LOST
        case DBAPIError() if str(getattr(error.orig, "sqlstate", None) or "").startswith(_UNABLE):
            return DATABASE_UNABLE
        case NatsError() | SendError():
            return NATS_AWAY
        case TimeoutError() | OSError():
            return NO_ANSWER
    return None


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
