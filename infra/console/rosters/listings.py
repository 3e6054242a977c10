"""The tables of these pages."""

from typing import Any

from sqlalchemy import Select, column, func, select, table

from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.rosters.list_preview import CHANGE_NAMES, fault_names
from processors.law.terms import CATEGORY_NAMES
from processors.rosters.duty import DEPARTMENT_NAMES, RECIPIENT_NAMES
from processors.rosters.duty import STATE_NAMES as DUTY_STATES
from processors.rosters.region_roster import KIND_NAMES

STATE_NAMES: dict[str, str] = {str(state): name for state, name in DUTY_STATES.items()}
MONTH_CHANGE_NAMES = {"added": "新增", "removed": "减少", "changed": "类别变动"}
WHY_NAMES = {"kept": "有未读出的行可能是其本人", "left_out": "其他部门仍在册"}
_COLUMNS = "number source region period received_on late actor listed refused added removed stands withdrawn_by"
_IMPORTS = table("roster_imports", *map(column, [*_COLUMNS.split(), "withdrawn_for", "recorded_at"]), schema="finance")


def person_link(row: Row) -> str:
    """A person's page."""
    return f"/persons/{row['person_id']}"


def claim_link(row: Row) -> str:
    """A claim's page."""
    return f"/claims/{row['claim_id']}"


def imports_query() -> Select[Any]:
    """Every list that was imported."""
    return select(_IMPORTS, func.split_part(_IMPORTS.c.source, "/", 1).label("department"))


_PERSON = ListColumn("person_id", "参保人", "person", "id", link=person_link)
_CATEGORY = ListColumn("category", "类别", "category", names=CATEGORY_NAMES)
_BY_PERSON = ListFilter("person", "参保人", "person", column="person_id")
_BY_CATEGORY = ListFilter("category", "类别", "category", "choice", CATEGORY_NAMES)

