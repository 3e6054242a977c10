"""The reports for finance: which view each reads, its columns, and what it can be narrowed by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, TableClause, column, select, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import region_prefix
from policies.vocabulary import SHARED, in_layer_order
from processors.law.terms import LAYER_NAMES

Kind = Literal["text", "count", "money", "share", "flag", "day", "texts", "layers"]
"""Money is yuan to the fen, a share a fraction of 1 to four decimals; both are Decimals. ``texts`` is a list.
``layers`` stands in a view alone: yuan by layer, which a report shows as a column of money for each layer."""
LAYERS_COLUMN = "layers"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a report: its name in the view, its name for people, what it holds."""

    name: str
    title: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Report:
    """A view of schema ``finance`` as a report; ``by`` orders it, ``summed`` are the columns whose sum means something.
    ``view`` is empty where the rows are computed.

    A number of persons is not one of them: who has claims of two settings stands in two rows.
    """

    name: str
    title: str
    view: str
    fields: tuple[Field, ...]
    by: tuple[str, ...]
    summed: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    """Columns that a screen leaves out; files and JSON hold them."""

    @property
    def on_screen(self) -> "Report":
        """The report without them."""
        return replace(self, fields=tuple(field for field in self.fields if field.name not in self.aside))

    @property
    def personal(self) -> bool:
        """Whether it names persons or their households: then its files are for their writer alone."""
        return any(field.name in ("person_id", "household_id") for field in self.fields)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is asked for; None is everything. ``region`` is a county's code, or a prefecture's or province's.

    ``where`` names columns of the view, each with the value that it must have.
    """

    year: int | None = None
    month: str | None = None
    region: str | None = None
    where: tuple[tuple[str, Any], ...] = ()


def shown(report: Report, rows: Sequence[Mapping[str, Any]]) -> Report:
    """A report with a column for each layer of its rows, where its view has yuan by layer."""
    if all(field.kind != "layers" for field in report.fields):
        return report
    known = {field.name for field in report.fields}
    names = [name for name in rows[0] if name not in known] if rows else list(SHARED.layers)
    layers = tuple(Field(layer, LAYER_NAMES[layer], "money") for layer in names)
    fields = [each for field in report.fields for each in (layers if field.kind == "layers" else (field,))]
    return replace(report, fields=tuple(fields), summed=(*report.summed, *names))


_YEAR, _REGION = Field("year", "年度", "count"), Field("region", "统筹区", "text")
_SCHEME, _SETTING = Field("scheme", "政策", "text"), Field("setting", "就医类型", "text")
_PERSON, _TOTAL = Field("person_id", "参保人", "text"), Field("total", "医疗费总额", "money")

MONTHLY = Report(
    "monthly",
    "基金流向 Fund flows",
    "fund_flows",
    (
        Field("month", "月份", "text"),
        _REGION,
        _SETTING,
        Field("layer", "保障线", "text"),
        Field("decided", "首次结算支付", "money"),
        Field("adjusted", "事后调整", "money"),
        Field("net", "净额", "money"),
        Field("bookings", "笔数", "count"),
    ),
    ("month", "region", "setting", "layer"),
    ("decided", "adjusted", "net", "bookings"),
)
ANNUAL = Report(
    "annual",
    "年度报表 Annual report",
    "annual_report",
    (
        _YEAR,
        _REGION,
        _SCHEME,
        _SETTING,
        Field("poor", "贫困人口", "flag"),
        Field("claims", "人次", "count"),
        Field("persons", "人数", "count"),
        _TOTAL,
        Field(LAYERS_COLUMN, "各保障线支付", "layers"),
        Field("paid", "支付合计", "money"),
        Field("patient_share", "个人负担", "money"),
        Field("hospital_share", "医院承担", "money"),
        Field("paid_share", "实际报销比例", "share"),
    ),
    ("year", "region", "scheme", "poor", "setting"),
    ("claims", "total", "paid", "patient_share", "hospital_share"),
)
HOSPITAL = Report(
    "hospital",
    "医院费用结构 Hospital costs",
    "hospital_costs",
    (
        _YEAR,
        Field("hospital_id", "医疗机构", "text"),
        Field("name", "名称", "text"),
        Field("region", "所在地", "text"),
        Field("tier", "等级", "count"),
        Field("claims", "人次", "count"),
        _TOTAL,
        Field("growth", "总费用增幅", "share"),
        Field("over_line", "超过控制线", "flag"),
        Field("stays", "住院人次", "count"),
        Field("average_stay", "次均住院费用", "money"),
        Field("average_stay_growth", "次均增幅", "share"),
        Field("self_funded", "目录外费用", "money"),
        Field("out_of_catalog_share", "目录外占比", "share"),
    ),
    ("year", "region", "hospital_id"),
    ("claims", "total", "stays", "self_funded"),
)
TARGETS = Report(
    "targets",
    "未达标人员 Persons under a target",
    "targets",
    (
        Field("target", "目标", "text"),
        _YEAR,
        _REGION,
        _SCHEME,
        _PERSON,
        Field("claims", "人次", "count"),
        Field("base", "基数", "money"),
        Field("reached", "已补偿", "money"),
        Field("share", "比例", "share"),
        Field("line", "目标线", "share"),
        Field("categories", "在册类别", "texts"),
    ),
    ("target", "year", "region", "person_id"),
)
OVERSIGHT = Report(
    "oversight",
    "监管线索 Leads for oversight",
    "oversight",
    (
        Field("reason", "原因", "text"),
        Field("since", "起始日", "day"),
        Field("date", "费用日期", "day"),
        Field("claim_id", "结算单", "text"),
        _PERSON,
        Field("hospital_id", "医疗机构", "text"),
        _YEAR,
        _REGION,
        _TOTAL,
        Field("paid", "基金支付", "money"),
    ),
    ("reason", "date", "claim_id"),
    ("total", "paid"),
)
ATTAINMENT = Report(
    "attainment",
    "达标情况 Attainment",
    "attainment",
    (
        Field("target", "目标", "text"),
        _YEAR,
        _REGION,
        _SCHEME,
        Field("met", "达标人数", "count"),
        Field("persons", "应达标人数", "count"),
        Field("share", "达标率", "share"),
        Field("line", "目标线", "share"),
    ),
    ("target", "year", "region", "scheme"),
)
GROWTH = Report(
    "growth",
    "医疗总费用增长 Growth of medical costs",
    "cost_growth",
    (
        _YEAR,
        _REGION,
        _TOTAL,
        Field("total_before", "上年总额", "money"),
        Field("growth", "增幅", "share"),
        Field("line", "控制线", "share"),
        Field("over_line", "超过控制线", "flag"),
    ),
    ("year", "region"),
)


async def read_report(connection: AsyncConnection, report: Report, narrowed: Narrowed) -> list[Mapping[str, Any]]:
    """A report's rows by the names of its fields, as of the last catch-up."""
    view = _view(report)
    query = select(view).order_by(*(view.c[name] for name in report.by))
    if narrowed.month is not None:
        query = query.where(view.c.month == narrowed.month)
    if narrowed.year is not None:
        if "year" in view.c:
            query = query.where(view.c.year == narrowed.year)
        else:
            query = query.where(view.c.month.between(f"{narrowed.year}-01", f"{narrowed.year}-12"))
    if narrowed.region is not None:
        query = query.where(_within(view, narrowed.region))
    query = query.where(*(view.c[name] == value for name, value in narrowed.where if name in view.c))
    rows = [tuple(row) for row in await connection.execute(query)]
    at = next((place for place, field in enumerate(report.fields) if field.kind == "layers"), None)
    # by the rows and not by the texts, which a login of finance can't read
    layers = [] if at is None else in_layer_order({*SHARED.layers, *(layer for row in rows for layer in row[at])})
    return [_row(report, row, layers) for row in rows]


