"""``claims premiums``, ``claims account`` and ``claims fines``."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated, Any

import typer

from events.codes import CATEGORY_NAMES, LAYER_NAMES
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, print_json, table
from infra.cli.premium_text import KIND_NAMES, PAYER_NAMES
from infra.cli.session import reading, run
from policies.explain import GRADES
from processors.premiums.fund_account import fund_account
from processors.queries import listings

Row = Mapping[str, Any]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(premiums)
    app.command()(account)
    app.command()(fines)


def premiums(
    person: Annotated[str | None, typer.Option("--person", help="参保人编号 person_id")] = None,
    year: Annotated[int | None, typer.Option("--year", help="参保年度 benefit year")] = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="按统筹区、出资方和保障线汇总 sums by region, payer and layer")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """保费：为困难群众代缴、购买和退还的保费。Premiums: who paid what for whose insurance."""
    settings = settings_of(data_dir)
    query = listings.premium_totals if totals else listings.premium_rows

    async def main() -> int:
        async with reading(settings, "premiums") as engine:
            rows = query(engine, person_id=person, year=year)
            if json:
                await _print(rows)
            elif totals:
                columns = (
                    "年度 year,统筹区 region,政策 scheme,保障线 layer,方式 kind,出资方 payer,人数 persons,金额 amount"
                )
                await _table("保费汇总 Premiums in sum（元 yuan）", columns, rows, _total_cells, right=(6, 7))
            else:
                columns = (
                    "参保人 person,年度 year,统筹区 region,政策 scheme,保障线 layer,方式 kind,出资方 payer,金额 amount"
                )
                columns += ",类别 category,出处 cite"
                await _table("保费 Premiums（元 yuan）", columns, rows, _premium_cells, right=(7,))
        return 0

    sys.exit(run(main))


def account(
    scheme: Annotated[str, typer.Option("--scheme", help="政策名称 name of the scheme")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """补充保险收支账：保费、运营费、补偿款、结余和亏损。The supplementary insurance's account, year by year."""
    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "account") as engine:
            try:
                years = [year.json() for year in await fund_account(engine, scheme)]
            except LookupError as error:
                fail(str(error))
                return 2
        if json:
            print_json(years)
            return 0
        columns = "年度 year,上年结转 carried in,保费 premiums,运营费 operations,补偿款 payouts,结转下年 carried on"
        columns += ",政府承担 by government,运营费比例 ratio"
        names = ("carried_in", "premiums", "operations", "payouts", "carried_out", "by_government")
        rows = [
            (
                str(year["year"]),
                *(year[name] for name in names),
                f"{year['ratio']} {GRADES[year['grade']]} {year['cite']}",
            )
            for year in years
        ]
        table(f"补充保险收支 Supplementary account: {scheme}（元 yuan）", columns.split(","), rows, right=range(1, 7))
        return 0

    sys.exit(run(main))


def fines(
    hospital: Annotated[str | None, typer.Option("--hospital", help="医疗机构编号 hospital_id")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """行政处罚：对医疗机构的罚款。Fines on hospitals: a register of its own, apart from audit deductions."""
    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "fines") as engine:
            rows = listings.fine_rows(engine, hospital_id=hospital)
            if json:
                await _print(rows)
            else:
                columns = "处罚编号 fine,医疗机构 hospital,金额 amount,日期 imposed on,原因 reason,依据 clause"
                columns += ",作出机关 source"
                await _table("罚款 Fines（元 yuan）", columns, rows, _fine_cells, right=(2,))
        return 0

    sys.exit(run(main))


async def _print(rows: AsyncIterator[Row]) -> None:
    async for row in rows:
        print_json([row])


async def _table(
    title: str,
    columns: str,
    rows: AsyncIterator[Row],
    cells: Callable[[Row], tuple[str, ...]],
    right: tuple[int, ...],
) -> None:
    table(title, columns.split(","), [cells(row) async for row in rows], right=right)


def _premium_cells(row: Row) -> tuple[str, ...]:
    category = f"{CATEGORY_NAMES[row['category']]} {row['category']}"
    cite = f"{GRADES[row['grade']]} {row['grade']}: {row['cite']}"
    return (row["person_id"], *_what(row), row["amount"], category, cite)


def _total_cells(row: Row) -> tuple[str, ...]:
    return (*_what(row), str(row["persons"]), row["amount"])


def _what(row: Row) -> tuple[str, ...]:
    layer = f"{LAYER_NAMES[row['layer']]} {row['layer']}"
    kind, payer = f"{KIND_NAMES[row['kind']]} {row['kind']}", f"{PAYER_NAMES[row['payer']]} {row['payer']}"
    return (str(row["year"]), row["region"], row["scheme"], layer, kind, payer)


def _fine_cells(row: Row) -> tuple[str, ...]:
    names = ("fine_id", "hospital_id", "amount", "imposed_on", "reason", "clause", "source")
    return tuple(row[name] or "—" for name in names)
