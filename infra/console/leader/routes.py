"""``/leader``: the year on one page, as ``claims report leader`` writes it, with what is behind its figures."""

from calendar import monthrange
from collections.abc import Mapping
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import column, select, table

from infra.cli.names import names_of
from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup
from infra.console.leader.gathered_years import GatheredYears
from infra.console.listing_columns import ListFilter
from infra.console.pages import query_text, render
from infra.console.permissions import Permission
from infra.console.state import ConsoleState, state_of
from infra.console.visitor import Visitor
from infra.leader_page.figures import LeaderYear, gather
from infra.leader_page.page import body
from policies.supervision.text import SupervisionHistory
from processors.supervision.adoption import adopted_texts

router = APIRouter()
_YEAR = ListFilter("year", "年度", "year", "year")
_REGION = ListFilter("region", "统筹区", "region", "region")
_YEARS = table("annual_report", column("year"), schema="finance")
_PLAIN = {
    "budgets": "/finance/budgets",
    "cases": "/cases",
    "clearing": "/clearing",
    "fines": "/finance/fines",
    "operations": "/operations",
    "receivables": "/finance/receivables",
    "rosters": "/rosters",
}
"""Pages behind figures that nothing narrows."""


_OPENED_BY = (
    *((f"/finance/{path}", Permission.FUNDS) for path in ("budgets", "fines", "funds", "receivables")),
    ("/cases", Permission.CASES),
    ("/clearing", Permission.CLEARING),
    ("/hospitals", Permission.HOSPITALS),
    ("/leads", Permission.LEADS),
    ("/operations", Permission.OPERATIONS),
    ("/rosters", Permission.ROSTERS),
    ("/finance/targets", Permission.FINANCE_PERSONS),
)
"""Which permission pages behind figures ask for, beside that for reports."""


@router.get("/leader")
async def leader(
    request: Request, visitor: Annotated[Visitor, needs(Permission.LEADER)], year: str = "", region: str = ""
) -> Response:
    """The year asked for, or the last one that has claims."""
    where = _REGION.read(region) if region else None
    async with visitor.engine.connect() as connection:
        years = sorted((await connection.execute(select(_YEARS.c.year).distinct())).scalars(), reverse=True)
    state = state_of(request)
    today = await visitor.today()
    of_year = _YEAR.read(year) if year else years[0] if years else today.year
    gathered = await _gathered(state).of(of_year, where)
    names = await names_of(state.engine)
    shown = body(gathered, names, lambda kind, of: opened(visitor, behind(gathered, kind, of)))
    years = sorted({*years, of_year}, reverse=True)
    return render(request, "leader/leader.html", shown=shown, years=years, year=of_year, region=where)


def opened(visitor: Visitor, there: str | None) -> str | None:
    """The page behind a figure where the visitor may open it: to a leader it is a figure."""
    if there is None:
        return None
    asked = [permission for path, permission in _OPENED_BY if there.startswith(path)]
    return there if not asked or visitor.may(asked[0]) else None


def behind(year: LeaderYear, kind: str, of: Mapping[str, Any]) -> str | None:
    """The page with the rows behind a figure."""
    period: dict[str, Any] = {"year": year.year, "region": year.region}
    match kind:
        case "claims":
            return _address("/finance/claims", {**period, **of})
        case "month":
            first = f"{year.year}-{of['month']:02}"
            days = monthrange(year.year, of["month"])[1]
            return _address(
                "/finance/claims", {"from": f"{first}-01", "until": f"{first}-{days}", "region": year.region}
            )
        case "targets" | "diseases":
            return _address(f"/finance/{kind}", {**period, **of})
        case "fund":
            return _address("/finance/funds", {**period, **of})
        case "hospital":
            return f"/hospitals/{of['hospital_id']}?year={year.year}"
        case "leads":
            state = {} if of.get("state") in (None, "number") else {"state": of["state"]}
            return _address("/leads", {"rule": of["rule"], "region": year.region, **state})
        case "clearing_id":
            return f"/clearing/{of['id']}"
        case _:
            return _PLAIN.get(kind)


def _address(path: str, values: Mapping[str, Any]) -> str:
    query = query_text(values)
    return f"{path}?{query}" if query else path


_GATHERED: "WeakKeyDictionary[ConsoleState, GatheredYears]" = WeakKeyDictionary()


def _gathered(state: ConsoleState) -> GatheredYears:
    """Years of a console, read by its own login: a leader may open the page and not the rows that it counts."""

    async def gathered(year: int, region: str | None) -> LeaderYear:
        async with state.engine.connect() as connection:
            history = SupervisionHistory(each.text for each in await adopted_texts(connection))
        return await gather(state.engine, history, year, region, state.booked)

    return _GATHERED.setdefault(state, GatheredYears(gathered))


async def _renew(state: ConsoleState) -> None:
    await _gathered(state).renew()


GROUP = PageGroup(
    router,
    (MenuEntry("/leader", "领导一页", "leader", Permission.LEADER, 65, told="全年一页，可打印"),),
    upkeep=_renew,
)
