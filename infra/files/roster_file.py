"""Departments' lists: CSV in UTF-8 or GB18030, or XLSX; headings in Chinese or English."""

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from infra.files.text_file import UnusableFile, decoded, read_bytes
from processors.rosters.lists import COLUMN_NAMES, WHOLE_DIGITS, FormattedNumber, ListRow

HEADINGS = {name: name for name in COLUMN_NAMES} | {title: name for name, title in COLUMN_NAMES.items()}
REQUIRED = ("person_id", "category")
HEADING_WITHIN = 10
"""How many rows at the top, titles among them, may come before the headings."""
LARGEST_UNPACKED_BYTES = 1_000_000_000

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BROKEN_BOOK = (
    *(zipfile.BadZipFile, zlib.error),
    *(LookupError, ValueError, TypeError, AttributeError, SyntaxError, EOFError, RuntimeError),
)
"""What openpyxl raises for a zip archive that is no workbook, and for a broken workbook."""
_PLAIN = ("General", "@")
"""Formats of a workbook's cell that show a number as its digits."""
_BLANK = re.compile(r"_.")
_DELIMITERS = (",", "\t", ";")


def read_content(path: Path) -> bytes:
    """A list's file as it is. Raises ``UnusableFile`` where it is too large, and OSError where it can't be read."""
    return read_bytes(path, "文件过大 the file is larger than")


def read_rows(content: bytes) -> list[ListRow]:
    """The rows of a list that hold anything. Raises ``UnusableFile``."""
    if content.startswith(_OLE):
        raise UnusableFile("旧版 .xls 文件：请另存为 .xlsx 或 CSV an old .xls file: save it as .xlsx or CSV")
    return list(_xlsx_rows(content) if content.startswith(_ZIP) else _csv_rows(content))


def _csv_rows(content: bytes) -> Iterator[ListRow]:
    text = decoded(content, "编码既非 UTF-8 也非 GB18030 the text is neither UTF-8 nor GB18030")
    for delimiter in _DELIMITERS:
        try:
            rows = [_line_cells(line, delimiter) for line in io.StringIO(text, newline="")]
        except csv.Error as error:
            raise UnusableFile(f"不是 CSV 文件 not a CSV file: {error}") from None
        if (found := _heading(rows)) is None:
            continue
        if _broken(rows[found[0]]):
            raise UnusableFile(
                f"第{found[0] + 1}行标题有换行或未闭合的引号 "
                f"the headings in row {found[0] + 1} hold a line break or a quote that is not closed"
            )
        yield from _table_rows("", rows, broken=_broken)
        return
    raise UnusableFile(_NO_HEADING)


def _line_cells(line: str, delimiter: str) -> list[str]:
    # Line by line: else a stray quote would take the rows after it into its cell, and their persons off the roster.
    return next(csv.reader([line.rstrip("\r\n") + "\n"], delimiter=delimiter))


def _broken(cells: Sequence[object]) -> bool:
    """Whether a line of CSV ends within quotes, so that a part of it is missing."""
    return bool(cells) and str(cells[-1]).endswith("\n")


def _xlsx_rows(content: bytes) -> Iterator[ListRow]:
    from openpyxl import load_workbook  # here: else every command would need a third of a second more

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED_BYTES:
                raise UnusableFile("文件展开后过大 the workbook is too large when unpacked")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which do not matter here
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = [(sheet.title, _sheet_rows(sheet)) for sheet in book.worksheets]
    except UnusableFile:
        raise
    except _BROKEN_BOOK as error:
        # The error's own text is left out: it may hold what a cell says.
        raise UnusableFile(f"不是可读的 XLSX 文件 not a readable XLSX file ({type(error).__name__})") from None
    filled = [(title, rows) for title, rows in sheets if any(_filled(row) for row in rows)]
    if not filled:
        raise UnusableFile(_NO_HEADING)
    for title, rows in filled:
        if _heading(rows) is None:
            raise UnusableFile(f"工作表 {title}：{_NO_HEADING} (sheet {title})")
        where = f"{title} " if len(filled) > 1 else ""
        yield from _table_rows(where, rows)


def _sheet_rows(sheet: Any) -> list[Sequence[object]]:
    # A workbook may state a size smaller than it has; rows beyond that size would be cut off.
    sheet.reset_dimensions()
    return [[_shown(cell) for cell in row] for row in sheet.iter_rows()]


def _shown(cell: Any) -> object:
    """What a cell shows: the clerk reads 00001 where the file has the number 1 in the format 00000.

    Where the format shows more than digits (1,001, 1.00, 1E+03) it is a ``FormattedNumber``: no id is guessed from it.
    """
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        return value
    digits = str(int(value))
    if cell.number_format in _PLAIN or len(digits) > WHOLE_DIGITS:
        return value
    # The part of the format for positive numbers, without its blanks ("_)": as wide as a bracket).
    form, *others = _BLANK.sub("", cell.number_format).split(";")
    if set(form) == {"0"} and (value > 0 or (value == 0 and not others)):
        return digits.zfill(len(form))
    return FormattedNumber(digits)


_NO_HEADING = (
    "找不到标题行“参保人编号、救助对象类别（、生效日期）” no row of headings: person_id, category (, effective_on)"
)


def _heading(rows: Iterable[Sequence[object]]) -> tuple[int, dict[str, int]] | None:
    """Which of the first rows has the headings, and the column of each heading."""
    for index, row in zip(range(HEADING_WITHIN), rows, strict=False):
        names = [HEADINGS.get(str(cell).strip().lower()) if cell is not None else None for cell in row]
        if all(names.count(name) == 1 for name in REQUIRED) and names.count("effective_on") <= 1:
            return index, {name: column for column, name in enumerate(names) if name is not None}
    return None


def _table_rows(
    where: str, rows: Sequence[Sequence[object]], broken: Callable[[Sequence[object]], bool] = lambda _: False
) -> Iterator[ListRow]:
    found = _heading(rows)
    if found is None:
        raise AssertionError("the caller has found the headings")
    index, columns = found

    def cell(row: Sequence[object], name: str) -> object:
        column = columns.get(name)
        return row[column] if column is not None and column < len(row) else None

    for number, row in enumerate(rows[index + 1 :], start=index + 2):
        if _filled(row):
            cells = (cell(row, "person_id"), cell(row, "category"), cell(row, "effective_on"))
            yield ListRow(f"{where}第{number}行 row {number}", *cells, broken=broken(row))


def _filled(row: Sequence[object]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)
