"""The tables of law's pages."""

from infra.console.law.law_texts import STATE_NAMES
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter
from policies.explain import GRADES
from processors.proposals.journal import KIND_NAMES
from processors.proposals.journal import STATE_NAMES as PROPOSAL_NAMES

TEXTS = Listing(
    "texts",
    "政策文本 Texts of schemes",
    (
        ListColumn("name", "名称", "name", "id", link=lambda row: f"/law/schemes/{row['hash']}"),
        ListColumn("title", "地区", "title"),
        ListColumn("regions", "统筹区", "regions", "texts", sortable=False),
        ListColumn("from", "自", "from", "day"),
        ListColumn("until", "至（不含）", "until", "day"),
        ListColumn("layers", "保障线", "path", sortable=False),
        ListColumn("document", "文件", "document", sortable=False),
        ListColumn("state", "状态", "state", names=STATE_NAMES),
        ListColumn("adopted_at", "采用", "adopted", "moment"),
        ListColumn("actor", "经办", "by"),
        ListColumn(
            "difference",
            "与前一文本",
            "to the text before",
            link=lambda row: f"/law/difference?before={row['before']}&after={row['hash']}" if row["before"] else None,
            sortable=False,
        ),
    ),
    (
        ListFilter("state", "状态", "state", "choice", STATE_NAMES),
        ListFilter("name", "名称", "name", "contains"),
        ListFilter("title", "地区", "title", "contains"),
    ),
    order="name",
    key=("name", "state", "hash"),
)
VALUES = Listing(
    "values",
    "数值 Values",
    (
        ListColumn("where", "位置", "where"),
        ListColumn("name", "项目", "value of"),
        ListColumn("for", "适用", "for"),
        ListColumn("dates", "日期", "dates"),
        ListColumn("value", "数值", "value"),
        ListColumn("grade", "等级", "grade", names=GRADES),
        ListColumn("cite", "条款", "clause", sortable=False),
    ),
    (
        ListFilter("where", "位置", "where", "contains"),
        ListFilter("name", "项目", "value of", "contains"),
        ListFilter("for", "适用", "for", "contains"),
        ListFilter("grade", "等级", "grade", "choice", GRADES),
        ListFilter("cite", "条款含", "clause contains", "contains"),
    ),
    order="place",
    key=("place",),
    per_page=100,
)
ADOPTED = Listing(
    "adopted",
    "监管参数沿革 Supervision texts adopted",
    (
        ListColumn("number", "号", "number", "count"),
        ListColumn("title", "标题", "title", link=lambda row: f"/law/supervision/{row['hash']}"),
        ListColumn("version", "名称版次", "version"),
        ListColumn("in_force_from", "起始", "in force from", "day"),
        ListColumn("regions", "统筹区", "regions", "texts", sortable=False),
        ListColumn("actor", "经办", "actor"),
        ListColumn("approver", "批准", "approver"),
        ListColumn("reason", "理由", "reason", sortable=False),
        ListColumn("adopted_at", "采用", "adopted", "moment"),
    ),
    order="-number",
    key=("number",),
)
PROPOSALS = Listing(
    "proposals",
    "提议 Proposals",
    (
        ListColumn("number", "提议", "proposal", "id", link=lambda row: f"/law/proposals/{row['number']}"),
        ListColumn("kind", "种类", "kind", names=KIND_NAMES),
        ListColumn("name", "名称", "name"),
        ListColumn("title", "标题", "title"),
        ListColumn("state", "状态", "state", names=PROPOSAL_NAMES),
        ListColumn("trials", "试算次数", "trials", "count"),
        ListColumn("proposer", "提议人", "proposed by"),
        ListColumn("at", "提议", "proposed", "moment"),
        ListColumn("closed_by", "采用、撤回", "closed by"),
        ListColumn("closed_at", "时间", "closed", "moment"),
        ListColumn("reason", "理由", "reason", sortable=False),
    ),
    (
        ListFilter("state", "状态", "state", "choice", PROPOSAL_NAMES),
        ListFilter("kind", "种类", "kind", "choice", KIND_NAMES),
    ),
    order="-at",
    key=("number",),
)
