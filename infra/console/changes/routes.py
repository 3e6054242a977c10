"""``/changes``: every settlement that replaced an earlier one; ``/changes/sums``: by month, kind, source and actor."""

from calendar import monthrange
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from events.store.journal import entries
from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup, Shortcut
from infra.console.listing import Listing, show_listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.looks import record_listed_person
from infra.console.pages import NOTHING, query_text
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.person_file.names import CHANGE_KINDS, STATUSES
from infra.words.sources import BY_SOURCE
from processors.queries.changes import KINDS, changes_query, newest_changes, sums_query

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CHANGES)]
KIND_NAMES = {kind: CHANGE_KINDS[kind][0] for kind in KINDS}
_STATUS_NAMES = {code: chinese for code, (chinese, _) in STATUSES.items()}


def _changes_of(row: Row) -> str:
    """The address of the changes behind a row of sums."""
    year, month = map(int, row["month"].split("-"))
    days = {"from": f"{row['month']}-01", "until": f"{row['month']}-{monthrange(year, month)[1]:02d}"}
    same = {name: row[name] for name in ("kind", "source", "actor")}
    return f"/changes?{query_text(days | same)}"


CHANGES = Listing(
    name="changes",
    title="改动 Changes of what was settled",
    columns=(
        ListColumn("at", "记账时间", "booked", "moment", lambda row: f"/events/{row['journal']}/{row['number']}"),
        ListColumn("kind", "种类", "kind", names=KIND_NAMES, sortable=False),
        ListColumn("moved", "各线支付变动", "moved", "fen", summed=True, sortable=False),
        ListColumn("due_at_window", "窗口应补（负为应退）", "due at the window", "fen", summed=True, sortable=False),
        ListColumn("actor", "经办", "actor", sortable=False),
        ListColumn("source", "来源", "source", names=BY_SOURCE, sortable=False),
        ListColumn("event_id", "事件", "event", "id", lambda row: f"/events/intake/{row['cause']}", sortable=False),
        ListColumn("reason", "事由", "reason", sortable=False),
        ListColumn("person_id", "参保人", "person", "id", lambda row: f"/persons/{row['person_id']}", sortable=False),
        ListColumn("claim_id", "结算单", "claim", "id", lambda row: f"/claims/{row['claim_id']}", sortable=False),
        ListColumn("date", "就医日期", "day of care", "day", sortable=False),
        ListColumn(
            "hospital_id", "医疗机构", "hospital", "id", lambda row: f"/hospitals/{row['hospital_id']}", sortable=False
        ),
        ListColumn("revision", "版次", "revision", "count", sortable=False),
        ListColumn("status", "状态", "status", names=_STATUS_NAMES, sortable=False),
    ),
    filters=(
        ListFilter("from", "自", "from", "from", column="at"),
        ListFilter("until", "至", "until", "until", column="at"),
        ListFilter("kind", "种类", "kind", "choice", KIND_NAMES),
        ListFilter("actor", "经办", "actor"),
        ListFilter("source", "来源", "source", "source"),
        ListFilter("hospital", "医疗机构编号", "hospital's id", column="hospital_id"),
        ListFilter("region", "统筹区", "region", "region"),
        ListFilter("person", "参保人编号", "person's id", column="person_id"),
        ListFilter("event", "事件编号", "event's id", column="event_id"),
    ),
    order="-at",
    key=("journal", "number"),
    personal=True,
)
ALL_CHANGES = replace(CHANGES, columns=tuple(replace(column, summed=False) for column in CHANGES.columns))
SUMS = Listing(
    name="changes-sums",
    title="改动汇总 Changes by month, kind and actor",
    columns=(
        ListColumn("month", "月份", "month"),
        ListColumn("kind", "种类", "kind", names=KIND_NAMES),
        ListColumn("source", "来源", "source", names=BY_SOURCE),
        ListColumn("actor", "经办", "actor"),
        ListColumn("changes", "改动", "changes", "count", link=_changes_of, summed=True),
        ListColumn("claims", "结算单", "claims", "count", link=_changes_of),
        ListColumn("persons", "参保人", "persons", "count"),
        ListColumn("more", "增加", "paid more", "fen", summed=True),
        ListColumn("less", "减少", "paid less", "fen", summed=True),
        ListColumn("moved", "各线支付变动", "moved", "fen", link=_changes_of, summed=True),
    ),
    filters=(
        ListFilter("month", "月份", "month", "month"),
        ListFilter("kind", "种类", "kind", "choice", KIND_NAMES),
        ListFilter("source", "来源", "source", "source"),
        ListFilter("actor", "经办", "actor"),
    ),
    order="-month",
    key=("month", "kind", "source", "actor"),
    grouped=True,
    newest=newest_changes,
)


@router.get("/changes")
async def changes(request: Request, visitor: Reader) -> Response:
    """Every change, newest first; those of one person are a look at that person."""
    person_id = CHANGES.criteria(request).texts.get("person")
    await record_listed_person(request, visitor, person_id, "changes", entries.c.person_id)
    if not CHANGES.criteria(request).narrowed:  # of all that ever changed the sums are a page of their own
        source = changes_query(NOTHING, filtered=False)
        return await show_listing(request, visitor, ALL_CHANGES, source, "changes/changes.html")
    return await show_listing(request, visitor, CHANGES, changes_query(NOTHING), "changes/changes.html")


@router.get("/changes/sums")
async def sums(request: Request, visitor: Reader) -> Response:
    """Who changed how much, by month."""
    return await show_listing(request, visitor, SUMS, sums_query(NOTHING), "changes/sums.html")


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/changes",
            "改动",
            "changes",
            Permission.CHANGES,
            25,
            told="谁改了已经结算的账，改了多少",
            shortcuts=(Shortcut("/changes/sums", "按经办、月份汇总"),),
        ),
    ),
)
