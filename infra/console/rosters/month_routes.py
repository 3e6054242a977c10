"""``/rosters/month`` and ``/rosters/duty``: a month's roster, departments compared, lists out and their receipts."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any
from zipfile import ZIP_DEFLATED, ZipFile

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from events.store.journal import database_time
from infra.cli.names import Names, names_of
from infra.console.authorization import needs
from infra.console.downloads import ZIP, download
from infra.console.form_fields import FormFields
from infra.console.listing import Listing
from infra.console.pages import done, query_text, render
from infra.console.permissions import Permission
from infra.console.rosters.fields import period_of, region_of
from infra.console.rosters.listings import DIFFERENCES, LISTS_IN, LISTS_OUT, MEMBERS, MONTH_CHANGES
from infra.console.rosters.table_pages import show_tables
from infra.console.session_contents import held, hold
from infra.console.state import state_of
from infra.console.threads import in_thread
from infra.console.visitor import Visitor
from infra.files.region_names import region_named
from infra.files.roster_book import RosterBook, roster_book
from processors.registers import deliveries
from processors.rosters.duty import RECIPIENT_NAMES, ListOut, load_duty
from processors.rosters.month_changes import MonthChange, MonthRoster, load_month_roster
from processors.rosters.period import Period
from processors.rosters.region_roster import RosterDifference, RosterMember, designated_hospitals
from projections.rosters import rosters

router = APIRouter()
AT_ONCE = 20_000
"""Entries of rosters up to which a month's roster is shown to who has not asked for it."""
Reader = Annotated[Visitor, needs(Permission.ROSTERS)]
Writer = Annotated[Visitor, needs(Permission.ROSTERS_STEP)]


@dataclass(frozen=True, slots=True)
class HeldBook:
    """The files of a month as they were drawn up, in one archive."""

    name: str
    archive: bytes


@router.get("/rosters/month")
async def month_roster(
    request: Request, visitor: Reader, month: str = "", region: str = "", files: str = ""
) -> Response:
    """Who is on the roster, who came and left since the month before, and where the departments differ."""
    if not month or not region:
        today = await visitor.today()
        this_month = month or str(Period(today.year, today.month))
        region = region or await _only_region(request, visitor)
        if not region:
            return render(request, "rosters/choose.html", month=this_month, region=region)
        return RedirectResponse(f"/rosters/month?{query_text({'month': this_month, 'region': region})}", 303)
    period, code = period_of(month), region_of(region)
    drawn_up, hospitals = await _draw_up(visitor, code, period)
    values = {
        "month": period,
        "place": region_named(code),
        "region": code,
        "drawn_up": drawn_up,
        "hospitals": hospitals,
        "files": files,
        "writes": visitor.may(Permission.ROSTERS_STEP),
    }
    tables = await asyncio.to_thread(_tables, drawn_up)
    return await show_tables(request, visitor, tables, "rosters/month.html", **values)


async def _draw_up(visitor: Visitor, region: str, period: Period) -> tuple[MonthRoster, list[str]]:
    """A month's roster and the region's hospitals: of many persons it takes long, and others' pages go on meanwhile."""

    async def work(engine: AsyncEngine) -> tuple[MonthRoster, list[str]]:
        async with engine.connect() as connection:
            roster = await load_month_roster(connection, region, period)
            return roster, await designated_hospitals(connection, region, period.due_out)

    return await in_thread(visitor.engine_of_its_own(), work)


async def _only_region(request: Request, visitor: Visitor) -> str:
    """The ledger's region where it has one alone, and its roster is drawn up at once."""
    regions = list(state_of(request).codes.regions)
    if len(regions) != 1:
        return ""
    some = select(rosters.c.number).limit(AT_ONCE + 1).subquery()
    async with visitor.engine.connect() as connection:
        entered = (await connection.execute(select(func.count()).select_from(some))).scalar_one()
    return regions[0] if entered <= AT_ONCE else ""


def _tables(drawn_up: MonthRoster) -> list[tuple[Listing, list[dict[str, Any]]]]:
    changes = [row | {"township": drawn_up.township_of(row["person_id"])} for row in _rows(drawn_up.changes)]
    members = _rows(drawn_up.roster.members)
    for row in members:
        lives = drawn_up.residences.get(row["person_id"])
        row |= {"township": lives and lives.township, "village": lives and lives.village}
    return [(DIFFERENCES, _rows(drawn_up.roster.differences)), (MONTH_CHANGES, changes), (MEMBERS, members)]


