"""``claims roster duty`` and ``claims roster receipt``: who has delivered the month's lists, who has received them."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from infra.cli import empty_lists
from infra.cli.arguments import Actor, actor_of, day_of, file_of, id_of, region_of, unusable, words_of
from infra.cli.clearing_step import print_result, run_step
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import print_json
from infra.cli.row_output import ENDINGS, OutFile, print_sheet, write_sheets
from infra.cli.session import reading, run
from infra.files.region_names import region_named
from infra.files.sheet import Named, Sheet, coded, columns_of
from processors.registers import deliveries
from processors.rosters.duty import (
    DEPARTMENT_NAMES,
    RECIPIENT_NAMES,
    STATE_NAMES,
    ListIn,
    ListOut,
    RosterDuty,
    load_duty,
)
from processors.rosters.period import Period

Month = Annotated[str, typer.Option("--month", help="所属月份 month of the lists, 2019-06")]
_IN = "部门 department,统筹区 region,应报日 due:day,收到 received:day,情况 state,条数 listed:count,新增 added:count"
_IN += ",移除 removed:count,经办 by"
_OUT = "统筹区 region,类别 kind,接收单位 recipient,应发日 due:day,下发 sent:day,情况 state,人数 persons:count"
_OUT += ",新增 added:count,减少 removed:count,下发人 by,签收 received:day,回执 receipt"


def add_duty(roster: typer.Typer) -> None:
    """Add the commands to ``claims roster``."""
    roster.command("duty")(duty)
    roster.command("receipt")(receipt)


def duty(
    month: Month,
    region: Annotated[str | None, typer.Option("--region", help="统筹区 region; all unless given")] = None,
    late: Annotated[bool, typer.Option("--late", help="只看迟办和未办 what is late or missing alone")] = False,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """名单责任台账：哪个部门10日前报来，哪家20日前发到、是否签收。Lists in by the 10th, out by the 20th, receipts."""
    period = period_of(month, "--month")
    if region is not None:
        region_of(region)
    if out is not None:
        file_of(out, ENDINGS)

    async def main() -> int:
        today = datetime.now(COUNTY_TIME).date()
        async with reading(settings_of(data_dir), "roster duty") as engine:
            async with engine.connect() as connection:
                found = await load_duty(connection, period, region, today)
            names = await names_of(engine)
        if late:
            found = RosterDuty(period, _at_fault(found.lists_in), _at_fault(found.lists_out))
        if json:
            print_json(_json("in", each) for each in found.lists_in)
            print_json(_json("out", each) for each in found.lists_out)
        sheets = _sheets(found, names, late=late)
        if not json:
            for sheet in sheets:
                print_sheet(sheet)
        if out is not None:
            write_sheets(out, sheets)
        return 0

    sys.exit(run(main))


def receipt(
    month: Month,
    region: Annotated[str, typer.Option("--region", help="统筹区 region")],
    recipient: Annotated[str, typer.Argument(help="接收单位 hospital_id, township, or the region for 卫健局")],
    on: Annotated[str, typer.Option("--on", help="签收日期 day it was received, 2019-06-18")],
    signed: Annotated[str, typer.Option("--receipt", help="签收人或回执号 who signed, or the receipt's number")],
    actor: Actor,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记名单签收。Note that a recipient has received the month's list."""
    period, code = period_of(month, "--month"), region_of(region)
    told = id_of(recipient, "RECIPIENT"), day_of(on, "--on"), words_of(signed, "--receipt")
    who = actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        found = await deliveries.receive(engine, code, str(period), *told, who)
        return {"delivery_id": found.delivery_id, "recipient": found.recipient, "received_on": on}

    done = run_step(data_dir, step)
    print_result(done, f"已登记签收 received: {done['recipient']}，{on}", json=json)


def period_of(text: str, option: str) -> Period:
    """A month. Raises ``typer.BadParameter``."""
    try:
        return Period.parse(text)
    except ValueError as error:
        raise unusable(f"“{text}”不是月份，应写成 2019-06", str(error), option) from None


def _at_fault(rows: Sequence[Any]) -> list[Any]:
    return [row for row in rows if row.state in ("late", "missing")]


def _json(row: str, each: ListIn | ListOut) -> dict[str, Any]:
    fields = {name: getattr(each, name) for name in each.__dataclass_fields__}
    return {"row": row} | {
        name: value.isoformat() if isinstance(value, date) else value for name, value in fields.items()
    }


def _sheets(found: RosterDuty, names: Names, *, late: bool) -> list[Sheet]:
    month = found.period
    no_in, no_out = (empty_lists.NOT_LATE if late else why for why in (empty_lists.LISTS_IN, empty_lists.LISTS_OUT))
    return [
        Sheet(f"部门报送 Lists in {month}", columns_of(_IN), [_in_cells(each) for each in found.lists_in], empty=no_in),
        Sheet(
            f"名单下发 Lists out {month}",
            columns_of(_OUT),
            [_out_cells(each, names) for each in found.lists_out],
            empty=no_out,
        ),
    ]


def _in_cells(each: ListIn) -> tuple[Any, ...]:
    department = DEPARTMENT_NAMES[each.source.partition("/")[0]]
    counts = (each.listed, each.added, each.removed)
    state = coded(STATE_NAMES, each.state)
    where = (Named(department, each.source, is_id=True), region_named(each.region))
    return (*where, each.due_on, each.received_on, state, *counts, each.actor)


def _out_cells(each: ListOut, names: Names) -> tuple[Any, ...]:
    known = {"hospital": names.hospital, "health_bureau": region_named}
    recipient = known[each.recipient_kind](each.recipient) if each.recipient_kind in known else each.recipient
    kind, state = coded(RECIPIENT_NAMES, each.recipient_kind), coded(STATE_NAMES, each.state)
    counts = (each.persons, each.additions, each.removals)
    where = (region_named(each.region), kind, recipient)
    sent = (each.due_on, each.published_on, state, *counts, each.published_by)
    return (*where, *sent, each.received_on, each.receipt)
