"""Reports as listings: their columns by name and kind, what narrows them, and what is behind their figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, Text, case, cast, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.cli.names import Names, names_of
from infra.console.finance.addresses import address
from infra.console.finance.report_pages import LINKS, NO_ROWS, PART_OF_TOTAL, REPORT_PAGES, TOTALS, ReportPage
from infra.console.listing import Listing
from infra.console.listing_columns import CellKind, ListColumn, ListFilter
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.words.names import NamedBy
from infra.words.reports import PAYEE_NAMES, PAYMENT_STATES, REPORT_CODES, TARGET_NAMES
from processors.finance.reports import ANNUAL, MONTHLY, Field, Narrowed, Report, read_report, shown
from processors.law.terms import CATEGORY_NAMES, LAYER_NAMES, SETTING_NAMES, NameChain

YES_OR_NO = {"true": "是", "false": "否"}
_IDS = ("claim_id", "person_id", "hospital_id", "clearing_id", "cleared_by", "household_id")
_CODES = ("year", "tier")
"""Numbers that are no amounts: they stand without separators."""
_KINDS: Mapping[str, CellKind] = {"money": "yuan", "count": "count", "share": "share", "flag": "flag", "day": "day"}
_FLAGS = ("poor", "over_line", "unpaid")
_OPENED_BY = {
    "/persons/": Permission.PERSONS,
    "/claims/": Permission.CLAIMS,
    "/hospitals/": Permission.HOSPITALS,
    "/clearing/": Permission.CLEARING,
    "/finance/bookings": Permission.FUNDS,
}
"""Which permission pages behind figures ask for, beside that for reports."""


@dataclass(frozen=True)
class LedgerWords:
    """What a ledger calls its regions, hospitals and schemes."""

    names: Names
    hospitals: Mapping[Any, str]
    schemes: Mapping[Any, str]
    regions: Mapping[Any, str]


async def words_of(visitor: Visitor) -> LedgerWords:
    """The names that a visitor may see."""
    names = await names_of(visitor.engine)
    return LedgerWords(names, NamedBy(names.hospital), NamedBy(names.scheme), NamedBy(names.region))


def filters_of() -> dict[str, ListFilter]:
    """The filters of reports, by name."""
    return {
        each.name: each
        for each in (
            ListFilter("year", "年度", "year", "year", shared=True),
            ListFilter("month", "月份", "month", "month", shared=True),
            ListFilter("region", "统筹区", "region", "region", shared=True),
            ListFilter("scheme", "政策", "scheme", "text", shared=True),
            ListFilter("setting", "就医类型", "setting", "choice", SETTING_NAMES, shared=True),
            ListFilter("layer", "保障线", "layer", "choice", NameChain({"grant": "补助"}, LAYER_NAMES), shared=True),
            ListFilter("poor", "贫困人口", "poor", "choice", YES_OR_NO, "poor_is", shared=True),
            ListFilter("hospital_id", "医疗机构", "hospital", "text", shared=True),
            ListFilter("over_line", "超过控制线", "over line", "choice", YES_OR_NO, "over_line_is", shared=True),
            ListFilter("target", "目标", "target", "choice", TARGET_NAMES, shared=True),
            ListFilter("disease", "病种", "disease", "text", shared=True),
            ListFilter("township", "乡镇", "township", "text", shared=True),
            ListFilter("household_id", "户编号", "household", "text", shared=True),
            ListFilter("payee", "收款方", "payee", "choice", PAYEE_NAMES, shared=True),
            ListFilter("state", "状态", "state", "choice", PAYMENT_STATES, shared=True),
            ListFilter("unpaid", "未拨付", "unpaid", "choice", YES_OR_NO, "unpaid_is", shared=True),
        )
    }


def report_listing(page: ReportPage, report: Report, words: LedgerWords, visitor: Visitor) -> Listing:
    """A report of a page as a listing; those above the page's own have a prefix in the address."""
    known = filters_of()
    there = {field.name for field in report.fields}
    narrowed = [
        known[name]
        for name in page.filters
        if name in there or (name == "unpaid" and "days" in there) or (name == "year" and "month" in there)
    ]
    if "month" in there and "year" not in there:
        narrowed = [_of_month(each) for each in narrowed]
    return Listing(
        report.name,
        report.title,
        tuple(_column(report, field, words, visitor) for field in report.fields),
        tuple(narrowed),
        key=report.by,
        counted=True,
        personal=report.personal,
        prefixed=report.name != page.report.name,
    )