def _rows(records: Sequence[RosterMember] | Sequence[RosterDifference] | Sequence[MonthChange]) -> list[dict[str, Any]]:
    """Their values by name, and no copies of them, as ``asdict`` makes."""
    names = [field.name for field in fields(records[0])] if records else []
    return [{name: getattr(record, name) for name in names} for record in records]


@router.post("/rosters/month")
async def publish(request: Request, visitor: Writer) -> Response:
    """Draw the files up; note them as sent where that is asked for. What is downloaded is what was noted."""
    fields = await FormFields.of(request)
    period, code = period_of(fields.raw("month")), fields.region("region", "统筹区")
    who = visitor.actor(fields.raw("actor")) if fields.given("noted") else ""
    drawn_up, hospitals = await _draw_up(visitor, code, period)
    book = await asyncio.to_thread(roster_book, drawn_up, hospitals)
    archive = await asyncio.to_thread(_archive, book)
    token = hold(visitor, HeldBook(f"名单-{code}-{period}.zip", archive), len(archive))
    there = f"/rosters/month?{query_text({'month': period, 'region': code, 'files': token})}"
    if not who:
        return done(visitor, there, "名单文件已生成，未登记下发。The files are drawn up, and not noted as sent")
    made = await deliveries.publish(visitor.engine, code, str(period), book.sent, who)
    message = (
        f"已登记下发 {len(made)} 份（此前已登记且内容未变的不重复登记），请下载文件并发出。"
        f"{len(made)} lists were noted as sent: download and send them"
    )
    return done(visitor, there, message)


def _archive(book: RosterBook) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, file in book.files.items():
            archive.writestr(name, file)
    return content.getvalue()


@router.get("/rosters/files/{token}")
async def files(visitor: Writer, token: str) -> Response:
    """The files that were drawn up in this session."""
    await visitor.require_login()
    book = held(visitor, token, HeldBook)
    return download(book.archive, book.name, ZIP)


@router.get("/rosters/duty")
async def duty(request: Request, visitor: Reader, month: str = "", region: str = "") -> Response:
    """Which department was late with its list, who got the lists when, and who has signed for them."""
    async with visitor.engine.connect() as connection:
        today = (await database_time(connection)).astimezone(COUNTY_TIME).date()
        period = period_of(month) if month else Period(today.year, today.month)
        found = await load_duty(connection, period, region_of(region) if region else None, today)
    names = await names_of(visitor.engine)
    lists_in = [
        asdict(each) | {"department": each.source.partition("/")[0], "place": region_named(each.region).name}
        for each in found.lists_in
    ]
    lists_out = [
        asdict(each) | {"place": region_named(each.region).name, "name": _name(each, names)} for each in found.lists_out
    ]
    values = {
        "month": period,
        "region": region,
        "today": today,
        "open": _open_receipts(lists_out),
        "writes": visitor.may(Permission.ROSTERS_STEP),
    }
    tables = ((LISTS_IN, lists_in), (LISTS_OUT, lists_out))
    return await show_tables(request, visitor, tables, "rosters/duty.html", **values)


def _name(sent: ListOut, names: Names) -> str | None:
    match sent.recipient_kind:
        case "hospital":
            return names.hospital(sent.recipient).name or None
        case "health_bureau":
            return region_named(sent.recipient).name or None
        case _:
            return None


def _open_receipts(lists_out: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Whose receipt is still to be noted, by ``<region>/<recipient>``."""
    return {
        f"{each['region']}/{each['recipient']}": " ".join(
            filter(None, (RECIPIENT_NAMES[each["recipient_kind"]], each["name"], each["recipient"]))
        )
        for each in lists_out
        if each["published_on"] is not None and each["received_on"] is None
    }


@router.post("/rosters/duty/receipt")
async def receipt(request: Request, visitor: Writer) -> Response:
    """Note that a recipient has the month's list."""
    fields = await FormFields.of(request)
    period, who = period_of(fields.raw("month")), visitor.actor(fields.raw("actor"))
    region, _, recipient = fields.raw("whose").partition("/")
    to = FormFields({"whose": [recipient]}).id("whose", "接收单位")
    on, said = fields.day("received", "签收日期"), fields.words("signed", "签收人或回执号")
    await deliveries.receive(visitor.engine, region_of(region), str(period), to, on, said, who)
    there = f"/rosters/duty?{query_text({'month': period})}"
    return done(visitor, there, f"已登记 {to} 于 {on} 签收。The receipt was noted")
