"""The bank's reply to a payment file: each line's payment, or its return, is noted once, by its reference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from events.decisions import CLEARING_PAID, PAYMENT_RETURNED
from events.money import yuan
from policies.funds import BookedFund
from processors.bank.prepayment_replies import PrepaymentReply
from processors.bank.reply_rows import NO_REASON, ReplyOutcome, ReplyRow
from processors.clearing.bank_files import PaymentFile, PaymentItem, load_files
from processors.clearing.journal import ClearingJournal, open_journal
from processors.clearing.movements import Movement, standing_movements
from processors.clearing.steps import load_clearing, require_another_payer
from processors.offices.refusal import StepRefused
from projections.clearing_rows import ClearingPayment


class _Line(Struct, frozen=True):
    file: PaymentFile
    item: PaymentItem


async def apply_reply(
    engine: AsyncEngine, rows: Sequence[ReplyRow], actor: str, sha256: str, day: date | None = None
) -> list[ReplyOutcome]:
    """Note what the bank says, in one step; rows that can't be right are refused, and the others are noted.

    ``sha256`` is the digest of the bank's file, which the journal keeps; ``day`` is that of the transfers of
    prepayments, today where it is not given. A row that was noted before changes nothing.
    """
    async with open_journal(engine) as journal:
        lines = {
            item.reference: _Line(file, item) for file in await load_files(journal.connection) for item in file.items
        }
        times = Counter(row.reference for row in rows)
        named = [lines[each] for each in times if each in lines]
        reply, ahead = _Reply(journal, actor, sha256), PrepaymentReply(journal, actor, sha256, day)
        for clearing_id in sorted({each.file.clearing_id for each in named if each.file.clearing_id is not None}):
            await reply.load(clearing_id)
        await ahead.load({each.item.prepayment_id for each in named if each.item.prepayment_id is not None})
        outcomes = []
        for row in rows:
            line = lines.get(row.reference)
            try:
                known = _required(row, line, times[row.reference])
                take = reply.take if known.item.prepayment_id is None else ahead.take
                outcomes.append(take(row, known.file, known.item))
            except StepRefused as refused:
                payee = None if line is None else line.item.payee
                outcomes.append(ReplyOutcome(row.row, row.reference, "refused", payee, row.amount, str(refused)))
        reply.record()
    return outcomes


class _Reply:
    """What one reply to files of clearings comes to, before it is written."""

    def __init__(self, journal: ClearingJournal, actor: str, sha256: str) -> None:
        self._journal, self._actor, self._sha256 = journal, actor, sha256
        self._standing: dict[tuple[str, str, str], list[Movement]] = {}
        self._taken: dict[tuple[str, str, str], int] = {}
        self._paid: dict[tuple[str, BookedFund | None], list[tuple[PaymentFile, dict[str, Any]]]] = {}
        self._returned: list[dict[str, Any]] = []

    async def load(self, clearing_id: str) -> None:
        """Load a clearing's payments, and what was noted of them."""
        await load_clearing(self._journal, clearing_id, "approved", "paid")
        for each in await standing_movements(self._journal.connection, clearing_id):
            self._standing.setdefault((clearing_id, each.payee_kind, each.payee), []).append(each)

    def take(self, row: ReplyRow, file: PaymentFile, item: PaymentItem) -> ReplyOutcome:
        """What becomes of a row. Raises ``StepRefused``."""
        key = file.clearing_id or "", item.payee_kind, item.payee
        payment = self._journal.register.payments[key]
        noted = [each for each in self._standing.get(key, ()) if each.payer is None or each.payer == item.payer]
        own = [each for each in noted if each.reference == item.reference]
        was_paid, came_back = (any(each.type == type_ for each in own) for type_ in (CLEARING_PAID, PAYMENT_RETURNED))
        if came_back or (row.paid and was_paid):
            told = "其后已登记退汇 its return is noted since" if row.paid and came_back else None
            return ReplyOutcome(row.row, row.reference, "unchanged", item.payee, item.amount, told)
        if not was_paid:
            self._pay(file, item, payment, noted, row)
        elif noted[-1] is not own[-1]:
            raise StepRefused(
                f"该笔已登记拨付，其后又有登记（凭证号 {noted[-1].reference}），请核对。"
                f"it was noted as paid, and more since"
            )
        if row.paid:
            return ReplyOutcome(row.row, row.reference, "paid", item.payee, item.amount)
        self._return(file, item, row)
        return ReplyOutcome(row.row, row.reference, "returned", item.payee, item.amount, row.reason)

    def _pay(
        self, file: PaymentFile, item: PaymentItem, payment: ClearingPayment, noted: Sequence[Movement], row: ReplyRow
    ) -> None:
        net = sum(each.amount if each.type == CLEARING_PAID else -each.amount for each in noted)
        if not payment.is_due or (item.payer is not None and net > 0):
            reference = noted[-1].reference if noted else payment.reference
            raise StepRefused(
                f"{payment.payee} 已按凭证号 {reference} 登记拨付。"
                f"{payment.payee} was noted as paid under reference {reference}"
            )
        key = payment.clearing_id, payment.payee_kind, payment.payee
        left = payment.left - self._taken.get(key, 0)
        if item.amount > left or (item.payer is None and item.amount != left):
            raise StepRefused(f"账本上应付 {yuan(left)} 元。{yuan(left)} is due in the ledger")
        require_another_payer(self._journal.operator(self._actor), payment)
        self._taken[key] = self._taken.get(key, 0) + item.amount
        paid = {name: getattr(item, name) for name in ("payee_kind", "payee", "amount", "reference")}
        self._paid.setdefault((file.file_id, item.payer), []).append((file, paid | _said_of(item, row)))

    def _return(self, file: PaymentFile, item: PaymentItem, row: ReplyRow) -> None:
        self._returned.append(
            {
                "clearing_id": file.clearing_id,
                "payee_kind": item.payee_kind,
                "payee": item.payee,
                "amount": item.amount,
                "reason": row.reason or NO_REASON,
                "reference": item.reference,
                **_said_of(item, row),
            }
        )

    def record(self) -> None:
        """Write the payments, a step a file and fund, and behind them the returns."""
        signed: Mapping[str, Any] = {"actor": self._actor, "reply": self._sha256}
        for (file_id, _), paid in sorted(self._paid.items(), key=str):
            clearing_id = paid[0][0].clearing_id
            said = {"clearing_id": clearing_id, "reference": file_id, "payments": [each for _, each in paid]}
            self._journal.record(CLEARING_PAID, {**said, **signed})
        for returned in self._returned:
            self._journal.record(PAYMENT_RETURNED, {**returned, **signed})


def _said_of(item: PaymentItem, row: ReplyRow) -> dict[str, str]:
    payer = {} if item.payer is None else item.payer.told()
    return payer | ({} if row.bank_reference is None else {"bank_reference": row.bank_reference})


def _required(row: ReplyRow, line: _Line | None, times: int) -> _Line:
    if line is None:
        raise StepRefused(f"没有制作过凭证号为 {row.reference} 的付款。no payment has this reference")
    if times > 1:
        raise StepRefused(
            f"凭证号在回单中出现 {times} 次，各行都未登记。it stands {times} times in the reply: none of them is noted"
        )
    if line.file.cancelled is not None:
        raise StepRefused(
            f"银行文件 {line.file.file_id} 已撤销；如确已付款，请核对后用 claims clearing pay 登记。"
            f"{line.file.file_id} is cancelled: if the bank did pay, note it by hand"
        )
    if row.amount != line.item.amount:
        raise StepRefused(
            f"金额 {yuan(row.amount)} 元不符，文件中为 {yuan(line.item.amount)} 元。"
            f"{yuan(row.amount)} is not the file's {yuan(line.item.amount)}"
        )
    return line
