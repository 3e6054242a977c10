"""The rows behind figures: claims behind sums of claims, entries of the ledger behind what was booked."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Integer, Numeric, Select, Text, and_, cast, column, func, literal, select, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.console.finance.addresses import NO_CODE
from infra.console.finance.report_listings import YES_OR_NO, LedgerWords
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.console.listing_sources import KeyedRows, Totals, totals_from
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.words.reports import ENTRY_NAMES, PAYEE_NAMES, REPORT_CODES
from processors.finance.booked_entries import (
    Range,
    claim_bookings,
    counted_ranges,
    entries_of,
    flow_sums,
    parts_of,
)
from processors.law.terms import CATEGORY_NAMES, DISEASE_NAMES, LAYER_NAMES, SETTING_NAMES, NameChain
from projections.enrolments import enrolments

_STATEMENTS = table(
    "statements",
    *map(column, ("claim_id", "person_id", "hospital_id", "region", "scheme", "year", "setting", "date", "status")),
    *map(column, ("total", "paid", "patient_share", "hospital_share", "payee", "categories", "disease", "poor")),
    column("layers", JSONB),
    schema="finance",
)
PLACES = ("township", "household")
"""Filters by where a person lives, which stands in no view of finance's."""
_OPENS = {
    "claim_id": (Permission.CLAIMS, "/claims"),
    "person_id": (Permission.PERSONS, "/persons"),
    "hospital_id": (Permission.HOSPITALS, "/hospitals"),
}


def claim_listing(words: LedgerWords, visitor: Visitor, *, layer: str | None, places: bool, persons: bool) -> Listing:
    """Standing claims; with a ``layer`` what it paid of each has a column, with ``places`` they are filters too.

    Without ``persons`` it does not say whose they are.
    """
    paid_by = (
        ()
        if layer is None
        else (ListColumn("layer_paid", f"其中{LAYER_NAMES.get(layer, layer)}", "by the layer", "yuan", summed=True),)
    )
    return Listing(
        "claims",
        "结算单 Claims",
        (
            _id("claim_id", "结算单", "claim", visitor),
            ListColumn("date", "费用日期", "date", "day"),
            _id("hospital_id", "医疗机构", "hospital", visitor, words),
            *((_id("person_id", "参保人", "person", visitor),) if persons else ()),
            ListColumn("region", "统筹区", "region", names=words.regions),
            ListColumn("scheme", "政策", "scheme", names=words.schemes),
            ListColumn("setting", "就医类型", "setting", names=SETTING_NAMES),
            ListColumn("disease", "病种", "disease", names=DISEASE_NAMES),
            ListColumn("categories", "当日类别", "categories that day", "texts", names=CATEGORY_NAMES, sortable=False),
            ListColumn("total", "医疗费总额", "total", "yuan", summed=True),
            ListColumn("paid", "支付合计", "paid", "yuan", summed=True),
            *paid_by,
            ListColumn("patient_share", "个人负担", "patient share", "yuan", summed=True),
            ListColumn("hospital_share", "医院承担", "hospital share", "yuan", summed=True),
            ListColumn("payee", "收款方", "payee", names=PAYEE_NAMES),
        ),
        (
            ListFilter("year", "年度", "year", "year"),
            ListFilter("region", "统筹区", "region", "region"),
            ListFilter("scheme", "政策", "scheme"),
            ListFilter("setting", "就医类型", "setting", "choice", SETTING_NAMES),
            ListFilter("poor", "贫困人口", "poor", "choice", YES_OR_NO, "poor_is"),
            ListFilter("category", "当日类别", "category that day", "has", CATEGORY_NAMES, "categories"),
            ListFilter("hospital_id", "医疗机构", "hospital"),
            ListFilter("disease", "病种", "disease", column="disease_is"),
            ListFilter("layer", "保障线", "layer", "choice", LAYER_NAMES, "layer_is"),
            *((ListFilter("person_id", "参保人", "person"),) if persons else ()),
            ListFilter("from", "费用日期起", "from", "from", column="date"),
            ListFilter("until", "至", "until", "until", column="date"),
            *(
                (ListFilter("township", "乡镇", "township"), ListFilter("household", "户编号", "household"))
                if places
                else ()
            ),
        ),
        key=("claim_id",),
        personal=persons,
    )


