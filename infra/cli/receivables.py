"""``claims receivables``: what hospitals and persons owe the funds; ``settle`` records what they pay in.

``show`` tells all that became of one, ``reverse`` takes back what was noted by mistake.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.arguments import Actor, actor_of, amount_of, words_of
from infra.cli.clearing_step import MistakenReference, Reason, print_result, print_reversal, reversed_fields, run_step
from infra.cli.clearing_text import print_history
from infra.cli.options import DataDir, Json
from infra.cli.output import print_json, table
from infra.cli.row_output import OutFile, print_sheet, show
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.clearing import KIND_NAMES
from processors.clearing import listings, reversals, steps

receivables = typer.Typer(help="应收款。What hospitals and persons owe the funds after a clearing.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(receivables, name="receivables")


@receivables.callback(invoke_without_command=True)
def list_receivables(context: typer.Context, out: OutFile = None, data_dir: DataDir = None, json: Json = False) -> None:
    """应收款清单。What is outstanding."""
    if context.invoked_subcommand is not None:
        return
    rows = run_step(data_dir, listings.receivable_rows, out)
    if json:
        print_json(rows)
    show(_sheet(rows), json=json, out=out)


_COLUMNS = "应收款 receivable,种类 kind,欠款方 owed by,金额 amount:money+,已收 paid in:money+,已抵扣 set off:money+"
_COLUMNS += ",未收 outstanding:money+"


def _sheet(rows: Sequence[Mapping[str, Any]]) -> Sheet:
    cells = [
        (
            *(row["receivable_id"], coded(KIND_NAMES, row["payee_kind"])),
            row["payee"] + ("（已解除协议 closed）" if row["closed"] else ""),
            *(row[name] for name in ("amount", "settled", "set_off", "outstanding")),
        )
        for row in rows
    ]
    return Sheet("应收款 Receivables", columns_of(_COLUMNS), cells, personal=True)


@receivables.command("show")
def show_one(
    receivable_id: Annotated[str, typer.Argument(help="应收款编号 receivable_id")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """查看一笔应收款：收回、撤销、抵扣。One receivable: every receipt, what was taken back, what was set off."""
    shown = run_step(data_dir, lambda engine: listings.receivable(engine, receivable_id))
    if json:
        print_json([shown])
        return
    print_sheet(_sheet([shown]))
    if shown["set_off_by"]:
        cells = [(row["clearing_id"], row["amount"]) for row in shown["set_off_by"]]
        table("抵扣 Set off（元 yuan）", ("清算单 clearing", "金额 amount"), cells, right=(1,))
    print_history(shown["history"])


@receivables.command("reverse")
def reverse(
    receivable_id: Annotated[str, typer.Argument(help="应收款编号 receivable_id")],
    actor: Actor,
    reference: MistakenReference,
    reason: Reason,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤销误登的收回：须由另一人。Take back a receipt noted by mistake; another person than noted it."""
    who, receipt, why = actor_of(actor), words_of(reference, "--reference"), words_of(reason, "--reason")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        mistaken = await reversals.reverse_receipt(engine, receivable_id, who, receipt, why)
        return {"receivable_id": receivable_id, **reversed_fields(mistaken)}

    print_reversal(run_step(data_dir, step), json=json)


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

    done = run_step(data_dir, step)
    print_result(done, f"未收 outstanding: {done['outstanding']} 元 yuan", json=json)
