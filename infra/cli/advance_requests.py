"""``claims advances apply``, ``approve``, ``decline`` and ``file``: the emergency fund's steps around a loan."""

from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.arguments import Actor, actor_of, amount_of, day_of, id_of, region_of, unusable, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.options import DataDir, Json
from processors.registers import requests
from processors.registers.requests import AdvanceRequestOrder

AdvanceNumber = Annotated[str, typer.Argument(help="临时救急借款编号 advance_id", metavar="ADVANCE")]
Region = Annotated[str, typer.Option("--region", help="统筹区 region, 360923")]


def add_requests(advances: typer.Typer) -> None:
    """Add the commands to ``claims advances``."""
    for each in (apply, approve, decline, file):
        advances.command(each.__name__)(each)


def apply(
    person: Annotated[str, typer.Argument(help="参保人编号 person_id", metavar="PERSON")],
    region: Region,
    amount: Annotated[str, typer.Option("--amount", help="申请金额，元 yuan asked for")],
    on: Annotated[str, typer.Option("--on", help="申请日 day of the request, 2019-03-31")],
    need: Annotated[str, typer.Option("--need", help="事由 for what")],
    actor: Actor,
    township: Annotated[str | None, typer.Option("--township", help="审核的乡镇，九位 township, nine digits")] = None,
    destination: Annotated[
        str | None, typer.Option("--destination", help="拟就医地点 where the treatment will be")
    ] = None,
    advance: Annotated[
        str | None, typer.Option("--advance", help="临时救急借款编号，不填自动编 number; made unless given")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记申请：个人申请，待乡镇扶贫工作站另一人审核。Enter what a person asks for; another person approves it."""
    if township is not None and not (len(township) == 9 and township.isdigit() and township[:6] == region):
        raise unusable(
            "应为九位代码，前六位是统筹区", "Nine digits are wanted that begin with the region", "--township"
        )
    order = AdvanceRequestOrder(
        region=region_of(region),
        person_id=id_of(person, "PERSON"),
        amount=amount_of(amount),
        applied_on=day_of(on, "--on"),
        need=words_of(need, "--need"),
        township=township,
        destination=None if destination is None else words_of(destination, "--destination"),
        advance_id=None if advance is None else id_of(advance, "--advance"),
    )
    who = actor_of(actor)
    advance_id = run_step(data_dir, lambda engine: requests.apply(engine, order, who))
    told = {"region": region, "advance_id": advance_id, "amount": yuan(order.amount), "state": "applied"}
    print_result(told, f"已登记申请，待另一人审核 applied: {advance_id}，{told['amount']} 元 yuan", json=json)


def approve(
    advance: AdvanceNumber,
    region: Region,
    actor: Actor,
    amount: Annotated[
        str | None, typer.Option("--amount", help="批准金额，不填即申请金额 yuan; less than asked")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """审核批准：须由另一人。Approve a request, by another person than entered it: it may be lent."""
    where, who = (region_of(region), id_of(advance, "ADVANCE")), actor_of(actor)
    fen = None if amount is None else amount_of(amount)
    granted = run_step(data_dir, lambda engine: requests.approve(engine, *where, who, fen))
    told = {"region": region, "advance_id": advance, "approved": yuan(granted), "approved_by": who}
    print_result(told, f"已批准 approved: {advance}，{told['approved']} 元 yuan", json=json)


def decline(
    advance: AdvanceNumber, region: Region, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False
) -> None:
    """不予批准：须由另一人。Decline a request, by another person than entered it."""
    where, who, why = (region_of(region), id_of(advance, "ADVANCE")), actor_of(actor), words_of(reason, "--reason")
    run_step(data_dir, lambda engine: requests.decline(engine, *where, who, why))
    told = {"region": region, "advance_id": advance, "state": "declined", "declined_by": who}
    print_result(told, f"未批准 declined: {advance}", json=json)


def file(
    advance: AdvanceNumber,
    region: Region,
    on: Annotated[str, typer.Option("--on", help="备案日 day it was filed with the bureau, 2019-03-31")],
    actor: Actor,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记备案：乡镇借出后报医保局备案。Note the day on which a loan was filed with the bureau."""
    where, day, who = (region_of(region), id_of(advance, "ADVANCE")), day_of(on, "--on"), actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        await requests.file(engine, *where, day, who)
        return {"region": region, "advance_id": advance, "filed_on": on}

    print_result(run_step(data_dir, step), f"已登记备案 filed: {advance}，{on}", json=json)
