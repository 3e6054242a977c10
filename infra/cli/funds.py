"""``claims funds``: money that funds receive and transfer, entered by one person and approved by another."""

import hashlib
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli import fund_budgets, fund_warning
from infra.cli.arguments import Actor, actor_of, amount_of, day_of, id_of, region_of, unusable, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json
from infra.cli.output import print_json, stdout
from infra.cli.row_output import OutFile, Row, show
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.funds import MOVEMENT_KINDS
from processors.accounts import listings, steps
from processors.accounts.budgets import approve_budget, withdraw_budget
from processors.accounts.journal import rebuild as rebuild_table
from processors.accounts.refusal import STATUS_NAMES
from processors.accounts.steps import FundMovementOrder
from processors.law.terms import FUND_NAMES, INSURER_NAMES

funds = typer.Typer(no_args_is_help=True, help="资金收支：登记、复核、撤销。Money that funds receive and transfer.")

ReceiptKind = Literal["opening", "appropriation", "contribution", "interest", "donation", "fine", "other"]
TransferKind = Literal["premium", "allocation", "surplus", "deficit", "operations"]
Status = Literal["entered", "approved", "withdrawn", "reversed"]
Office = Literal["bureau", "finance_office"]

Scheme = Annotated[str, typer.Option("--scheme", help="政策名称 name of the scheme")]
RegionCode = Annotated[str, typer.Option("--region", help="统筹区 region, 360923")]
Amount = Annotated[str, typer.Option("--amount", help="金额，元 yuan")]
MovedOn = Annotated[str, typer.Option("--on", help="银行到账日 day on which the bank moved it, 2019-03-31")]
BankReference = Annotated[str, typer.Option("--reference", help="银行流水号 the bank's reference")]
AccountYear = Annotated[int | None, typer.Option("--year", help="账户年度，默认到账年份 year of the account")]
OrderNo = Annotated[str | None, typer.Option("--order", help="拨付文号 number of the order to pay")]
Proof = Annotated[
    Path | None, typer.Option("--proof", help="凭证文件，记其摘要 file of the papers: its sha256 is kept")
]
OfOffice = Annotated[Office, typer.Option("--office", help="登记单位：医保局或财政局 whose clerk enters it")]
MovementId = Annotated[str, typer.Argument(help="收支或预算编号 id of a movement or budget")]
_BUDGET = re.compile(r"[0-9]{6}-B[0-9]+")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(funds, name="funds")
    for command in (fund_budgets.budget, fund_budgets.budgets, fund_warning.warning):
        funds.command()(command)


