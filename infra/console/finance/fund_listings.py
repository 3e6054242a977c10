"""Listings of funds: accounts by line, what is behind a line, movements and budgets."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, column, select, table

from infra.console.finance.addresses import address
from infra.console.finance.report_listings import YES_OR_NO, LedgerWords
from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.words.funds import ACCOUNT_LINES, COURSE_NAMES, INDICATOR_NAMES, LEVEL_NAMES, MOVEMENT_KINDS, OFFICE_NAMES
from infra.words.reports import ENTRY_NAMES
from processors.accounts.fund_account import BESIDE, IN, OUT
from processors.accounts.refusal import STATUS_NAMES
from processors.law.terms import FUND_NAMES, INSURER_NAMES
from projections.fund_bookings import BOOKED_LINES

Row = Mapping[str, Any]
LINE_NAMES = {name: title.partition(" ")[0] for name, title in ACCOUNT_LINES}
_KEY = ("scheme", "region", "fund", "insurer")
_LINES = table(
    "fund_lines",
    *map(column, (*_KEY, "year", "month", "service_month", "line", "other_fund", "effect", "amount")),
    schema="finance",
)
_SHOWN_ALWAYS = ("carried_in", "balance", "carried_out")


def whose(words: LedgerWords) -> tuple[ListColumn, ...]:
    """The columns that say whose account it is."""
    return (
        ListColumn("scheme", "政策", "scheme", names=words.schemes),
        ListColumn("region", "统筹区", "region", names=words.regions),
        ListColumn("fund", "资金", "fund", names=FUND_NAMES),
        ListColumn("insurer", "承保公司", "insurer", names=INSURER_NAMES),
    )


def _by_account(*, shared: bool) -> tuple[ListFilter, ...]:
    return (
        ListFilter("year", "年度", "year", "year", shared=shared),
        ListFilter("region", "统筹区", "region", "region", shared=shared),
        ListFilter("scheme", "政策", "scheme", shared=shared),
        ListFilter("fund", "资金", "fund", "choice", FUND_NAMES, shared=shared),
    )


def warning_listing(words: LedgerWords) -> Listing:
    """Funds with their level, what makes it, and in which month they run out by three courses."""
    return Listing(
        "warnings",
        "运行预警 Early warning",
        (
            *whose(words),
            ListColumn("level", "预警", "level", names=LEVEL_NAMES),
            ListColumn("because", "因为", "because", "texts", names=INDICATOR_NAMES, sortable=False),
            ListColumn("balance", "余额", "balance", "yuan", _account),
            ListColumn("spending", "当年支出", "spent", "yuan", _account),
            ListColumn("income", "当年收入", "income", "yuan", _account),
            ListColumn("budget", "支出预算", "budget", "yuan", lambda row: _narrowed("/finance/budgets", row)),
            ListColumn("payment_rate", "支付率", "payment rate", "share"),
            ListColumn("time_progress", "快于时间进度", "ahead of time", "share"),
            ListColumn("budget_deviation", "预算偏差", "deviation", "share"),
            ListColumn("growth_gap", "增幅差", "growth gap", "share"),
            ListColumn("months_payable", "可支付月数", "months payable"),
            *(
                ListColumn(f"run_out_{course}", f"用完月份（{name}）", f"runs out, {course}")
                for course, name in COURSE_NAMES.items()
            ),
            ListColumn("as_of", "截至", "as of"),
            ListColumn("remarks", "说明", "remarks", "texts", sortable=False),
        ),
        _by_account(shared=True),
        key=_KEY,
        counted=True,
        prefixed=True,
    )


def warning_rows(told: Sequence[Row]) -> list[dict[str, Any]]:
    """Warnings, as ``FundWarning.json`` tells them, as rows of the listing."""
    return [
        {
            **row,
            "because": [
                name for name, level in row["levels"].items() if level == row["level"] and level in ("red", "yellow")
            ],
            **{f"run_out_{course}": row["run_out"].get(course) for course in COURSE_NAMES},
        }
        for row in told
    ]


def account_listing(words: LedgerWords, rows: Sequence[Row]) -> Listing:
    """Accounts by year; a line in which no account has an amount has no column."""
    lines = [
        (name, title)
        for name, title in ACCOUNT_LINES
        if name in _SHOWN_ALWAYS or any(float(row[name] or 0) for row in rows)
    ]
    return Listing(
        "accounts",
        "基金账户 Accounts of funds",
        (
            *whose(words),
            ListColumn("year", "年度", "year"),
            *(
                ListColumn(
                    *(name, title.partition(" ")[0], title.partition(" ")[2], "yuan"),
                    link=_line(name) if name in (*IN, *OUT, *BESIDE, "operations_drawn") else None,
                    summed=name not in _SHOWN_ALWAYS,
                )
                for name, title in lines
            ),
        ),
        _by_account(shared=True),
        key=(*_KEY, "year"),
        counted=True,
    )


def _account(row: Row) -> str:
    return _narrowed("/finance/fund-lines", row)


def _narrowed(path: str, row: Row, **values: Any) -> str:
    return address(path, **{name: row.get(name) for name in (*_KEY, "year")}, **values)


def _line(name: str) -> Any:
    line = "operations" if name == "operations_drawn" else name
    return lambda row: _narrowed("/finance/fund-lines", row, line=line)


def line_listing(words: LedgerWords) -> Listing:
    """Lines of accounts by month, each with the bookings or movements behind it."""
    return Listing(
        "lines",
        "账户明细 Lines of accounts",
        (
            *whose(words),
            ListColumn("year", "账户年度", "year of the account"),
            ListColumn("month", "入账月份", "month of booking"),
            ListColumn("service_month", "所属月份", "month of service"),
            ListColumn("line", "科目", "line", names=LINE_NAMES),
            ListColumn("other_fund", "对方资金", "other fund", names=FUND_NAMES),
            ListColumn("effect", "作用", "effect", names={1: "收入", -1: "支出", 0: "备查"}),
            ListColumn("amount", "金额", "amount", "yuan", _behind, summed=True),
        ),
        (
            *_by_account(shared=False),
            ListFilter("insurer", "承保公司", "insurer"),
            ListFilter("month", "入账月份", "month", "month"),
            ListFilter("line", "科目", "line", "choice", LINE_NAMES),
        ),
        key=(*_KEY, "year", "month", "line", "other_fund", "service_month"),
        counted=True,
    )


def line_source() -> Select[Any]:
    """Lines as finance's view has them."""
    return select(_LINES)


