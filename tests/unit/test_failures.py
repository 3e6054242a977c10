"""Which errors of a worker are expected, and how its log says them; all others are bugs and keep their traceback."""

import errno
import logging
import socket
from types import SimpleNamespace

import asyncpg
import pytest
import structlog
from nats.aio.subscription import Subscription
from nats.errors import (
    BadSubjectError,
    ConnectionClosedError,
    JsonParseError,
    MaxPayloadError,
    NoRespondersError,
    NoServersError,
    SlowConsumerError,
    UnexpectedEOF,
)
from nats.js.errors import BadRequestError, FetchTimeoutError, NotFoundError, ServiceUnavailableError
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from infra.logs import Repeats
from infra.messaging.broker import BrokerLog
from infra.messaging.patience import Patience
from infra.messaging.sender import INCOMPLETE_BATCH, TOO_MANY_BATCHES, WRONG_LAST_SEQUENCE, SendError
from infra.messaging.streams import OlderDatabase
from infra.messaging.subscriber import PositionAheadOfStream
from infra.worker.failures import (
    CONNECTION_LOST,
    DATABASE_UNABLE,
    FENCED,
    NATS_AWAY,
    NO_ANSWER,
    OTHER_STORE,
    OVERTAKEN,
    TRANSACTION_TOO_LONG,
    Failure,
    expected_failure,
    log_failure,
)
from processors.delivery.transaction import Fenced


def said_by_database(error: asyncpg.PostgresError | asyncpg.InterfaceError) -> DBAPIError:
    return DBAPIError("SELECT 1", None, error, hide_parameters=True)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Fenced("intake.0: the position has moved"), FENCED),
        (SendError(WRONG_LAST_SEQUENCE, "wrong last sequence"), OVERTAKEN),
        (SendError(TOO_MANY_BATCHES, "too many"), NATS_AWAY),
        (NotFoundError(), NATS_AWAY),
        (NoRespondersError(), NATS_AWAY),
        (FetchTimeoutError(), NATS_AWAY),
        (ConnectionClosedError(), NATS_AWAY),
        (NoServersError(), NATS_AWAY),
        (ServiceUnavailableError(), NATS_AWAY),
        (SendError(10077, "maximum bytes exceeded", 503), NATS_AWAY),
        (SendError(INCOMPLETE_BATCH, "atomic publish batch is incomplete", 400), NATS_AWAY),
        (SendError(10060, "expected stream does not match", 400), None),
        (MaxPayloadError(), None),
        (BadSubjectError(), None),
        (JsonParseError(), None),
        (BadRequestError(), None),
        (OlderDatabase("an older database"), OTHER_STORE),
        (PositionAheadOfStream("ends at 1"), OTHER_STORE),
        (said_by_database(asyncpg.AdminShutdownError("terminating connection")), CONNECTION_LOST),
        (said_by_database(asyncpg.IdleInTransactionSessionTimeoutError("idle")), CONNECTION_LOST),
        (said_by_database(asyncpg.ConnectionDoesNotExistError("closed in the middle")), CONNECTION_LOST),
        (said_by_database(asyncpg.InterfaceError("connection is closed")), CONNECTION_LOST),
        (asyncpg.CannotConnectNowError("the database system is starting up"), CONNECTION_LOST),
        (ConnectionRefusedError(111, "refused"), CONNECTION_LOST),
        (said_by_database(asyncpg.DiskFullError("No space left on device")), DATABASE_UNABLE),
        (said_by_database(asyncpg.DeadlockDetectedError("deadlock")), DATABASE_UNABLE),
        (said_by_database(asyncpg.TransactionTimeoutError("timeout")), TRANSACTION_TOO_LONG),
        (
            asyncpg.InternalClientError("to state 11; another operation (2) is in progress"),
            CONNECTION_LOST,
        ),
        (asyncpg.InternalClientError("got result for unknown protocol state 3"), None),
        (TimeoutError(), NO_ANSWER),
        (socket.gaierror(-3, "Temporary failure in name resolution"), NO_ANSWER),
        (OSError(errno.EHOSTUNREACH, "No route to host"), NO_ANSWER),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 113] No route to host"), NO_ANSWER),
        (FileNotFoundError(errno.ENOENT, "No such file", "ca.pem"), None),
        (PermissionError(errno.EACCES, "Permission denied", "ca.pem"), None),
        (said_by_database(asyncpg.UndefinedColumnError("no column x")), None),
        (said_by_database(asyncpg.UniqueViolationError("duplicate key")), None),
        (said_by_database(asyncpg.InterfaceError("another operation is in progress")), None),
        (AttributeError("'NoneType' object has no attribute 'x'"), None),
        (AssertionError("our own fault"), None),
    ],
)
def test_what_is_expected_and_what_is_a_bug(error: Exception, failure: Failure | None) -> None:
    assert expected_failure(error) == failure


