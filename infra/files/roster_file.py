"""Departments' lists: CSV in UTF-8 or GB18030, or XLSX; headings in Chinese or English."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from events.codes import is_id
from infra.files.text_file import UnusableFile, decoded, read_bytes
from infra.files.workbook_rows import SheetRow, WorkbookSheet, is_workbook, read_workbook
from processors.rosters.cells import (
    RowFault,
    UnreadableCell,
    UnusableCell,
    is_blank,
    is_day_number,
    read_categories,
    text_of,
)
from processors.rosters.columns import (
    COLUMN_NAMES,
    Column,
    columns_of,
    is_filler,
    is_foot,
    is_serial,
    may_be_effective_day,
    naming_column,
    normal_heading,
    tells_of_end,
)
from processors.rosters.lists import ListRow

HEADING_WITHIN = 10
"""How many rows at the top, titles among them, may come before the headings."""
SHORTEST_ID = 3
"""A number of fewer digits beside a category is not taken for a person's on a sheet without headings."""

_DELIMITERS = (",", "\t", ";")
_NO_HEADING = (
    f"找不到标题行：前 {HEADING_WITHIN} 行里须有一行写着“参保人编号”（或“身份证号”）和“救助对象类别”"
    "（可有“生效日期”、“状态”），"
    "请把表中这两列的标题改成这样 no row of headings: person_id (or certificate), category (, effective_on, status)"
)

SheetUse = Literal["read", "hidden", "no_headings", "empty"]
SHEET_USE_NAMES: Mapping[SheetUse, str] = {
    "read": "已读 read",
    "hidden": "隐藏，未读 hidden, not read",
    "no_headings": "无标题行，未读 without headings, not read",
    "empty": "空 empty",
}


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """What was done with a sheet: its title, the number of rows in which anything stands, and whether it was read."""

    title: str
    rows: int
    use: SheetUse


