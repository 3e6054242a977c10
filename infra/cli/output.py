"""What commands print: JSON Lines for programs, tables with Chinese headings and English beside them for clerks.

Everything goes through ``Terminal`` or ``print_json``, where text from outside loses its power over the terminal.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD, Box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.segment import Segment, Segments
from rich.style import Style
from rich.table import Table
from rich.text import Text

from infra.cli.line_breaks import folded
from infra.terminal_text import visible_json, visible_lines


class Terminal(Console):
    """A console on which no text from outside steers the terminal; our own line breaks and markup work."""

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
    empty: str = "",
) -> None:
    """A table on stdout; ``right`` are the columns of figures, a ``narrow`` one has no lines between its columns.

    ``sums`` is a last row, set apart. ``empty`` says of a table without rows why, and what fills it.

    On a terminal too narrow for it cells are broken into lines; where that does not help, a block a row.
    """
    kept = [[visible_lines(cell) for cell in row] for row in rows]
    if not kept:
        stdout.print(escape(f"{title}: 无 none{'。' if empty else ''}{empty}"), highlight=False, soft_wrap=True)
        return
    drawn = Table(title=title, title_justify="left", header_style="bold")
    if narrow:
        drawn.box, drawn.padding = SIMPLE_HEAD, (0, 1, 0, 0)
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="right" if index in right else "left", overflow="fold")
    said = [visible_lines(cell) for cell in sums] if sums is not None else None
    lines = kept if said is None else [*kept, said]
    console, widths = _wide_enough(), _widths(columns, lines)
    if console.is_terminal and not _fits(drawn, widths, console.width):
        shorter = folded(
            [[column.replace("_", " ") for column in columns], *lines],
            sum(widths) - _excess(drawn, widths, console.width),
        )
        if shorter is not None:
            lines = shorter[1:]
            kept, said = (lines, None) if said is None else (lines[:-1], lines[-1])
            for drawn_column, heading in zip(drawn.columns, shorter[0], strict=True):
                drawn_column.header = heading
            widths = _widths(shorter[0], lines)
    if _fits(drawn, widths, console.width):
        console.print(Segments(_table_segments(console, drawn, kept, widths, said)))
    elif console.is_terminal:
        _blocks(title, [visible_lines(column) for column in columns], lines)
    else:
        for row in kept:
            drawn.add_row(*map(Text, row))
        if said is not None:
            drawn.add_section()
            drawn.add_row(*map(Text, said), style="bold")
        console.print(drawn)


def draw(drawn: Table) -> None:
    """A table on stdout; where that is no terminal, as wide as it needs to be."""
    _wide_enough().print(drawn)


def _wide_enough() -> Console:
    return stdout if stdout.is_terminal else Terminal(width=300, emoji=False)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """What each column needs for its longest line."""
    return [
        max(map(cell_len, "\n".join([heading, *cells]).split("\n")))
        for heading, *cells in zip(columns, *rows, strict=True)
    ]


def _fits(drawn: Table, widths: Sequence[int], width: int) -> bool:
    """Whether a table needs no more than a width, with its edges, its lines between columns and its blanks."""
    return _excess(drawn, widths, width) <= 0


def _excess(drawn: Table, widths: Sequence[int], width: int) -> int:
    """By how much it is too wide."""
    _, right, _, left = drawn.padding
    return sum(widths) + len(widths) * (1 + left + right) + 1 - width


def _table_segments(
    console: Console,
    drawn: Table,
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    sums: Sequence[str] | None = None,
) -> Iterator[Segment]:
    """A table whose rows need no folding: rich draws what stands above and below them.

    Rich would spend 2 ms on a row, half a minute on a month of a county's statements.
    """
    for column, width in zip(drawn.columns, widths, strict=True):
        column.width = width
    *head, foot = Segment.split_lines(console.render(drawn))
    for line in head:
        yield from (*line, Segment.line())
    box = (drawn.box or SIMPLE_HEAD).substitute(console.options)
    _, after, _, before = drawn.padding
    for row in rows:
        yield from map(Segment, _row_lines(drawn, row, widths, box))
    if sums is not None:
        yield Segment(box.get_row([before + width + after for width in widths], "row") + "\n")
        yield from (Segment(line, Style(bold=True)) for line in _row_lines(drawn, sums, widths, box))
    yield from (*foot, Segment.line())


def _row_lines(drawn: Table, row: Sequence[str], widths: Sequence[int], box: Box) -> Iterator[str]:
    """The lines of one row, as many as its cell of the most lines has."""
    _, after, _, before = drawn.padding
    between = f"{' ' * after}{box.mid_vertical}{' ' * before}"
    starts, ends = f"{box.mid_left}{' ' * before}", f"{' ' * after}{box.mid_right}\n"
    for cells in zip_longest(*(cell.split("\n") for cell in row), fillvalue=""):
        filled = [
            f"{' ' * (width - cell_len(cell))}{cell}" if column.justify == "right" else set_cell_size(cell, width)
            for column, cell, width in zip(drawn.columns, cells, widths, strict=True)
        ]
        yield f"{starts}{between.join(filled)}{ends}"


def _blocks(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    stdout.print(f"[bold]{escape(title)}[/]", highlight=False)
    rule, dim = [*stdout.render(Rule(style="dim"))], stdout.get_style("dim")
    for row in rows:
        shown = [*rule]
        for column, cell in zip(columns, row, strict=True):
            line = cell.replace("\n", "；")
            if cell_len(column) + len(": ") + cell_len(line) <= stdout.width:
                shown += (Segment(f"{column}:", dim), Segment(f" {line}\n"))
            else:
                shown += stdout.render(Text.assemble((f"{column}:", "dim"), f" {line}"))
        stdout.print(Segments(shown))
    stdout.print(Segments(rule))


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
