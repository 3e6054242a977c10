"""The rows of a list that were not taken, as a workbook for the department: each with its reason in Chinese."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from infra.files.atomic import PRIVATE, write_atomically
from infra.files.sheet import Sheet, SheetColumn
from infra.files.workbook import workbook
from processors.rosters.cells import FAULT_NAMES
from processors.rosters.lists import RefusedRow

MOST_COLUMNS = 60
"""Columns of the list that are written: a stray cell far to the right is left out."""
_COLUMNS = (SheetColumn("位置", "place"), SheetColumn("原因", "reason"), SheetColumn("说明", "detail"))


def refused_file(list_file: Path) -> Path:
    """Where the refused rows of a list are written: beside it."""
    return list_file.with_name(f"{list_file.stem}-未接收.xlsx")


def write_refused_rows(path: Path, of: str, received_on: date, refused: Sequence[RefusedRow]) -> None:
    """Write the refused rows, for their writer alone (``refused_rows``). Raises OSError."""
    write_atomically(path, refused_rows(of, received_on, refused), PRIVATE)


def refused_rows(of: str, received_on: date, refused: Sequence[RefusedRow]) -> bytes:
    """A workbook of refused rows: place, reason, what is wrong, and the row as it was received.

    ``of`` says of which list, received on which day. All cells are texts, so that 00042 stays 00042.
    """
    titles = _titles(refused)
    rows = [
        (
            row.place.partition(" row ")[0].partition(" sheet ")[0],
            FAULT_NAMES[row.reason],
            row.chinese,
            *(row.row.whole.get(column) for column in titles),
        )
        for row in refused
    ]
    columns = (*_COLUMNS, *(SheetColumn(title, "") for title in titles.values()))
    listing = Sheet(f"未接收 {of} 名单，请更正后重新报送全部名单", columns, rows, personal=True)
    return workbook([listing], f"{received_on}")


def _titles(refused: Iterable[RefusedRow]) -> dict[int, str]:
    """The columns in which anything of the rows stands, with their headings where all rows have the same ones."""
    found = {column: "" for row in refused for column in sorted(row.row.whole)[:MOST_COLUMNS] if row.row.whole[column]}
    told = {tuple(row.row.headings.items()): row.row.headings for row in refused if row.row.headings}
    same = next(iter(told.values())) if len(told) == 1 else {}
    return {column: same.get(column, "") for column in sorted({*found, *same})[:MOST_COLUMNS]}
