"""``claims report annual --published``: a county's published table beside the ledger's."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from msgspec import structs

from events.codes import covers
from infra.cli.arguments import file_of, region_of
from infra.cli.names import Names, names_of
from infra.cli.output import fail, note, print_json
from infra.cli.report_output import COUNTED_BEFORE, NEVER_COUNTED, caught_up, local_time
from infra.cli.row_output import ENDINGS, print_sheet, write_sheets
from infra.cli.session import reading, run
from infra.files.published_file import read_published
from infra.files.sheet import Named, Sheet, columns_of
from infra.files.text_file import UnusableFile
from infra.settings import Settings
from infra.words.reports import PUBLISHED_ITEMS
from processors.finance.published_figures import PublishedItem, PublishedRow, compare
from processors.finance.reports import ANNUAL, Narrowed, read_report, sums_as_of
from processors.law.terms import SETTING_NAMES

_COLUMNS = (
    "年度 year:count,统筹区 region,政策 scheme,就医类型 setting,贫困人口 poor,项目 item,单位 unit,公布数 published"
)
_COLUMNS += ",账本数 ledger,差额 difference,一致 agrees,说明 remark"


def show_beside(
    settings: Settings, path: Path, narrowed: Narrowed, out: Path | None, *, anew: bool, json: bool
) -> NoReturn:
    """Print a published table beside the ledger's, and write both to a file where one is named; exits with 0, or 2."""
    if narrowed.region is not None:
        region_of(narrowed.region)
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        async with reading(settings, "report") as engine:
            try:
                rows = [row for row in read_published(path) if _is_wanted(row, narrowed)]
            except UnusableFile as error:
                fail(f"{path.name}：{error}")
                return 2
            counted = await caught_up(engine, anew=anew)
            async with engine.connect() as connection:
                moment = await sums_as_of(connection)
                annual = await read_report(connection, ANNUAL, narrowed)
            names = await names_of(engine)
        if not counted:
            note(NEVER_COUNTED if moment is None else COUNTED_BEFORE)
        _show(list(compare(rows, annual)), names, out, local_time(moment), json=json)
        note(f"数据截至 as of {local_time(moment)}")
        return 0

    sys.exit(run(main))


def _is_wanted(row: PublishedRow, narrowed: Narrowed) -> bool:
    wanted = narrowed.region is None or (row.region is not None and covers(narrowed.region, row.region))
    return narrowed.year in (None, row.year) and wanted


def _show(items: Sequence[PublishedItem], names: Names, out: Path | None, as_of: str, *, json: bool) -> None:
    sheet = Sheet("公布数与账本数 Published and ledger", columns_of(_COLUMNS), [_cells(item, names) for item in items])
    if json:
        print_json([_told(item) for item in items])
    else:
        print_sheet(sheet)
    if out is not None:
        write_sheets(out, [sheet], as_of, "；取自 finance.annual_report")


def _told(item: PublishedItem) -> dict[str, Any]:
    told = structs.asdict(item)
    return told | {
        name: None if told[name] is None else str(told[name]) for name in ("published", "ledger", "difference")
    }


def _cells(item: PublishedItem, names: Names) -> tuple[Any, ...]:
    named = Named(PUBLISHED_ITEMS.get(item.item, item.item), item.item)
    figures = [None if figure is None else f"{figure:,f}" for figure in (item.published, item.ledger)]
    difference = None if item.difference is None else f"{item.difference:+,f}" if item.difference else "0"
    return (
        *(item.year, "全部 all" if item.region is None else names.region(item.region)),
        "全部 all" if item.scheme is None else names.scheme(item.scheme),
        "全部 all" if item.setting is None else Named(SETTING_NAMES[item.setting], item.setting),
        "全部 all" if item.poor is None else item.poor,
        *(named, item.unit, *figures, difference, item.agrees, item.remark),
    )
