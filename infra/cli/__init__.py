"""The command line of CONTRACT. Each file holds one group of commands; this one binds them together."""

import sys

import typer
from nats.errors import Error as NatsError
from sqlalchemy.exc import SQLAlchemyError

from infra.backup import InUse, NotEmptyLedger
from infra.cli import (
    access,
    backup,
    clearing,
    demo,
    file,
    history,
    law,
    premiums,
    quote,
    reads,
    rebuild,
    reconcile,
    report,
    resettle,
    roster,
    seal,
    settle,
    state,
)
from infra.cli.demo import NotEmpty
from infra.cli.output import fail
from infra.cli.running import NoLedger
from infra.database import SchemaBehind, ServerTooOld
from infra.dumps import BackupError
from infra.embedded.directory import DirectoryInUse
from infra.embedded.process import ServerError
from infra.streams import StreamAhead, StreamBehind
from processors.setup import LayoutError

app = typer.Typer(
    name="claims",
    help="医保一站式结算账本 · Event-sourced ledger that settles claims through every insurance layer of a county.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    settle,
    reads,
    history,
    file,
    state,
    law,
    access,
    resettle,
    rebuild,
    quote,
    premiums,
    clearing,
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
    NoLedger,
    NotEmpty,
    NotEmptyLedger,
    SchemaBehind,
    ServerError,
    ServerTooOld,
    StreamAhead,
    StreamBehind,
)
"""What a command can't work with: its message says what to do about it."""


def main() -> None:
    """Entry point; exit codes: 0 done, 1 a check failed, 2 unusable arguments or input."""
    try:
        app()
    except (*UNUSABLE, OSError) as error:
        fail(str(error))
        sys.exit(2)
    except (SQLAlchemyError, NatsError) as error:
        fail(f"PostgreSQL or NATS does not answer as it should: {str(error).splitlines()[0]}")
        sys.exit(2)
    except KeyboardInterrupt:
        fail("已中断：已发送的事件不会丢失，再次运行即可继续。Interrupted: what was sent is kept, run it again")
        sys.exit(130)
