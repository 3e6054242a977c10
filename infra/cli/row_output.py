"""A command that lists rows: JSON Lines for programs, a table for clerks, a workbook or CSV file to pass on."""

import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from infra.cli.arguments import file_of
from infra.cli.names import Names, names_of
from infra.cli.options import settings_of
from infra.cli.output import note, print_json, table
from infra.cli.session import reading, run
from infra.files.atomic import PRIVATE, write_atomically
from infra.files.sheet import FORMULA, Sheet, SheetColumn, columns_of, number, plain
from infra.files.text_file import csv_bytes
from infra.files.workbook import workbook

Row = Mapping[str, Any]

OutFile = Annotated[Path | None, typer.Option("--out", help="另存 also write to FILE.xlsx or FILE.csv")]
ENDINGS = (".xlsx", ".csv")
MANY = 2
"""From so many rows on a printed list has their sums."""
_AMOUNT = re.compile(r"-[0-9]+(\.[0-9]+)?")


def list_rows(
    data_dir: Path | None,
    command: str,
    query: Callable[[AsyncEngine], AsyncIterator[Row]],
    *,
    json: bool,
    out: Path | None,
    title: str,
    columns: str,
    cells: Callable[[Row, Names], Sequence[Any]],
    empty: str = "",
) -> NoReturn:
    """Print what a query of the ledger gives, write it to a file where one is named, and exit with 0.

    ``columns`` are as ``columns_of`` reads them; ``empty`` says why there are no rows, and what fills the list.
    """
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        async with reading(settings_of(data_dir), command) as engine:
            if json and out is None:
                async for row in query(engine):
                    print_json([row])
                return 0
            rows = [row async for row in query(engine)]
            names = await names_of(engine)
        if json:
            print_json(rows)
        kept = [cells(row, names) for row in rows]
        show(Sheet(title, columns_of(columns), kept, personal=True, empty=empty), json=json, out=out)
        return 0

    sys.exit(run(main))


def show(listing: Sheet, *, json: bool, out: Path | None) -> None:
    """Print a list unless JSON Lines were, and write it to a file where one is named."""
    if not json:
        print_sheet(listing)
    if out is not None:
        write_sheets(out, [listing])


def print_sheet(listing: Sheet) -> None:
    """A list as a table on stdout, with the sums of several rows where sums mean something."""
    right = [place for place, column in enumerate(listing.columns) if column.figures]
    rows = [[cell_text(*each) for each in zip(listing.columns, row, strict=True)] for row in listing.rows]
    unit = "（元 yuan）" if any(column.kind == "money" for column in listing.columns) else ""
    headings = [column.heading for column in listing.columns]
    table(listing.title + unit, headings, rows, right=right, sums=_sums(listing), empty=listing.empty)


def _sums(listing: Sheet) -> list[str] | None:
    if len(listing.rows) < MANY or not any(column.summed for column in listing.columns):
        return None
    sums = zip(listing.columns, listing.sums(), strict=True)
    texts = ["" if amount is None else cell_text(column, amount) for column, amount in sums]
    return [texts[0] or "合计 sum", *texts[1:]]


def cell_text(column: SheetColumn, value: Any) -> str:
    """A cell on a terminal: codes beside their names."""
    match value:
        case None:
            return "—"
        case bool():
            return "是 yes" if value else "否 no"
        case list() | tuple():
            return "\n".join(map(str, value)) or "—"
        case Decimal() if column.kind == "share":
            return f"{value * 100:.2f}%"
        case _ if column.kind == "money" and (amount := number(value)) is not None:
            return f"{amount:,.2f}"
        case Decimal():
            return f"{value:,}"
        case _:
            return str(value)


def write_sheets(out: Path, listings: Sequence[Sheet], as_of: str | None = None, remark: str = "") -> None:
    """Write lists to a workbook, a sheet each, or the first to a CSV file.

    What names persons is for its writer alone. ``as_of`` is now unless given.
    """
    moment = as_of or f"{datetime.now(COUNTY_TIME):%Y-%m-%d %H:%M:%S}"
    content = workbook(listings, moment, remark) if out.suffix.lower() == ".xlsx" else csv_of(listings[0])
    if any(listing.personal for listing in listings):
        write_atomically(out, content, PRIVATE)
    else:
        write_atomically(out, content)
    note(f"已写入 written: {out}")


def csv_of(listing: Sheet) -> bytes:
    """A list as a CSV file that spreadsheets open, with no formula in it."""
    return csv_bytes([column.heading for column in listing.columns], map(_csv_row, listing.rows))


def _csv_row(row: Iterable[Any]) -> list[str]:
    return [_csv_text(plain(value)) for value in row]


def _csv_text(value: Any) -> str:
    if isinstance(value, str) and value.startswith(FORMULA) and not _AMOUNT.fullmatch(value):
        return f"'{value}"
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
