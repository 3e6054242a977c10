"""``/finance``: the overview, the reports, and the rows behind their figures."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from infra.console.authorization import needs
from infra.console.errors import Forbidden, NotFound
from infra.console.finance import claim_rows, file_routes, fund_routes, loan_routes, payable_routes
from infra.console.finance.addresses import BOOKINGS, address
from infra.console.finance.charts import chart_of
from infra.console.finance.freshness import counted_stamp
from infra.console.finance.overview import latest_period, overview_of
from infra.console.finance.report_listings import report_listing, report_source, words_of
from infra.console.finance.report_pages import REPORT_PAGES, ReportPage
from infra.console.finance.tabs import tabs_of
from infra.console.finance.tasks import waiting
from infra.console.group import MenuEntry, PageGroup, Shortcut
from infra.console.listing import asked_file, show_listing
from infra.console.listing_columns import ListFilter
from infra.console.looks import record_look
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from processors.finance.reports import Narrowed, periods

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.FINANCE)]
LedgerReader = Annotated[Visitor, needs(Permission.FUNDS)]
_YEAR = ListFilter("year", "年度", "year", "year")
_REGION = ListFilter("region", "统筹区", "region", "region")
_MONTH = ListFilter("month", "月份", "month", "month")


@router.get("/finance")
async def overview(request: Request, visitor: Reader, year: str = "", region: str = "") -> Response:
    """The year in figures, each with its rows behind it."""
    stamp, counting = await counted_stamp(state_of(request), visitor)
    wanted = Narrowed(_YEAR.read(year) if year else None, None, _REGION.read(region) if region else None)
    words = await words_of(visitor)
    told = await overview_of(visitor, wanted, words)
    return render(request, "finance/overview.html", told=told, stamp=stamp, counting=counting, tabs=tabs_of(visitor))


@router.get("/finance/claims")
async def claims(request: Request, visitor: Reader) -> Response:
    """Claims behind a figure."""
    given = request.query_params
    places = visitor.may(Permission.CLAIMS)
    asked = [name for name in claim_rows.PLACES if given.get(name)]
    if asked and not places:
        raise Forbidden(
            "按乡镇或户列出结算单须有查阅结算单的权限。Claims by township or household need the right to claims"
        )
    layer = given.get("layer") or None
    words = await words_of(visitor)
    persons = visitor.may(Permission.FINANCE_PERSONS)
    listing = claim_rows.claim_listing(words, visitor, layer=layer, places=places, persons=persons)
    criteria = listing.criteria(request)
    for person_id in await _members(visitor, criteria.texts.get("household")):
        await record_look(request, visitor, person_id, "claims")
    source = claim_rows.claim_source(layer=layer, places=bool(asked), persons=persons)
    return await show_listing(
        request, visitor, listing, source, "finance/rows.html", tabs=tabs_of(visitor), help="claims"
    )


async def _members(visitor: Visitor, household_id: str | None) -> list[str]:
    """The persons whom a filter by household narrows claims to."""
    if household_id is None:
        return []
    async with visitor.engine.connect() as connection:
        return await claim_rows.household_members(connection, household_id)


@router.get(BOOKINGS)
async def bookings(request: Request, visitor: LedgerReader) -> Response:
    """Entries of the ledger behind what was booked in a month or a year."""
    given = request.query_params
    month, year = given.get("month", ""), given.get("year", "")
    period = claim_rows.period_of(_MONTH.read(month) if month else None, _YEAR.read(year) if year else None)
    if period is None:
        latest = await latest_period(visitor, "fund_flows", "month")
        if latest is None:
            raise NotFound("账本还没有入账。Nothing has been booked yet")
        return RedirectResponse(address(BOOKINGS, **{**given, "month": latest}), 303)
    listing = claim_rows.booking_listing(await words_of(visitor), visitor)
    source = claim_rows.period_bookings(period, month or None)
    return await show_listing(
        request, visitor, listing, source, "finance/rows.html", tabs=tabs_of(visitor), help="bookings"
    )


async def report(request: Request, visitor: Reader, path: str) -> Response:
    """A report of ``REPORT_PAGES``."""
    page = REPORT_PAGES.get(path)
    if page is None:
        raise NotFound(f"没有报表 {path}。There is no report {path}")
    if page.report.personal and not visitor.may(Permission.FINANCE_PERSONS):
        raise Forbidden(
            f"报表“{page.chinese}”列出参保人或户，本登录只看汇总。It names persons or households: not for this login"
        )
    if page.yearly and not request.query_params:
        latest = await latest_period(visitor, "annual_report", "year")
        if latest is not None:
            return RedirectResponse(f"/finance/{path}?year={latest}", 303)
    stamp, counting = await counted_stamp(state_of(request), visitor)
    words = await words_of(visitor)
    shown = []
    for each in (*page.above, page.report):
        async with visitor.engine.connect() as connection:
            told, source = await report_source(connection, each, _narrowed(request))
        listing = report_listing(page, told, words, visitor)
        if (file := await asked_file(request, visitor, [(listing, source)])) is not None:
            return file
        shown.append((await listing.read(request, visitor, source), source))
    *above, (main, source) = shown
    async with visitor.engine.connect() as connection:
        chart = await chart_of(connection, visitor, words, main, source)
        held = [] if main.found.rows else (await _periods(connection, page))[-24:]
    return render(
        request,
        "finance/report.html",
        told=page,
        page=main,
        above=[each for each, _ in above],
        chart=chart,
        periods=held,
        stamp=stamp,
        counting=counting,
        tabs=tabs_of(visitor),
        claims_address=address("/finance/payment-claims", **main.criteria.texts),
    )


def _narrowed(request: Request) -> Narrowed:
    """What the annual report is read by: the rest is narrowed by the listing."""
    year = request.query_params.get("year", "").strip()
    return Narrowed(_YEAR.read(year) if year else None)


async def _periods(connection: Any, page: ReportPage) -> list[str]:
    return [] if page.yearly else await periods(connection, page.report, None)


for _part in (fund_routes, payable_routes, loan_routes, file_routes):
    router.routes.extend(_part.router.routes)
router.get("/finance/{path}")(report)  # behind all others, whose paths it would take
GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/finance",
            "财务",
            "finance",
            Permission.FINANCE,
            40,
            told="年度、月度、医院、病种报表，数字点到结算单",
            shortcuts=(
                Shortcut("/finance/monthly", "基金流向（月报）"),
                Shortcut("/finance/reconciliation", "与医院对账", Permission.FUNDS),
                Shortcut("/finance/receivables", "应收款", Permission.FUNDS),
                Shortcut("/finance/prepayments", "预拨", Permission.FUNDS),
                Shortcut("/finance/funds", "基金账户和预警", Permission.FUNDS),
            ),
        ),
    ),
    tasks=waiting,
)
