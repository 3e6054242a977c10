"""How ``claims report`` reads, prints and writes a report."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME
from infra.cli.arguments import file_of, month_of, region_of
from infra.cli.names import Names, names_of
from infra.cli.output import note, print_json
from infra.cli.report_text import print_annual, report_sheet
from infra.cli.row_output import print_sheet, write_sheets
from infra.cli.session import INSUFFICIENT_PRIVILEGE, reading, run
from infra.files.region_names import region_named
from infra.files.report_file import WRITERS, Rows, write_report
from infra.settings import Settings
from processors.finance.catch_up import catch_up
from processors.finance.reports import (
    ANNUAL,
    Narrowed,
    Report,
    periods,
    read_report,
    shown,
    sums_as_of,
)

Year = Annotated[int | None, typer.Option("--year", min=2000, max=2100, help="年度 benefit year")]
Month = Annotated[str | None, typer.Option("--month", help="入账月份 month of booking, 2019-06")]
RegionOption = Annotated[str | None, typer.Option("--region", help="统筹区 region; 140400 also takes its counties")]
Out = Annotated[Path | None, typer.Option("--out", help="输出文件 write to FILE.xlsx, FILE.csv or FILE.parquet")]
Anew = Annotated[bool, typer.Option("--anew", help="重新汇总 forget the sums and count the whole ledger again")]

COUNTED_BEFORE = "本登录无权汇总，显示上次汇总的数据 this login may not count: figures are those of the last time"
NEVER_COUNTED = (
    "尚未汇总，本登录无权汇总：报表为空 not counted yet, and this login may not count: the report is empty until "
    "claims up, or a login that may, has counted"
)


def show_report(
    settings: Settings,
    wanted: Report,
    narrowed: Narrowed,
    out: Path | None,
    *,
    anew: bool,
    json: bool,
    above: tuple[Report, ...] = (),
) -> NoReturn:
    """Print a report, with others ``above`` it, and write it to a file where one is named; exits with 0."""
    if narrowed.month is not None:
        month_of(narrowed.month)
    if narrowed.region is not None:
        region_of(narrowed.region)
    if out is not None:
        file_of(out, (".xlsx", *WRITERS))

    async def main() -> int:
        async with reading(settings, "report") as engine:
            counted = await caught_up(engine, anew=anew)
            async with engine.connect() as connection:
                moment = await sums_as_of(connection)
                read = [(each, await read_report(connection, each, narrowed)) for each in (*above, wanted)]
                held = await _held(connection, [each for each, rows in read if not rows], narrowed)
            names = await names_of(engine)
        if not counted:
            note(NEVER_COUNTED if moment is None else COUNTED_BEFORE)
        as_of = local_time(moment)
        for each, rows in read:
            _print(each, rows, names, json=json, named=bool(above))
        for hint in held:
            note(hint)
        note(f"数据截至 as of {as_of}")
        if out is not None:
            _write(out, read, names, as_of)
        return 0

    sys.exit(run(main))


MOST_PERIODS = 36


async def _held(connection: AsyncConnection, empty: Sequence[Report], narrowed: Narrowed) -> list[str]:
    """Of reports that have nothing of what was asked for: of which years or months they have something."""
    if narrowed.where or (narrowed.year is None and narrowed.month is None and narrowed.region is None):
        return []
    return [_hint(each, await periods(connection, each, narrowed.region), narrowed) for each in empty]


def _hint(report: Report, held: Sequence[str], narrowed: Narrowed) -> str:
    name, _, english = report.title.partition(" ")
    where = "" if narrowed.region is None else f"（{region_named(narrowed.region)}）"
    by = (
        ("入账月份", "months of booking")
        if all(field.name != "year" for field in report.fields)
        else ("待遇年度", "benefit years")
    )
    if not held:
        return f"{name}{where}：任何{by[0]}都没有数据。{english}: nothing in any of the {by[1]}"
    more = "" if len(held) <= MOST_PERIODS else "… "
    return f"{name}{where}：有数据的{by[0]} {english} has these {by[1]}: {more}{'、'.join(held[-MOST_PERIODS:])}"


def _print(report: Report, rows: Rows, names: Names, *, json: bool, named: bool) -> None:
    """``named``: JSON Lines say of which report they are, for there are several."""
    if json:
        name = {"row": report.name} if named else {}
        print_json(name | {field: _plain(value) for field, value in row.items()} for row in rows)
    elif report is ANNUAL:
        print_annual(rows, names)
    else:
        print_sheet(report_sheet(report.on_screen, rows, names))


def _write(out: Path, read: Sequence[tuple[Report, Rows]], names: Names, as_of: str) -> None:
    """The report asked for is the last one; a workbook holds those above it too."""
    if out.suffix.lower() == ".xlsx":
        sheets = [report_sheet(report, rows, names) for report, rows in reversed(read)]
        remark = "；取自 " + "、".join(f"finance.{report.view}" for report, _ in reversed(read))
        write_sheets(out, sheets, as_of, remark)
        return
    wanted, rows = read[-1]
    write_report(out, shown(wanted, rows), rows, as_of)
    note(f"已写入 written: {out}")


async def caught_up(engine: AsyncEngine, *, anew: bool) -> bool:
    """Move the sums forward; False where the database login may only read them."""
    try:
        await catch_up(engine, anew=anew)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        return False
    return True


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date) else value


def local_time(moment: datetime | None) -> str:
    """A moment as reports state it."""
    return "—" if moment is None else f"{moment.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M:%S}"
