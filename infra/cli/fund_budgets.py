"""``claims funds budget`` and ``claims funds budgets``."""

from typing import Annotated, Any, Literal

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.arguments import Actor, actor_of, amount_of, region_of, words_of
from infra.cli.clearing_step import print_result, run_step
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json
from infra.cli.output import print_json
from infra.cli.row_output import OutFile, Row, show
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.funds import OFFICE_NAMES
from processors.accounts import budgets as steps
from processors.accounts.refusal import STATUS_NAMES
from processors.law.terms import FUND_NAMES, INSURER_NAMES


def budget(
    scheme: Annotated[str, typer.Option("--scheme", help="政策名称 name of the scheme")],
    region: Annotated[str, typer.Option("--region", help="统筹区 region, 360923")],
    fund: Annotated[str, typer.Option("--fund", help="资金 fund, basic_fund")],
    year: Annotated[int, typer.Option("--year", min=2000, max=2100, help="年度 year of the account")],
    spending: Annotated[str, typer.Option("--spending", help="全年支出预算，元 what it may spend, yuan")],
    order: Annotated[str, typer.Option("--order", help="预算文号 number of the document")],
    actor: Actor,
    income: Annotated[
        str | None, typer.Option("--income", help="全年收入预算，元 what it should receive, yuan")
    ] = None,
    insurer: Annotated[str | None, typer.Option("--insurer", help="承保公司 who keeps the fund")] = None,
    office: Annotated[
        Literal["bureau", "finance_office"], typer.Option("--office", help="登记单位 whose clerk enters it")
    ] = "finance_office",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记年度预算；同一资金再登记并复核即为调整。Enter a fund's budget of a year; another person approves it."""
    entered = steps.BudgetOrder(
        scheme=scheme,
        region=region_of(region),
        fund=fund,
        year=year,
        spending=amount_of(spending),
        income=None if income is None else amount_of(income),
        insurer=None if insurer is None else words_of(insurer, "--insurer"),
        order_no=words_of(order, "--order"),
        office=office,
    )
    who = actor_of(actor)
    budget_id = run_step(data_dir, lambda engine: steps.enter_budget(engine, entered, who))
    told = {"budget_id": budget_id, "spending": yuan(entered.spending), "status": "entered"}
    print_result(told, f"已登记，待另一人复核 entered: {budget_id}，{told['spending']} 元 yuan", json=json)


def budgets(
    region: Annotated[
        str | None, typer.Option("--region", help="统筹区 region; 140400 also takes its counties")
    ] = None,
    year: Annotated[int | None, typer.Option("--year", min=2000, max=2100, help="年度 year of the account")] = None,
    status: Annotated[
        Literal["entered", "approved", "withdrawn"] | None, typer.Option("--status", help="状态 status")
    ] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """全部预算登记。All budgets, also those that do not count."""
    if region is not None:
        region_of(region)

    async def step(engine: AsyncEngine) -> tuple[list[dict[str, Any]], Names]:
        rows = await steps.budget_rows(engine, region=region, year=year, status=status)
        return rows, await names_of(engine)

    rows, names = run_step(data_dir, step, out)
    if json:
        print_json(rows)
    columns = "编号 budget,政策 scheme,统筹区 region,资金 fund,承保公司 insurer,年度 year:count,支出预算 spending:money"
    columns += ",收入预算 income:money,文号 order,登记单位 office,状态 status,生效 counts,登记 entered by"
    columns += ",复核 approved by,撤回 withdrawn by,原因 reason"
    kept = [_cells(row, names) for row in rows]
    show(Sheet("资金预算 Budgets of funds", columns_of(columns), kept), json=json, out=out)


def _cells(row: Row, names: Names) -> tuple[Any, ...]:
    return (
        *(row["budget_id"], names.scheme(row["scheme"]), names.region(row["region"])),
        *(coded(FUND_NAMES, row["fund"]), coded(INSURER_NAMES, row["insurer"]), row["year"]),
        *(row["spending"], row["income"], row["order_no"], coded(OFFICE_NAMES, row["office"])),
        *(coded(STATUS_NAMES, row["status"]), row["counts"]),
        *(row["entered_by"], row["approved_by"], row["ended_by"], row["reason"]),
    )
