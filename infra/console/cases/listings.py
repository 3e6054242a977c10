"""Lists of supervision: cases, measures, inspections, what is late, hit rates, the blacklist."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Numeric, Select, Text, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from processors.cases import listings as views
from processors.cases.refusal import (
    CASE_STATE_NAMES,
    EFFECT_NAMES,
    ENTRY_STATE_NAMES,
    INSPECTION_KIND_NAMES,
    LATE_NAMES,
    MEASURE_NAMES,
    MEASURE_STATE_NAMES,
    ORIGIN_NAMES,
    OUTCOME_NAMES,
    RESULT_NAMES,
    SUBJECT_NAMES,
)
from processors.supervision.rules import SUPERVISION_RULES
from projections.hospitals import hospitals
from projections.inspections import inspections

RULE_NAMES = {code: rule.name for code, rule in SUPERVISION_RULES.items()}
_REGION = ListFilter("region", "统筹区", "region", "region")


def subject_path(row: Row) -> str | None:
    """The page of whom a row is about; doctors have none."""
    kind, subject = row["subject_kind"], row["subject_id"]
    if kind in ("hospital", "pharmacy"):
        return f"/hospitals/{subject}"
    return f"/persons/{subject}" if kind == "person" else None


def _to_case(row: Row) -> str:
    return f"/cases/{row['case_id']}"


_CASE = ListColumn("case_id", "案件", "case", "id", link=_to_case)
_KIND = ListColumn("subject_kind", "对象种类", "kind", names=SUBJECT_NAMES)
_SUBJECT = ListColumn("subject", "对象", "subject", link=subject_path)

CASES = Listing(
    "cases",
    "监管案件 Cases",
    (
        _CASE,
        ListColumn("status", "状态", "status", names=CASE_STATE_NAMES),
        ListColumn("origin", "来源", "origin", names=ORIGIN_NAMES),
        _KIND,
        _SUBJECT,
        ListColumn("opened_on", "立案", "opened on", "day"),
        ListColumn("due_on", "期限", "due on", "day"),
        ListColumn("decided_on", "决定", "decided on", "day"),
        ListColumn("closed_on", "结案", "closed on", "day"),
        ListColumn("outcome", "结果", "outcome", names=OUTCOME_NAMES),
        ListColumn("document_no", "立案文号", "document"),
        ListColumn("decision_no", "决定文号", "decision"),
        ListColumn("found", "违规金额", "found", "yuan", link=_to_case, summed=True),
        ListColumn("to_recover", "应追回", "to recover", "yuan", link=_to_case, summed=True),
        ListColumn("recovered", "已追回", "recovered", "yuan", link=_to_case, summed=True),
        ListColumn("fined", "罚款", "fined", "yuan", link=_to_case, summed=True),
    ),
    (
        ListFilter("status", "状态", "status", "choice", CASE_STATE_NAMES),
        ListFilter("origin", "来源", "origin", "choice", ORIGIN_NAMES),
        ListFilter("subject", "对象编号", "subject id", column="subject_id"),
        _REGION,
        ListFilter("since", "立案自", "opened since", "from", column="opened_on"),
        ListFilter("due", "期限至", "due until", "until", column="due_on"),
    ),
    order="-opened_on",
    key=("case_id",),
    personal=True,
)
MEASURES = Listing(
    "measures",
    "监管措施 Measures",
    (
        ListColumn("measure_id", "措施", "measure", "id", link=_to_case),
        _CASE,
        _KIND,
        _SUBJECT,
        ListColumn("kind", "种类", "kind", names=MEASURE_NAMES),
        ListColumn("status", "状态", "status", names=MEASURE_STATE_NAMES),
        ListColumn("amount", "金额", "amount", "yuan"),
        ListColumn("from_on", "起日", "from", "day"),
        ListColumn("until", "止日（不含）", "until", "day"),
        ListColumn("document_no", "文号", "document"),
        ListColumn("basis", "依据", "basis"),
        ListColumn("decided_on", "决定", "decided on", "day"),
        ListColumn("due_on", "期限", "due on", "day"),
        ListColumn("lifted_on", "解除", "lifted on", "day"),
        ListColumn("paid", "已缴", "paid", "yuan", summed=True),
        ListColumn("taken", "账本收下", "taken", "count", summed=True),
        ListColumn("refused", "拒收", "refused", "count", link=_to_case, summed=True),
        ListColumn("to_recover", "应追回基金", "to recover", "yuan", link=_to_case, summed=True),
        ListColumn("recovered", "已追回基金", "recovered", "yuan", link=_to_case, summed=True),
    ),
    (
        ListFilter("kind", "种类", "kind", "choice", MEASURE_NAMES),
        ListFilter("status", "状态", "status", "choice", MEASURE_STATE_NAMES),
        ListFilter("case", "案件", "case", column="case_id"),
        ListFilter("subject", "对象编号", "subject id", column="subject_id"),
        _REGION,
        ListFilter("since", "决定自", "decided since", "from", column="decided_on"),
        ListFilter("until", "决定至", "decided until", "until", column="decided_on"),
    ),
    order="-decided_on",
    key=("measure_id",),
    personal=True,
)
INSPECTIONS = Listing(
    "inspections",
    "检查 Inspections",
    (
        ListColumn("inspection_id", "检查", "inspection", "id"),
        ListColumn("hospital", "医疗机构", "hospital", link=lambda row: f"/hospitals/{row['hospital_id']}"),
        ListColumn("institution_kind", "机构种类", "institution", names=SUBJECT_NAMES),
        ListColumn("kind", "检查种类", "kind", names=INSPECTION_KIND_NAMES),
        ListColumn("inspected_on", "日期", "on", "day"),
        ListColumn("officers", "人员", "officers", "texts", sortable=False),
        ListColumn("result", "结果", "result", names=RESULT_NAMES),
        ListColumn("document_no", "文号", "document"),
        ListColumn("reason", "情况", "seen"),
        ListColumn("recorded_by", "登记", "recorded by"),
        ListColumn("withdrawn_by", "撤回", "withdrawn by"),
    ),
    (
        ListFilter("hospital", "医疗机构编号", "hospital id", column="hospital_id"),
        ListFilter("result", "结果", "result", "choice", RESULT_NAMES),
        ListFilter("kind", "检查种类", "kind", "choice", INSPECTION_KIND_NAMES),
        ListFilter("year", "年度", "year", "year"),
        _REGION,
    ),
    order="-inspected_on",
    key=("inspection_id",),
)
OVERDUE = Listing(
    "overdue",
    "逾期事项 Overdue",
    (
        ListColumn("what", "事项", "what", names=LATE_NAMES, link=lambda row: _late_path(row)),
        ListColumn("case_id", "案件", "case", "id", link=_to_case),
        ListColumn("subject_id", "对象", "subject", "id", link=subject_path),
        ListColumn("of", "编号", "of", "id"),
        ListColumn("due_on", "期限", "due on", "day"),
        ListColumn("days", "逾期天数", "days late", "count"),
        ListColumn("count", "件数", "count", "count", link=lambda row: _late_path(row)),
        ListColumn("left", "尚欠", "still due", "yuan"),
        ListColumn("late_fine", "加处罚款", "for paying late", "yuan"),
        ListColumn("region", "统筹区", "region"),
    ),
    (ListFilter("what", "事项", "what", "choice", LATE_NAMES), _REGION),
    order="due_on",
    key=("what", "case_id", "of"),
    personal=True,
)


def _late_path(row: Row) -> str:
    return f"/leads?state=open&rule={row['of']}" if row["what"] == "lead_check" else _to_case(row)


HIT_RATES = Listing(
    "hit-rates",
    "各规则命中率 Hit rates",
    (
        ListColumn("rule", "规则", "rule", names=RULE_NAMES, link=lambda row: f"/leads?rule={row['rule']}"),
        ListColumn("version", "版本", "version", "count"),
        *(
            ListColumn(
                state,
                name,
                english,
                "count",
                link=lambda row, state=state: f"/leads?rule={row['rule']}" + (f"&state={state}" if state else ""),  # type: ignore[misc]
                summed=True,
            )
            for state, name, english in (
                ("open", "待处理", "open"),
                ("in_case", "已立案", "in case"),
                ("confirmed", "查实", "confirmed"),
                ("dismissed", "排除", "dismissed"),
                ("withdrawn", "自行消失", "withdrawn"),
            )
        ),
        ListColumn("found", "疑点", "found", "count", summed=True),
        ListColumn("looked_into", "已核查", "looked into", "count", summed=True),
        ListColumn("hit_rate", "命中率", "hit rate", "share"),
        ListColumn("few", "少于11件", "few", "flag"),
    ),
    (ListFilter("rule", "规则", "rule", "choice", RULE_NAMES),),
    order="-hit_rate",
    key=("rule", "version"),
)
BLACKLIST = Listing(
    "blacklist",
    "黑名单 Blacklist",
    (
        ListColumn("entry_id", "编号", "entry", "id", link=lambda row: f"/blacklist/{row['entry_id']}"),
        ListColumn("status", "状态", "status", names=ENTRY_STATE_NAMES),
        ListColumn("holds", "今天有效", "holds", "flag"),
        _KIND,
        _SUBJECT,
        _CASE,
        ListColumn("reason", "事由", "reason"),
        ListColumn("effects", "后果", "effects", "texts", names=EFFECT_NAMES, sortable=False),
        ListColumn("from_on", "起日", "from", "day"),
        ListColumn("until", "止日（不含）", "until", "day"),
        ListColumn("removed_on", "移出", "removed on", "day"),
        ListColumn("entered_by", "登记", "entered by"),
        ListColumn("approved_by", "复核", "approved by"),
    ),
    (
        ListFilter("status", "状态", "status", "choice", ENTRY_STATE_NAMES),
        ListFilter("subject", "对象编号", "subject id", column="subject_id"),
        _REGION,
    ),
    order="-from_on",
    key=("entry_id",),
    personal=True,
)
_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("opened_on", "due_on", "decided_on", "closed_on", "from_on", "until", "lifted_on"), Date()),
    **dict.fromkeys(("amount", "paid", "to_recover", "recovered", "found", "fined"), Numeric(16, 2)),
    **dict.fromkeys(("region", "subject_id", "case_id", "removed_on"), Text()),
    "removed_on": Date(),
}


def view_query(view: Any) -> Select[Any]:
    """A view's rows with the subject's name."""
    columns = [
        type_coerce(each, _TYPES[each.name]).label(each.name) if each.name in _TYPES else each for each in view.c
    ]
    called = func.coalesce(hospitals.c.name, view.c.subject_id).label("subject")
    return select(*columns, called).select_from(view.outerjoin(hospitals, hospitals.c.hospital_id == view.c.subject_id))


def inspections_query() -> Select[Any]:
    """Inspections with the institutions' names; mistaken ones too."""
    called = func.coalesce(hospitals.c.name, inspections.c.hospital_id).label("hospital")
    year = func.extract("year", inspections.c.inspected_on).label("year")
    return select(inspections, called, year).select_from(
        inspections.outerjoin(hospitals, hospitals.c.hospital_id == inspections.c.hospital_id)
    )


def with_day(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose day of a deadline is a text, as rows with a day."""
    return [row | {"due_on": date.fromisoformat(row["due_on"])} for row in rows]


def with_shares(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of hit rates with the rate as a number."""
    return [row | {"hit_rate": None if row["hit_rate"] is None else Decimal(row["hit_rate"])} for row in rows]


def of_case(listing: Listing, name: str) -> Listing:
    """A listing as a part of another page."""
    return replace(listing, name=name, prefixed=True)


async def count_waiting(connection: AsyncConnection, today: date) -> Mapping[str, int]:
    """Cases that wait for a decision, cases that are late, entries of the blacklist that wait for approval."""
    cases, listed = views.CASES, views.BLACKLIST
    late = (cases.c.status == "open") & cases.c.decided_on.is_(None) & (type_coerce(cases.c.due_on, Date) < today)
    asked = {
        "proposed": select(func.count()).select_from(cases).where(cases.c.status == "proposed"),
        "late": select(func.count()).select_from(cases).where(late),
        "entries": select(func.count()).select_from(listed).where(listed.c.status.in_(("entered", "removal_entered"))),
    }
    return {name: (await connection.execute(query)).scalar_one() for name, query in asked.items()}