@dataclass(slots=True)
class RosterFile:
    """A file's rows, and what of it was not used: sheets, columns by their headings, rows that are no persons'.

    ``unseen_rows`` counts rows that a filter hides; they are read like the others.
    """

    rows: list[ListRow] = field(default_factory=list)
    sheets: list[ReadSheet] = field(default_factory=list)
    unused_columns: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    unseen_rows: int = 0


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows by number, their cells by column; ``titles`` are rows of which a merged cell takes several columns."""

    name: str
    rows: Mapping[int, SheetRow]
    broken: Callable[[SheetRow], bool] = lambda _: False
    spread: Sequence[tuple[int, int, int, object]] = ()
    across: Sequence[tuple[int, int, int]] = ()
    counts_from_1904: bool = False


def read_content(path: Path) -> bytes:
    """A list's file as it is. Raises ``UnusableFile`` where it is too large, and OSError where it can't be read."""
    return read_bytes(path, "文件过大 the file is larger than")


def read_file(content: bytes, *, hidden_sheets: bool = False) -> RosterFile:
    """The rows of a list that hold anything; hidden sheets only on request. Raises ``UnusableFile``."""
    if is_workbook(content):
        return _of_sheets(read_workbook(content), hidden_sheets=hidden_sheets)
    return _of_text(decoded(content, "编码既非 UTF-8 也非 GB18030 the text is neither UTF-8 nor GB18030"))


def _of_text(text: str) -> RosterFile:
    for delimiter in _DELIMITERS:
        rows: dict[int, SheetRow] = {}
        try:
            for number, line in enumerate(io.StringIO(text, newline=""), start=1):
                rows[number] = _line_cells(line, delimiter)
        except csv.Error as error:
            raise UnusableFile(f"不是 CSV 文件 not a CSV file: {error}") from None
        table = _Table("", rows, broken=_broken)
        if (heading := _heading(table)) is None:
            continue
        if _broken(rows[heading]):
            raise UnusableFile(
                f"第{heading}行标题有换行或未闭合的引号 "
                f"the headings in row {heading} hold a line break or a quote that is not closed"
            )
        read = RosterFile()
        _read_table(read, table, heading)
        return read
    raise UnusableFile(_NO_HEADING)


def _line_cells(line: str, delimiter: str) -> SheetRow:
    # Line by line: else a stray quote would take the rows after it into its cell, and their persons off the roster.
    return dict(enumerate(next(csv.reader([line.rstrip("\r\n") + "\n"], delimiter=delimiter))))


def _broken(cells: SheetRow) -> bool:
    """Whether a line of CSV ends within quotes, so that a part of it is missing."""
    return bool(cells) and str(cells[max(cells)]).endswith("\n")


def _of_sheets(sheets: Sequence[WorkbookSheet], *, hidden_sheets: bool) -> RosterFile:
    read = RosterFile()
    visible = [sheet for sheet in sheets if sheet.rows and (hidden_sheets or not sheet.hidden)]
    for sheet in sheets:
        use: SheetUse = "hidden" if sheet.hidden and not hidden_sheets else "empty" if not sheet.rows else "read"
        table = _Table(
            f"{sheet.title} " if len(visible) > 1 else "",
            sheet.rows,
            spread=sheet.spread,
            across=sheet.across,
            counts_from_1904=sheet.counts_from_1904,
        )
        if use == "read" and (heading := _heading(table)) is not None:
            read.unseen_rows += len(sheet.unseen_rows & {number for number in sheet.rows if number > heading})
            _read_table(read, table, heading)
        elif use == "read":
            use = "no_headings"
            read.rows += _rows_without_headings(sheet)
        read.sheets.append(ReadSheet(sheet.title, len(sheet.rows), use))
    if not any(sheet.use == "read" for sheet in read.sheets):
        unread = "、".join(sheet.title for sheet in read.sheets if sheet.use == "hidden")
        asked = f"；隐藏的工作表未读 hidden sheets are read with --hidden-sheets only: {unread}" if unread else ""
        raise UnusableFile(_NO_HEADING + asked)
    return read


def _rows_without_headings(sheet: WorkbookSheet) -> Iterator[ListRow]:
    """One row for a sheet that looks like a list: its persons are unknown, so nobody may be removed for its sake."""
    for cells in sheet.rows.values():
        texts = [text_of(cell) for cell in cells.values()]
        ids = [text for text in texts if is_id(text) and _digits(text)]
        ids = [text for text in ids if len(text) >= SHORTEST_ID or not text.isdigit()]
        if ids and any(_is_category(text) and text not in ids for text in texts):
            place = f"{sheet.title} 工作表 sheet {sheet.title}"
            yield ListRow(place, None, None, fault="no_headings")
            return


def _digits(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _is_category(text: str) -> bool:
    try:
        return bool(read_categories(text))
    except UnusableCell:
        return False


def _texts(cells: SheetRow) -> list[str]:
    return [text_of(cells.get(column)) for column in range(max(cells, default=-1) + 1)]


def _heading(table: _Table) -> int | None:
    """Which of the first rows has the headings. Raises ``UnusableFile`` where two columns may be the same."""
    for number in sorted(table.rows)[:HEADING_WITHIN]:
        found, doubtful = columns_of(_texts(table.rows[number]))
        if "category" in (known := {*found, *doubtful}) and naming_column(known) is not None:
            if doubtful:
                names = "、".join(COLUMN_NAMES[column] for column in doubtful)
                raise UnusableFile(
                    f"{table.name}有不止一列可能是 {names}，请只留一列或改标题 "
                    f"more than one column may be {', '.join(doubtful)}: rename all but one"
                )
            return number
    return None


def _read_table(read: RosterFile, table: _Table, heading: int) -> None:
    headings = _texts(table.rows[heading])
    columns, _ = columns_of(headings)
    naming = naming_column(columns)
    assert naming is not None  # noqa: S101 - a row of headings has one
    merged = _merged_cells(table, set(columns.values()), heading)
    _check_columns(read, table, heading, headings, columns)
    titles_of = {column: title for column, title in enumerate(headings) if title}
    letters = {column: _letter(place) for column, place in columns.items()}
    names = {place: normal_heading(each) for place, each in enumerate(headings) if each}
    titles = {
        number
        for number, first, last in table.across
        if first <= columns[naming] <= last and first <= columns["category"] <= last and number > heading
    }
    serial = {place for place, each in enumerate(headings) if is_serial(each)}
    unused = {place: each for place, each in enumerate(headings) if place not in columns.values()}
    for number in sorted(number for number in table.rows if number > heading):
        own = table.rows[number]
        if all(is_blank(cell) or place in serial for place, cell in own.items()):
            continue
        cells = {**own, **merged.get(number, {})}
        place = f"{table.name}第{number}行 row {number}"
        said = {column: _cell(table, column, cells.get(where)) for column, where in columns.items()}
        filled = [text_of(cell) for cell in own.values() if not is_blank(cell)]
        unread = any(isinstance(cell, UnreadableCell) for cell in said.values())
        if _repeats(names, cells, columns[naming]):
            continue  # the headings again, on a new page
        if (
            number in titles
            or all(map(is_filler, filled))
            or (not unread and is_foot(text_of(said[naming]), text_of(said["category"]), filled))
        ):
            read.passed_over.append(place)
            continue
        fault: RowFault | None = "broken_row" if table.broken(own) else None
        ending = next(
            (place for place, title in unused.items() if tells_of_end(title, text_of(cells.get(place)))), None
        )
        read.rows.append(
            ListRow(
                *(place, said[naming], said["category"], said.get("effective_on")),
                *(said.get("status"), said.get("ended_on"), said.get("birth")),
                fault=fault,
                ending=None if ending is None else f"{_letter(ending)} 列 {unused[ending]}",
                letters=letters,
                headings=titles_of,
                whole={column: _written(cell) for column, cell in sorted(cells.items())},
                certificate_at=columns.get("certificate"),
            )
        )


def _cell(table: _Table, column: Column, cell: object) -> object:
    """A cell of a column; a day that is a number from 1904 on is not told from one that was pasted in."""
    if not table.counts_from_1904 or column not in ("effective_on", "ended_on") or not is_day_number(cell):
        return cell
    return UnreadableCell(
        "工作簿用 1904 日期系统，请把日期写成文本", "a number in a workbook that counts days from 1904"
    )


def _repeats(names: Mapping[int, str], cells: SheetRow, first: int) -> bool:
    """Whether a row says what the headings say."""

    def same(column: int) -> bool:
        return normal_heading(text_of(cells.get(column))) == names[column]

    return same(first) and all(map(same, names))


def _check_columns(
    read: RosterFile, table: _Table, heading: int, headings: Sequence[str], columns: Mapping[Column, int]
) -> None:
    """Name the columns that are not used. Raises ``UnusableFile`` where one of them may be the first day."""
    used = set(columns.values())
    filled = {
        place
        for number, cells in table.rows.items()
        if number > heading
        for place, cell in cells.items()
        if place not in used and not is_blank(cell)
    }
    for place in sorted(filled):
        title = headings[place] if place < len(headings) else ""
        if "effective_on" not in columns and may_be_effective_day(title):
            raise UnusableFile(
                f"{table.name}{_letter(place)} 列“{title}”可能是生效日期：若是，请改标题；若不是，请删去该列 "
                f"column {_letter(place)} may be the day from which a row holds: call it 生效日期 or take it out"
            )
        name = f"{table.name}{_letter(place)} 列 {title or '（无标题 no heading）'}"
        if not is_serial(title):
            read.unused_columns.append(name)


def _merged_cells(table: _Table, used: set[int], heading: int) -> dict[int, dict[int, object]]:
    """What merged cells say of the rows below their first, by row and column."""
    found: dict[int, dict[int, object]] = {}
    for column, first, last, held in table.spread:
        if column not in used or last <= heading:
            continue
        # by whichever is fewer: a cell may be merged over a million rows
        within = range(first + 1, last + 1) if last - first < len(table.rows) else table.rows
        for number in within:
            if first < number <= last and number in table.rows:
                found.setdefault(number, {}).setdefault(column, held)
    return found


def _written(cell: object) -> str:
    """A cell's text for the department's own file."""
    if isinstance(cell, UnreadableCell):
        return "#"
    if isinstance(cell, datetime) and cell.time() == datetime.min.time():
        cell = cell.date()
    return cell.isoformat() if isinstance(cell, date) else text_of(cell) or ("" if cell is None else str(cell))


def _letter(place: int) -> str:
    """The spreadsheet's name of a column that is counted from 0."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