def test_a_connection_that_asyncpg_drops_between_two_steps_is_a_lost_one() -> None:
    """It has no protocol then, and fails with "'NoneType' object has no attribute 'is_in_transaction'"."""
    with pytest.raises(AttributeError, match="is_in_transaction") as dropped:
        asyncpg.Connection.is_in_transaction(SimpleNamespace(_protocol=None))
    assert expected_failure(dropped.value) == CONNECTION_LOST
    with pytest.raises(AttributeError) as ours:
        SimpleNamespace(_protocol=None)._protocol.is_in_transaction()
    assert expected_failure(ours.value) is None


def test_a_subscriber_that_falls_behind_is_one_line_however_often_it_drops() -> None:
    told = BrokerLog()
    with capture_logs() as logs:
        for _ in range(1_979):
            dropped = SlowConsumerError("claims.quote", "", 1, Subscription(None))
            told.log(logging.WARNING, "Connection broken", exc_info=dropped)
        told.log(logging.WARNING, "Connection broken", exc_info=UnexpectedEOF())
    slow, broken = logs
    assert (slow["log_level"], slow["event"]) == ("warning", "subscriber falls behind")
    assert "claims.quote come faster than they are handled" in slow["meaning"]
    assert (broken["log_level"], broken["event"]) == ("warning", "NATS connection broken")
    assert not {"exc_info", "exception"} & {*slow, *broken}


def test_an_expected_failure_is_one_line_without_a_traceback() -> None:
    with capture_logs() as logs:
        log_failure(structlog.get_logger(), "batch failed", said_by_database(asyncpg.AdminShutdownError("x")), lane="a")
    (line,) = logs
    assert (line["log_level"], line["event"], line["lane"]) == ("warning", CONNECTION_LOST.event, "a")
    assert line["meaning"] == CONNECTION_LOST.meaning
    assert "\n" not in line["error"]
    assert "exc_info" not in line


def test_a_bug_keeps_its_traceback() -> None:
    error = AssertionError("our own fault")
    with capture_logs() as logs:
        log_failure(structlog.get_logger(), "batch failed", error, lane="a")
    (line,) = logs
    assert (line["log_level"], line["event"], line["exc_info"]) == ("error", "batch failed", error)


def test_a_lost_leader_is_asked_after_twice_a_second_and_a_server_that_is_away_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("infra.messaging.patience.time.monotonic", lambda: now[0])
    patience = Patience()
    for failures in range(30):
        assert patience.answer_s == (0.5 if failures else 1.5)
        patience.failed()
        assert patience.pause_s <= 0.2
        now[0] += 0.65  # 30 tries in 19.5 s: longer than any election
    now[0] += 1.0
    patience.failed()
    assert (patience.answer_s, patience.pause_s) == (5.0, 2.0)
    patience.succeeded()
    now[0] += 1_000.0
    patience.failed()
    assert (patience.answer_s, patience.pause_s) == (0.5, 0.1)


def test_what_a_lane_misses_again_and_again_is_told_with_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("infra.logs.time.monotonic", lambda: now[0])
    repeats = Repeats(10.0)
    told = []
    for _ in range(21):
        told.append(repeats.due("NATS does not answer"))
        now[0] += 0.5
    assert [since for since in told if since is not None] == [0, 19]
    assert repeats.due("something else") == 0
