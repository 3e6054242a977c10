"""``/scorecards``: the ranking of a year's hospitals, one hospital's items, and the two items of each county."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import is_region
from infra.console.authorization import needs
from infra.console.background import WorkOutcome, WorkProgress
from infra.console.errors import FieldTrouble, NotFound, Unprocessable
from infra.console.group import MenuEntry, PageGroup
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.pages import query_text, render
from infra.console.permissions import Permission
from infra.console.scorecards.scores import Scored, county_rows, item_rows, keep, kept, rank_rows
from infra.console.stamp import Stamp, ledger_stamp
from infra.console.state import state_of
from infra.console.threads import in_thread
from infra.console.visitor import Visitor
from infra.words.scorecards import METHOD
from processors.supervision.peers import TIER_NAMES
from processors.supervision.scorecards.listings import ScorecardsOfYear
from processors.supervision.scorecards.listings import scorecards as score

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.SCORECARDS)]
_TIERS = {str(tier): name for tier, name in TIER_NAMES.items()}
_CLASSES = {each: each for each in "ABCD"}
_COUNTIES = Listing(
    "counties",
    "县域内占比 Within the county",
    (
        ListColumn("county", "统筹区", "region"),
        ListColumn("name", "项目", "item"),
        ListColumn("value", "数值", "value"),
        ListColumn("interval", "区间", "95% interval"),
        ListColumn("n", "例数", "n", "count"),
        ListColumn("sums", "分子、分母", "sums"),
        ListColumn("formula", "公式", "formula", sortable=False),
    ),
    key=("region", "item"),
    prefixed=True,
)


def _ranking(year: int, region: str, entries: int) -> Listing:
    def to_items(row: Row) -> str:
        asked = {"year": year, "region": region, "hospital": row["hospital_id"]}
        return f"/scorecards?{query_text(asked)}"

    columns = (
        ListColumn("rank", "名次", "rank", "count"),
        ListColumn("tier", "等级", "tier", names=TIER_NAMES),
        ListColumn("hospital", "医疗机构", "hospital", link=to_items),
        ListColumn("total", "得分", "total", link=to_items),
        ListColumn("interval", "得分区间", "95% interval", sortable=False),
        ListColumn("class", "信用等级", "class"),
        ListColumn("ranked", "同级参评", "ranked", "count"),
        ListColumn("rank_interval", "名次区间", "rank interval", sortable=False),
        ListColumn("covered", "有分权重", "covered", "share"),
        ListColumn("remark", "说明", "remark", sortable=False),
    )
    filters = (
        ListFilter("tier", "等级", "tier", "choice", _TIERS),
        ListFilter("class", "信用等级", "class", "choice", _CLASSES),
    )
    title = f"{year}年医院考核排名通报 Scorecards of hospitals, computed at ledger position {entries}"
    return Listing("scorecards", title, columns, filters, order="tier", key=("tier", "rank", "hospital_id"))


def _items(year: int, called: str, entries: int) -> Listing:
    columns = (
        ListColumn("name", "项目", "item"),
        ListColumn("value", "数值", "value"),
        ListColumn("interval", "区间", "95% interval", sortable=False),
        ListColumn("n", "例数", "n", "count"),
        ListColumn("points", "得分", "points"),
        ListColumn("weight", "权重", "weight", "count"),
        ListColumn("p10", "低分位", "P10"),
        ListColumn("p90", "高分位", "P90"),
        ListColumn("peers", "可比医院", "peers", "count"),
        ListColumn("remark", "说明", "remark", sortable=False),
        ListColumn("sums", "分子、分母", "sums", sortable=False),
        ListColumn("formula", "公式", "formula", sortable=False),
    )
    return Listing(
        "scorecard",
        f"{called}{year}年考核各项 Items of a scorecard, computed at ledger position {entries}",
        columns,
        order="-weight",
        key=("item",),
    )


@router.get("/scorecards")
async def scorecards(
    request: Request, visitor: Reader, year: str = "", region: str = "", hospital: str = ""
) -> Response:
    """The ranking as it was computed last; of one hospital its items."""
    of_year = _year(year) if year else (await visitor.today()).year - 1
    _require_region(region)
    scored = kept(state_of(request), of_year, region)
    form = request.query_params.get("format")
    page = counties = None
    if scored is not None:
        listing, rows = _listed(scored, of_year, region, hospital)
        if form is not None:
            return await listing.export(request, visitor, rows, form)
        page = await listing.read(request, visitor, rows)
        if (form := request.query_params.get("counties.format")) is not None:
            return await _COUNTIES.export(request, visitor, county_rows(scored.found), form)
        counties = None if hospital else await _COUNTIES.read(request, visitor, county_rows(scored.found))
    return render(
        request,
        "scorecards/scorecards.html",
        scored=scored,
        page=page,
        counties=counties,
        method=METHOD,
        year=of_year,
        region=region,
        hospital=hospital,
    )


@router.post("/scorecards")
async def compute(
    request: Request,
    visitor: Reader,
    year: Annotated[str, Form(max_length=4)],
    region: Annotated[str, Form(max_length=6)] = "",
    hospital: Annotated[str, Form(max_length=128)] = "",
) -> Response:
    """Compute the scorecards of a year in the background; all bills of four years are read for it."""
    of_year = _year(year)
    _require_region(region)
    state = state_of(request)

    async def scored(engine: AsyncEngine) -> tuple[Stamp, ScorecardsOfYear]:
        async with engine.connect() as connection:
            stamp = await ledger_stamp(connection, visitor)
        return stamp, await score(engine, of_year, region or None)

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        progress.set(0, None, "读取四个年度的结算单并计分 reading claims of four years")
        stamp, found = await in_thread(engine, scored)
        keep(state, of_year, region, Scored(found, stamp.entries, stamp.read_at))
        path = f"/scorecards?{query_text({'year': of_year, 'region': region, 'hospital': hospital})}"
        return WorkOutcome(f"{of_year} 年 {len(found.cards)} 家医院已计分。Scored", path=path)

    started = state.works.start(visitor, "scorecards", f"{of_year}年医院考核 Scorecards", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


def _listed(scored: Scored, year: int, region: str, hospital: str) -> tuple[Listing, Sequence[dict[str, Any]]]:
    if not hospital:
        return _ranking(year, region, scored.entries), rank_rows(scored.found)
    called = [each.name for each in scored.found.cards if each.card.hospital_id == hospital]
    if not called:
        raise NotFound(f"{year} 年考核没有医疗机构 {hospital}。No scorecard of {hospital}")
    return _items(year, called[0], scored.entries), item_rows(scored.found, hospital)


def _year(text: str) -> int:
    if not text.isdecimal() or not 2000 <= int(text) <= 2100:
        raise Unprocessable(FieldTrouble("年度", f"“{text}”不是年度", "a year from 2000 to 2100"))
    return int(text)


def _require_region(region: str) -> None:
    if region and not is_region(region):
        raise Unprocessable(FieldTrouble("统筹区", f"“{region}”不是统筹区代码", "a code of six digits"))


GROUP = PageGroup(
    router, (MenuEntry("/scorecards", "医院考核", "scorecards", Permission.SCORECARDS, 38, told="医院年度得分和名次"),)
)
