"""Payments that a case of supervision holds (暂停拨付): what is due to a hospital waits until the measure is lifted."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from events.money import yuan
from events.store.rows import among
from processors.offices.refusal import StepRefused
from projections.cases import cases
from projections.clearing_rows import Clearing, ClearingPayment
from projections.clearings import clearing_payments, clearings
from projections.measures import case_measures


class PaymentHold(Struct, frozen=True):
    """A decided measure that holds a hospital's payments; ``amount`` in fen is up to how much, None all.

    ``until`` is the first day on which it holds no longer.
    """

    case_id: str
    measure_id: str
    document_no: str
    region: str
    hospital_id: str
    amount: int | None
    from_on: date
    until: date | None

    def holds_on(self, day: date) -> bool:
        """Whether it holds that day."""
        return self.from_on <= day and (self.until is None or day < self.until)

    @property
    def named(self) -> str:
        """For people: its case, measure and document, and until when."""
        until = "解除为止 until it is lifted" if self.until is None else f"至 until {self.until}（不含）"
        upto = "" if self.amount is None else f"，{yuan(self.amount)} 元"
        return f"案件 case {self.case_id}，措施 measure {self.measure_id}（{self.document_no}）{upto}，{until}"


class HeldHospitals:
    """By hospital the measures that hold its payments on a day, and which of a clearing's payments they hold."""

    def __init__(self, holds: Collection[PaymentHold], earlier: dict[str, int]) -> None:
        """``earlier`` is what is due to each hospital in earlier clearings, in fen."""
        self._holds = holds
        self._earlier = earlier

    def of(self, payee_kind: str, payee: str) -> list[PaymentHold]:
        """What holds a payment.

        A transfer is held whole. A measure that names an amount holds transfers, the oldest first, until they come to
        it.
        """
        if payee_kind != "hospital":
            return []
        before = self._earlier.get(payee, 0)
        return [
            each for each in self._holds if each.hospital_id == payee and (each.amount is None or before < each.amount)
        ]


async def load_holds(connection: AsyncConnection, region: str, day: date) -> list[PaymentHold]:
    """The measures of a region's bureau, or of one above it, that hold payments on a day."""
    columns = (case_measures.c.case_id, case_measures.c.measure_id, case_measures.c.document_no, cases.c.region)
    days = (case_measures.c.amount, case_measures.c.from_on, case_measures.c.until, case_measures.c.lifted_on)
    rows = await connection.execute(
        select(*columns, cases.c.hospital_id, *days)
        .join(cases, cases.c.case_id == case_measures.c.case_id)
        .where(case_measures.c.kind == "payment_hold", case_measures.c.status.in_(("decided", "lifted")))
        # a case that is closed holds nothing: it is closed once its holds have ended
        .where(cases.c.status != "closed")
        .order_by(case_measures.c.number)
    )
    found = [
        PaymentHold(
            *(row.case_id, row.measure_id, row.document_no, row.region, row.hospital_id, row.amount, row.from_on),
            min(filter(None, (row.until, row.lifted_on)), default=None),
        )
        for row in rows
        if row.hospital_id is not None and row.from_on is not None and covers(row.region, region)
    ]
    return [each for each in found if each.holds_on(day)]


async def held_hospitals(connection: AsyncConnection, region: str, number: int, day: date) -> HeldHospitals:
    """What holds payments of the clearing whose draft is entry ``number`` of the journal, on a day."""
    holds = await load_holds(connection, region, day)
    earlier: dict[str, int] = {}
    limited = {each.hospital_id for each in holds if each.amount is not None}
    if limited:
        payment = clearing_payments.c
        rows = await connection.execute(
            select(payment.payee, (payment.amount - payment.paid).label("left"), clearings.c.region)
            .join(clearings, clearings.c.clearing_id == payment.clearing_id)
            .where(payment.payee_kind == "hospital", payment.status.in_(("due", "returned")))
            .where(among(payment.payee, limited), clearings.c.number < number)
        )
        for row in rows:
            if any(each.hospital_id == row.payee and covers(each.region, row.region) for each in holds):
                earlier[row.payee] = earlier.get(row.payee, 0) + row.left
    return HeldHospitals(holds, earlier)


def hold_row(payment: ClearingPayment, hold: PaymentHold) -> dict[str, Any]:
    """A held payment and what holds it, money in yuan."""
    return {
        "payee_kind": payment.payee_kind,
        "payee": payment.payee,
        "amount": yuan(payment.left),
        "case_id": hold.case_id,
        "measure_id": hold.measure_id,
        "document_no": hold.document_no,
        "up_to": None if hold.amount is None else yuan(hold.amount),
        "from_on": hold.from_on.isoformat(),
        "until": hold.until and hold.until.isoformat(),
    }


async def held_rows(
    connection: AsyncConnection, clearing: Clearing, payments: Iterable[ClearingPayment], day: date
) -> list[dict[str, Any]]:
    """What is due of a clearing, a draft too, that cases hold on a day: a row a payment and measure."""
    held = await held_hospitals(connection, clearing.region, clearing.number, day)
    return [
        hold_row(payment, hold)
        for payment in sorted(payments, key=lambda each: each.payee)
        if payment.is_due
        for hold in held.of(payment.payee_kind, payment.payee)
    ]


def refuse_held(what: str, holds: Sequence[PaymentHold]) -> None:
    """Refuse to pay what is held. Raises ``StepRefused``."""
    if holds:
        named = "；".join(hold.named for hold in holds)
        raise StepRefused(f"{what} 暂停拨付，解除后再付：{named}。{what} is held: it is paid once that is lifted")
