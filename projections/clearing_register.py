"""The register of clearing: the rows of its tables, as the events of journal ``clearing`` make them.

One reducer makes the rows. A step loads only the rows that it may change; ``claims verify`` makes all rows from the
first event on, and compares them with the tables.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from events import decisions
from policies.arithmetic import add_to
from projections.clearing_rows import (
    AdvanceReceipt,
    AdvanceRepayment,
    ClearedPart,
    Clearing,
    ClearingDraft,
    ClearingLine,
    ClearingPayment,
    Receivable,
    balances,
    dues,
    receivable_id,
)
from projections.clearing_table import ClearingTable
from projections.clearings import (
    advance_receipts,
    advance_repayments,
    clearing_lines,
    clearing_parts,
    clearing_payments,
    clearings,
    receivables,
)
from projections.prepayments import Prepayment, ordered, prepayments
from projections.signatures import signature
from projections.withholdings import WithholdingRows, withholding_releases, withholdings


class ClearingRegister:
    """The rows of all tables of clearing."""

    def __init__(self) -> None:
        self.clearings = ClearingTable(clearings, Clearing)
        self.lines = ClearingTable(clearing_lines, ClearingLine)
        self.parts = ClearingTable(clearing_parts, ClearedPart)
        self.payments = ClearingTable(clearing_payments, ClearingPayment)
        self.receivables = ClearingTable(receivables, Receivable)
        self.repayments = ClearingTable(advance_repayments, AdvanceRepayment)
        self.receipts = ClearingTable(advance_receipts, AdvanceReceipt)
        self.prepayments = ClearingTable(prepayments, Prepayment)
        self.withheld = WithholdingRows()

    @property
    def tables(self) -> tuple[ClearingTable[Any], ...]:
        """All tables, in the order in which they are written."""
        return (
            *(self.clearings, self.lines, self.parts, self.payments),
            *(self.receivables, self.repayments, self.receipts, self.prepayments),
            *(self.withheld.kept, self.withheld.releases),
        )

    async def load_clearing(self, connection: AsyncConnection, clearing_id: str) -> None:
        """Load every row that a step on a clearing may change."""
        tables: tuple[ClearingTable[Any], ...] = (
            *(self.clearings, self.parts, self.payments),
            *(self.receivables, self.repayments),
        )
        for table in tables:
            await table.load(connection, table.table.c.clearing_id == clearing_id)
        for clearing in self.clearings:
            owed = [each.receivable_id for each in clearing.set_off]
            await self.receivables.load(connection, receivables.c.receivable_id.in_(owed))
            ahead = [each.prepayment_id for each in clearing.prepaid]
            await self.prepayments.load(connection, prepayments.c.prepayment_id.in_(ahead))
        await self.load_withheld(connection, withholdings.c.clearing_id == clearing_id)
        await self.load_releases(connection, withholding_releases.c.clearing_id == clearing_id)

    async def load_releases(self, connection: AsyncConnection, condition: ColumnElement[bool]) -> None:
        """Load releases with what they release of."""
        await self.withheld.releases.load(connection, condition)
        of = {item.clearing_id for release in self.withheld.releases for item in release.items}
        await self.load_withheld(connection, withholdings.c.clearing_id.in_(sorted(of)))

    async def load_withheld(self, connection: AsyncConnection, condition: ColumnElement[bool]) -> None:
        """Load what clearings have kept back."""
        await self.withheld.kept.load(connection, condition)

    async def load_all(self, connection: AsyncConnection) -> None:
        """Load every row of every table. The keys of rows that can't be read are noted, so that they are mended."""
        for table in self.tables:
            await table.load(connection, note_unreadable=True)

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the tables."""
        for table in self.tables:
            await table.save(connection)

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Apply one event of the journal. Raises ``KeyError`` where it names what is not there."""
        match type_:
            case decisions.CLEARING_DRAFTED:
                self._draft(number, at, data)
            case decisions.CLEARING_APPROVED:
                self._approve(at, data)
            case decisions.CLEARING_WITHDRAWN:
                self._withdraw(data)
            case decisions.CLEARING_PAID:
                self._pay(at, data)
            case decisions.PAYMENT_RETURNED:
                key = data["clearing_id"], data["payee_kind"], data["payee"]
                paid = self.payments[key].paid - data["amount"]
                self.payments.change(key, status="returned", paid=paid, **_returned(data, at))
                self._set_status(data["clearing_id"])
            case decisions.PAYMENT_REVERSED | decisions.RETURN_REVERSED:
                self._reverse_payment(type_, data)
            case decisions.RECEIVABLE_SETTLED:
                owed = self.receivables[data["receivable_id"],]
                self.receivables.change((owed.receivable_id,), settled=owed.settled + data["amount"])
            case decisions.RECEIPT_REVERSED:
                owed = self.receivables[data["receivable_id"],]
                self.receivables.change((owed.receivable_id,), settled=owed.settled - data["amount"])
            case decisions.ADVANCE_REPAID:
                receipt = {name: data[name] for name in ("region", "advance_id", "amount", "reference")}
                self.receipts.put(AdvanceReceipt(number, **receipt, noted_by=data["actor"], noted_at=at))
            case decisions.REPAYMENT_REVERSED:
                mistaken = self.receipts[data["entry"],].number
                self.receipts.remove_where(lambda row: row.number == mistaken)
            case _:
                self._apply_prepayment(type_, number, at, data)

    def _apply_prepayment(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        if type_ in (decisions.PAYMENT_FILE_MADE, decisions.PAYMENT_FILE_CANCELLED):
            return  # what was sent to the bank stands in the journal; no row follows from it
        if type_ in _RELEASES:
            self._apply_release(type_, number, at, data)
            return
        if type_ == decisions.PREPAYMENT_ORDERED:
            self.prepayments.put(ordered(number, at, data, signature("ordered", data)))
            return
        key = (data["prepayment_id"],)
        row = self.prepayments[key]
        match type_:
            case decisions.PREPAYMENT_WITHDRAWN:
                self.prepayments.change(key, status="withdrawn")
            case decisions.HOSPITAL_PREPAID:
                paid = {"reference": data["reference"], "paid_on": date.fromisoformat(data["day"]), **_NOT_REVERSED}
                self.prepayments.change(key, status="paid", **signature("approved", data), **paid)
            case decisions.PREPAYMENT_REVERSED:
                unpaid = dict.fromkeys(("approved_by", "approved_login", "reference", "paid_on"))
                self.prepayments.change(key, status="ordered", **unpaid, **signature("reversed", data))
            case decisions.PREPAYMENT_RETURNED:
                self.prepayments.change(key, returned=row.returned + data["amount"])
            case decisions.PREPAYMENT_RETURN_REVERSED:
                self.prepayments.change(key, returned=row.returned - data["amount"])
            case _:
                raise KeyError(type_)

    def _apply_release(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        match type_:
            case decisions.WITHHOLDING_RELEASE_ORDERED:
                self.withheld.order(number, at, data, signature("ordered", data))
            case decisions.WITHHOLDING_RELEASE_APPROVED:
                self.withheld.decide(data, signature("approved", data))
            case _:
                self.withheld.take_back(data)

    def _pay(self, at: datetime, data: Mapping[str, Any]) -> None:
        """Each payment is of all that was due to its payee, or of what one fund pays."""
        for item in data["payments"]:
            key = data["clearing_id"], item["payee_kind"], item["payee"]
            before = self.payments[key]
            paid = before.paid + item["amount"]
            status = "paid" if paid >= before.amount else before.status
            said = {"paid_at": at, "reference": item.get("reference", data["reference"])}
            self.payments.change(key, status=status, paid=paid, **signature("paid", data), **said, **_NOT_REVERSED)
        self._set_status(data["clearing_id"])

    def _reverse_payment(self, type_: str, data: Mapping[str, Any]) -> None:
        """Take back a payment, which is due again, or its return, so that it is paid after all.

        What had been noted before it stands again, as it was noted. Older events do not say all of that.
        """
        key = data["clearing_id"], data["payee_kind"], data["payee"]
        payment, returned = data.get("payment"), data.get("returned")
        stands = _NOT_PAID if payment is None else _paid(payment)
        row = self.payments[key]
        if type_ == decisions.RETURN_REVERSED:
            came_back = _NOT_RETURNED if returned is None else _returned(returned, _moment(returned))
            not_reversed = _NOT_REVERSED if "returned" in data else {}
            paid = row.paid + data["amount"]
            status = "paid" if paid >= row.amount else "due" if returned is None else "returned"
            self.payments.change(key, status=status, paid=paid, **stands, **came_back, **not_reversed)
        else:
            status = "due" if row.returned_by is None else "returned"
            paid = row.paid - data["amount"]
            self.payments.change(key, status=status, paid=paid, **stands, **signature("reversed", data))
        self._set_status(data["clearing_id"])

    def _draft(self, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        draft = ClearingDraft.from_event(data)
        clearing_id = draft.clearing_id
        self.clearings.put(
            Clearing(
                clearing_id=clearing_id,
                number=number,
                region=draft.region,
                month=date.fromisoformat(f"{draft.month}-01"),
                status="drafted",
                ranges=draft.ranges,
                set_off=draft.set_off,
                prepaid=draft.prepaid,
                supplements=draft.supplements,
                withholding=draft.withholding,
                released=draft.released,
                drafted_at=at,
                **signature("drafted", data),
            )
        )
        for line in draft.lines:
            self.lines.put(line)
        for part in draft.parts:
            self.parts.put(part)
        for repayment in draft.repayments:
            self.repayments.put(repayment)
        kept = draft.withholding.withheld if draft.withholding is not None else ()
        month = date.fromisoformat(f"{draft.month}-01")
        self.withheld.draft(clearing_id, draft.region, month, kept, draft.released)
        set_off, ahead, withheld, released = (dict[tuple[str, str], int]() for _ in range(4))
        for each in draft.set_off:
            add_to(set_off, (each.payee_kind, each.payee), each.amount)
            self._add_set_off(each.receivable_id, each.amount)
        for taken in draft.prepaid:
            add_to(ahead, ("hospital", taken.payee), taken.amount)
            self._add_prepaid(taken.prepayment_id, taken.amount)
        for share in kept:
            add_to(withheld, ("hospital", share.hospital_id), share.amount)
        for freed in draft.released:
            add_to(released, ("hospital", freed.hospital_id), freed.amount)
        of_lines = balances(draft.lines)
        for payee, due in sorted(dues(draft.lines, draft.released).items()):
            sums = [each.get(payee, 0) for each in (ahead, withheld, released)]
            against = set_off.get(payee, 0)
            amount = max(0, due) - against - sums[0] - sums[1]
            status = "due" if amount else "none"
            balance = of_lines.get(payee, 0)
            payment = ClearingPayment(clearing_id, *payee, balance, against, amount, status)
            names = ("prepaid", "withheld", "released")
            self.payments.put(structs.replace(payment, **dict(zip(names, sums, strict=True))))
            if due < 0:
                owed = receivable_id(clearing_id, *payee)
                self.receivables.put(Receivable(owed, clearing_id, number, draft.region, *payee, amount=-due))

    def _approve(self, at: datetime, data: Mapping[str, Any]) -> None:
        clearing_id = data["clearing_id"]
        self.clearings.change((clearing_id,), **signature("approved", data), approved_at=at)
        for owed in self.receivables:
            if owed.clearing_id == clearing_id:
                self.receivables.change((owed.receivable_id,), stands=True)
        self.withheld.approve(clearing_id)
        self._set_status(clearing_id)

    def _withdraw(self, data: Mapping[str, Any]) -> None:
        clearing_id = data["clearing_id"]
        for each in self.clearings[clearing_id,].set_off:
            self._add_set_off(each.receivable_id, -each.amount)
        for taken in self.clearings[clearing_id,].prepaid:
            self._add_prepaid(taken.prepayment_id, -taken.amount)
        self.withheld.withdraw(clearing_id)
        self.clearings.change((clearing_id,), status="withdrawn", withdrawn_by=data["actor"])
        of_clearing: tuple[ClearingTable[Any], ...] = (self.parts, self.payments, self.receivables, self.repayments)
        for table in of_clearing:
            table.remove_where(lambda row: row.clearing_id == clearing_id)

    def _set_status(self, clearing_id: str) -> None:
        due = any(payment.is_due for payment in self.payments if payment.clearing_id == clearing_id)
        self.clearings.change((clearing_id,), status="approved" if due else "paid")

    def _add_set_off(self, owed: str, amount: int) -> None:
        self.receivables.change((owed,), set_off=self.receivables[owed,].set_off + amount)

    def _add_prepaid(self, prepayment_id: str, amount: int) -> None:
        set_off = self.prepayments[prepayment_id,].set_off + amount
        self.prepayments.change((prepayment_id,), set_off=set_off)


_NOT_PAID = dict.fromkeys(("paid_by", "paid_login", "paid_at", "reference"))
_NOT_RETURNED = dict.fromkeys(("returned_by", "returned_login", "returned_at", "return_reference", "return_reason"))
_RELEASES = (
    decisions.WITHHOLDING_RELEASE_ORDERED,
    decisions.WITHHOLDING_RELEASE_APPROVED,
    decisions.WITHHOLDING_RELEASE_WITHDRAWN,
)
_NOT_REVERSED = dict.fromkeys(("reversed_by", "reversed_login"))


def _paid(payment: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": payment["reference"], "paid_at": _moment(payment), **signature("paid", payment)}


def _returned(returned: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    why = {"return_reference": returned.get("reference"), "return_reason": returned["reason"], "returned_at": at}
    return why | signature("returned", returned)


def _moment(said: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(said["at"])
