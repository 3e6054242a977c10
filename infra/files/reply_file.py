"""Banks' replies to a payment file: CSV or XLSX, a row a payment, known by its reference."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from events.money import parse_yuan
from infra.files.headed_table import UNUSABLE, named_in_chinese, read_table
from infra.files.text_file import UnusableFile
from processors.bank.reply_rows import ReplyRow

COLUMNS: Mapping[str, str] = {
    "凭证号": "reference",
    "付款凭证号": "reference",
    "参考号": "reference",
    "reference": "reference",
    "金额": "amount",
    "付款金额": "amount",
    "amount": "amount",
    "结果": "result",
    "处理结果": "result",
    "状态": "result",
    "result": "result",
    "原因": "reason",
    "失败原因": "reason",
    "退汇原因": "reason",
    "reason": "reason",
    "银行流水号": "bank_reference",
    "流水号": "bank_reference",
    "bank_reference": "bank_reference",
}
RESULTS: Mapping[str, bool] = {
    "成功": True,
    "已付": True,
    "已付款": True,
    "付款成功": True,
    "支付成功": True,
    "交易成功": True,
    "paid": True,
    "失败": False,
    "付款失败": False,
    "交易失败": False,
    "退汇": False,
    "已退汇": False,
    "退回": False,
    "已退回": False,
    "returned": False,
}
TOTAL_ROWS = ("合计", "总计", "小计", "total")
_SEPARATED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_LONGEST = 100


@dataclass(slots=True)
class BankReply:
    """The rows of a reply, the rows that can't be read, with why, and the digest of the file."""

    sha256: str
    rows: list[ReplyRow] = field(default_factory=list)
    bad: dict[int, str] = field(default_factory=dict)


def read_reply(path: Path) -> BankReply:
    """A bank's reply. Raises ``UnusableFile``, and OSError where the file can't be opened."""
    columns, rows = read_table(path, COLUMNS)
    wanted = [name for name in ("reference", "amount", "result") if name not in columns]
    if wanted:
        raise UnusableFile(f"缺少列 {named_in_chinese(wanted, COLUMNS)} no column {', '.join(wanted)}")
    reply = BankReply(hashlib.sha256(path.read_bytes()).hexdigest())
    for number, cells in rows:
        if any(cell.replace(" ", "") in TOTAL_ROWS for cell in list(cells.values())[:2]):
            continue
        try:
            reply.rows.append(_row(number, cells))
        except ValueError as error:
            reply.bad[number] = str(error)
    return reply


def _row(number: int, cells: Mapping[str, str]) -> ReplyRow:
    if UNUSABLE in cells:
        raise ValueError(cells[UNUSABLE])
    reference, result = cells["reference"], cells["result"].lower()
    if not reference or len(reference) > _LONGEST:
        raise ValueError("没有凭证号 no reference")
    if result not in RESULTS:
        raise ValueError(f"结果“{cells['result']}”不明，应为成功、失败或退汇 the result is paid or returned")
    plain = cells["amount"]
    try:
        amount = parse_yuan(plain.replace(",", "") if _SEPARATED.fullmatch(plain) else plain)
    except ValueError as error:
        raise ValueError(f"金额“{plain}”应以元为单位，最多两位小数 {error}") from None
    return ReplyRow(
        row=number,
        reference=reference,
        amount=amount,
        paid=RESULTS[result],
        reason=cells.get("reason", "")[:_LONGEST] or None,
        bank_reference=cells.get("bank_reference", "")[:_LONGEST] or None,
    )