IMPORTS = Listing(
    "imports",
    "导入历史 Lists imported",
    (
        ListColumn("number", "序号", "number", "id", link=lambda row: f"/rosters/imports/{row['number']}"),
        ListColumn("department", "部门", "department", names=DEPARTMENT_NAMES),
        ListColumn("region", "统筹区", "region", "id"),
        ListColumn("period", "月份", "month"),
        ListColumn("received_on", "收到", "received", "day"),
        ListColumn("late", "迟报", "late", "flag"),
        ListColumn("listed", "在册", "listed", "count"),
        ListColumn("refused", "拒收行", "refused", "count"),
        ListColumn("added", "新增", "added", "count"),
        ListColumn("removed", "移除", "removed", "count"),
        ListColumn("actor", "经办", "by"),
        ListColumn("stands", "情况", "state", names={True: "有效", False: "已撤销"}),
    ),
    (
        ListFilter("department", "部门", "department", "choice", DEPARTMENT_NAMES),
        ListFilter("region", "统筹区", "region", "region"),
        ListFilter("period", "月份", "month", "month"),
    ),
    order="-number",
    key=("number",),
)
CHANGES = Listing(
    "changes",
    "变动 Changes",
    (
        _PERSON,
        _CATEGORY,
        ListColumn("change", "变动", "change", names=CHANGE_NAMES),
        ListColumn("effective_on", "自", "from", "day"),
        ListColumn("unknown", "账本中没有此人", "not in the ledger yet", "flag"),
    ),
    (ListFilter("change", "变动", "change", "choice", CHANGE_NAMES), _BY_CATEGORY, _BY_PERSON),
    order="person_id",
    personal=True,
    prefixed=True,
    per_page=20,
)
BOOKED = Listing(
    "booked",
    "入账的变动 Changes booked",
    tuple(each for each in CHANGES.columns if each.name != "unknown"),
    CHANGES.filters,
    order="person_id",
    personal=True,
    prefixed=True,
    per_page=20,
)
REFUSED = Listing(
    "refused",
    "拒收的行 Refused rows",
    (
        ListColumn("place", "位置", "place"),
        ListColumn("reason", "原因", "reason", names=fault_names()),
        ListColumn("detail", "说明", "detail", sortable=False),
        ListColumn("person_id", "参保人", "person", "id", link=lambda row: row["person_id"] and person_link(row)),
        ListColumn("near", "疑似应为", "near id", "id"),
    ),
    (ListFilter("reason", "原因", "reason", "choice", fault_names()),),
    key=("line",),
    personal=True,
    prefixed=True,
    per_page=20,
)
OTHERS = Listing(
    "others",
    "未列而不移除 Left out, not removed",
    (
        _PERSON,
        _CATEGORY,
        ListColumn("why", "原因", "why", names=WHY_NAMES),
        ListColumn("departments", "仍在册的部门", "listed by", "texts", sortable=False),
    ),
    order="person_id",
    personal=True,
    prefixed=True,
    per_page=20,
)
CLAIMS = Listing(
    "claims",
    "将变动的结算单 Claims that would move",
    (
        ListColumn("claim_id", "结算单", "claim", "id", link=claim_link),
        _PERSON,
        ListColumn("share_before", "个人负担现为", "share now", "fen", summed=True),
        ListColumn("share_after", "将为", "would be", "fen", summed=True),
        ListColumn("moved", "差额", "difference", "fen", summed=True),
    ),
    (_BY_PERSON,),
    order="moved",
    personal=True,
    prefixed=True,
    per_page=20,
)
LISTS_IN = Listing(
    "in",
    "部门报送 Lists in",
    (
        ListColumn("department", "部门", "department", names=DEPARTMENT_NAMES),
        ListColumn("region", "统筹区", "region", "id"),
        ListColumn("place", "地区", "place"),
        ListColumn("due_on", "应报日", "due", "day"),
        ListColumn("received_on", "收到", "received", "day"),
        ListColumn("state", "情况", "state", names=STATE_NAMES),
        ListColumn("listed", "条数", "listed", "count", summed=True),
        ListColumn("added", "新增", "added", "count", summed=True),
        ListColumn("removed", "移除", "removed", "count", summed=True),
        ListColumn("actor", "经办", "by"),
    ),
    (ListFilter("state", "情况", "state", "choice", STATE_NAMES),),
    prefixed=True,
    per_page=20,
)
LISTS_OUT = Listing(
    "out",
    "名单下发 Lists out",
    (
        ListColumn("region", "统筹区", "region", "id"),
        ListColumn("place", "地区", "place"),
        ListColumn("recipient_kind", "类别", "kind", names=RECIPIENT_NAMES),
        ListColumn("recipient", "接收单位", "recipient", "id"),
        ListColumn("name", "名称", "name"),
        ListColumn("due_on", "应发日", "due", "day"),
        ListColumn("published_on", "下发", "sent", "day"),
        ListColumn("state", "情况", "state", names=STATE_NAMES),
        ListColumn("persons", "人数", "persons", "count"),
        ListColumn("additions", "新增", "added", "count"),
        ListColumn("removals", "减少", "removed", "count"),
        ListColumn("published_by", "下发人", "by"),
        ListColumn("received_on", "签收", "received", "day"),
        ListColumn("receipt", "回执", "receipt"),
    ),
    (
        ListFilter("kind", "类别", "kind", "choice", RECIPIENT_NAMES, column="recipient_kind"),
        ListFilter("state", "情况", "state", "choice", STATE_NAMES),
        ListFilter("recipient", "接收单位", "recipient", "contains"),
    ),
    prefixed=True,
    per_page=20,
)
MEMBERS = Listing(
    "members",
    "在册人员 On the roster",
    (
        _PERSON,
        ListColumn("categories", "类别", "categories", "texts", names=CATEGORY_NAMES, sortable=False),
        ListColumn("since", "自", "since", "day"),
        ListColumn("enrolled", "已参保", "insured", "flag"),
        ListColumn("township", "乡镇", "township"),
        ListColumn("village", "村", "village"),
    ),
    (
        _BY_PERSON,
        ListFilter("category", "类别", "category", "choice", CATEGORY_NAMES, column="categories"),
        ListFilter("township", "乡镇", "township"),
    ),
    order="person_id",
    personal=True,
    prefixed=True,
    per_page=20,
)
MONTH_CHANGES = Listing(
    "changes",
    "比上月变动 Changes since the month before",
    (
        _PERSON,
        ListColumn("kind", "变动", "change", names=MONTH_CHANGE_NAMES),
        ListColumn("after", "本月类别", "categories", "texts", names=CATEGORY_NAMES, sortable=False),
        ListColumn("before", "上月类别", "before", "texts", names=CATEGORY_NAMES, sortable=False),
        ListColumn("township", "乡镇", "township"),
    ),
    (
        ListFilter("kind", "变动", "change", "choice", MONTH_CHANGE_NAMES),
        ListFilter("township", "乡镇", "township"),
        _BY_PERSON,
    ),
    order="person_id",
    personal=True,
    prefixed=True,
    per_page=20,
)
DIFFERENCES = Listing(
    "differences",
    "部门比对 Departments compared",
    (
        ListColumn("kind", "差异", "difference", names={str(kind): name for kind, name in KIND_NAMES.items()}),
        _PERSON,
        ListColumn("civil_affairs", "民政部门类别", "civil affairs", "texts", names=CATEGORY_NAMES, sortable=False),
        ListColumn("poverty_office", "扶贫部门类别", "poverty office", "texts", names=CATEGORY_NAMES, sortable=False),
        ListColumn("ledger", "账本类别", "ledger", "texts", names=CATEGORY_NAMES, sortable=False),
    ),
    (
        ListFilter("kind", "差异", "difference", "choice", {str(kind): name for kind, name in KIND_NAMES.items()}),
        _BY_PERSON,
    ),
    order="kind",
    key=("person_id", "kind"),
    personal=True,
    prefixed=True,
    per_page=20,
)
