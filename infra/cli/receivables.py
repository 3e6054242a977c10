"""``claims receivables``: what hospitals and persons owe the funds; ``settle`` records what they pay in."""

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from events.money import yuan
from infra.cli.arguments import Actor, actor_of, amount_of, words_of
from infra.cli.clearing_step import print_result, run_step
from infra.cli.clearing_text import KIND_NAMES
from infra.cli.options import DataDir, Json
from infra.cli.output import print_json, table
from processors.clearing import listings, steps

receivables = typer.Typer(help="应收款。What hospitals and persons owe the funds after a clearing.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(receivables, name="receivables")


@receivables.callback(invoke_without_command=True)
def list_receivables(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """应收款清单。What is outstanding."""
    if context.invoked_subcommand is not None:
        return
    today = datetime.now(COUNTY_TIME).date()
    rows = run_step(data_dir, lambda engine: listings.receivable_rows(engine, today))
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

    done = run_step(data_dir, step)
    print_result(done, f"未收 outstanding: {done['outstanding']} 元 yuan", json=json)
