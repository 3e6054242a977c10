"""Tables in files of others: CSV in UTF-8 or GB18030, or XLSX, with columns known by their headings.

Titles may stand above the headings.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from infra.files.text_file import UnusableFile, decoded, read_bytes
from infra.files.workbook_rows import SheetRow, WorkbookSheet, is_workbook, read_workbook
from processors.rosters.cells import WHOLE_DIGITS, UnreadableCell

HEADING_WITHIN = 10
"""How many rows at the top, titles among them, may come before the headings."""
UNUSABLE = "!"
"""Stands in the place of a column for why a row can't be used."""
_FEN, _NOISE = Decimal("0.01"), Decimal("0.000001")

_Cell = str | UnreadableCell
_Line = tuple[int, Mapping[int, _Cell]]
"""A row's number and its cells by column, counted from 0."""
ByHeading = Mapping[str, str]
"""Columns by what their headings may be, without blanks and what stands in brackets, in small letters."""


def named_in_chinese(names: Iterable[str], by_heading: ByHeading) -> str:
    """Columns by the headings that clerks write."""
    headings = {name: heading for heading, name in reversed(list(by_heading.items())) if name != heading}
    return "、".join(headings.get(name, name) for name in names)


def read_table(path: Path, by_heading: ByHeading) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Column names (``?heading`` where it is not used here) and the rows that hold anything, by their numbers.

    A row that can't be used has why under ``UNUSABLE``. Raises ``UnusableFile``, and OSError where the file can't be
    opened.
    """
    content = read_bytes(path, "文件大于 the file is larger than")
    if is_workbook(content):
        lines = _sheet_lines(read_workbook(content), by_heading)
    else:
        text = decoded(content, "编码不是 UTF-8 也不是 GB18030 the text is neither UTF-8 nor GB18030")
        lines = [(number, dict(enumerate(cells))) for number, cells in enumerate(_lines(text), start=1)]
    if not lines:
        raise UnusableFile("文件是空的 the file is empty")
    # Titles may stand above the headings; where no row is one, the first is told as what it lacks.
    first = next((place for place, (_, line) in enumerate(lines[:HEADING_WITHIN]) if _is_heading(line, by_heading)), 0)
    headings = lines[first][1]
    columns = [
        by_heading.get(_heading(cell), f"?{cell.strip()}")
        for cell in (_text(headings.get(place, "")) for place in range(max(headings, default=-1) + 1))
    ]
    while columns and columns[-1] == "?":
        columns.pop()
    twice = sorted({name for name in columns if not name.startswith("?") and columns.count(name) > 1})
    if twice:
        raise UnusableFile(f"列 {named_in_chinese(twice, by_heading)} 重复 column {', '.join(twice)} stands twice")
    return columns, _rows(columns, lines[first + 1 :], by_heading)


def _sheet_lines(sheets: Sequence[WorkbookSheet], by_heading: ByHeading) -> list[_Line]:
    """The rows of the one visible sheet in which a row is a heading. Raises ``UnusableFile`` where there is not one."""
    visible: dict[str, list[_Line]] = {
        sheet.title: [(number, _cells(sheet.rows[number])) for number in sorted(sheet.rows)]
        for sheet in sheets
        if not sheet.hidden
    }
    found = {
        title: lines for title, lines in visible.items() if any(_is_heading(line, by_heading) for _, line in lines)
    }
    if len(found) != 1:
        named = "、".join(found or visible) or "无 none"
        raise UnusableFile(f"须恰有一张可见工作表带标题行 one visible sheet with headings is wanted; found: {named}")
    return next(iter(found.values()))


def _cells(row: SheetRow) -> dict[int, _Cell]:
    return {column: _shown(cell) for column, cell in row.items()}


def _shown(cell: object) -> _Cell:
    """What a workbook's cell shows, or why it can't be read."""
    if isinstance(cell, UnreadableCell):
        return cell
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        exact = Decimal(repr(cell))
        if not exact.is_finite() or exact.adjusted() >= WHOLE_DIGITS:
            return UnreadableCell(
                f"数字超过 {WHOLE_DIGITS} 位会失真，请存为文本", "a number of so many digits is inexact: store text"
            )
        # A binary fraction is within its noise of the amount that the cell shows, or it is no amount in fen.
        rounded = exact.quantize(_FEN)
        return f"{(rounded if abs(exact - rounded) < _NOISE else exact).normalize():f}"
    return str(cell).strip()


def _text(cell: _Cell) -> str:
    """A cell's text; that of one which can't be read is no value of any column."""
    return f"{cell.chinese} {cell.english}" if isinstance(cell, UnreadableCell) else cell


def _heading(cell: str) -> str:
    """A heading without blanks, line breaks and what stands in brackets, full width as half width."""
    return re.sub(r"\(.*?\)|\s", "", unicodedata.normalize("NFKC", cell)).lower()


def _is_heading(line: Mapping[int, _Cell], by_heading: ByHeading) -> bool:
    """Whether a row names columns: two at least, for a title is one cell."""
    cells = [_text(cell) for cell in line.values()]
    names = [name for cell in cells if (name := _heading(cell)) in by_heading]
    return len(names) > 1 or (len(names) == 1 and sum(bool(cell.strip()) for cell in cells) == 1)


def _lines(text: str) -> Iterator[list[str]]:
    cells = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        # A quote that is never closed is noticed at the end of the text only: name the line in which its row begins.
        begun = cells.line_num + 1
        try:
            line = next(cells)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnusableFile(
                f"不是 CSV 文件：自第{begun}行起的一行读不出 "
                f"not a CSV file: the row that begins in line {begun}: {error}"
            ) from None
        yield line


def _rows(
    columns: Sequence[str], lines: Iterable[_Line], by_heading: ByHeading
) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in lines:
        cells = {place: _text(cell).strip() for place, cell in line.items()}
        if any(cells.values()):
            named = {name: cells.get(place, "") for place, name in enumerate(columns)}
            unread = [
                f"{named_in_chinese([columns[place]], by_heading)}：{_text(cell)}"
                for place, cell in sorted(line.items())
                if isinstance(cell, UnreadableCell) and place < len(columns) and not columns[place].startswith("?")
            ]
            if unread:
                named[UNUSABLE] = "；".join(unread)
            elif any(cell for place, cell in cells.items() if place >= len(columns)):
                named[UNUSABLE] = "单元格多于标题 cells beyond the last heading"
            yield number, named
