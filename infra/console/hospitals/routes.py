"""``/hospitals``: the register with a year's costs, and one hospital beside its peers."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Select, Text, and_, cast, func, select

from events.codes import INSTITUTION_KIND_NAMES
from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup
from infra.console.hospitals.figures import COSTS, Row, hospital_page, last_year
from infra.console.listing import Listing, asked_file, show_listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.console.pages import query_text, render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.files.region_names import region_named
from infra.words.clearing import PAYMENT_NAMES
from infra.words.names import NamedBy
from processors.finance.peer_costs import LEAST_CASES, peer_costs
from processors.law.terms import DISEASE_NAMES, SETTING_NAMES
from processors.supervision.peers import TIER_NAMES
from processors.supervision.rules import SUPERVISION_RULES
from projections.hospitals import hospitals

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.HOSPITALS)]
REGION_NAMES = NamedBy(region_named)
KIND_NAMES: Mapping[str, str] = {str(code): name for code, name in INSTITUTION_KIND_NAMES.items()}
_YEAR = ListFilter("year", "年度", "year", "year", shared=True)


def _of(row: Row) -> str:
    return f"/hospitals/{row['hospital_id']}"


def _claims(row: Row, **values: Any) -> str:
    asked = {"year": row["year"], "hospital_id": row["hospital_id"], **values}
    return f"/finance/claims?{query_text(asked)}"


def _stays(row: Row) -> str:
    return _claims(row, setting="inpatient")


_COSTS = (
    ListColumn("claims", "人次", "claims", "count", _claims, summed=True),
    ListColumn("total", "医疗费总额", "total", "yuan", _claims, summed=True),
    ListColumn("growth", "总费用增幅", "growth", "share", _claims),
    ListColumn("over_line", "超过控制线", "over line", "flag"),
    ListColumn("stays", "住院人次", "stays", "count", _stays, summed=True),
    ListColumn("average_stay", "次均住院费用", "average stay", "yuan", _stays),
    ListColumn("average_stay_growth", "次均增幅", "its growth", "share", _stays),
    ListColumn("out_of_catalog_share", "目录外占比", "out of catalog", "share", _claims),
)
HOSPITALS = Listing(
    "hospitals",
    "医疗机构 Hospitals",
    (
        ListColumn("hospital_id", "编号", "id", "id", _of),
        ListColumn("name", "名称", "name", link=_of),
        ListColumn("tier", "等级", "tier", names=TIER_NAMES),
        ListColumn("kind", "类别", "kind", names=INSTITUTION_KIND_NAMES),
        ListColumn("region", "所在地", "region", names=REGION_NAMES),
        ListColumn("designated_until", "协议止", "designated until", "day"),
        *_COSTS,
    ),
    (
        ListFilter("name", "名称", "name", "contains"),
        ListFilter("tier", "等级", "tier", "choice", {str(tier): name for tier, name in TIER_NAMES.items()}, "tier_is"),
        ListFilter("kind", "类别", "kind", "choice", KIND_NAMES),
        ListFilter("region", "所在地", "region", "region"),
        ListFilter("costs_year", "费用年度", "year of costs", "year", column="year"),
    ),
    order="-total",
    key=("hospital_id",),
)
YEARS = Listing(
    "years",
    "历年费用 Years",
    (ListColumn("year", "年度", "year"), *(column for column in _COSTS)),
    order="-year",
    key=("year",),
    counted=True,
    prefixed=True,
)


def _peer(row: Row) -> str:
    return _claims(row, setting=row["setting"], disease=row["disease"] or "none")


PEERS = Listing(
    "peers",
    "次均费用与同级医院 Cost a case beside peers",
    (
        ListColumn("setting", "就医类型", "setting", names=SETTING_NAMES),
        ListColumn("disease", "病种", "disease", names=DISEASE_NAMES),
        ListColumn("claims", "人次", "cases", "count", _peer, summed=True),
        ListColumn("total", "费用", "total", "fen", _peer, summed=True),
        ListColumn("average", "次均费用", "cost a case", "fen", _peer),
        ListColumn("median", "同级中位数", "median of peers", "fen"),
        ListColumn("over_median", "比中位数", "over the median", "share"),
        ListColumn("percentile", "同级百分位", "percentile", "share"),
        ListColumn("peers", "可比医院", "peers", "count"),
        ListColumn("out_of_catalog_share", "目录外占比", "out of catalog", "share"),
    ),
    (_YEAR,),
    order="-total",
    key=("setting", "disease"),
    counted=True,
    prefixed=True,
)


@router.get("/hospitals")
async def register(request: Request, visitor: Reader) -> Response:
    """All hospitals, clinics and pharmacies, with the costs of a year."""
    asked = request.query_params.get("costs_year", "").strip()
    if asked:
        year: int | None = _YEAR.read(asked)
    else:
        async with visitor.engine.connect() as connection:
            year = (await connection.execute(select(func.max(COSTS.c.year)))).scalar()
    listing = HOSPITALS
    return await show_listing(
        request, visitor, listing, _register(year, every=not asked), "hospitals/hospitals.html", year=year
    )


def _register(year: int | None, *, every: bool) -> Select[Any]:
    """Hospitals with their costs of a year; ``every``: those without any too."""
    costs = COSTS.c
    on = and_(costs.hospital_id == hospitals.c.hospital_id, costs.year == year)
    return select(
        *(each for each in hospitals.c if each.name != "suspended"),
        cast(hospitals.c.tier, Text).label("tier_is"),
        *(each for each in costs if each.name != "hospital_id"),
    ).select_from(hospitals.join(COSTS, on, isouter=every))


@router.get("/hospitals/{hospital_id}")
async def hospital(request: Request, visitor: Reader, hospital_id: str, year: str = "") -> Response:
    """One hospital: its years, its cases beside peers, leads, clearings, and what it owes."""
    told = await hospital_page(visitor, hospital_id)
    of_year = last_year(told.years, _YEAR.read(year) if year else None, await visitor.today())
    async with visitor.engine.connect() as connection:
        rows = [
            {**row, "hospital_id": hospital_id, "year": of_year}
            for row in await peer_costs(connection, hospital_id, of_year)
        ]
    sources: list[tuple[Listing, Any]] = [
        (YEARS, select(COSTS).where(COSTS.c.hospital_id == hospital_id)),
        (PEERS, rows),
    ]
    if (file := await asked_file(request, visitor, sources)) is not None:
        return file
    years, peers = [await listing.read(request, visitor, source) for listing, source in sources]
    return render(
        request,
        "hospitals/hospital.html",
        told=told,
        years=years,
        peers=peers,
        year=of_year,
        least=LEAST_CASES,
        region=region_named(told.hospital.region),
        tier=TIER_NAMES[told.hospital.tier],
        kind=KIND_NAMES.get(told.hospital.kind, told.hospital.kind),
        rule_names={code: rule.name for code, rule in SUPERVISION_RULES.items()},
        payment_names=PAYMENT_NAMES,
        clearing_names={"drafted": "待复核", "approved": "已复核", "paid": "已拨付"},
        scored="scorecards" in state_of(request).groups,
    )


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/hospitals", "医疗机构", "hospitals", Permission.HOSPITALS, 20, told="一家医院历年费用，和同级医院比"
        ),
    ),
)
