"""What a command ends on that is no fault of the program: told in a sentence, with its exit code."""

import socket

import asyncpg
from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from events.national_ids import NationalIdGivenError
from infra.cli.demo import NotEmpty
from infra.cli.output import fail
from infra.cli.session import NoLedger
from infra.cli.usage import file_trouble
from infra.console.address import ListenError, WrongLogin
from infra.embedded.directory import DirectoryInUse
from infra.embedded.process import ServerError
from infra.files.key_file import KeyFileError
from infra.messaging.streams import OlderDatabase, StreamBehind
from infra.operations.backup import InUse, NotEmptyLedger, StepsForgotten
from infra.postgres.clone import MayNotReplace
from infra.postgres.dump import BackupError
from infra.postgres.engine import SchemaAhead, SchemaBehind, SchemaLocked, ServerTooOld, WorkersRunning
from infra.postgres.view_files import ViewInUse
from processors.delivery.layout import LayoutError
from processors.finance.unreadable import UnreadableEntry

UNUSABLE = (
    BackupError,
    DirectoryInUse,
    InUse,
    KeyFileError,
    LayoutError,
    ListenError,
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
    UnreadableEntry,
    ViewInUse,
    WrongLogin,
)
"""What a command can't work with: its message says what to do about it."""


SERVER_AWAY = (ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError, TimeoutError, socket.gaierror)
"""What a connection fails with; a broken pipe is the reader of our own output."""


WITHOUT_RIGHT = (
    "本登录无权这样做（{}）：查看财务视图用 finance_reader，复核用 investigator，结算、清算用 ledger_writer，"
    "收款账户和银行文件用 payee_keeper，升级、重建用数据库所有者。This login may not do that. Finance's views take a "
    "login of role finance_reader, all other reading investigator, settling and clearing ledger_writer, payees' "
    "accounts payee_keeper, upgrading and rebuilding the owner: see docs/access.md"
)
"""What is said to a database login that lacks a right; takes what PostgreSQL said."""


def tell(error: Exception) -> int | None:
    """Say why a command could not go on; returns its exit code, or None for a fault of the program."""
    match error:
        case _ if isinstance(error, UNUSABLE):
            fail(str(error))
        case _ if isinstance(error, SERVER_AWAY):
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            fail(
                f"服务器没有应答，请联系信息中心（{said}）。A server does not answer ({said}): start PostgreSQL and "
                "NATS, or correct CLAIMS_DATABASE_URL and CLAIMS_NATS_URL"
            )
        case OSError():
            fail(file_trouble(error))
        case SQLAlchemyError() | NatsError() | asyncpg.InsufficientPrivilegeError():
            _tell_servers(error)
        case _:
            return None
    return 2


def _tell_servers(error: Exception) -> None:
    # SQLAlchemy has what PostgreSQL said behind an error of its own, events.driver gives it as it is
    said = error.orig.__cause__ or error.orig if isinstance(error, DBAPIError) and error.orig else error
    if isinstance(said, asyncpg.InsufficientPrivilegeError):
        fail(WITHOUT_RIGHT.format(said))
    else:
        fail(
            "PostgreSQL 或 NATS 应答不正常，请联系信息中心。PostgreSQL or NATS does not answer as it should: "
            f"{(str(said) or type(said).__name__).splitlines()[0]}"
        )
