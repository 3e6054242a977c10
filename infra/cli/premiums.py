"""``claims premiums``: who paid what for whose insurance, in single or in sum."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import region_of
from infra.cli.names import Names
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.premium_lists import write_lists
from infra.cli.report_output import caught_up
from infra.cli.row_output import OutFile, Row, list_rows
from infra.files.sheet import coded
from infra.words.premiums import KIND_NAMES
from policies.explain import GRADES
from processors.accounts.listings import premium_transfer_rows
from processors.law.terms import CATEGORY_NAMES, FUND_NAMES, INSURER_NAMES, LAYER_NAMES
from processors.queries import listings
from processors.queries.listings import WantedPremiums

_KEY_COLUMNS = "年度 year:count,统筹区 region,政策 scheme,保障线 layer,方式 kind,出资方 payer"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(premiums)


def premiums(
    person: PersonId = None,
    year: Annotated[int | None, typer.Option("--year", help="参保年度 benefit year")] = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="按统筹区、出资方和保障线汇总 sums by region, payer and layer")
    ] = False,
    transfers: Annotated[
        bool,
        typer.Option("--transfers", help="应划、已划和差额 what is due to each fund, was transferred, and is left"),
    ] = False,
    region: Annotated[
        str | None, typer.Option("--region", help="统筹区 region; 140400 also takes its counties")
    ] = None,
    township: Annotated[str | None, typer.Option("--township", help="乡镇，九位 township, nine digits")] = None,
    payer: Annotated[str | None, typer.Option("--payer", help="出资方 payer, county_finance")] = None,
    lists: Annotated[
        Path | None,
        typer.Option("--lists", help="每个出资方一份代缴花名册，写到目录 a workbook a payer, into a folder"),
    ] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """保费：为困难群众代缴、购买和退还的保费。Premiums: who paid what for whose insurance."""
    if region is not None:
        region_of(region)
    wanted = WantedPremiums(person, year, region, township, payer)
    if lists is not None:
        write_lists(data_dir, lists, wanted, json=json)
    if transfers:
        _list_transfers(data_dir, year, region, out, json=json)
    if totals:
        list_rows(
            data_dir,
            "premiums",
            lambda engine: listings.premium_totals(engine, wanted),
            json=json,
            out=out,
            title="保费汇总 Premiums in sum",
            columns=f"{_KEY_COLUMNS},人数 persons:count,金额 amount:money+",
            cells=lambda row, names: (*_key_cells(row, names), row["persons"], row["amount"]),
        )
    list_rows(
        data_dir,
        "premiums",
        lambda engine: listings.premium_rows(engine, wanted),
        json=json,
        out=out,
        title="保费 Premiums",
        columns=f"参保人 person,{_KEY_COLUMNS},金额 amount:money+,类别 category,出处 cite",
        cells=_premium_cells,
    )


def _list_transfers(
    data_dir: Path | None, year: int | None, region: str | None, out: Path | None, *, json: bool
) -> NoReturn:
    async def rows(engine: AsyncEngine) -> AsyncIterator[Row]:
        await caught_up(engine, anew=False)
        async for row in premium_transfer_rows(engine, region=region, year=year):
            yield row

    list_rows(
        data_dir,
        "premiums",
        rows,
        json=json,
        out=out,
        title="保费划转 Transfers of premiums",
        columns="年度 year:count,统筹区 region,政策 scheme,出资方 payer,收款资金 fund,承保公司 insurer,"
        "应划 due:money+,已划 transferred:money+,差额 difference:money+",
        cells=_transfer_cells,
    )


def _transfer_cells(row: Row, names: Names) -> tuple[Any, ...]:
    funds = (coded(FUND_NAMES, row["payer"]), coded(FUND_NAMES, row["fund"]), coded(INSURER_NAMES, row["insurer"]))
    amounts = (row["due"], row["transferred"], row["difference"])
    return (row["year"], names.region(row["region"]), names.scheme(row["scheme"]), *funds, *amounts)


def _premium_cells(row: Row, names: Names) -> tuple[Any, ...]:
    cite = f"{GRADES[row['grade']]} {row['grade']}: {row['cite']}"
    category = coded(CATEGORY_NAMES, row["category"])
    return (row["person_id"], *_key_cells(row, names), row["amount"], category, cite)


def _key_cells(row: Row, names: Names) -> tuple[Any, ...]:
    kind, payer = coded(KIND_NAMES, row["kind"]), coded(FUND_NAMES, row["payer"])
    where = (row["year"], names.region(row["region"]), names.scheme(row["scheme"]))
    return (*where, coded(LAYER_NAMES, row["layer"]), kind, payer)
