"""Workbooks to fill in: headings, and rows of which something is known already.

The library is imported where it is used, as for workbooks.
"""

import io
from collections.abc import Iterable, Mapping, Sequence


def template_book(title: str, columns: Mapping[str, int], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook with ``columns``, by their widths, and rows, which may be shorter.

    Its cells are texts, for spreadsheets take the last digits from long numbers and the zeros before short ones.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    sheet.title = title
    sheet.append(list(columns))
    for row in rows:
        sheet.append([*row, *("",) * (len(columns) - len(row))])
    for place, width in enumerate(columns.values(), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    for cells in sheet.iter_rows():
        for cell in cells:
            cell.number_format = "@"
            cell.font = Font(bold=cell.row == 1)
    sheet.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
