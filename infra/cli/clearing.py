"""``claims clearing`` draft, show, list, open, approve, withdraw, pay, return; ``claims receivables``, ``settle``."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import LAYER_NAMES, is_region
from events.money import yuan
from infra.cli.clearing_step import Actor, actor_of, amount_of, take, tell, words_of
from infra.cli.options import DataDir, Json
from infra.cli.output import note, print_json, stdout, table
from infra.cli.premium_text import PAYER_NAMES
from infra.files.atomic import PRIVATE, write_atomically
from infra.files.roster_file import csv_bytes
from processors.clearing import listings, steps
from processors.clearing.draft import draft as draft_clearing
from processors.clearing.funds import EMERGENCY_FUND, GRANT, refund_fund
from processors.clearing.journal import rebuild as rebuild_tables
from processors.clearing.open_bookings import uncleared_rows
from processors.clearing.ranges import COUNTY_TIME, begin_of, end_of

clearing = typer.Typer(no_args_is_help=True, help="清算：起草、复核、拨付。Clearing: what the funds owe for a month.")
receivables = typer.Typer(help="应收款。What hospitals and persons owe the funds after a clearing.")

Kind = Annotated[
    steps.PayeeKind | None,
    typer.Option("--kind", help="收款方种类，仅编号重复时需要 of which kind the payee is, where several share an id"),
]
ClearingId = Annotated[str, typer.Argument(help="清算单号 clearing_id")]

KIND_NAMES = {"hospital": "医院", "person": "个人", EMERGENCY_FUND: "临时救急基金"}
FUND_NAMES: Mapping[str, str] = {
    **{str(layer): name for layer, name in LAYER_NAMES.items()},
    GRANT: "补助",
    **{refund_fund(payer): f"退还个人缴费（{name}）" for payer, name in PAYER_NAMES.items()},
}
STATUS_NAMES = {"drafted": "待复核", "approved": "已复核", "paid": "已拨付", "withdrawn": "已撤回"}
PAYMENT_NAMES = {"none": "无", "due": "待拨付", "paid": "已拨付", "returned": "已退回"}
CHANGE_NAMES = {"adjusted": "调整", "audit": "稽核扣款"}
LINE_COLUMNS = ("payee_kind", "payee", "fund", "settled", "adjusted", "audit", "repaid", "payable")

Row = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(clearing, name="clearing")
    app.add_typer(receivables, name="receivables")


@clearing.command()
def draft(
    region: Annotated[str, typer.Option("--region", help="统筹区 region of the persons, 360923")],
    month: Annotated[str, typer.Option("--month", help="月份 month, 2019-03")],
    actor: Actor,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """起草：截至月末已入账而未清算的全部支付。Draft what was booked until the end of a month and not yet cleared."""
    first, who = month_of(month), actor_of(actor)
    if not is_region(region):
        raise typer.BadParameter("six digits, the first not 0, are wanted", param_hint="--region")
    now = datetime.now(COUNTY_TIME)
    if begin_of(first) <= now < end_of(first):
        note(f"{month} 未结束：此后入账的归入下月。{month} is not over: what follows goes to the next month")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        return await listings.clearing(engine, await draft_clearing(engine, region, first, who, now))

    drawn = take(data_dir, step)
    _print_clearing(drawn, json=json)


@clearing.command()
def show(
    clearing_id: ClearingId,
    out: Annotated[Path | None, typer.Option("--out", help="另存明细 also write the lines, FILE.csv")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """查看一份清算单。One clearing: lines, payments, repaid advances, adjustments."""
    shown = take(data_dir, lambda engine: listings.clearing(engine, clearing_id))
    if out is not None:
        _write_csv(out, shown["lines"])
    _print_clearing(shown, json=json)


@clearing.command("list")
def list_(
    region: Annotated[str | None, typer.Option("--region", help="统筹区 region")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """全部清算单。All clearings."""
    rows = take(data_dir, lambda engine: listings.clearing_rows(engine, region))
    if json:
        print_json(rows)
        return
    cells = [
        (
            row["clearing_id"],
            row["region"],
            row["month"],
            f"{STATUS_NAMES[row['status']]} {row['status']}",
            row["drafted_by"],
            row["approved_by"] or "—",
        )
        for row in rows
    ]
    columns = ("清算单 clearing", "统筹区 region", "月份 month", "状态 status", "经办 drafted by", "复核 approved by")
    table("清算 Clearings", columns, cells)


@clearing.command("open")
def open_(data_dir: DataDir = None, json: Json = False) -> None:
    """尚未清算：各统筹区已入账的金额。What is booked and no clearing has taken yet, by region."""
    rows = take(data_dir, uncleared_rows)
    if json:
        print_json(rows)
        return
    cells = [
        (row["region"], row["amount"], str(row["bookings"]), row["since"] or "—", row["draft"] or "—") for row in rows
    ]
    columns = ("统筹区 region", "金额 amount", "笔数 bookings", "最早入账 since", "待复核草稿 open draft")
    table("尚未清算 Not cleared yet（元 yuan）", columns, cells, right=(1, 2))


@clearing.command()
def approve(clearing_id: ClearingId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """复核：须由另一人。Approve a draft; another person than drafted it."""
    who = actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        await steps.approve(engine, clearing_id, who)
        return {"clearing_id": clearing_id, "approved_by": who}

    tell(take(data_dir, step), f"已复核 approved: {clearing_id}", json=json)


@clearing.command()
def withdraw(clearing_id: ClearingId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """撤回未复核的草稿。Take a draft back that is not approved yet."""
    who = actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        await steps.withdraw(engine, clearing_id, who)
        return {"clearing_id": clearing_id, "withdrawn_by": who}

    tell(take(data_dir, step), f"已撤回 withdrawn: {clearing_id}", json=json)


@clearing.command()
def pay(
    clearing_id: ClearingId,
    actor: Actor,
    reference: Annotated[str, typer.Option("--reference", help="银行流水号 the transfer's reference")],
    payee: Annotated[list[str] | None, typer.Option("--payee", help="收款方（默认全部）payee, default all")] = None,
    kind: Kind = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记拨付。Note what was transferred, to all or to some payees."""
    who, transfer = actor_of(actor), words_of(reference, "--reference")
    if kind is not None and not payee:
        raise typer.BadParameter("it says of which kind a --payee is", param_hint="--kind")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        paid = await steps.pay(engine, clearing_id, who, transfer, payee or (), kind)
        return {"clearing_id": clearing_id, "paid": yuan(paid), "reference": reference}

    done = take(data_dir, step)
    tell(done, f"已拨付 paid: {done['paid']} 元 yuan", json=json)


