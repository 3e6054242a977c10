"""Departments' lists as they come: CSV in UTF-8 or GB18030, or XLSX; headings in Chinese or English."""

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from processors.rosters.lists import COLUMN_NAMES, WHOLE_DIGITS, Disguised, Row

HEADINGS = {name: name for name in COLUMN_NAMES} | {title: name for name, title in COLUMN_NAMES.items()}
REQUIRED = ("person_id", "category")
HEADING_WITHIN = 10
"""Rows at the top, titles among them, in which the headings are looked for."""
LARGEST_BYTES = 100_000_000
LARGEST_UNPACKED_BYTES = 1_000_000_000

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BROKEN_BOOK = (
    *(zipfile.BadZipFile, zlib.error),
    *(LookupError, ValueError, TypeError, AttributeError, SyntaxError, EOFError, RuntimeError),
)
"""What openpyxl raises over a file that is a zip archive and no workbook, or a broken one."""
_PLAIN = ("General", "@")
"""Formats of a workbook's cell that show a number as its digits."""
_BLANK = re.compile(r"_.")
_DELIMITERS = (",", "\t", ";")


class UnusableFile(ValueError):
    """A file that is no list: of another kind, in another encoding, without headings."""


def read_content(path: Path) -> bytes:
    """A list as it lies there. Raises ``UnusableFile`` where it is too large, and OSError where it can't be read."""
    if path.stat().st_size > LARGEST_BYTES:
        raise UnusableFile(f"文件过大 the file is larger than {LARGEST_BYTES // 1_000_000} MB")
    return path.read_bytes()


def read_rows(content: bytes) -> list[Row]:
    """The rows of a list that hold anything. Raises ``UnusableFile``."""
    if content.startswith(_OLE):
        raise UnusableFile("旧版 .xls 文件：请另存为 .xlsx 或 CSV an old .xls file: save it as .xlsx or CSV")
    return list(_xlsx_rows(content) if content.startswith(_ZIP) else _csv_rows(content))


def _csv_rows(content: bytes) -> Iterator[Row]:
    text = _decoded(content)
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
    # Line by line, for a stray quote would take the rows after it into its cell, and their persons off the roster.
    return next(csv.reader([line.rstrip("\r\n") + "\n"], delimiter=delimiter))


def _broken(cells: Sequence[object]) -> bool:
    """Whether a line of CSV ends within quotes: what it says is not all there."""
    return bool(cells) and str(cells[-1]).endswith("\n")


def _decoded(content: bytes) -> str:
    # Text in GB18030 is hardly ever valid UTF-8, and where it is the headings or categories come out unknown.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnusableFile("编码既非 UTF-8 也非 GB18030 the text is neither UTF-8 nor GB18030")


def _xlsx_rows(content: bytes) -> Iterator[Row]:
    from openpyxl import load_workbook  # here, for every command would pay a third of a second for it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED_BYTES:
                raise UnusableFile("文件展开后过大 the workbook is too large when unpacked")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's, about styles and extensions that are nothing to us
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = [(sheet.title, _sheet_rows(sheet)) for sheet in book.worksheets]
    except UnusableFile:
        raise
    except _BROKEN_BOOK as error:
        # not what the error says, which may be what a cell holds
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
    # What a workbook says of its own size may be less than it holds, and rows beyond would be cut off.
    sheet.reset_dimensions()
    return [[_shown(cell) for cell in row] for row in sheet.iter_rows()]


def _shown(cell: Any) -> object:
    """What a cell says: a number as the clerk sees it, who reads 00001 where the file has 1 in the format 00000.

    One whose format shows more than digits (1,001, 1.00, 1E+03) is ``Disguised``: an id is not guessed from it.
    """
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        return value
    digits = str(int(value))
    if cell.number_format in _PLAIN or len(digits) > WHOLE_DIGITS:
        return value
    # the part for positive numbers, without blanks as wide as another sign
    form, *others = _BLANK.sub("", cell.number_format).split(";")
    if set(form) == {"0"} and (value > 0 or (value == 0 and not others)):
        return digits.zfill(len(form))
    return Disguised(digits)


_NO_HEADING = (
    "找不到标题行“参保人编号、救助对象类别（、生效日期）” no row of headings: person_id, category (, effective_on)"
)


def _heading(rows: Iterable[Sequence[object]]) -> tuple[int, dict[str, int]] | None:
    """Which of the first rows holds the headings, and in which column each stands."""
    for index, row in zip(range(HEADING_WITHIN), rows, strict=False):
        names = [HEADINGS.get(str(cell).strip().lower()) if cell is not None else None for cell in row]
        if all(names.count(name) == 1 for name in REQUIRED) and names.count("effective_on") <= 1:
            return index, {name: column for column, name in enumerate(names) if name is not None}
    return None


def _table_rows(
    where: str, rows: Sequence[Sequence[object]], broken: Callable[[Sequence[object]], bool] = lambda _: False
) -> Iterator[Row]:
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
            yield Row(f"{where}第{number}行 row {number}", *cells, broken=broken(row))


def _filled(row: Sequence[object]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)


def csv_bytes(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that spreadsheets open with its Chinese whole: UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")
