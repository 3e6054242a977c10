"""The tables of clearing's pages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.pages import query_text
from infra.words.clearing import CHANGE_NAMES, KIND_NAMES, PAYMENT_NAMES
from infra.words.reports import ENTRY_NAMES
from processors.clearing.refusal import STATUS_NAMES
from processors.clearing.withholdings import STATUS_NAMES as RELEASE_NAMES
from processors.law.terms import LAYER_NAMES, NameChain

BOOKING_NAMES: Mapping[str, str] = {"settled": "结算", **CHANGE_NAMES, "repaid": "归还临时救急借款"}


def clearing_path(clearing_id: str) -> str:
    """Where a clearing is shown."""
    return f"/clearing/{quote(clearing_id, safe='')}"


def _file_clearing_path(row: Row) -> str | None:
    return None if row["clearing_id"] is None else clearing_path(row["clearing_id"])


def payee_path(clearing_id: str, payee_kind: str, payee: str, **query: str) -> str:
    """Where a payee of a clearing is shown, with the bookings behind its lines."""
    path = f"{clearing_path(clearing_id)}/payees/{payee_kind}/{quote(payee, safe='')}"
    return f"{path}?{query_text(query)}" if query else path


def order_path(row: Row) -> str:
    """Where a fund's order is shown."""
    query = query_text({"fund": row["fund"], "insurer": row["insurer"]})
    return f"{clearing_path(row['clearing_id'])}/order?{query}"


def hospital_path(row: Row) -> str | None:
    """A hospital's own page."""
    return f"/hospitals/{quote(row['hospital_id'], safe='')}" if row["hospital_id"] else None


def claim_path(row: Row) -> str | None:
    """A claim's own page."""
    return f"/claims/{quote(row['claim_id'], safe='')}" if row["claim_id"] else None


def person_path(row: Row) -> str | None:
    """A person's own page."""
    return f"/persons/{quote(row['person_id'], safe='')}" if row["person_id"] else None


def _payee(row: Row) -> str:
    return payee_path(row["clearing_id"], row["payee_kind"], row["payee"])


def _line(row: Row) -> str:
    return payee_path(row["clearing_id"], row["payee_kind"], row["payee"], fund=row["fund"])


def _of_kind(kind: str) -> Any:
    def link(row: Row) -> str:
        return payee_path(row["clearing_id"], row["payee_kind"], row["payee"], fund=row["fund"], kind=kind)

    return link


def _uncleared(row: Row) -> str:
    return f"/clearing/uncleared/{row['region']}"


def _money(name: str, chinese: str, english: str, **more: Any) -> ListColumn:
    return ListColumn(name, chinese, english, "yuan", summed=True, **more)


