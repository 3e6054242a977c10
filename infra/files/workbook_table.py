"""A workbook's one table as text: what each cell shows a clerk, or why it can't be read."""

import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infra.files.text_file import UnusableFile

ZIP = b"PK\x03\x04"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
LARGEST_UNPACKED_BYTES = 300_000_000
NO_VALUE = "公式没有保存的值 a formula without a stored value"
"""Stands in the place of a cell's text, and is no value of any column."""
_NOISE = Decimal("0.000001")
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error),
    *(LookupError, ValueError, TypeError, AttributeError, SyntaxError, EOFError, RuntimeError),
)

Cells = list[str]


def table_rows(content: bytes, is_heading: Callable[[Sequence[str]], bool]) -> list[Cells]:
    """The rows of the one visible sheet in which a row is a heading. Raises ``UnusableFile`` where there is not one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED_BYTES:
                raise UnusableFile("工作簿展开后过大 the workbook is too large when unpacked")
        sheets = _sheets(content)
    except UnusableFile:
        raise
    except _BROKEN as error:
        raise UnusableFile(f"不是可读的 XLSX 文件 not a readable XLSX file ({type(error).__name__})") from None
    found = {title: rows for title, rows in sheets.items() if any(map(is_heading, rows))}
    if len(found) != 1:
        named = "、".join(found or sheets) or "无 none"
        raise UnusableFile(f"须恰有一张可见工作表带标题行 one visible sheet with headings is wanted; found: {named}")
    return next(iter(found.values()))


def _sheets(content: bytes) -> dict[str, list[Cells]]:
    from openpyxl import load_workbook  # here: else every command would need a third of a second more

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which do not matter here
        values, formulas = [
            load_workbook(io.BytesIO(content), read_only=True, data_only=data_only) for data_only in (True, False)
        ]
        found = {}
        for sheet, written in zip(values.worksheets, formulas.worksheets, strict=True):
            if sheet.sheet_state == "visible":
                for each in (sheet, written):
                    each.reset_dimensions()  # a workbook may state a size smaller than it has
                pairs = zip(sheet.iter_rows(), written.iter_rows(), strict=True)
                found[sheet.title] = [_texts(row, formula_row) for row, formula_row in pairs]
    return found


def _texts(row: Sequence[Any], formulas: Sequence[Any]) -> Cells:
    return [_text(cell.value, formula.data_type) for cell, formula in zip(row, formulas, strict=True)]


def _text(value: object, data_type: str | None) -> str:
    from openpyxl.utils.escape import unescape

    if value is None:
        return NO_VALUE if data_type == "f" else ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A binary fraction is within its noise of the amount that the cell shows, or it is no amount in fen.
        exact = Decimal(repr(value))
        rounded = exact.quantize(Decimal("0.01"))
        shown = rounded if abs(exact - rounded) < _NOISE else exact
        return f"{shown.normalize():f}"
    return str(unescape(str(value))).strip()
