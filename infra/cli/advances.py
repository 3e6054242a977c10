"""``claims advances``: what the emergency fund has lent; ``repay`` notes what a person pays back himself."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.advance_requests import add_requests
from infra.cli.arguments import Actor, actor_of, amount_of, region_of, words_of
from infra.cli.clearing_step import MistakenReference, Reason, print_result, print_reversal, reversed_fields, run_step
from infra.cli.clearing_text import print_history
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.output import print_json, table
from infra.cli.registers import list_register
from infra.cli.row_output import OutFile, print_sheet
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, columns_of
from infra.words.clearing import LENDER_NAMES, fund_named
from processors.clearing import loans, reversals
from processors.registers.registers import ADVANCES
from processors.registers.requests import REQUEST_STATE_NAMES

AdvanceState = Literal["applied", "approved", "declined", "lent", "repaid"]
AdvanceFault = Literal["no_request", "not_approved", "over_approved", "another_person", "not_filed"]
advances = typer.Typer(help="临时救急借款。What the emergency fund has lent before treatment, and what is repaid.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_requests(advances)
    app.add_typer(advances, name="advances")


@advances.callback(invoke_without_command=True)
def list_(
    context: typer.Context,
    person: PersonId = None,
    region: Annotated[str | None, typer.Option("--region", help="借出地区 region in which it was lent")] = None,
    township: Annotated[str | None, typer.Option("--township", help="乡镇，九位 township, nine digits")] = None,
    state: Annotated[AdvanceState | None, typer.Option("--state", help="状态 where it stands")] = None,
    fault: Annotated[AdvanceFault | None, typer.Option("--fault", help="只看有此问题的 with this fault")] = None,
    late: Annotated[
        int | None, typer.Option("--late", help="借出后超过几天才备案或仍未备案 filed after more days, or not yet")
    ] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """临时救急借款台账：申请、审核、借出、备案、归还。What was asked for, approved, lent, filed, repaid."""
    if context.invoked_subcommand is not None:
        return
    asked = {"person": person, "region": region, "township": township, "state": state, "fault": fault, "late": late}
    list_register(ADVANCES, asked, data_dir, out, json=json)


_COLUMNS = "临时救急借款 advance,借出地区 region,参保人 person,日期 issued on:day,借出单位 lent by,备案 filed on:day"
_COLUMNS += ",借出 issued:money+"
_COLUMNS += ",已还 repaid:money+,其中现金 of it in cash:money+,未还 outstanding:money+"


def _sheet(rows: Sequence[Mapping[str, Any]]) -> Sheet:
    amounts = ("issued", "repaid", "in_cash", "outstanding")
    cells = [
        (
            row["advance_id"],
            region_named(row["region"]),
            row["person_id"],
            row["issued_on"],
            LENDER_NAMES[row["lent_by"]],
            row["filed_on"],
            *(row[name] for name in amounts),
        )
        for row in rows
    ]
    return Sheet("临时救急借款 Advances", columns_of(_COLUMNS), cells, personal=True)


_REQUEST = {
    "applied_on": "申请日 applied on",
    "asked": "申请 asked",
    "applied_by": "登记人 applied by",
    "status": "审核 decision",
    "approved": "批准 approved",
    "decided_by": "审核人 decided by",
    "filed_by": "登记备案人 filed by",
}


@advances.command("show")
def show_one(
    advance: Annotated[str, typer.Argument(help="临时救急借款编号 advance_id", metavar="ADVANCE")],
    region: Annotated[str, typer.Option("--region", help="借出地区 region in which it was lent")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """查看一笔临时救急借款：清算归还、现金归还、撤销。One advance: what repaid it, and what was taken back."""
    shown = run_step(data_dir, lambda engine: loans.loan(engine, region_of(region), advance))
    if json:
        print_json([shown])
        return
    print_sheet(_sheet([shown]))
    if asked := shown["request"]:
        named = asked | {"status": REQUEST_STATE_NAMES[asked["status"]]}
        title = "申请、审核和备案 Request, decision and filing（元 yuan）"
        table(title, list(_REQUEST.values()), [[named[name] or "—" for name in _REQUEST]], right=(1, 4))
    if shown["by_clearings"]:
        cells = [(row["clearing_id"], fund_named(row["fund"]).name, row["amount"]) for row in shown["by_clearings"]]
        columns = ("清算单 clearing", "基金 fund", "金额 amount")
        table("清算归还 Repaid by clearings（元 yuan）", columns, cells, right=(2,))
    print_history(shown["history"])


@advances.command("reverse")
def reverse(
    advance: Annotated[str, typer.Argument(help="临时救急借款编号 advance_id", metavar="ADVANCE")],
    region: Annotated[str, typer.Option("--region", help="借出地区 region in which it was lent")],
    actor: Actor,
    reference: MistakenReference,
    reason: Reason,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤销误登的现金归还：须由另一人。Take back a repayment noted by mistake; another person than noted it."""
    who, receipt, why = actor_of(actor), words_of(reference, "--reference"), words_of(reason, "--reason")
    lender = region_of(region)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        mistaken = await reversals.reverse_repayment(engine, lender, advance, who, receipt, why)
        return {"region": lender, "advance_id": advance, **reversed_fields(mistaken)}

    print_reversal(run_step(data_dir, step), json=json)


@advances.command("repay")
def repay(
    advance: Annotated[str, typer.Argument(help="临时救急借款编号 advance_id", metavar="ADVANCE")],
    region: Annotated[str, typer.Option("--region", help="借出地区 region in which it was lent")],
    amount: Annotated[str, typer.Option("--amount", help="金额 yuan")],
    actor: Actor,
    reference: Annotated[str, typer.Option("--reference", help="凭证号 reference of the receipt")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记现金归还。Note what the person has paid back himself, never more than is outstanding."""
    region_of(region)
    who, fen, receipt = actor_of(actor), amount_of(amount), words_of(reference, "--reference")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        left = await loans.repay_in_cash(engine, region, advance, fen, who, receipt)
        return {"region": region, "advance_id": advance, "outstanding": yuan(left)}

    done = run_step(data_dir, step)
    print_result(done, f"未还 outstanding: {done['outstanding']} 元 yuan", json=json)
