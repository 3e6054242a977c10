"""Files of events on the command line: the argument, what can't be read or sent of them."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.output import fail
from infra.cli.usage import file_trouble
from infra.messaging.publisher import PublishedEvents

EventFiles = Annotated[list[str], typer.Argument(help="事件文件 CloudEvents, one JSON object a line; - is stdin")]


def check_readable(files: list[str]) -> None:
    """Raise ``BadParameter`` for a file that can't be opened, before anything is sent."""
    for name in files:
        if name != "-":
            try:
                with Path(name).open("rb"):
                    pass
            except OSError as error:
                raise typer.BadParameter(file_trouble(error), param_hint="FILE") from None


def exit_code_of(published: PublishedEvents) -> int:
    """2 where a line could not be sent, each of which is told on stderr; else 0."""
    for line in published.unusable:
        fail(line)
    return 2 if published.unusable else 0
