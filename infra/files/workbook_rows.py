"""Workbooks (XLSX) as sparse rows of cells, read once from the start to the end and never beyond fixed bounds."""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.files.text_file import MOST_CELLS, MOST_ROWS, UnusableFile
from processors.rosters.cells import WHOLE_DIGITS, FormattedNumber, UnreadableCell

LARGEST_UNPACKED_BYTES = 64_000_000
_ROW_OR_CELL = re.compile(rb"<(?:[A-Za-z][A-Za-z0-9]*:)?(?:row|c|mergeCell)[ />\t\r\n]")

_BROKEN_BOOK = (
    *(zipfile.BadZipFile, zlib.error),
    *(LookupError, ValueError, TypeError, AttributeError, SyntaxError, EOFError, RuntimeError, OSError),
)
"""What openpyxl raises for a zip archive that is no workbook, and for a broken workbook."""
_ZIP, _OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_PLAIN = ("General", "@")
"""Formats of a workbook's cell that show a number as its digits."""
_USUAL_EPOCH_YEAR = 1899
_BLANK = re.compile(r"_.")
_NO_RESULT = UnreadableCell(
    "公式没有保存结果，请在表格软件中打开并保存，或粘贴为值", "a formula without a stored result"
)

SheetRow = Mapping[int, object]
"""What stands in a row, by column, counted from 0; cells that hold nothing are left out."""


@dataclass(slots=True)
class WorkbookSheet:
    """A sheet's rows by their numbers.

    ``spread`` are columns of merged cells: column, first row, last row, what the first cell holds. ``across`` are rows
    of which a merged cell takes several columns: row, first column, last column. ``unseen_rows`` are hidden.
    ``counts_from_1904``: its days are numbers from 1904 on, as older programs of Apple count them.
    """

    title: str
    hidden: bool
    counts_from_1904: bool = False
    rows: dict[int, SheetRow] = field(default_factory=dict)
    spread: list[tuple[int, int, int, object]] = field(default_factory=list)
    across: list[tuple[int, int, int]] = field(default_factory=list)
    unseen_rows: set[int] = field(default_factory=set)


def is_workbook(content: bytes) -> bool:
    """Whether a file is a workbook or another archive. Raises ``UnusableFile`` for a workbook of the old kind."""
    if content.startswith(_OLD_WORKBOOK):
        raise UnusableFile("旧版 .xls 文件：请另存为 .xlsx 或 CSV an old .xls file: save it as .xlsx or CSV")
    return content.startswith(_ZIP)


