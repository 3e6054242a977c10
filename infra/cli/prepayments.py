"""``claims prepayments``: what funds have paid hospitals ahead (预拨), and what became of it.

``order`` and ``approve`` take two persons; clearings set it off; ``return`` notes what a hospital pays back.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.arguments import Actor, actor_of, amount_of, day_of, file_of, region_of, words_of
from infra.cli.clearing_bank import tell_file
from infra.cli.clearing_step import MistakenReference, Reason, print_result, print_reversal, reversed_fields, run_step
from infra.cli.clearing_text import print_history
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import print_json, table
from infra.cli.row_output import ENDINGS, OutFile, print_sheet, show
from infra.files.key_file import PAYEES, key_ring
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.clearing import payer_named
from policies.funds import BookedFund
from processors.bank import prepayment_files
from processors.clearing import prepayments as steps
from processors.clearing import reversals
from processors.clearing.prepayments import STATUS_NAMES

prepayments = typer.Typer(help="预拨。What funds have paid hospitals ahead; clearings set it off.")
PrepaymentId = Annotated[str, typer.Argument(help="预拨编号 prepayment_id")]

_COLUMNS = "预拨 prepayment,统筹区 region,医院 hospital,付款基金 fund,状态 status,金额 amount:money+"
_COLUMNS += ",已抵扣 set off:money+,已退回 paid back:money+,余额 outstanding:money+,经办 ordered by,复核 approved by"
_COLUMNS += ",流水号 reference,预拨日 paid on:day"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(prepayments, name="prepayments")


@prepayments.callback(invoke_without_command=True)
def list_prepayments(
    context: typer.Context,
    region: Annotated[str | None, typer.Option("--region", help="统筹区 region")] = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="医院 hospital_id")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """预拨清单。All prepayments with their balances."""
    if context.invoked_subcommand is not None:
        return
    if region is not None:
        region_of(region)

    async def step(engine: AsyncEngine) -> tuple[list[dict[str, Any]], Names]:
        return await steps.prepayment_rows(engine, region, hospital), await names_of(engine)

    rows, names = run_step(data_dir, step, out)
    if json:
        print_json(rows)
    show(_sheet(rows, names), json=json, out=out)


def _sheet(rows: Sequence[Mapping[str, Any]], names: Names) -> Sheet:
    cells = [
        (
            *(row["prepayment_id"], region_named(row["region"]), names.hospital(row["hospital_id"]), payer_named(row)),
            coded(STATUS_NAMES, row["status"]),
            *(row[name] for name in ("amount", "set_off", "returned", "outstanding", "ordered_by", "approved_by")),
            *(row["reference"], row["paid_on"] and date.fromisoformat(row["paid_on"])),
        )
        for row in rows
    ]
    return Sheet("预拨 Prepayments", columns_of(_COLUMNS), cells)


@prepayments.command("show")
def show_one(prepayment_id: PrepaymentId, data_dir: DataDir = None, json: Json = False) -> None:
    """查看一笔预拨：抵扣、退回、撤销。One prepayment: what set it off, every step."""

    async def step(engine: AsyncEngine) -> tuple[dict[str, Any], Names]:
        return await steps.prepayment(engine, prepayment_id), await names_of(engine)

    shown, names = run_step(data_dir, step)
    if json:
        print_json([shown])
        return
    print_sheet(_sheet([shown], names))
    if shown["set_off_by"]:
        cells = [(row["clearing_id"], row["amount"]) for row in shown["set_off_by"]]
        table("抵扣 Set off（元 yuan）", ("清算单 clearing", "金额 amount"), cells, right=(1,))
    print_history(shown["history"])


@prepayments.command()
def order(
    region: Annotated[str, typer.Option("--region", help="统筹区 region of the clearings that set it off")],
    hospital: Annotated[str, typer.Option("--hospital", help="医院 hospital_id")],
    fund: Annotated[str, typer.Option("--fund", help="付款基金 fund, basic_fund")],
    amount: Annotated[str, typer.Option("--amount", help="金额，元 yuan")],
    actor: Actor,
    reason: Reason,
    insurer: Annotated[
        str | None, typer.Option("--insurer", help="承办公司，政策只写一家时可省 where the schemes name several")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """申请预拨：须另一人复核。Order a prepayment; another person approves it."""
    who, fen, why = actor_of(actor), amount_of(amount), words_of(reason, "--reason")
    region_of(region)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        id_ = await steps.order(engine, region, hospital, BookedFund(fund, insurer), fen, who, why)
        return {"prepayment_id": id_, "ordered_by": who, "amount": yuan(fen)}

    done = run_step(data_dir, step)
    told = f"已申请预拨 ordered: {done['prepayment_id']}，{done['amount']} 元 yuan"
    print_result(done, f"{told}，待另一人复核 another person approves it", json=json)


@prepayments.command()
def approve(
    prepayment_id: PrepaymentId,
    actor: Actor,
    reference: Annotated[str, typer.Option("--reference", help="银行流水号 the transfer's reference")],
    day: Annotated[str, typer.Option("--day", help="拨款日 day of the transfer, 2019-01-05")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """复核并登记拨款：须由另一人。Approve it and note the transfer; another person than ordered it."""
    who, transfer, on = actor_of(actor), words_of(reference, "--reference"), day_of(day, "--day")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        row = await steps.approve(engine, prepayment_id, who, transfer, on)
        return {"prepayment_id": prepayment_id, "approved_by": who, "paid": yuan(row.amount), "reference": transfer}

    done = run_step(data_dir, step)
    print_result(done, f"已预拨 paid: {prepayment_id}，{done['paid']} 元 yuan", json=json)


@prepayments.command("payment-file")
def payment_file(
    region: Annotated[str, typer.Option("--region", help="统筹区 region")],
    out: Annotated[Path, typer.Option("--out", help="输出 write to FILE.xlsx or FILE.csv")],
    actor: Actor,
    only_ready: Annotated[
        bool, typer.Option("--only-ready", help="先付有账户的 pay those that have an account")
    ] = False,
    purpose: Annotated[str | None, typer.Option("--purpose", help="用途 purpose of every line")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """预拨的银行付款文件：由申请人以外的人做，回单登记拨款。The file by which the bank pays what is ordered."""
    who, words = actor_of(actor), None if purpose is None else words_of(purpose, "--purpose")
    region_of(region)
    file_of(out, ENDINGS)
    keys = key_ring(settings_of(data_dir), PAYEES)
    made = run_step(
        data_dir,
        lambda engine: prepayment_files.make(engine, keys, region, who, only_ready=only_ready, purpose=words),
    )
    tell_file(made, out, json=json)


@prepayments.command()
def withdraw(prepayment_id: PrepaymentId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """撤回未复核的预拨。Take an order back that is not approved yet."""
    who = actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        await steps.withdraw(engine, prepayment_id, who)
        return {"prepayment_id": prepayment_id, "withdrawn_by": who}

    print_result(run_step(data_dir, step), f"已撤回 withdrawn: {prepayment_id}", json=json)


@prepayments.command("return")
def return_(
    prepayment_id: PrepaymentId,
    actor: Actor,
    reference: Annotated[str, typer.Option("--reference", help="凭证号 reference of the receipt")],
    amount: Annotated[
        str | None, typer.Option("--amount", help="金额（默认全部余额）yuan, default all that is left")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记医院退回的预拨款。Note what the hospital has paid back, all that is left or a part."""
    who, receipt = actor_of(actor), words_of(reference, "--reference")
    fen = None if amount is None else amount_of(amount)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        left = await steps.take_back(engine, prepayment_id, who, receipt, fen)
        return {"prepayment_id": prepayment_id, "outstanding": yuan(left)}

    done = run_step(data_dir, step)
    print_result(done, f"余额 outstanding: {done['outstanding']} 元 yuan", json=json)


@prepayments.command()
def reverse(
    prepayment_id: PrepaymentId,
    actor: Actor,
    reference: MistakenReference,
    reason: Reason,
    returned: Annotated[
        bool, typer.Option("--return", help="撤销的是退回登记 it is the return that was noted by mistake")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤销误登的预拨或退回：须由另一人。Take back what was noted by mistake; another person than noted it."""
    who, noted, why = actor_of(actor), words_of(reference, "--reference"), words_of(reason, "--reason")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        mistaken = await reversals.reverse_prepayment(engine, prepayment_id, who, noted, why, returned=returned)
        return {"prepayment_id": prepayment_id, **reversed_fields(mistaken)}

    print_reversal(run_step(data_dir, step), json=json)