def claim_source(*, layer: str | None, places: bool, persons: bool) -> Select[Any]:
    """Standing claims as finance's view has them; where ``places``, with township and household.

    Without ``persons`` the column that names them is not read at all.
    """
    view = _STATEMENTS.c
    unread = {"status", "layers", "poor"} if persons else {"status", "layers", "poor", "person_id"}
    columns: list[Any] = [each for each in view if each.name not in unread]
    columns += [func.coalesce(view.disease, NO_CODE).label("disease_is"), cast(view.poor, Text).label("poor_is")]
    source: Any = _STATEMENTS
    wanted = [view.status == "settled"]
    if layer is not None:
        paid = cast(view.layers[layer].astext, Numeric)
        columns += [paid.label("layer_paid"), literal(layer, Text).label("layer_is")]
        wanted.append(paid != 0)
    if places:
        lived = enrolments.c
        source = _STATEMENTS.outerjoin(
            enrolments,
            and_(lived.person_id == view.person_id, lived.year == view.year, lived.region == view.region),
        )
        columns += [
            func.coalesce(lived.township, func.left(lived.village, 9), NO_CODE).label("township"),
            lived.household_id.label("household"),
        ]
    return select(*columns).select_from(source).where(*wanted)


def booking_listing(words: LedgerWords, visitor: Visitor) -> Listing:
    """Entries of the ledger that booked a payout or a grant."""
    return Listing(
        "bookings",
        "账目 Bookings",
        (
            ListColumn("recorded_at", "入账时间", "booked at", "moment"),
            ListColumn("type", "账目", "entry", names=ENTRY_NAMES),
            _id("claim_id", "结算单", "claim", visitor),
            _id("person_id", "参保人", "person", visitor),
            _id("hospital_id", "医疗机构", "hospital", visitor, words),
            ListColumn("region", "统筹区", "region", names=words.regions),
            ListColumn("setting", "就医类型", "setting", names=SETTING_NAMES),
            ListColumn("date", "费用日期", "date", "day"),
            ListColumn("layer", "保障线", "layer", names=REPORT_CODES["layer"]),
            ListColumn("first_run", "首次结算", "first settlement", names=YES_OR_NO),
            ListColumn("amount", "金额", "amount", "fen", summed=True),
            *_ENTRY,
        ),
        (
            ListFilter("month", "入账月份", "month of booking", "month"),
            ListFilter("year", "入账年份", "year of booking", "year", column="booked_in"),
            ListFilter("region", "统筹区", "region", "region"),
            ListFilter("setting", "就医类型", "setting", "choice", SETTING_NAMES),
            ListFilter("layer", "保障线", "layer", "choice", NameChain({"grant": "补助"}, LAYER_NAMES)),
            ListFilter("first", "首次结算", "first settlement", "choice", YES_OR_NO, "first_run"),
            ListFilter("hospital_id", "医疗机构", "hospital"),
        ),
        key=("journal", "number"),
        counted=True,
        personal=True,
    )


_ENTRY = (ListColumn("journal", "账册", "journal"), ListColumn("number", "账目号", "entry number", "text"))


def _id(name: str, chinese: str, english: str, visitor: Visitor, words: LedgerWords | None = None) -> ListColumn:
    permission, path = _OPENS[name]
    link = (lambda row: row[name] and f"{path}/{row[name]}") if visitor.may(permission) else None
    return ListColumn(name, chinese, english, "id", link, names=None if words is None else words.hospitals)


def period_of(month: date | None, year: int | None) -> tuple[date, date] | None:
    """The days of a month or a year: the first one, and the one behind the last."""
    if month is not None:
        return month_of(month)
    return None if year is None else (date(year, 1, 1), date(year + 1, 1, 1))


def month_of(month: date) -> tuple[date, date]:
    """A month's first day, and the one behind its last."""
    return month, date(month.year + month.month // 12, month.month % 12 + 1, 1)


def by_keys(
    bookings: Callable[[Sequence[Range]], Select[Any]], ranges: Sequence[Range], totals: Totals | None = None
) -> KeyedRows:
    """Bookings of ranges, of which a month has many: what is shown of them is read by their keys."""
    return KeyedRows(
        bookings(ranges),
        lambda keys: bookings(entries_of((row["journal"], row["number"]) for row in keys)),
        [bookings([part]) for part in parts_of(ranges)],
        totals,
    )


def period_bookings(period: tuple[date, date], month: str | None) -> Callable[[AsyncConnection], Awaitable[KeyedRows]]:
    """Bookings of a period as far as they are counted, with ``booked_in``; ``month`` is the period's, if it is one."""

    def bookings(taken: Sequence[Range]) -> Select[Any]:
        return booked_in_year(claim_bookings(taken, month))

    async def source(connection: AsyncConnection) -> KeyedRows:
        totals = totals_from(booked_in_year(flow_sums(*period)), "bookings")
        return by_keys(bookings, await counted_ranges(connection, *period), totals)

    return source


def booked_in_year(source: Select[Any]) -> Select[Any]:
    """With the year of booking, by which a filter narrows."""
    booked = source.subquery("in_years")
    return select(booked, cast(func.left(booked.c.month, 4), Integer).label("booked_in"))


async def household_members(connection: AsyncConnection, household_id: str) -> list[str]:
    """The persons of a household, of any year."""
    members = select(enrolments.c.person_id).where(enrolments.c.household_id == household_id).distinct()
    return sorted((await connection.execute(members)).scalars())
