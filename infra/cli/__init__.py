"""The command line of docs/contract.md#commands. Each file holds one group of commands; this one binds them
together."""

import socket
import sys
import traceback
from types import TracebackType

import asyncpg
import typer
from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from events.national_ids import NationalIdGivenError
from infra.cli import (
    access,
    account,
    advances,
    backup,
    clearing,
    demo,
    events,
    file,
    fines,
    listings,
    premiums,
    publish,
    quote,
    rebuild,
    receivables,
    reconcile,
    replay,
    report,
    resettle,
    roster,
    schemes,
    seal,
    settle,
    status,
    up,
    verify,
)
from infra.cli.demo import NotEmpty
from infra.cli.output import fail, note
from infra.cli.session import NoLedger
from infra.cli.usage import Commands, file_trouble
from infra.embedded.directory import DirectoryInUse
from infra.embedded.process import ServerError
from infra.messaging.streams import OlderDatabase, StreamBehind
from infra.operations.backup import InUse, NotEmptyLedger, StepsForgotten
from infra.postgres.clone import MayNotReplace
from infra.postgres.dump import BackupError
from infra.postgres.engine import SchemaAhead, SchemaBehind, SchemaLocked, ServerTooOld, WorkersRunning
from infra.postgres.view_files import ViewInUse
from processors.delivery.layout import LayoutError

app = typer.Typer(
    name="claims",
    cls=Commands,
    help="医保一站式结算账本 · Event-sourced ledger that settles claims through every insurance layer of a county.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    settle,
    publish,
    up,
    listings,
    replay,
    verify,
    file,
    status,
    schemes,
    events,
    access,
    resettle,
    rebuild,
    quote,
    premiums,
    account,
    fines,
    clearing,
    receivables,
    advances,
    reconcile,
    roster,
    report,
    backup,
    seal,
    demo,
):
    group.register(app)


UNUSABLE = (
    BackupError,
    DirectoryInUse,
    InUse,
    LayoutError,
    MayNotReplace,
    NationalIdGivenError,
    NoLedger,
    NotEmpty,
    NotEmptyLedger,
    OlderDatabase,
    SchemaAhead,
    SchemaBehind,
    SchemaLocked,
    WorkersRunning,
    ServerError,
    ServerTooOld,
    StepsForgotten,
    StreamBehind,
    ViewInUse,
)
"""What a command can't work with: its message says what to do about it."""


SERVER_AWAY = (ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError, TimeoutError, socket.gaierror)
"""What a connection fails with; a broken pipe is the reader of our own output."""


WITHOUT_RIGHT = (
    "本登录无权这样做（{}）：查看财务视图用 finance_reader，复核用 investigator，结算、清算用 ledger_writer，"
    "升级、重建用数据库所有者。This login may not do that. Finance's views take a login of role finance_reader, "
    "all other reading investigator, settling and clearing ledger_writer, upgrading and rebuilding the owner: see "
    "docs/access.md"
)
"""What is said to a database login that lacks a right; takes what PostgreSQL said."""


def _tell_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of the program, as Python tells it; what it quotes from outside does not steer the terminal."""
    note("".join(traceback.format_exception(kind, error, trace)))


def main() -> None:
    """Entry point; exit codes: 0 done, 1 a check failed, 2 unusable arguments or input."""
    sys.excepthook = _tell_fault
    try:
        app()
    except UNUSABLE as error:
        fail(str(error))
        sys.exit(2)
    except SERVER_AWAY as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        fail(
            f"服务器没有应答，请联系信息中心（{said}）。A server does not answer ({said}): start PostgreSQL and NATS, "
            "or correct CLAIMS_DATABASE_URL and CLAIMS_NATS_URL"
        )
        sys.exit(2)
    except OSError as error:
        fail(file_trouble(error))
        sys.exit(2)
    except (SQLAlchemyError, NatsError, asyncpg.InsufficientPrivilegeError) as error:
        # SQLAlchemy has what PostgreSQL said behind an error of its own, events.driver gives it as it is
        said = error.orig.__cause__ or error.orig if isinstance(error, DBAPIError) and error.orig else error
        if isinstance(said, asyncpg.InsufficientPrivilegeError):
            fail(WITHOUT_RIGHT.format(said))
        else:
            fail(
                "PostgreSQL 或 NATS 应答不正常，请联系信息中心。PostgreSQL or NATS does not answer as it should: "
                f"{(str(said) or type(said).__name__).splitlines()[0]}"
            )
        sys.exit(2)
    except KeyboardInterrupt:
        fail("已中断：已发送的事件不会丢失，再次运行即可继续。Interrupted: what was sent is kept, run it again")
        sys.exit(130)
