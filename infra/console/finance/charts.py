"""Bars beside a table: what a report's rows come to by one of its columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.console.finance.addresses import BOOKINGS, CLAIMS, NO_CODE, address
from infra.console.finance.report_listings import LedgerWords, is_open
from infra.console.listing import ListingPage, Source
from infra.console.listing_columns import ListColumn
from infra.console.pages import yuan_text
from infra.console.visitor import Visitor
from processors.finance.group_reports import DISEASES, TOWNSHIPS
from processors.finance.payment_reports import LATE_ADJUSTMENTS, PAYMENT_TIMES
from processors.finance.reports import ANNUAL, HOSPITAL, MONTHLY
from processors.law.terms import LAYER_NAMES

MOST_BARS = 12
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A bar: what it is of, its figure as it is shown, its width in percent, and what is behind it."""

    label: str
    shown: str
    width: float
    below_zero: bool
    link: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A titled set of bars."""

    title: str
    bars: Sequence[ChartBar]


@dataclass(frozen=True, slots=True)
class ChartOf:
    """What a report's chart shows: sums of ``value`` by ``label``, the largest, or where ``by_label`` the last ones."""

    title: str
    label: str
    value: str
    link: Callable[[Any, Texts], str] | None
    by_label: bool = False


CHARTS: Mapping[str, ChartOf] = {
    MONTHLY.name: ChartOf(
        "每月净额（元） Net by month", "month", "net", lambda label, texts: _to(BOOKINGS, texts, month=label), True
    ),
    HOSPITAL.name: ChartOf(
        "医疗费总额最高的医院（元） Hospitals by total",
        *("hospital_id", "total", lambda label, texts: _to(CLAIMS, texts, hospital_id=label)),
    ),
    DISEASES.name: ChartOf(
        "医疗费总额最高的病种（元） Diseases by total",
        *("disease", "total", lambda label, texts: _to(CLAIMS, texts, disease=label or NO_CODE)),
    ),
    TOWNSHIPS.name: ChartOf("支付合计最高的乡镇（元） Townships by what was paid", "township", "paid", None),
    PAYMENT_TIMES.name: ChartOf(
        "未拨付金额（元） Not paid yet",
        *("hospital_id", "unpaid_amount"),
        lambda label, texts: _to("/finance/payment-claims", texts, hospital_id=label, unpaid="true"),
    ),
    LATE_ADJUSTMENTS.name: ChartOf("关账后调整的差额（元） Adjusted by month", "month", "amount", None, True),
}
"""By report."""
_CARRIED = ("year", "region", "scheme", "setting", "poor", "layer", "payee")


async def chart_of(
    connection: AsyncConnection, visitor: Visitor, words: LedgerWords, page: ListingPage, source: Source
) -> Chart | None:
    """The chart of a report's page over all rows of its filter; None where it has none, or nothing to show."""
    name, texts = page.listing.name, page.criteria.texts
    if name == ANNUAL.name:
        sums = [(layer, page.found.sums[layer]) for layer in LAYER_NAMES if page.found.sums.get(layer)]
        title = "各保障线支付（元） Paid by layer"
        return bars_of(title, [(LAYER_NAMES[code], each, _to(CLAIMS, texts, layer=code)) for code, each in sums])
    spec = CHARTS.get(name)
    if spec is None or not isinstance(source, Select):
        return None
    inner = source.subquery("charted")
    wanted = [where.where(inner.c[where.narrows], kind, value) for where, kind, value in page.criteria.narrowed]
    label, value = inner.c[spec.label], func.sum(inner.c[spec.value]).label("value")
    order = label.desc() if spec.by_label else value.desc()
    query = select(label, value).where(*wanted).group_by(label).having(value != 0).order_by(order).limit(MOST_BARS)
    rows = list(await connection.execute(query))
    if spec.by_label:
        rows.reverse()
    column = next(each for each in page.listing.columns if each.name == spec.label)
    if spec.label == "hospital_id":
        column = replace(column, names=words.hospitals)
    told = []
    for label, value in rows:
        there = None if spec.link is None else spec.link(label, texts)
        told.append((_label(column, label), value, there if there and is_open(there, visitor) else None))
    return bars_of(spec.title, told)


def _label(column: ListColumn, label: Any) -> str:
    return "（未注明）" if label is None else column.shown(label)


def _to(path: str, texts: Texts, **values: Any) -> str:
    return address(path, **{**{name: text for name, text in texts.items() if name in _CARRIED}, **values})


def bars_of(title: str, rows: Sequence[tuple[str, Decimal, str | None]]) -> Chart | None:
    """Bars of labelled amounts of yuan, each with what is behind it; None where there is nothing to show."""
    most = max((abs(amount) for _, amount, _ in rows), default=Decimal(0))
    if not most:
        return None
    bars = [
        ChartBar(label, yuan_text(amount), float(round(abs(amount) * 100 / most, 2)), amount < 0, link)
        for label, amount, link in rows
    ]
    return Chart(title, bars)