def _behind(row: Row) -> str:
    """Entries of the ledger behind what the journals booked; else the movements or loans."""
    if row["line"] in BOOKED_LINES:
        return _narrowed(
            "/finance/fund-bookings",
            row,
            month=row["month"],
            service=row["service_month"],
            line=row["line"],
            other=row["other_fund"],
        )
    if row["line"] in ("advances", "repayments"):
        return address("/finance/advances", region=row["region"])
    return address("/finance/movements", region=row["region"], year=row["year"], status="approved", money=row["fund"])


def booked_listing(words: LedgerWords) -> Listing:
    """Entries of the ledger behind a line of an account."""
    return Listing(
        "fund_bookings",
        "账户账目 Bookings on funds",
        (
            ListColumn("recorded_at", "入账时间", "booked at", "moment"),
            ListColumn("type", "账目", "entry", names=ENTRY_NAMES),
            ListColumn(
                "claim_id", "结算单", "claim", "id", lambda row: row["claim_id"] and f"/claims/{row['claim_id']}"
            ),
            ListColumn(
                "person_id", "参保人", "person", "id", lambda row: row["person_id"] and f"/persons/{row['person_id']}"
            ),
            *whose(words),
            ListColumn("year", "账户年度", "year of the account"),
            ListColumn("line", "科目", "line", names=LINE_NAMES),
            ListColumn("service_month", "所属月份", "month of service"),
            ListColumn("amount", "金额", "amount", "fen", summed=True),
            ListColumn("journal", "账册", "journal"),
            ListColumn("number", "账目号", "entry number"),
        ),
        (
            *_by_account(shared=False),
            ListFilter("insurer", "承保公司", "insurer"),
            ListFilter("month", "入账月份", "month", "month"),
            ListFilter("service", "所属月份", "month of service", "month", column="service_month"),
            ListFilter("line", "科目", "line", "choice", LINE_NAMES),
            ListFilter("other", "对方资金", "other fund", "choice", FUND_NAMES, "other_fund"),
        ),
        key=("journal", "number", "line"),
        counted=True,
        personal=True,
    )


def movement_listing(words: LedgerWords) -> Listing:
    """Movements of funds' money, those that do not count too."""
    return Listing(
        "movements",
        "资金收支 Movements of funds",
        (
            ListColumn("movement_id", "编号", "movement", "id", lambda row: f"/finance/movements/{row['movement_id']}"),
            ListColumn("kind", "种类", "kind", names=MOVEMENT_KINDS),
            ListColumn("scheme", "政策", "scheme", names=words.schemes),
            ListColumn("region", "统筹区", "region", names=words.regions),
            ListColumn("year", "账户年度", "year"),
            ListColumn("from_fund", "付款资金", "from", names=FUND_NAMES),
            ListColumn("to_fund", "收款资金", "to", names=FUND_NAMES),
            ListColumn("party", "对方", "party"),
            ListColumn("amount", "金额", "amount", "yuan", summed=True),
            ListColumn("moved_on", "到账日", "on", "day"),
            ListColumn("reference", "凭证号", "reference"),
            ListColumn("status", "状态", "status", names=STATUS_NAMES),
            ListColumn("entered_by", "登记", "entered by"),
            ListColumn("approved_by", "复核", "approved by"),
        ),
        (
            ListFilter("year", "账户年度", "year", "year"),
            ListFilter("region", "统筹区", "region", "region"),
            ListFilter("kind", "种类", "kind", "choice", MOVEMENT_KINDS),
            ListFilter("status", "状态", "status", "choice", STATUS_NAMES),
            ListFilter("money", "资金", "fund", "choice", FUND_NAMES, "funds"),
        ),
        key=("movement_id",),
    )


def budget_listing(words: LedgerWords) -> Listing:
    """Budgets, those that do not count too."""
    return Listing(
        "budgets",
        "年度预算 Budgets",
        (
            ListColumn("budget_id", "编号", "budget", "id", lambda row: f"/finance/budgets/{row['budget_id']}"),
            *whose(words),
            ListColumn("year", "年度", "year"),
            ListColumn("spending", "支出预算", "spending", "yuan", summed=True),
            ListColumn("income", "收入预算", "income", "yuan", summed=True),
            ListColumn("order_no", "文号", "order"),
            ListColumn("office", "登记单位", "office", names=OFFICE_NAMES),
            ListColumn("status", "状态", "status", names=STATUS_NAMES),
            ListColumn("counts_is", "现行", "in force", names=YES_OR_NO),
            ListColumn("entered_by", "登记", "entered by"),
            ListColumn("approved_by", "复核", "approved by"),
        ),
        (*_by_account(shared=False), ListFilter("status", "状态", "status", "choice", STATUS_NAMES)),
        key=("budget_id",),
    )
