"""The bank's reply to a payment file: each line's payment, or its return, is noted once, by its reference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import CLEARING_PAID, PAYMENT_RETURNED
from events.money import yuan
from processors.bank.payment_files import PaymentFile, PaymentItem, load_files, payments_of
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.movements import Movement
from processors.clearing.refusal import ClearingRefused
from processors.clearing.steps import load_clearing, require_another_payer
from projections.clearing_rows import ClearingPayment

NO_REASON = "银行未说明原因"


class ReplyRow(Struct, frozen=True):
    """A row of the bank's file, by its number there; ``amount`` in fen."""

    row: int
    reference: str
    amount: int
    paid: bool
    reason: str | None = None
    bank_reference: str | None = None


class ReplyOutcome(Struct, frozen=True):
    """What became of a row: paid, returned, unchanged or refused, and why it is refused."""

    row: int
    reference: str
    outcome: str
    payee: str | None = None
    amount: int = 0
    reason: str | None = None


class _Line(Struct, frozen=True):
    file: PaymentFile
    item: PaymentItem


async def apply_reply(engine: AsyncEngine, rows: Sequence[ReplyRow], actor: str, sha256: str) -> list[ReplyOutcome]:
    """Note what the bank says, in one step; rows that can't be right are refused, and the others are noted.

    ``sha256`` is the digest of the bank's file, which the journal keeps. A row that was noted before changes nothing.
    """
    async with open_journal(engine) as journal:
        lines = {
            item.reference: _Line(file, item) for file in await load_files(journal.connection) for item in file.items
        }
        times = Counter(row.reference for row in rows)
        reply = _Reply(journal, actor, sha256)
        for clearing_id in sorted({lines[each].file.clearing_id for each in times if each in lines}):
            await reply.load(clearing_id)
        outcomes = [reply.take(row, lines.get(row.reference), times[row.reference]) for row in rows]
        reply.record()
    return outcomes


class _Reply:
    """What one reply comes to, before it is written."""

    def __init__(self, journal: ClearingJournal, actor: str, sha256: str) -> None:
        self._journal, self._actor, self._sha256 = journal, actor, sha256
        self._noted: dict[str, list[Movement]] = {}
        self._paid: dict[str, list[tuple[PaymentFile, dict[str, Any]]]] = {}
        self._returned: list[dict[str, Any]] = []

    async def load(self, clearing_id: str) -> None:
        """Load a clearing's payments, and what was noted of them."""
        await load_clearing(self._journal, clearing_id, "approved", "paid")
        types = (CLEARING_PAID, PAYMENT_RETURNED)
        for each in await payments_of(self._journal.connection, clearing_id, types):
            if each.reversed_by is None and each.reference is not None:
                self._noted.setdefault(each.reference, []).append(each)

    def take(self, row: ReplyRow, line: _Line | None, times: int) -> ReplyOutcome:
        """What becomes of a row."""
        try:
            return self._taken(row, line, times)
        except ClearingRefused as refused:
            payee = None if line is None else line.item.payee
            return ReplyOutcome(row.row, row.reference, "refused", payee, row.amount, str(refused))

    def _taken(self, row: ReplyRow, line: _Line | None, times: int) -> ReplyOutcome:
        line = _required(row, line, times)
        item = line.item
        payment = self._journal.register.payments[line.file.clearing_id, item.payee_kind, item.payee]
        was_paid, came_back = self._was(CLEARING_PAID, item), self._was(PAYMENT_RETURNED, item)
        if came_back or (row.paid and was_paid):
            told = "其后已登记退汇 its return is noted since" if row.paid and came_back else None
            return ReplyOutcome(row.row, row.reference, "unchanged", item.payee, item.amount, told)
        if not was_paid:
            self._pay(line, payment, row)
        elif payment.status != "paid" or payment.reference != item.reference:
            raise ClearingRefused(
                f"该笔已登记拨付，其后又有登记（凭证号 {payment.reference}），请核对。"
                f"it was noted as paid, and more since"
            )
        if row.paid:
            return ReplyOutcome(row.row, row.reference, "paid", item.payee, item.amount)
        self._return(line, row)
        return ReplyOutcome(row.row, row.reference, "returned", item.payee, item.amount, row.reason)

    def _was(self, type_: str, item: PaymentItem) -> bool:
        return any(
            each.type == type_ and (each.payee_kind, each.payee) == (item.payee_kind, item.payee)
            for each in self._noted.get(item.reference, ())
        )

    def _pay(self, line: _Line, payment: ClearingPayment, row: ReplyRow) -> None:
        if not payment.is_due:
            raise ClearingRefused(
                f"{payment.payee} 已按凭证号 {payment.reference} 登记拨付。"
                f"{payment.payee} was noted as paid under reference {payment.reference}"
            )
        if payment.amount != line.item.amount:
            raise ClearingRefused(f"账本上应付 {yuan(payment.amount)} 元。{yuan(payment.amount)} is due in the ledger")
        require_another_payer(self._journal.operator(self._actor), payment)
        item = line.item
        paid = {name: getattr(item, name) for name in ("payee_kind", "payee", "amount", "reference")}
        given = {} if row.bank_reference is None else {"bank_reference": row.bank_reference}
        self._paid.setdefault(line.file.file_id, []).append((line.file, paid | given))

    def _return(self, line: _Line, row: ReplyRow) -> None:
        item = line.item
        given = {} if row.bank_reference is None else {"bank_reference": row.bank_reference}
        self._returned.append(
            {
                "clearing_id": line.file.clearing_id,
                "payee_kind": item.payee_kind,
                "payee": item.payee,
                "amount": item.amount,
                "reason": row.reason or NO_REASON,
                "reference": item.reference,
                **given,
            }
        )

    def record(self) -> None:
        """Write the payments, a step a file, and behind them the returns."""
        signed: Mapping[str, Any] = {"actor": self._actor, "reply": self._sha256}
        for file_id, paid in sorted(self._paid.items()):
            clearing_id = paid[0][0].clearing_id
            said = {"clearing_id": clearing_id, "reference": file_id, "payments": [each for _, each in paid]}
            self._journal.record(CLEARING_PAID, {**said, **signed})
        for returned in self._returned:
            self._journal.record(PAYMENT_RETURNED, {**returned, **signed})


def _required(row: ReplyRow, line: _Line | None, times: int) -> _Line:
    if line is None:
        raise ClearingRefused(f"没有制作过凭证号为 {row.reference} 的付款。no payment has this reference")
    if times > 1:
        raise ClearingRefused(
            f"凭证号在回单中出现 {times} 次，各行都未登记。it stands {times} times in the reply: none of them is noted"
        )
    if line.file.cancelled:
        raise ClearingRefused(
            f"银行文件 {line.file.file_id} 已撤销；如确已付款，请核对后用 claims clearing pay 登记。"
            f"{line.file.file_id} is cancelled: if the bank did pay, note it by hand"
        )
    if row.amount != line.item.amount:
        raise ClearingRefused(
            f"金额 {yuan(row.amount)} 元不符，文件中为 {yuan(line.item.amount)} 元。"
            f"{yuan(row.amount)} is not the file's {yuan(line.item.amount)}"
        )
    return line