def _of_month(each: ListFilter) -> ListFilter:
    return ListFilter("year", "年度", "year", "year", None, "month_year", shared=True) if each.name == "year" else each


def _column(report: Report, field: Field, words: LedgerWords, visitor: Visitor) -> ListColumn:
    known: Mapping[str, Mapping[Any, str]] = {"region": words.regions, "scheme": words.schemes, **REPORT_CODES}
    named = {} if any(each.name == "name" for each in report.fields) else {"hospital_id": words.hospitals}
    kind: CellKind = "id" if field.name in _IDS else _KINDS.get(field.kind, "text")
    if field.kind == "texts":
        kind, named = "texts", {field.name: CATEGORY_NAMES}
    if field.name in _CODES:
        kind = "text"
    links = LINKS.get(report.name, {})
    link = links.get(field.name)
    if link is None and report.name == ANNUAL.name and field.name in LAYER_NAMES:
        whole = links["paid"]
        link = lambda row: f"{whole(row)}&layer={field.name}"  # noqa: E731 - a link is a function of its row
    return ListColumn(
        *(field.name, field.title, field.name.replace("_", " "), kind),
        link=None if link is None else _if_open(link, visitor),
        names={**known, **named}.get(field.name),
        summed=field.name in report.summed,
        total_link=_total_link(report, field, visitor) if field.name in report.summed else None,
    )


def _if_open(link: Callable[[Mapping[str, Any]], str | None], visitor: Visitor) -> Any:
    def opened(row: Mapping[str, Any]) -> str | None:
        there = link(row)
        return there if there is not None and is_open(there, visitor) else None

    return opened


def is_open(there: str, visitor: Visitor) -> bool:
    """Whether a page behind a figure is open to a visitor."""
    asked = [permission for path, permission in _OPENED_BY.items() if there.startswith(path)]
    if any(there.startswith(f"/finance/{page.path}?") for page in REPORT_PAGES.values() if page.report.personal):
        asked.append(Permission.FINANCE_PERSONS)
    if any(f"{name}=" in there for name in ("township", "household")) and there.startswith("/finance/claims"):
        asked.append(Permission.CLAIMS)  # who lives where stands in no view of finance's
    return all(visitor.may(permission) for permission in asked)


def _total_link(report: Report, field: Field, visitor: Visitor) -> Callable[[Mapping[str, str]], str | None] | None:
    if report.name not in TOTALS or field.name in NO_ROWS:
        return None
    path, names = TOTALS[report.name]
    part = dict(PART_OF_TOTAL.get(field.name, {}))
    if report.name == ANNUAL.name and field.name in LAYER_NAMES:
        part = {"layer": field.name}

    def link(texts: Mapping[str, str]) -> str | None:
        there = address(path, **{**texts, **part})
        return there if set(texts) <= set(names) and is_open(there, visitor) else None

    return link


async def report_source(
    connection: AsyncConnection, report: Report, narrowed: Narrowed
) -> tuple[Report, Select[Any] | Sequence[Mapping[str, Any]]]:
    """Where a report's rows come from; one that has a column for each layer is read at once, for it is short."""
    if report.name == ANNUAL.name:
        rows = await read_report(connection, report, narrowed)
        told = shown(report, rows)
        return told, [{**row, "poor_is": str(row["poor"]).lower()} for row in rows]
    return report, _select(report)


def _select(report: Report) -> Select[Any]:
    view = table(report.view, *(column(field.name) for field in report.fields), schema="finance")
    derived: list[Any] = [cast(view.c[name], Text).label(f"{name}_is") for name in _FLAGS if name in view.c]
    if "days" in view.c:
        derived.append(case((view.c.days.is_(None), "true"), else_="false").label("unpaid_is"))
    if report.name == MONTHLY.name or ("month" in view.c and "year" not in view.c):
        derived.append(cast(func.left(view.c.month, 4), Integer).label("month_year"))
    return select(view, *derived)