@funds.command()
def receive(
    kind: Annotated[ReceiptKind, typer.Argument(help="种类 opening 期初余额、appropriation 财政拨款…")],
    scheme: Scheme,
    region: RegionCode,
    fund: Annotated[str, typer.Option("--fund", help="收款资金 fund that receives")],
    amount: Amount,
    on: MovedOn,
    reference: BankReference,
    actor: Actor,
    insurer: Annotated[str | None, typer.Option("--insurer", help="承保公司 who keeps the fund")] = None,
    year: AccountYear = None,
    payer: Annotated[str | None, typer.Option("--from", help="付款方 who paid")] = None,
    fine: Annotated[
        str | None,
        typer.Option("--fine", help="处罚编号，对个人的为措施编号 fine_id, or measure"),
    ] = None,
    order: OrderNo = None,
    proof: Proof = None,
    office: OfOffice = "bureau",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记收入：期初、拨款、缴费、利息、捐赠、罚款。Enter what a fund received; another person approves it."""
    entered = FundMovementOrder(
        kind=kind,
        scheme=scheme,
        region=region_of(region),
        to_fund=fund,
        to_insurer=_words(insurer, "--insurer"),
        amount=amount_of(amount),
        moved_on=day_of(on, "--on"),
        reference=words_of(reference, "--reference"),
        year=year,
        party=_words(payer, "--from"),
        fine_id=None if fine is None else id_of(fine, "--fine"),
        order_no=_words(order, "--order"),
        proof=_digest(proof),
        office=office,
    )
    _enter(entered, actor, data_dir, json=json)


@funds.command()
def transfer(
    kind: Annotated[TransferKind, typer.Argument(help="种类 premium 保费、operations 运营费、deficit 弥补亏损…")],
    scheme: Scheme,
    region: RegionCode,
    from_: Annotated[str, typer.Option("--from", help="付款资金 fund that pays")],
    amount: Amount,
    on: MovedOn,
    reference: BankReference,
    actor: Actor,
    to: Annotated[str | None, typer.Option("--to", help="收款资金 fund that receives")] = None,
    from_insurer: Annotated[str | None, typer.Option("--from-insurer", help="付款资金的承保公司 its insurer")] = None,
    to_insurer: Annotated[str | None, typer.Option("--to-insurer", help="收款资金的承保公司 its insurer")] = None,
    payee: Annotated[str | None, typer.Option("--payee", help="收款单位 who was paid")] = None,
    year: AccountYear = None,
    order: OrderNo = None,
    proof: Proof = None,
    office: OfOffice = "bureau",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记划转：保费、运营费、弥补亏损、拨付。Enter what went from a fund; another person approves it."""
    entered = FundMovementOrder(
        kind=kind,
        scheme=scheme,
        region=region_of(region),
        from_fund=from_,
        from_insurer=_words(from_insurer, "--from-insurer"),
        to_fund=to,
        to_insurer=_words(to_insurer, "--to-insurer"),
        amount=amount_of(amount),
        moved_on=day_of(on, "--on"),
        reference=words_of(reference, "--reference"),
        year=year,
        party=_words(payee, "--payee"),
        order_no=_words(order, "--order"),
        proof=_digest(proof),
        office=office,
    )
    _enter(entered, actor, data_dir, json=json)


def _enter(entered: FundMovementOrder, actor: str, data_dir: Path | None, *, json: bool) -> None:
    who = actor_of(actor)
    movement_id = run_step(data_dir, lambda engine: steps.enter(engine, entered, who))
    told = {"movement_id": movement_id, "amount": yuan(entered.amount), "status": "entered"}
    print_result(told, f"已登记，待另一人复核 entered: {movement_id}，{told['amount']} 元 yuan", json=json)


@funds.command()
def approve(movement_id: MovementId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """复核收支或预算：须由另一人。Approve a movement or a budget, by another person than entered it: it counts."""
    who = actor_of(actor)
    if _BUDGET.fullmatch(movement_id):
        budget = run_step(data_dir, lambda engine: approve_budget(engine, movement_id, who))
        told = {"budget_id": movement_id, "spending": yuan(budget.spending), "approved_by": who}
        print_result(told, f"已复核 approved: {movement_id}，{told['spending']} 元 yuan", json=json)
        return
    found = run_step(data_dir, lambda engine: steps.approve(engine, movement_id, who))
    told = {"movement_id": movement_id, "amount": yuan(found.amount), "approved_by": who}
    print_result(told, f"已复核 approved: {movement_id}，{told['amount']} 元 yuan", json=json)


@funds.command()
def withdraw(
    movement_id: MovementId, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False
) -> None:
    """撤回未复核的收支或预算。Take back a movement or a budget that is not approved."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    if _BUDGET.fullmatch(movement_id):
        budget = run_step(data_dir, lambda engine: withdraw_budget(engine, movement_id, who, why))
        told = {"budget_id": movement_id, "spending": yuan(budget.spending), "withdrawn_by": who}
        print_result(told, f"已撤回 withdrawn: {movement_id}，{told['spending']} 元 yuan", json=json)
        return
    found = run_step(data_dir, lambda engine: steps.withdraw(engine, movement_id, who, why))
    told = {"movement_id": movement_id, "amount": yuan(found.amount), "withdrawn_by": who}
    print_result(told, f"已撤回 withdrawn: {movement_id}，{told['amount']} 元 yuan", json=json)


@funds.command()
def reverse(
    movement_id: MovementId, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False
) -> None:
    """撤销已复核的误登：须由另一人；凭证号可重新登记。Take back an approved mistake; another person than entered it."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    found = run_step(data_dir, lambda engine: steps.reverse(engine, movement_id, who, why))
    told = {"movement_id": movement_id, "amount": yuan(found.amount), "reversed_by": who}
    print_result(told, f"已撤销 reversed: {movement_id}，{told['amount']} 元 yuan", json=json)


@funds.command("list")
def list_(
    region: Annotated[
        str | None, typer.Option("--region", help="统筹区 region; 140400 also takes its counties")
    ] = None,
    year: AccountYear = None,
    status: Annotated[Status | None, typer.Option("--status", help="状态 status")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """全部收支登记。All movements, also those that do not count."""
    if region is not None:
        region_of(region)

    async def step(engine: AsyncEngine) -> tuple[list[dict[str, Any]], Names]:
        return await listings.movement_rows(engine, region=region, year=year, status=status), await names_of(engine)

    rows, names = run_step(data_dir, step, out)
    if json:
        print_json(rows)
    columns = "编号 movement,种类 kind,政策 scheme,统筹区 region,年度 year:count,付款资金 from,收款资金 to,对方 party"
    columns += ",金额 amount:money,到账日 on,凭证号 reference,文号 order,凭证 proof,状态 status,登记 entered by"
    columns += ",复核 approved by,撤销 ended by,原因 reason"
    show(
        Sheet("资金收支 Movements of funds", columns_of(columns), [_cells(row, names) for row in rows]),
        json=json,
        out=out,
    )


@funds.command()
def rebuild(data_dir: DataDir = None, json: Json = False) -> None:
    """由账册重建收支表和预算表。Make the tables what their journal says; exit 1 where they were not."""
    mended = run_step(data_dir, rebuild_table)
    if json:
        print_json([mended])
    else:
        stdout.print(f"已更正 rows mended: {sum(mended.values())}", highlight=False)
    sys.exit(1 if any(mended.values()) else 0)


def _cells(row: Row, names: Names) -> tuple[Any, ...]:
    where = (names.scheme(row["scheme"]), names.region(row["region"]), row["year"])
    between = (_side(row["from_fund"], row["from_insurer"]), _side(row["to_fund"], row["to_insurer"]))
    papers = (row["amount"], row["moved_on"], row["reference"], row["order_no"], row["proof"])
    people = (row["entered_by"], row["approved_by"], row["ended_by"], row["reason"])
    kind, status = coded(MOVEMENT_KINDS, row["kind"]), coded(STATUS_NAMES, row["status"])
    return (row["movement_id"], kind, *where, *between, row["party"], *papers, status, *people)


def _side(fund: str | None, insurer: str | None) -> Any:
    named = coded(FUND_NAMES, fund)
    return named if insurer is None else f"{named}（{coded(INSURER_NAMES, insurer)}）"


def _words(text: str | None, option: str) -> str | None:
    return None if text is None else words_of(text, option)


def _digest(proof: Path | None) -> str | None:
    if proof is None:
        return None
    if not proof.is_file():
        raise unusable(f"没有文件 {proof}", f"There is no file {proof}", "--proof")
    name = words_of(proof.name, "--proof")
    return f"{name} sha256:{hashlib.sha256(proof.read_bytes()).hexdigest()}"
