"""The command line of docs/contract.md#commands. Each file holds a group of commands; ``command_table`` names them."""

import sys
import traceback
from types import TracebackType

import typer

from infra.cli.command_table import load
from infra.cli.output import fail, note
from infra.cli.usage import Commands
from infra.whole_writes import write_wholly

app = typer.Typer(
    name="claims",
    cls=Commands,
    help="医保一站式结算账本 · Event-sourced ledger that settles claims through every insurance layer of a county.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _commands() -> None:
    pass


def _tell_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of the program, as Python tells it; what it quotes from outside does not steer the terminal."""
    note("".join(traceback.format_exception(kind, error, trace)))


def main() -> None:
    """Entry point; exit codes: 0 done, 1 a check failed, 2 unusable arguments or input."""
    write_wholly()
    sys.excepthook = _tell_fault
    try:
        load(sys.argv[1:])
        app()
    except KeyboardInterrupt:
        fail("已中断：已发送的事件不会丢失，再次运行即可继续。Interrupted: what was sent is kept, run it again")
        sys.exit(130)
    except Exception as error:
        from infra.cli.failures import tell  # here: a command that succeeds needs none of it

        code = tell(error)
        if code is None:
            raise
        sys.exit(code)
