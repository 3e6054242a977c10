"""``claims funds warning``: which funds are running short, and when."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import file_of, region_of
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import note, print_json, stdout
from infra.cli.report_output import COUNTED_BEFORE, caught_up
from infra.cli.row_output import ENDINGS, OutFile, print_sheet, write_sheets
from infra.cli.session import INSUFFICIENT_PRIVILEGE, reading, run
from infra.files.sheet import Named, Sheet, coded, columns_of
from infra.words.funds import COURSE_NAMES, INDICATOR_NAMES, LEVEL_NAMES
from policies.explain import GRADES
from policies.supervision.text import SupervisionHistory
from processors.accounts.warnings import fund_warnings
from processors.law.terms import FUND_NAMES, INSURER_NAMES
from processors.supervision.adoption import adopted_texts

_METHOD = (
    "推算：以账本最近一至三个整年各月占比为季节，支出按上年增幅逐年递增，收入照最近12个月。高、低走势在增幅上加减浮动点数。"
    "Forecast: the ledger's own seasons, spending raised by last year's growth, income as in the last twelve months"
)
_COLUMNS = (
    "政策 scheme,统筹区 region,资金 fund,预警 level,余额 balance:money,当年支出 spent:money,当年收入 income:money,"
    "支出预算 budget:money,可支付月数 months,支付率 rate:share,快于时间进度 progress:share,预算偏差 deviation:share,"
    "增幅差 growth gap:share,用完月份 run out"
)
_IN_FILE = ",截至 as of,说明 remarks"


def warning(
    year: Annotated[int | None, typer.Option("--year", min=2000, max=2100, help="年度 year of the account")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="统筹区 region; 140400 also takes its counties")
    ] = None,
    fund: Annotated[str | None, typer.Option("--fund", help="资金 fund, basic_fund")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """基金运行预警：能付几个月、进度、偏差、何时用完。Early warning of funds: what is short, and when it runs out."""
    if region is not None:
        region_of(region)
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        async with reading(settings_of(data_dir), "funds") as engine:
            counted = await caught_up(engine, anew=False)
            history = await supervision_history(engine)
            async with engine.connect() as connection:
                found = await fund_warnings(connection, history, year=year, region=region, fund=fund)
            names = await names_of(engine)
        rows = [each.json() for each in found]
        if not counted:
            note(COUNTED_BEFORE)
        if json:
            print_json(rows)
        title = "基金运行预警 Early warning of funds"
        if not json:
            print_sheet(Sheet(title, columns_of(_COLUMNS), [_cells(row, names)[:-2] for row in rows]))
            _print_basis(rows)
        if out is not None:
            sheet = Sheet(title, columns_of(_COLUMNS + _IN_FILE), [_cells(row, names) for row in rows])
            write_sheets(out, [sheet], remark=f"；{_METHOD}")
        return 0

    sys.exit(run(main))


async def supervision_history(engine: AsyncEngine) -> SupervisionHistory:
    """The texts of supervision that were adopted; a login that may not read them has the built-in one, and is told."""
    try:
        async with engine.connect() as connection:
            return SupervisionHistory(each.text for each in await adopted_texts(connection))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
    note("本登录无权读取监管参数，按内置参数判断 this login may not read adopted texts: built-in lines are used")
    return SupervisionHistory()


def _cells(row: Mapping[str, Any], names: Names) -> tuple[Any, ...]:
    return (
        *(names.scheme(row["scheme"]), names.region(row["region"]), _fund(row), _level(row)),
        *(row["balance"], row["spending"], row["income"], row["budget"], row["months_payable"]),
        *(_share(row[name]) for name in ("payment_rate", "time_progress", "budget_deviation", "growth_gap")),
        [f"{COURSE_NAMES[course]} {month}" for course, month in row["run_out"].items() if month] or None,
        row["as_of"],
        list(row["remarks"]) or None,
    )


def _fund(row: Mapping[str, Any]) -> Named | str | None:
    named = coded(FUND_NAMES, row["fund"])
    return named if row["insurer"] is None else f"{named}（{coded(INSURER_NAMES, row['insurer'])}）"


def _level(row: Mapping[str, Any]) -> list[str]:
    """The level, and the indicators that are on it."""
    told = [LEVEL_NAMES[row["level"]]]
    if row["level"] in ("red", "yellow"):
        told += [INDICATOR_NAMES[name] for name, level in row["levels"].items() if level == row["level"]]
    return [*told, *(["结余过多"] if row["has_surplus"] else [])]


def _share(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _print_basis(rows: Sequence[Mapping[str, Any]]) -> None:
    """What is to be said of funds, how it was reckoned, and the lines with their grade, of the last row's text."""
    if not rows:
        return
    funds: dict[str, list[str]] = {}
    for row in rows:
        for remark in row["remarks"]:
            funds.setdefault(remark, []).append(FUND_NAMES[row["fund"]])
    for remark, named in funds.items():
        _say(f"{'、'.join(dict.fromkeys(named))}：{remark}")
    _say(_METHOD)
    lines = rows[-1]["lines"]
    told = [
        f"{INDICATOR_NAMES[name]} {lines[yellow]['value']}/{lines[red]['value']} {GRADES[lines[yellow]['grade']]}"
        for name in INDICATOR_NAMES
        if (yellow := f"{name}_yellow") in lines and (red := f"{name}_red") in lines
    ]
    _say(f"截至 as of {rows[-1]['as_of']}；黄线/红线 yellow/red lines: {'；'.join(told)}")


def _say(text: str) -> None:
    stdout.print(text, highlight=False, soft_wrap=True, markup=False)
