"""What commands print: JSON Lines for programs, tables with Chinese headings and English beside them for clerks.

Everything goes through ``Terminal`` or ``print_json``, where text from outside loses its power over the terminal.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from infra.terminal_text import visible_json, visible_lines


class Terminal(Console):
    """A console on which no text steers the terminal, whoever wrote it; our own line breaks and markup work."""

    def render_str(self, text: str, **how: Any) -> Text:
        """Every text that is printed, and every cell of a table, comes by here before its markup is read."""
        return super().render_str(visible_lines(text), **how)


stdout = Terminal(soft_wrap=False, emoji=False)
stderr = Terminal(stderr=True, emoji=False)


def print_json(values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line on stdout."""
    for value in values:
        sys.stdout.buffer.write(visible_json(orjson.dumps(value).decode()).encode() + b"\n")
    sys.stdout.buffer.flush()


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[int] = (),
    narrow: bool = False,
    sums: Sequence[str] | None = None,
) -> None:
    """A table on stdout; ``right`` are the columns of figures, a ``narrow`` one has no lines between its columns.

    ``sums`` is a last row, set apart.

    On a terminal too narrow for it, a block a row.
    """
    kept = list(rows)
    if not kept:
        stdout.print(f"{title}: 无 none")
        return
    drawn = Table(title=title, title_justify="left", header_style="bold")
    if narrow:
        drawn.box, drawn.padding = SIMPLE_HEAD, (0, 1, 0, 0)
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="right" if index in right else "left", overflow="fold")
    for row in kept:
        drawn.add_row(*map(escape, row))
    if sums is not None:
        drawn.add_section()
        drawn.add_row(*map(escape, sums), style="bold")
        kept.append(sums)
    if stdout.is_terminal and stdout.measure(drawn).maximum > stdout.width:
        _blocks(title, columns, kept)
    else:
        draw(drawn)


def draw(drawn: Table) -> None:
    """A table on stdout; where that is no terminal, as wide as it needs to be."""
    console = stdout if stdout.is_terminal else Terminal(width=300, emoji=False)
    console.print(drawn)


def _blocks(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    stdout.print(f"[bold]{escape(title)}[/]")
    for row in rows:
        stdout.rule(style="dim")
        for column, cell in zip(columns, row, strict=True):
            stdout.print(f"[dim]{escape(column)}:[/] {escape(cell.replace(chr(10), '；'))}", highlight=False)
    stdout.rule(style="dim")


def fail(message: str) -> None:
    """An error on stderr."""
    stderr.print(f"[bold red]错误 error[/]: {escape(message)}", highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Something worth knowing, on stderr."""
    stderr.print(escape(message), highlight=False, soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar on a terminal, called with what is going on, how much is done and of how much; None elsewhere."""
    if not stderr.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("…", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