def read_workbook(content: bytes) -> list[WorkbookSheet]:
    """All sheets of a workbook. Raises ``UnusableFile`` for what is none, and for one beyond the bounds."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            # A part gives no more bytes than it states here: an archive that states less is broken.
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED_BYTES:
                raise UnusableFile(
                    f"工作簿展开后超过 {LARGEST_UNPACKED_BYTES // 1_000_000} MB，请只留所需的表 "
                    "the workbook is too large when unpacked: keep nothing but the table"
                )
            _check_cells(packed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which do not matter here
            return list(_sheets(content))
    except UnusableFile:
        raise
    except _BROKEN_BOOK as error:
        # The error's own text is left out: it may hold what a cell says.
        raise UnusableFile(f"不是可读的 XLSX 文件 not a readable XLSX file ({type(error).__name__})") from None


def _sheets(content: bytes) -> Iterator[WorkbookSheet]:
    from openpyxl import load_workbook  # here: else every command would need a third of a second more

    book: Any = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    filled_rows = 0
    for each in book.worksheets:
        sheet = WorkbookSheet(each.title, each.sheet_state != "visible", book.epoch.year > _USUAL_EPOCH_YEAR)
        parser = _parser(book, each)
        for number, cells in parser.parse():
            filled = {cell["column"] - 1: shown for cell in cells if (shown := _shown(each, cell)) is not None}
            if filled:
                sheet.rows[number] = filled
                filled_rows += 1
                if filled_rows > MOST_ROWS:
                    raise UnusableFile(f"工作簿超过 {MOST_ROWS} 行 the workbook has more than {MOST_ROWS} rows")
        _merge(sheet, parser)
        sheet.unseen_rows = {
            int(number) for number, row in parser.row_dimensions.items() if row.get("hidden") in ("1", "true")
        }
        yield sheet


def _parser(book: Any, sheet: Any) -> Any:
    """The reader of openpyxl that gives cells as they stand in the file, each with whether a formula stands in it.

    openpyxl's own sheets give one or the other: values, of which that of a formula without result is None, or formulas.
    Its sparse rows also keep a stray cell in the last row or column from becoming a million empty ones.
    """
    from openpyxl.worksheet._reader import WorkSheetParser

    class Parser(WorkSheetParser):  # type: ignore[misc, unused-ignore]
        def parse_cell(self, element: Any) -> Any:
            cell = super().parse_cell(element)
            formula, stored = element.find(f"{{{_MAIN}}}f"), element.find(f"{{{_MAIN}}}v")
            # A program that does not calculate stores nothing, or 0; an empty text is a result and is marked as text.
            if formula is not None and cell["value"] in (None, 0) and not isinstance(cell["value"], bool):
                known = cell["value"] is None and stored is not None and element.get("t") == "str"
                cell["value"] = None if known else _NO_RESULT
            return cell

    return Parser(
        sheet._get_source(),
        sheet._shared_strings,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _shown(sheet: Any, cell: Mapping[str, Any]) -> object:
    """What a cell shows: the clerk reads 00001 where the file has the number 1 in the format 00000.

    Where the format shows more than digits (1,001, 1.00, 1E+03) it is a ``FormattedNumber``: no id is guessed from it.
    Texts keep characters as ``_xHHHH_`` (ECMA-376, ST_Xstring): they are decoded.
    """
    from openpyxl.cell.read_only import ReadOnlyCell
    from openpyxl.utils.escape import unescape

    value = cell["value"]
    if isinstance(value, UnreadableCell):
        return value
    if cell["data_type"] == "e":
        return UnreadableCell("错误值（如 #N/A、#REF!）", "an error value")
    if isinstance(value, str):
        text = unescape(value)
        return text if text.strip() else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        return value
    digits, number_format = str(int(value)), ReadOnlyCell(sheet, **cell).number_format
    if number_format in _PLAIN or len(digits) > WHOLE_DIGITS:
        return value
    # The part of the format for positive numbers, without its blanks ("_)": as wide as a bracket).
    form, *others = _BLANK.sub("", number_format).split(";")
    if set(form) == {"0"} and (value > 0 or (value == 0 and not others)):
        return digits.zfill(len(form))
    return FormattedNumber(digits)


def _merge(sheet: WorkbookSheet, parser: Any) -> None:
    for merged in parser.merged_cells.mergeCell if parser.merged_cells is not None else ():
        from openpyxl.utils import range_boundaries

        first_column, first, last_column, last = (int(edge or 0) for edge in range_boundaries(merged.ref))
        held = sheet.rows.get(first, {}).get(first_column - 1)
        if held is not None and last > first:
            sheet.spread.append((first_column - 1, first, last, held))
        if held is not None and last_column > first_column:
            sheet.across.append((first, first_column - 1, last_column - 1))


def _check_cells(packed: zipfile.ZipFile) -> None:
    """Count rows and cells as bytes: to read a million of them takes minutes, to count them a second."""
    cells = 0
    for part in packed.infolist():
        if part.filename.endswith(".xml"):
            cells += sum(1 for _ in _ROW_OR_CELL.finditer(packed.read(part)))
    if cells > MOST_CELLS:
        raise UnusableFile(
            f"工作簿超过 {MOST_CELLS} 个单元格（含空白格式），请只留所需的表 "
            f"the workbook has more than {MOST_CELLS} cells, empty ones among them: keep nothing but the table"
        )
