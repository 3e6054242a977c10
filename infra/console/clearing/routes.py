"""``/clearing``: the clearings, the draft of a month, and its steps up to what was paid."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import is_region
from events.county_time import month_end
from events.store.journal import database_time
from infra.clearing_page.page import page as form_page
from infra.clearing_page.page import style_sheet
from infra.cli.names import names_of
from infra.console.authorization import needs
from infra.console.clearing import accounts, applications, bank, payees, withheld
from infra.console.clearing.clearing_figures import (
    change_rows,
    head_rows,
    line_rows,
    month_to_draft,
    order_rows,
    payment_rows,
    totals,
    transfer_rows,
)
from infra.console.clearing.clearing_listings import (
    CHANGES,
    CLEARINGS,
    LINES,
    PAYMENTS,
    TRANSFERS,
    UNCLEARED,
    UNCLEARED_ENTRIES,
    clearing_path,
)
from infra.console.errors import FieldTrouble, NotFound, Unprocessable
from infra.console.form_fields import FormFields
from infra.console.group import MenuEntry, PageGroup, Shortcut, Task
from infra.console.listing import asked_file, show_listing
from infra.console.listing_columns import Row
from infra.console.listing_sources import Criteria, KeyedRows
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.files.region_names import region_named
from infra.words.clearing import STEP_NAMES, held_line, payer_named
from processors.bank.listings import lacking_rows
from processors.bank.payment_files import file_rows
from processors.clearing import listings, steps
from processors.clearing.draft import Supplement
from processors.clearing.draft import draft as draft_clearing
from processors.clearing.refusal import STATUS_NAMES
from processors.clearing.uncleared_bookings import UnclearedSum, load_uncleared, uncleared_of, uncleared_rows
from processors.finance.booked_entries import entries_of, parts_of
from projections.clearings import clearing_payments, clearings
from projections.withholdings import withholding_releases

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CLEARING)]
Writer = Annotated[Visitor, needs(Permission.CLEARING_STEP)]
STATUS_KINDS = {"drafted": "warn", "approved": "plain", "paid": "good", "withdrawn": "bad"}
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@router.get("/clearing")
async def all_clearings(request: Request, visitor: Reader) -> Response:
    """All clearings, what none has taken yet, and the form of a draft."""
    rows = head_rows(await listings.clearing_rows(visitor.engine))
    waiting = head_rows(await uncleared_rows(visitor.engine, state_of(request).booked))
    if (file := await asked_file(request, visitor, [(UNCLEARED, waiting)])) is not None:
        return file
    regions = {row["region"]: row["region_name"] for row in (*waiting, *rows)}
    given = request.query_params
    region = given.get("of") or min(regions, default="")
    values = {
        "uncleared": await UNCLEARED.read(request, visitor, waiting),
        "regions": dict(sorted(regions.items())),
        "region": region,
        "draft_month": given.get("for") or month_to_draft(waiting, rows, region, await visitor.today()),
        "supplement": "supplement" in given,
        "may_step": visitor.may(Permission.CLEARING_STEP),
        "may_keep": visitor.may(Permission.PAYEES),
    }
    return await show_listing(request, visitor, CLEARINGS, rows, "clearing/clearings.html", **values)


@router.post("/clearing/draft")
async def draft(request: Request, visitor: Writer) -> Response:
    """Draft a month of a region, or a supplement to its last clearing."""
    fields = await FormFields.of(request)
    who, region, month = visitor.actor(fields.raw("actor")), fields.region("region", "统筹区"), _month(fields)
    until, further = fields.maybe(fields.day, "until", "截至"), fields.given("supplement")
    if until is not None and not further:
        raise Unprocessable(FieldTrouble("截至", "只用于补充清算", "it says up to which day a supplement takes"))
    supplement = Supplement(until) if further else None
    drafted = await draft_clearing(visitor.engine, region, month, who, supplement=supplement)
    async with visitor.engine.connect() as connection:
        now = await database_time(connection)
    early = f"；{month:%Y-%m} 未结束，此后入账的归入下月" if now < month_end(month) else ""
    return done(visitor, clearing_path(drafted), f"已起草 {drafted}，待另一人复核{early}。Drafted: another approves it")


@router.get("/clearing/form.css", dependencies=[needs(Permission.CLEARING)])
async def form_style() -> Response:
    """The style of the printed form."""
    return Response(style_sheet(), media_type="text/css; charset=utf-8")


@router.get("/clearing/uncleared/{region}")
async def uncleared_entries(request: Request, visitor: Reader, region: str) -> Response:
    """The entries behind what a region has uncleared."""
    if not is_region(region):
        raise NotFound(f"没有统筹区 {region}。There is no region {region}")

    async def totals(connection: AsyncConnection, criteria: Criteria) -> tuple[int, dict[str, int]] | None:
        if criteria.narrowed:
            return None
        found = (await load_uncleared(connection, state_of(request).booked)).get(region, UnclearedSum())
        return found.bookings, {"amount": found.amount}

    async def source(connection: AsyncConnection) -> KeyedRows:
        uncleared = await uncleared_of(connection, region)

        def of(keys: Sequence[Row]) -> Select[Any]:
            return uncleared.select(entries_of((row["journal"], row["number"]) for row in keys))

        ranges = [(journal, *within) for journal, within in uncleared.ranges.items()]
        return KeyedRows(uncleared.select(), of, [uncleared.select([part]) for part in parts_of(ranges)], totals)

    shown = {"place": region_named(region), "may_keep": visitor.may(Permission.PAYEES)}
    return await show_listing(request, visitor, UNCLEARED_ENTRIES, source, "clearing/uncleared.html", **shown)


@router.get("/clearing/{clearing_id}")
async def one_clearing(request: Request, visitor: Reader, clearing_id: str) -> Response:
    """A clearing: its orders, payees, lines and changes, what is held, and every step; the next step beside them."""
    shown, names = await shown_clearing(visitor, clearing_id), await names_of(visitor.engine)
    tables = (
        (PAYMENTS, payment_rows(shown, names)),
        (LINES, line_rows(shown, names)),
        (CHANGES, change_rows(shown)),
    )
    if (file := await asked_file(request, visitor, tables)) is not None:
        return file
    (head,) = head_rows([{name: value for name, value in shown.items() if not isinstance(value, list)}])
    return render(
        request,
        "clearing/clearing.html",
        shown=shown | head,
        names_of_payees=names,
        totals=totals(shown),
        status=STATUS_NAMES[shown["status"]],
        status_kind=STATUS_KINDS[shown["status"]],
        orders=order_rows(shown),
        pages=[await listing.read(request, visitor, rows) for listing, rows in tables],
        held=[held_line(row, names) for row in shown["held"]],
        files=await file_rows(visitor.engine, clearing_id),
        steps=head_rows([row | {"region": shown["region"], "done_at": row["at"]} for row in shown["history"]]),
        step_names=STEP_NAMES,
        may_step=visitor.may(Permission.CLEARING_STEP),
        may_pay=visitor.may(Permission.PAYEES),
        lacking=await _lacking(visitor, shown),
    )


@router.get("/clearing/{clearing_id}/order")
async def one_order(request: Request, visitor: Reader, clearing_id: str, fund: str = "", insurer: str = "") -> Response:
    """What one fund, or one insurer that keeps it, transfers to each payee."""
    shown, names = await shown_clearing(visitor, clearing_id), await names_of(visitor.engine)
    found = [each for each in shown["orders"] if (each["fund"], each["insurer"] or "") == (fund, insurer)]
    if not found:
        raise NotFound(f"{clearing_id} 没有付款基金 {fund} {insurer}。It pays nothing out of that fund")
    (order,) = found
    return await show_listing(
        request,
        visitor,
        TRANSFERS,
        transfer_rows(shown, order, names),
        "clearing/order.html",
        shown=shown,
        region=region_named(shown["region"]),
        order=order,
        payer=payer_named(order),
    )


@router.get("/clearing/{clearing_id}/form")
async def printed_form(visitor: Reader, clearing_id: str, persons: str = "") -> Response:
    """The form that its clerks print and sign."""
    shown, names = await shown_clearing(visitor, clearing_id), await names_of(visitor.engine)
    async with visitor.engine.connect() as connection:
        as_of = await database_time(connection)
    return HTMLResponse(form_page(shown, names, as_of, persons=bool(persons), style_url="/clearing/form.css"))


@router.post("/clearing/{clearing_id}/approve")
async def approve(request: Request, visitor: Writer, clearing_id: str) -> Response:
    """Approve a draft; another person than drafted it."""
    fields = await FormFields.of(request)
    await steps.approve(visitor.engine, clearing_id, visitor.actor(fields.raw("actor")))
    return done(visitor, clearing_path(clearing_id), f"已复核 {clearing_id}，可以拨付。Approved: it may be paid")


@router.post("/clearing/{clearing_id}/withdraw")
async def withdraw(request: Request, visitor: Writer, clearing_id: str) -> Response:
    """Take a draft back that is not approved yet."""
    fields = await FormFields.of(request)
    await steps.withdraw(visitor.engine, clearing_id, visitor.actor(fields.raw("actor")))
    return done(visitor, clearing_path(clearing_id), f"已撤回 {clearing_id}，其中各笔重新待清算。Withdrawn")


async def _lacking(visitor: Visitor, shown: Mapping[str, Any]) -> int:
    """How many payees of a clearing have no account yet, where the visitor may see accounts."""
    if not visitor.may(Permission.PAYEES) or shown["status"] != "approved":
        return 0
    due = {(row["payee_kind"], row["payee"]) for row in shown["payments"] if row["status"] in ("due", "returned")}
    return sum((row["payee_kind"], row["payee"]) in due for row in await lacking_rows(visitor.engine))


async def shown_clearing(visitor: Visitor, clearing_id: str) -> dict[str, Any]:
    """A clearing as its pages show it. Raises ``NotFound``."""
    await _require_clearing(visitor, clearing_id)
    return await listings.clearing(visitor.engine, clearing_id)


async def _require_clearing(visitor: Visitor, clearing_id: str) -> None:
    async with visitor.engine.connect() as connection:
        known = select(exists().where(clearings.c.clearing_id == clearing_id.replace("\0", "")))
        if not (await connection.execute(known)).scalar_one():
            raise NotFound(f"没有清算单 {clearing_id}。There is no clearing {clearing_id}")


def _month(fields: FormFields) -> date:
    text = fields.raw("month")
    if _MONTH.fullmatch(text) is None:
        raise Unprocessable(FieldTrouble("月份", f"“{text}”不是月份，应写成 2019-03", "write 2019-03"))
    return date.fromisoformat(f"{text}-01")


async def _tasks(visitor: Visitor) -> Sequence[Task]:
    drafted = select(func.count()).where(clearings.c.status == "drafted", visitor.is_others(clearings.c.drafted_by))
    due = select(func.count(clearings.c.clearing_id)).where(
        clearings.c.status == "approved",
        exists().where(
            clearing_payments.c.clearing_id == clearings.c.clearing_id,
            clearing_payments.c.status.in_(("due", "returned")),
        ),
    )
    releases = withholding_releases.c
    ordered = select(func.count()).where(releases.status == "ordered", visitor.is_others(releases.ordered_by))
    async with visitor.engine.connect() as connection:
        counts = [(await connection.execute(query)).scalar_one() for query in (drafted, due, ordered)]
        proposed = await accounts.waiting(visitor, connection)
    return (
        Task("/clearing?status=drafted", "清算单待复核", "clearings to approve", counts[0], urgent=True),
        Task("/clearing?status=approved", "清算单待拨付", "clearings to pay", counts[1]),
        Task("/clearing/withholdings?releases.status=ordered", "返还单待复核", "releases to approve", counts[2]),
        Task("/clearing/payees/approval", "收款账户待复核", "payees' accounts to approve", proposed),
    )


_parts = (accounts.router, applications.router, bank.router, withheld.router, payees.router, router)
_all = APIRouter(routes=[route for part in _parts for route in part.routes])
GROUP = PageGroup(
    _all,
    (
        MenuEntry(
            "/clearing",
            "清算",
            "clearing",
            Permission.CLEARING,
            45,
            told="每月起草、另一人复核、付款、退汇",
            shortcuts=(
                Shortcut("/clearing/payees", "收款账户", Permission.PAYEES),
                Shortcut("/clearing/files", "银行文件和回单"),
                Shortcut("/clearing/withholdings", "考核预留和返还"),
            ),
        ),
    ),
    tasks=_tasks,
)