CLEARINGS = Listing(
    "clearings",
    "清算单 Clearings",
    (
        ListColumn("clearing_id", "清算单", "clearing", "id", link=lambda row: clearing_path(row["clearing_id"])),
        ListColumn("region_name", "统筹区", "region"),
        ListColumn("month", "月份", "month"),
        ListColumn("status", "状态", "status", names=STATUS_NAMES),
        ListColumn("supplements", "补充", "supplements"),
        ListColumn("drafted_by", "经办", "drafted by"),
        ListColumn("drafted_at", "起草", "drafted", "moment"),
        ListColumn("approved_by", "复核", "approved by"),
        ListColumn("approved_at", "复核时间", "approved", "moment"),
    ),
    (
        ListFilter("region", "统筹区代码", "region", "region"),
        ListFilter("month", "月份", "month", "month"),
        ListFilter("status", "状态", "status", "choice", STATUS_NAMES),
    ),
    order="-drafted_at",
    key=("clearing_id",),
)
UNCLEARED = Listing(
    "uncleared",
    "尚未清算 Not cleared yet",
    (
        ListColumn("region_name", "统筹区", "region"),
        ListColumn("amount", "已入账金额", "booked", "yuan", summed=True, link=_uncleared),
        ListColumn("bookings", "笔数", "bookings", "count", summed=True, link=_uncleared),
        ListColumn("since", "最早入账", "since", "day"),
        ListColumn(
            "draft",
            "待复核草稿",
            "open draft",
            "id",
            link=lambda row: clearing_path(row["draft"]) if row["draft"] else None,
        ),
    ),
    order="region_name",
    key=("region",),
    prefixed=True,
)
UNCLEARED_ENTRIES = Listing(
    "uncleared-entries",
    "尚未清算的账目 Bookings not cleared yet",
    (
        ListColumn("recorded_at", "入账时间", "booked at", "moment"),
        ListColumn("type", "账目", "entry", names=ENTRY_NAMES),
        ListColumn("claim_id", "结算单", "claim", "id", lambda row: row["claim_id"] and f"/claims/{row['claim_id']}"),
        ListColumn(
            "person_id", "参保人", "person", "id", lambda row: row["person_id"] and f"/persons/{row['person_id']}"
        ),
        ListColumn(
            "hospital_id",
            "医疗机构",
            "hospital",
            "id",
            lambda row: row["hospital_id"] and f"/hospitals/{row['hospital_id']}",
        ),
        ListColumn("layer", "保障线", "layer", names=NameChain({"grant": "补助"}, LAYER_NAMES)),
        ListColumn(
            "amount", "金额", "amount", "fen", lambda row: f"/events/{row['journal']}/{row['number']}", summed=True
        ),
    ),
    (
        ListFilter("layer", "保障线", "layer", "choice", NameChain({"grant": "补助"}, LAYER_NAMES)),
        ListFilter("hospital_id", "医疗机构", "hospital"),
        ListFilter("claim", "结算单号", "claim", column="claim_id"),
        ListFilter("from", "入账日期起", "booked from", "from", column="recorded_at"),
        ListFilter("until", "至", "until", "until", column="recorded_at"),
    ),
    key=("journal", "number"),
    personal=True,
)
PAYMENTS = Listing(
    "payments",
    "收款方 Payees",
    (
        ListColumn("kind", "种类", "kind", names=KIND_NAMES),
        ListColumn("payee_name", "收款方", "payee", "id", link=_payee),
        _money("balance", "应付", "payable"),
        _money("released", "返还预留", "released"),
        _money("set_off", "抵扣应收", "set off"),
        _money("withheld", "考核预留", "withheld"),
        _money("prepaid", "预拨抵扣", "prepaid"),
        _money("amount", "实拨", "to pay"),
        ListColumn("status", "状态", "status", names=PAYMENT_NAMES),
        ListColumn("held", "暂停拨付", "held", "flag"),
        ListColumn("reference", "凭证号", "reference"),
    ),
    (
        ListFilter("kind", "种类", "kind", "choice", KIND_NAMES),
        ListFilter("payee", "收款方", "payee", "contains", column="payee_name"),
        ListFilter("status", "状态", "status", "choice", PAYMENT_NAMES),
        ListFilter("least", "实拨不少于", "to pay at least", "least", column="amount"),
    ),
    key=("payee_kind", "payee"),
    prefixed=True,
    per_page=25,
    personal=True,
)
LINES = Listing(
    "lines",
    "清算行 Lines",
    (
        ListColumn("kind", "种类", "kind", names=KIND_NAMES),
        ListColumn("payee_name", "收款方", "payee", "id", link=_payee),
        ListColumn("fund_name", "项目", "line", link=_line),
        _money("settled", "结算", "settled", link=_of_kind("settled")),
        _money("adjusted", "调整", "adjusted", link=_of_kind("adjusted")),
        _money("audit", "稽核扣款", "audit", link=_of_kind("audit")),
        _money("repaid", "归还临时救急借款", "advances repaid", link=_of_kind("repaid")),
        _money("payable", "应付", "payable", link=_line),
    ),
    (
        ListFilter("kind", "种类", "kind", "choice", KIND_NAMES),
        ListFilter("payee", "收款方", "payee", "contains", column="payee_name"),
        ListFilter("fund", "项目", "line", "contains", column="fund_name"),
    ),
    key=("payee_kind", "payee", "fund"),
    prefixed=True,
    per_page=25,
    personal=True,
)
CHANGES = Listing(
    "changes",
    "出院后调整 Changes after discharge",
    (
        ListColumn("claim_id", "结算单", "claim", "id", link=claim_path),
        ListColumn("person_id", "参保人", "person", "id", link=person_path),
        ListColumn("payee_kind", "与谁结算", "settled with", names=KIND_NAMES),
        ListColumn("hospital_id", "医院", "hospital", "id", link=hospital_path),
        ListColumn("fund_name", "项目", "line"),
        ListColumn("kind", "原因", "change", names=CHANGE_NAMES),
        _money("amount", "金额", "amount"),
        _money("overpaid_at_discharge", "出院时多付", "overpaid at discharge"),
    ),
    (
        ListFilter("claim", "结算单", "claim", column="claim_id"),
        ListFilter("kind", "原因", "change", "choice", CHANGE_NAMES),
    ),
    order="claim_id",
    key=("claim_id", "fund", "payee_kind", "kind"),
    prefixed=True,
    per_page=25,
    personal=True,
)
TRANSFERS = Listing(
    "transfers",
    "拨付单 Order",
    (
        ListColumn("kind", "种类", "kind", names=KIND_NAMES),
        ListColumn("payee_name", "收款方", "payee", "id", link=_payee),
        _money("payable", "应付", "payable"),
        _money("released", "返还预留", "released"),
        _money("netted", "冲抵", "netted"),
        _money("withheld", "考核预留", "withheld"),
        _money("prepaid", "预拨抵扣", "prepaid"),
        _money("amount", "拨付", "to pay"),
    ),
    (
        ListFilter("kind", "种类", "kind", "choice", KIND_NAMES),
        ListFilter("payee", "收款方", "payee", "contains", column="payee_name"),
    ),
    key=("payee_kind", "payee"),
    personal=True,
)
BOOKINGS = Listing(
    "bookings",
    "入账明细 Bookings",
    (
        ListColumn("claim_id", "结算单", "claim", "id", link=claim_path),
        ListColumn("day", "日期", "day", "day"),
        ListColumn("person_id", "参保人", "person", "id", link=person_path),
        ListColumn("fund_name", "项目", "line"),
        ListColumn("kind", "原因", "kind", names=BOOKING_NAMES),
        ListColumn("amount", "金额", "amount", "fen", summed=True),
        ListColumn(
            "entry",
            "账目",
            "entry",
            "id",
            link=lambda row: f"/events/{row['journal']}/{row['number']}" if row["journal"] else None,
        ),
        ListColumn("advance_id", "临时救急借款", "advance", "id"),
    ),
    (
        ListFilter("claim", "结算单", "claim", column="claim_id"),
        ListFilter("fund", "项目", "line"),
        ListFilter("kind", "原因", "kind", "choice", BOOKING_NAMES),
    ),
    order="day",
    key=("day", "claim_id", "fund", "kind", "entry"),
    personal=True,
)
FILES = Listing(
    "files",
    "银行付款文件 Payment files",
    (
        ListColumn("file_id", "文件", "file", "id"),
        ListColumn("region_name", "统筹区", "region"),
        ListColumn("clearing_id", "清算单", "clearing", "id", link=_file_clearing_path),
        ListColumn("count", "笔数", "count", "count"),
        ListColumn("total", "金额", "total", "yuan"),
        ListColumn("open", "未回单", "not answered", "count"),
        ListColumn("made_by", "制作", "made by"),
        ListColumn("made_at", "时间", "at", "moment"),
        ListColumn("sha256", "校验", "sha256"),
        ListColumn("cancelled", "已撤销", "cancelled", "flag"),
    ),
    (ListFilter("clearing", "清算单", "clearing", column="clearing_id"),),
    order="-made_at",
    key=("file_id",),
)
KEPT = Listing(
    "kept",
    "考核预留 Kept back of hospitals",
    (
        ListColumn("clearing_id", "清算单", "clearing", "id", link=lambda row: clearing_path(row["clearing_id"])),
        ListColumn("region_name", "统筹区", "region"),
        ListColumn("month", "月份", "month"),
        ListColumn("hospital_name", "医院", "hospital", "id", link=hospital_path),
        ListColumn("payer_name", "付款基金", "fund"),
        _money("base", "应拨", "base"),
        _money("withheld", "预留", "withheld"),
        _money("ordered", "已申请返还", "ordered"),
        _money("released", "已返还", "released"),
        _money("outstanding", "未返还", "outstanding"),
    ),
    (
        ListFilter("region", "统筹区代码", "region", "region"),
        ListFilter("year", "年度", "year", "year"),
        ListFilter("hospital", "医院", "hospital", "contains", column="hospital_name"),
    ),
    order="-month",
    key=("clearing_id", "hospital_id", "fund", "insurer"),
    prefixed=True,
)
RELEASES = Listing(
    "releases",
    "返还单 Releases",
    (
        ListColumn(
            "release_id",
            "返还单",
            "release",
            "id",
            link=lambda row: f"/clearing/withholdings/{quote(row['release_id'], safe='')}",
        ),
        ListColumn("region_name", "统筹区", "region"),
        ListColumn("year", "年度", "year"),
        ListColumn("status", "状态", "status", names=RELEASE_NAMES),
        _money("amount", "金额", "amount"),
        ListColumn("hospitals", "医院数", "hospitals", "count"),
        ListColumn("reason", "原因", "reason"),
        ListColumn("ordered_by", "经办", "ordered by"),
        ListColumn("approved_by", "复核", "approved by"),
        ListColumn(
            "clearing_id",
            "清算单",
            "clearing",
            "id",
            link=lambda row: clearing_path(row["clearing_id"]) if row["clearing_id"] else None,
        ),
    ),
    (ListFilter("status", "状态", "status", "choice", RELEASE_NAMES),),
    order="-release_id",
    key=("release_id",),
    prefixed=True,
)
