"""Lists of payees' accounts as banks and village offices hand them in: CSV or XLSX, a row a payee."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.files.headed_table import UNUSABLE, named_in_chinese, read_table
from infra.files.template import template_book
from infra.files.text_file import UnusableFile
from processors.bank.account_rows import Relation
from processors.bank.accounts import AccountOrder
from projections.clearing_rows import PayeeKind

COLUMNS: Mapping[str, str] = {
    "收款方编号": "payee",
    "参保人编号": "payee",
    "医疗机构编号": "payee",
    "编号": "payee",
    "payee": "payee",
    "种类": "kind",
    "收款方种类": "kind",
    "kind": "kind",
    "户名": "holder",
    "holder": "holder",
    "账号": "account",
    "卡号": "account",
    "银行账号": "account",
    "account": "account",
    "开户行": "bank",
    "开户银行": "bank",
    "bank": "bank",
    "联行号": "bank_code",
    "bank_code": "bank_code",
    "关系": "relation",
    "账户关系": "relation",
    "relation": "relation",
    "原因": "reason",
    "reason": "reason",
}
KINDS: Mapping[str, PayeeKind] = {
    "个人": "person",
    "person": "person",
    "医院": "hospital",
    "hospital": "hospital",
    "临时救急基金": "emergency_fund",
    "emergency_fund": "emergency_fund",
}
RELATIONS: Mapping[str, Relation] = {
    "": "own",
    "本人": "own",
    "本单位": "own",
    "own": "own",
    "监护人": "guardian",
    "guardian": "guardian",
    "继承人": "heir",
    "heir": "heir",
    "其他": "other",
    "other": "other",
}
_REQUIRED = ("payee", "holder", "account", "bank")
_TEMPLATE = {"种类": 14, "编号": 20, "户名": 36, "账号": 26, "开户行": 30, "联行号": 16, "关系": 10, "原因": 20}
"""Columns of the list to fill in, with their widths."""


@dataclass(slots=True)
class PayeeList:
    """The orders of a file by their rows, and the rows that can't be read, with why; ``ignored`` are not used."""

    orders: dict[int, AccountOrder] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


def read_payees(path: Path, kind: PayeeKind) -> PayeeList:
    """The accounts that a file states, payees of ``kind`` where a row says nothing else.

    Raises ``UnusableFile``, and OSError where the file can't be opened.
    """
    columns, rows = read_table(path, COLUMNS)
    wanted = [name for name in _REQUIRED if name not in columns]
    if wanted:
        raise UnusableFile(f"缺少列 {named_in_chinese(wanted, COLUMNS)} no column {', '.join(wanted)}")
    found = PayeeList(ignored=[name.removeprefix("?") for name in columns if name.startswith("?") and name != "?"])
    seen: dict[tuple[str, str], int] = {}
    for number, cells in rows:
        try:
            order = _order(cells, kind)
            payee = order.payee_kind, order.payee
            if payee in seen:
                raise ValueError(
                    f"收款方 {order.payee} 在第 {seen[payee]} 行已有 it stands in row {seen[payee]} already"
                )
            seen[payee] = number
            found.orders[number] = order
        except ValueError as error:
            found.bad[number] = str(error)
    return found


def payee_template(payees: Iterable[tuple[str, str, str]]) -> bytes:
    """A workbook to fill in: a row for each payee's kind, id and holder, so far as the holder is known."""
    return template_book("收款账户", _TEMPLATE, payees)


def _order(cells: Mapping[str, str], kind: PayeeKind) -> AccountOrder:
    if UNUSABLE in cells:
        raise ValueError(cells[UNUSABLE])
    said, relation = cells.get("kind", ""), cells.get("relation", "")
    if said and said not in KINDS:
        raise ValueError(f"种类“{said}”应为个人、医院或临时救急基金 the kind is person, hospital or emergency_fund")
    if relation not in RELATIONS:
        raise ValueError(f"关系“{relation}”应为本人、监护人、继承人或其他 own, guardian, heir or other")
    return AccountOrder(
        payee_kind=KINDS[said] if said else kind,
        payee=cells["payee"],
        holder=cells["holder"],
        account=cells["account"],
        bank=cells["bank"],
        bank_code=cells.get("bank_code") or None,
        relation=RELATIONS[relation],
        reason=cells.get("reason") or None,
    )