def _row(report: Report, values: Sequence[Any], layers: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field, value in zip(report.fields, values, strict=True):
        if field.kind == "layers":
            row |= {layer: Decimal(value.get(layer, "0.00")) for layer in layers}
        else:
            row[field.name] = value
    return row


async def periods(connection: AsyncConnection, report: Report, region: str | None) -> list[str]:
    """The years (``2019``) that a report has rows of; where it goes by month of booking the months (``2026-11``)."""
    view = _view(report)
    period = view.c.year if "year" in view.c else view.c.month
    query = select(period).distinct().order_by(period)
    if region is not None:
        query = query.where(_within(view, region))
    return [str(each) for each in (await connection.execute(query)).scalars()]


def _view(report: Report) -> TableClause:
    columns = (column(field.name, JSONB() if field.kind == "layers" else None) for field in report.fields)
    return table(report.view, *columns, schema="finance")


def _within(view: TableClause, region: str) -> ColumnElement[bool]:
    """Rows of a county, or of all counties of a prefecture or province."""
    prefix = region_prefix(region)
    return view.c.region.startswith(prefix) if prefix != region else view.c.region == region


async def sums_as_of(connection: AsyncConnection) -> datetime | None:
    """As of when the sums behind the reports hold everything; None where they never have."""
    freshness = table("freshness", column("as_of"), schema="finance")
    moment: datetime | None = (await connection.execute(select(freshness.c.as_of))).scalar_one()
    return moment
