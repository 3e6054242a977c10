"""What a command ends on that is no fault of the program: told in a sentence, with its exit code."""

import socket

import asyncpg
from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from infra.cli.output import fail
from infra.cli.usage import file_trouble

UNUSABLE = frozenset(
    {
        "events.national_ids.NationalIdGivenError",
        "infra.cli.session.NoLedger",
        "infra.http.address.ListenError",
        "infra.http.address.WrongLogin",
        "infra.embedded.directory.DirectoryInUse",
        "infra.embedded.process.ServerError",
        "infra.files.key_file.KeyFileError",
        "infra.messaging.streams.OlderDatabase",
        "infra.messaging.streams.StreamBehind",
        "infra.operations.backup.InUse",
        "infra.operations.backup.MayNotBackUp",
        "infra.operations.backup.NotEmptyLedger",
        "infra.operations.backup.StepsForgotten",
        "infra.operations.made_up_ledger.NotEmpty",
        "infra.postgres.clone.MayNotReplace",
        "infra.postgres.dump.BackupError",
        "infra.postgres.engine.SchemaAhead",
        "infra.postgres.engine.SchemaBehind",
        "infra.postgres.engine.SchemaLocked",
        "infra.postgres.engine.ServerTooOld",
        "infra.postgres.engine.WorkersRunning",
        "infra.postgres.view_files.ViewInUse",
        "infra.worker.cluster.ClusterError",
        "infra.settlement_sheet.page.NoBrowser",
        "infra.settlement_sheet.sheet.NoSheet",
        "policies.reform.ReformError",
        "processors.delivery.layout.LayoutError",
        "processors.finance.unreadable.UnreadableEntry",
    }
)
"""What a command can't work with: its message says what to do about it. By name: a command that raises one has loaded
its module, and needs none of the others'."""

SERVER_AWAY = (ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError, TimeoutError, socket.gaierror)
"""What a connection fails with; a broken pipe is the reader of our own output."""


WITHOUT_RIGHT = (
    "本登录无权这样做（{}）：查看财务视图用 finance_reader（领导用 leader），复核用 investigator，"
    "结算、清算用 ledger_writer，收款账户和银行文件用 payee_keeper，参保人登记用 identity_keeper，"
    "升级、重建用数据库所有者。This login may not do that. Finance's views take a login of role finance_reader, all "
    "other reading investigator, settling and clearing ledger_writer, payees' accounts payee_keeper, the persons' "
    "register identity_keeper, upgrading and rebuilding the owner: see docs/access.md"
)
"""What is said to a database login that lacks a right; takes what PostgreSQL said."""


def is_unusable(error: BaseException) -> bool:
    """Whether an error is one of ``UNUSABLE``."""
    return any(f"{kind.__module__}.{kind.__qualname__}" in UNUSABLE for kind in type(error).__mro__)


def tell(error: Exception) -> int | None:
    """Say why a command could not go on; returns its exit code, or None for a fault of the program."""
    match error:
        case _ if is_unusable(error):
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
