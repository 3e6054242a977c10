"""The rows of a list that were not taken, as a workbook for the department: each with its reason in Chinese."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.files.atomic import PRIVATE, write_atomically
from processors.rosters.cells import FAULT_NAMES
from processors.rosters.lists import RefusedRow

_WIDEST = 50
MOST_COLUMNS = 60
"""Columns of the list that are written: a stray cell far to the right is left out."""


def refused_file(list_file: Path) -> Path:
    """Where the refused rows of a list are written: beside it."""
    return list_file.with_name(f"{list_file.stem}-未接收.xlsx")


def write_refused_rows(path: Path, title: str, refused: Sequence[RefusedRow]) -> None:
    """Write the refused rows, for their writer alone: place, reason, what is wrong, and the row as it was received.

    All cells are texts, so that 00042 stays 00042. Raises OSError.
    """
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    titles = _titles(refused)
    headings = (
        [f"{title}（共 {len(refused)} 行，请更正后重新报送全部名单）"],
        ["位置", "原因", "说明", *titles.values()],
    )
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "未接收"
    rows = [
        [
            row.place.partition(" row ")[0].partition(" sheet ")[0],
            FAULT_NAMES[row.reason],
            row.chinese,
            *(row.row.whole.get(column, "") for column in titles),
        ]
        for row in refused
    ]
    for number, cells in enumerate([*headings, *rows], start=1):
        for column, text in enumerate(cells, start=1):
            cell = sheet.cell(number, column, ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.data_type = "s"  # never a formula, whatever a row begins with
            cell.number_format = "@"
            cell.alignment = Alignment(vertical="top", wrap_text=number > 1)
            cell.font = Font(bold=number <= len(headings))
    sheet.freeze_panes = "A3"
    for column in range(1, sheet.max_column + 1):
        texts = [str(sheet.cell(number, column).value or "") for number in range(2, sheet.max_row + 1)]
        sheet.column_dimensions[get_column_letter(column)].width = min(_WIDEST, 4 + max(map(_width, texts), default=0))
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.print_title_rows = "2:2"
    content = io.BytesIO()
    book.save(content)
    write_atomically(path, content.getvalue(), PRIVATE)


def _titles(refused: Iterable[RefusedRow]) -> dict[int, str]:
    """The columns in which anything of the rows stands, with their headings where all rows have the same ones."""
    found = {column: "" for row in refused for column in sorted(row.row.whole)[:MOST_COLUMNS] if row.row.whole[column]}
    told = {tuple(row.row.headings.items()): row.row.headings for row in refused if row.row.headings}
    same = next(iter(told.values())) if len(told) == 1 else {}
    return {column: same.get(column, "") for column in sorted({*found, *same})[:MOST_COLUMNS]}


def _width(text: str) -> int:
    """How wide a text is shown: Chinese characters take two places."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
