"""What commands print: JSON Lines for programs, tables with Chinese headings and English beside them for clerks."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

stdout = Console(soft_wrap=False)
stderr = Console(stderr=True)


def print_json(values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line on stdout."""
    for value in values:
        sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """A table on stdout; ``right`` are the columns of figures. A narrow or piped output is not cut."""
    drawn = Table(title=title, title_justify="left", header_style="bold", pad_edge=False)
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="right" if index in right else "left", overflow="fold")
    count = 0
    for row in rows:
        drawn.add_row(*row)
        count += 1
    if not count:
        stdout.print(f"{title}: 无 none")
        return
    draw(drawn)


def draw(drawn: Table) -> None:
    """A table on stdout; where that is no terminal, as wide as it needs to be."""
    console = stdout if stdout.is_terminal else Console(width=300)
    console.print(drawn)


def fail(message: str) -> None:
    """An error on stderr."""
    stderr.print(f"[bold red]错误 error[/]: {escape(message)}", highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Something worth knowing, on stderr."""
    stderr.print(escape(message), highlight=False, soft_wrap=True)
