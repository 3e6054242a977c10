"""``claims clearing``: draft, show, list, open, approve, withdraw, pay, return, reverse and rebuild."""

import sys
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import month_end
from events.money import yuan
from infra.cli import clearing_bank, clearing_form, clearing_orders
from infra.cli.arguments import Actor, actor_of, day_of, month_of, region_of, unusable, words_of
from infra.cli.clearing_book import print_clearing, write_clearing
from infra.cli.clearing_step import Reason, print_result, print_reversal, reversed_fields, run_step
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json
from infra.cli.output import note, print_json, table
from infra.cli.row_output import OutFile
from infra.cli.row_output import show as show_sheet
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.clearing import held_line
from processors.clearing import listings, reversals, steps
from processors.clearing.draft import Supplement
from processors.clearing.draft import draft as draft_clearing
from processors.clearing.journal import rebuild as rebuild_tables
from processors.clearing.refusal import STATUS_NAMES
from processors.clearing.uncleared_bookings import uncleared_rows
from projections.clearing_rows import PayeeKind

clearing = typer.Typer(no_args_is_help=True, help="清算：起草、复核、拨付。Clearing: what the funds owe for a month.")

Kind = Annotated[
    PayeeKind | None,
    typer.Option("--kind", help="收款方种类，仅编号重复时需要 of which kind the payee is, where several share an id"),
]
ClearingId = Annotated[str, typer.Argument(help="清算单号 clearing_id")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    clearing_orders.register(clearing)
    clearing_bank.register(clearing)
    clearing_form.register(clearing)
    app.add_typer(clearing, name="clearing")


@clearing.command()
def draft(
    region: Annotated[str, typer.Option("--region", help="统筹区 region of the persons, 360923")],
    month: Annotated[str, typer.Option("--month", help="月份 month, 2019-03")],
    actor: Actor,
    supplement: Annotated[
        bool, typer.Option("--supplement", help="补充清算：该月清算以后又入账的 once more: what was booked since")
    ] = False,
    until: Annotated[
        str | None, typer.Option("--until", help="补充清算截至某日入账的，默认月末 up to a day, else the month's end")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """起草：截至月末已入账而未清算的全部支付。Draft what was booked until the end of a month and not yet cleared."""
    first, who = month_of(month), actor_of(actor)
    region_of(region)
    if until is not None and not supplement:
        raise unusable("--until 只与 --supplement 同用", "It says up to which day a supplement takes", "--until")
    further = Supplement(None if until is None else day_of(until, "--until")) if supplement else None

    async def step(engine: AsyncEngine) -> tuple[dict[str, Any], Names]:
        drafted = await draft_clearing(engine, region, first, who, supplement=further)
        return await listings.clearing(engine, drafted), await names_of(engine)

    drawn, names = run_step(data_dir, step)
    if datetime.fromisoformat(drawn["drafted_at"]) < month_end(first):
        note(f"{month} 未结束：此后入账的归入下月。{month} is not over: what follows goes to the next month")
    if not drawn["lines"]:
        note(f"{month} 没有可清算的，见 claims clearing open。nothing to clear in {month}: see claims clearing open")
    print_clearing(drawn, names, json=json)


@clearing.command()
def show(
    clearing_id: ClearingId,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """查看一份清算单。One clearing: lines, payments, repaid advances, adjustments, every step."""

    async def step(engine: AsyncEngine) -> tuple[dict[str, Any], Names]:
        return await listings.clearing(engine, clearing_id), await names_of(engine)

    shown, names = run_step(data_dir, step, out)
    print_clearing(shown, names, json=json)
    if out is not None:
        write_clearing(out, shown, names)


@clearing.command("list")
def list_(
    region: Annotated[str | None, typer.Option("--region", help="统筹区 region")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """全部清算单。All clearings."""
    if region is not None:
        region_of(region)
    rows = run_step(data_dir, lambda engine: listings.clearing_rows(engine, region), out)
    cells = [
        (
            *(row["clearing_id"], region_named(row["region"]), row["month"]),
            *(coded(STATUS_NAMES, row["status"]), row["drafted_by"], row["approved_by"], row["supplements"]),
        )
        for row in rows
    ]
    columns = "清算单 clearing,统筹区 region,月份 month,状态 status,经办 drafted by,复核 approved by,补充 supplements"
    if json:
        print_json(rows)
    show_sheet(Sheet("清算 Clearings", columns_of(columns), cells), json=json, out=out)


@clearing.command("open")
def open_(out: OutFile = None, data_dir: DataDir = None, json: Json = False) -> None:
    """尚未清算：各统筹区已入账的金额。What is booked and no clearing has taken yet, by region."""
    rows = run_step(data_dir, uncleared_rows, out)
    cells = [
        (region_named(row["region"]), *(row[name] for name in ("amount", "bookings", "since", "draft"))) for row in rows
    ]
    columns = "统筹区 region,金额 amount:money+,笔数 bookings:count+,最早入账 since:day,待复核草稿 open draft"
    if json:
        print_json(rows)
    show_sheet(Sheet("尚未清算 Not cleared yet", columns_of(columns), cells), json=json, out=out)


@clearing.command()
def approve(clearing_id: ClearingId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """复核：须由另一人。Approve a draft; another person than drafted it."""
    who = actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        await steps.approve(engine, clearing_id, who)
        return {"clearing_id": clearing_id, "approved_by": who}

    print_result(run_step(data_dir, step), f"已复核 approved: {clearing_id}", json=json)


@clearing.command()
def withdraw(clearing_id: ClearingId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """撤回未复核的草稿。Take a draft back that is not approved yet."""
    who = actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        await steps.withdraw(engine, clearing_id, who)
        return {"clearing_id": clearing_id, "withdrawn_by": who}

    print_result(run_step(data_dir, step), f"已撤回 withdrawn: {clearing_id}", json=json)


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
        raise unusable("--kind 只与 --payee 同用，说明收款方的种类", "It says of which kind a --payee is", "--kind")

    async def step(engine: AsyncEngine) -> tuple[dict[str, Any], list[dict[str, Any]], Names]:
        paid = await steps.pay(engine, clearing_id, who, transfer, payee or (), kind)
        told = {"clearing_id": clearing_id, "paid": yuan(paid), "reference": transfer}
        return told, (await listings.clearing(engine, clearing_id))["held"], await names_of(engine)

    done, held, names = run_step(data_dir, step)
    print_result(done | ({"held": held} if held else {}), f"已拨付 paid: {done['paid']} 元 yuan", json=json)
    for row in held:
        note(held_line(row, names))


@clearing.command("return")
def return_(
    clearing_id: ClearingId,
    actor: Actor,
    payee: Annotated[str, typer.Option("--payee", help="收款方 whose transfer came back")],
    reason: Reason,
    reference: Annotated[
        str | None, typer.Option("--reference", help="退汇流水号，如有 the reference of what came back, if any")
    ] = None,
    kind: Kind = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记退汇：须重新拨付。A transfer came back: it is due again."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    given = None if reference is None else words_of(reference, "--reference")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        back = await steps.record_return(engine, clearing_id, who, payee, why, kind, given)
        return {"clearing_id": clearing_id, "payee": payee, "due": yuan(back)}

    done = run_step(data_dir, step)
    print_result(done, f"待重新拨付 due again: {done['due']} 元 yuan", json=json)


@clearing.command()
def reverse(
    clearing_id: ClearingId,
    actor: Actor,
    payee: Annotated[str, typer.Option("--payee", help="收款方 whose payment or return was noted by mistake")],
    reason: Reason,
    returned: Annotated[
        bool, typer.Option("--return", help="撤销的是退汇登记 it is the return that was noted by mistake")
    ] = False,
    kind: Kind = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤销误登的拨付或退汇：须由另一人。Take back what was noted by mistake; another person than noted it."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    take_back = reversals.reverse_return if returned else reversals.reverse_payment

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        mistaken = await take_back(engine, clearing_id, who, payee, why, kind)
        return {"clearing_id": clearing_id, **reversed_fields(mistaken)}

    print_reversal(run_step(data_dir, step), json=json)


@clearing.command()
def rebuild(data_dir: DataDir = None, json: Json = False) -> None:
    """由账册重建清算各表。Make the tables of clearing what their journal says; exit 1 where they were not."""
    found = {str(name): count for name, count in run_step(data_dir, rebuild_tables).items()}  # plain strings, for JSON
    if json:
        print_json([found])
    else:
        rows = [(name, str(count)) for name, count in found.items()]
        table("清算各表 Tables of clearing", ("表 table", "已更正 rows mended"), rows, right=(1,))
    sys.exit(1 if any(found.values()) else 0)
