"""The differences of a reconciliation as a file: CSV, or a workbook that a clerk can print and sign."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.files.atomic import PRIVATE, write_atomically
from infra.files.text_file import csv_bytes

FORMATS = (".csv", ".xlsx")
_WIDTHS = (26, 24, 26, 16, 16, 16, 60)


def write_differences(
    path: Path, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], sums: Sequence[Sequence[str]]
) -> None:
    """Write the differences and the sums of both sides, whole or not at all, for the writer alone."""
    if path.suffix.lower() == ".csv":
        content = csv_bytes(headings, [*rows, *([*row, "", "", ""] for row in sums)])
    else:
        content = _workbook(title, headings, rows, sums)
    write_atomically(path, content, PRIVATE)


def _workbook(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], sums: Sequence[Sequence[str]]
) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.worksheet.properties import PageSetupProperties

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "对账差异"
    for place, width in zip("ABCDEFG", _WIDTHS, strict=True):
        sheet.column_dimensions[place].width = width
    _append(sheet, [title], Font(bold=True, size=14))
    _append(sheet, headings, Font(bold=True))
    for row in rows or [["对账一致 both sides agree"]]:
        _append(sheet, row)
    _append(sheet, [])
    for row in sums:
        _append(sheet, row)
    _append(sheet, [])
    _append(sheet, ["医院签章 hospital:", "", "", "经办机构签章 bureau:"])
    sheet.freeze_panes = "A3"
    sheet.print_title_rows = "2:2"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _append(sheet: Any, cells: Sequence[str], font: Any = None) -> None:
    row = sheet.max_row + 1 if sheet.max_row > 1 or sheet["A1"].value is not None else 1
    for column, value in enumerate(cells, start=1):
        cell = sheet.cell(row=row, column=column, value=value)
        cell.data_type = "s"  # never a formula, whatever a text begins with
        if font is not None:
            cell.font = font
