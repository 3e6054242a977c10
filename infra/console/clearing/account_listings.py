"""The tables of payees' accounts; numbers are masked."""

from infra.console.listing import Listing
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.pages import query_text
from infra.words.clearing import KIND_NAMES
from processors.bank.accounts import RELATION_NAMES, STATUS_NAMES


def account_path(row: Row) -> str:
    """Where an account is shown; where a payee has none, the form to set one."""
    if row.get("number") is None:
        return f"/clearing/payees?{query_text({'kind': row['payee_kind'], 'payee': row['payee']})}#enter"
    return f"/clearing/payees/{row['number']}"


_KIND = ListFilter("kind", "种类", "kind", "choice", KIND_NAMES, column="payee_kind")
_PAYEE = ListFilter("payee", "收款方", "payee", "contains", column="payee_name")
ACCOUNTS = Listing(
    "accounts",
    "收款账户 Payees' accounts",
    (
        ListColumn("number", "登记号", "number", "id", link=account_path),
        ListColumn("payee_kind", "种类", "kind", names=KIND_NAMES),
        ListColumn("payee_name", "收款方", "payee"),
        ListColumn("status", "状态", "status", names=STATUS_NAMES),
        ListColumn("holder", "户名", "holder"),
        ListColumn("account", "账号（末四位）", "account, last digits"),
        ListColumn("bank", "开户行", "bank"),
        ListColumn("relation", "账户关系", "relation", names=RELATION_NAMES),
        ListColumn("set_by", "登记", "set by"),
        ListColumn("approved_by", "复核", "approved by"),
    ),
    (_KIND, _PAYEE, ListFilter("status", "状态", "status", "choice", STATUS_NAMES)),
    order="-number",
    key=("number",),
    personal=True,
    prefixed=True,
)
LACKING = Listing(
    "lacking",
    "待拨付而没有账户 To be paid, without an account",
    (
        ListColumn("payee_kind", "种类", "kind", names=KIND_NAMES),
        ListColumn("payee_name", "收款方", "payee", "id", link=account_path),
        ListColumn("amount", "待拨付", "due", "yuan", summed=True),
    ),
    (_KIND, _PAYEE),
    order="-amount",
    key=("payee_kind", "payee"),
    personal=True,
    prefixed=True,
    per_page=20,
)
