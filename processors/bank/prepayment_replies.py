"""What a bank's reply says of prepayments: the transfer is noted, or that it came back."""

from collections.abc import Collection
from datetime import date
from typing import Any

from events.decisions import HOSPITAL_PREPAID, PREPAYMENT_RETURNED
from events.money import yuan
from processors.bank.reply_rows import NO_REASON, ReplyOutcome, ReplyRow
from processors.clearing.bank_files import PaymentFile, PaymentItem
from processors.clearing.journal import ClearingJournal
from processors.clearing.prepayments import prepayment_said
from processors.offices.operators import Operator
from processors.offices.refusal import StepRefused
from projections.prepayments import Prepayment, prepayments


class PrepaymentReply:
    """One reply's rows on prepayments; each is noted as it is taken."""

    def __init__(self, journal: ClearingJournal, actor: str, sha256: str, day: date | None) -> None:
        """``day`` is that of the transfers, today where it is None. Raises ``StepRefused`` where it is to come."""
        self._journal, self._actor, self._sha256 = journal, actor, sha256
        self._day = day or journal.today
        if self._day > journal.today:
            raise StepRefused(f"{day} 尚未到，今天是 {journal.today}。{day} is to come")

    async def load(self, ids: Collection[str]) -> None:
        """Load the prepayments."""
        await self._journal.register.prepayments.load(
            self._journal.connection, prepayments.c.prepayment_id.in_(sorted(ids))
        )

    def take(self, row: ReplyRow, file: PaymentFile, item: PaymentItem) -> ReplyOutcome:
        """What becomes of a row. What came back is noted as paid, and as paid back. Raises ``StepRefused``."""
        found = self._journal.register.prepayments[item.prepayment_id,]
        told = (row.row, row.reference)
        if found.status == "ordered":
            self._pay(found, file, item, row)
        elif found.reference != item.reference:
            raise StepRefused(
                f"预拨 {found.prepayment_id} 已按凭证号 {found.reference} 登记，请核对。"
                f"{found.prepayment_id} was noted under reference {found.reference}"
            )
        elif row.paid or found.returned:
            why = "其后已登记退回 what came back is noted since" if row.paid and found.returned else None
            return ReplyOutcome(*told, "unchanged", item.payee, item.amount, why)
        if row.paid:
            return ReplyOutcome(*told, "paid", item.payee, item.amount)
        self._return(found.prepayment_id, item, row)
        return ReplyOutcome(*told, "returned", item.payee, item.amount, row.reason)

    def _pay(self, found: Prepayment, file: PaymentFile, item: PaymentItem, row: ReplyRow) -> None:
        if found.amount != item.amount:
            raise StepRefused(f"账本上预拨 {yuan(found.amount)} 元。{yuan(found.amount)} is ordered in the ledger")
        by = self._journal.operator(self._actor)
        by.must_differ(Operator(found.ordered_by, found.ordered_login), f"ordered {found.prepayment_id}", "note it")
        if found.reversed_by is not None:
            reversed_ = Operator(found.reversed_by, found.reversed_login)
            by.must_differ(reversed_, f"took back the transfer of {found.prepayment_id}", "note the next one")
        said = prepayment_said(found, found.amount) | {"ordered_by": found.ordered_by, "sent_by": file.operator.actor}
        said |= {"approved_by": self._actor, "reference": item.reference, "day": str(self._day)}
        self._journal.record(HOSPITAL_PREPAID, said | self._signed(row))

    def _return(self, prepayment_id: str, item: PaymentItem, row: ReplyRow) -> None:
        found = self._journal.register.prepayments[prepayment_id,]
        if found.outstanding < item.amount:
            raise StepRefused(
                f"预拨 {prepayment_id} 已抵扣 {yuan(found.set_off)} 元，退回请核对后用 claims prepayments return 登记。"
                f"{yuan(found.set_off)} of {prepayment_id} is set off: note by hand what came back"
            )
        said = prepayment_said(found, item.amount) | {"reference": item.reference, "reason": row.reason or NO_REASON}
        self._journal.record(PREPAYMENT_RETURNED, said | self._signed(row))

    def _signed(self, row: ReplyRow) -> dict[str, Any]:
        given = {} if row.bank_reference is None else {"bank_reference": row.bank_reference}
        return {"actor": self._actor, "reply": self._sha256, **given}