@clearing.command("return")
def return_(
    clearing_id: ClearingId,
    actor: Actor,
    payee: Annotated[str, typer.Option("--payee", help="收款方 whose transfer came back")],
    reason: Annotated[str, typer.Option("--reason", help="原因 why")],
    kind: Kind = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记退汇：须重新拨付。A transfer came back: it is due again."""
    who, why = actor_of(actor), words_of(reason, "--reason")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        back = await steps.give_back(engine, clearing_id, who, payee, why, kind)
        return {"clearing_id": clearing_id, "payee": payee, "due": yuan(back)}

    done = take(data_dir, step)
    tell(done, f"待重新拨付 due again: {done['due']} 元 yuan", json=json)


@clearing.command()
def rebuild(data_dir: DataDir = None, json: Json = False) -> None:
    """由账册重建清算各表。Make the tables of clearing what their journal says; exit 1 where they were not."""
    found = take(data_dir, rebuild_tables)
    if json:
        print_json([found])
    else:
        rows = [(name, str(count)) for name, count in found.items()]
        table("清算各表 Tables of clearing", ("表 table", "已更正 rows mended"), rows, right=(1,))
    sys.exit(1 if any(found.values()) else 0)


@receivables.callback(invoke_without_command=True)
def list_receivables(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """应收款清单。What is outstanding."""
    if context.invoked_subcommand is not None:
        return
    today = datetime.now(COUNTY_TIME).date()
    rows = take(data_dir, lambda engine: listings.receivable_rows(engine, today))
    if json:
        print_json(rows)
        return
    cells = [
        (
            row["receivable_id"],
            f"{KIND_NAMES[row['payee_kind']]} {row['payee']}" + ("（已解除协议 closed）" if row["closed"] else ""),
            *(row["amount"], row["settled"], row["set_off"], row["outstanding"]),
        )
        for row in rows
    ]
    columns = (
        "应收款 receivable",
        "欠款方 owed by",
        "金额 amount",
        "已收 paid in",
        "已抵扣 set off",
        "未收 outstanding",
    )
    table("应收款 Receivables（元 yuan）", columns, cells, right=(2, 3, 4, 5))


@receivables.command("settle")
def settle(
    receivable_id: Annotated[str, typer.Argument(help="应收款编号 receivable_id")],
    actor: Actor,
    reference: Annotated[str, typer.Option("--reference", help="凭证号 reference of the receipt")],
    amount: Annotated[str | None, typer.Option("--amount", help="金额（默认全部）yuan, default all")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记收回。Note money paid in, all or a part."""
    who, fen = actor_of(actor), None if amount is None else amount_of(amount)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        left = await steps.settle_receivable(engine, receivable_id, who, words_of(reference, "--reference"), fen)
        return {"receivable_id": receivable_id, "outstanding": yuan(left)}

    done = take(data_dir, step)
    tell(done, f"未收 outstanding: {done['outstanding']} 元 yuan", json=json)


def month_of(text: str) -> date:
    """The first day of a month given as 2019-03."""
    if re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text) is None:
        raise typer.BadParameter(f"{text} is no month: write 2019-03", param_hint="--month")
    return date.fromisoformat(f"{text}-01")


def _print_clearing(shown: Mapping[str, Any], *, json: bool) -> None:
    if json:
        print_json([shown])
        return
    approved = f"，复核 approved by {shown['approved_by']}" if shown["approved_by"] else ""
    head = f"清算单 {shown['clearing_id']} · {shown['region']} · {shown['month']} · {STATUS_NAMES[shown['status']]}"
    stdout.print(f"{head}，经办 drafted by {shown['drafted_by']}{approved}", highlight=False, soft_wrap=True)
    _print_lines(shown["lines"])
    _print_payments(shown["payments"])
    _print_repayments(shown["repayments"])
    _print_changes(shown["changes"])


def _print_lines(lines: Sequence[Row]) -> None:
    columns = "收款方 payee,基金 fund,结算 settled,调整 adjusted,稽核扣款 audit,归还借款 repaid,应付 payable"
    cells = [(_payee(line), FUND_NAMES[line["fund"]], *(line[name] for name in LINE_COLUMNS[3:])) for line in lines]
    table("明细 Lines（元 yuan）", columns.split(","), cells, right=(2, 3, 4, 5, 6))


def _print_payments(payments: Sequence[Row]) -> None:
    columns = "收款方 payee,余额 balance,抵扣 set off,拨付 to pay,状态 status,流水 reference"
    cells = [
        (
            *(_payee(row), row["balance"], row["set_off"], row["amount"]),
            *(PAYMENT_NAMES[row["status"]], row["reference"] or "—"),
        )
        for row in payments
    ]
    table("拨付 Payments（元 yuan）", columns.split(","), cells, right=(1, 2, 3))


def _print_repayments(repayments: Sequence[Row]) -> None:
    if repayments:
        cells = [(row["advance_id"], row["person_id"], FUND_NAMES[row["fund"]], row["amount"]) for row in repayments]
        columns = ("借款 advance", "参保人 person", "基金 fund", "金额 amount")
        table("归还借款 Advances repaid（元 yuan）", columns, cells, right=(3,))


def _print_changes(changes: Sequence[Row]) -> None:
    if changes:
        columns = "结算单 claim,参保人 person,与谁结算 with,基金 fund,种类 kind,金额 amount,出院多付 overpaid"
        cells = [
            (
                *(row["claim_id"], row["person_id"], _payee(row | {"payee": row[f"{row['payee_kind']}_id"]})),
                *(FUND_NAMES[row["fund"]], CHANGE_NAMES[row["kind"]], row["amount"]),
                row["overpaid_at_discharge"] or "—",
            )
            for row in changes
        ]
        table("出院后调整 Changes after discharge（元 yuan）", columns.split(","), cells, right=(5, 6))


def _payee(row: Mapping[str, Any]) -> str:
    return f"{KIND_NAMES[row['payee_kind']]} {row['payee']}"


def _write_csv(path: Path, lines: Iterable[Row]) -> None:
    content = csv_bytes(LINE_COLUMNS, ([line[name] for name in LINE_COLUMNS] for line in lines))
    write_atomically(path, content, PRIVATE)
    note(f"已写入 written: {path}")
