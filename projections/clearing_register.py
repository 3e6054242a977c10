"""The register of clearing: the rows of its tables, as the events of journal ``clearing`` make them.

One reducer makes the rows. A step loads only the rows that it may change; ``claims verify`` makes all rows from the
first event on, and compares them with the tables.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct, ValidationError, convert, structs, to_builtins
from sqlalchemy import ColumnElement, Delete, Table, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events import decisions
from events.store.rows import upsert
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
    receivable_id,
)
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

R = TypeVar("R", bound=Struct)
Key = tuple[Any, ...]


class UnreadableRow(ValueError):
    """A row that no event can have made: a value in it is not what its column holds."""

    def __init__(self, table: Table, key: Key, fault: Exception) -> None:
        super().__init__(
            f"{table.name} {' '.join(map(str, key))} can't be read: {fault}. Run claims clearing rebuild: it makes the "
            f"tables again from the journal"
        )


class ClearingTable(Generic[R]):
    """Rows of one table by primary key, and which of them have changed since they were loaded."""

    def __init__(self, table: Table, row_type: type[R]) -> None:
        self.table = table
        self._row_type = row_type
        self._key_names = [column.name for column in table.primary_key]
        self._rows: dict[Key, R] = {}
        self._changed: set[Key] = set()
        self._unreadable: set[Key] = set()

    def __iter__(self) -> Iterator[R]:
        """The rows in the order of their keys."""
        return (self._rows[key] for key in sorted(self._rows))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Key) -> R:
        return self._rows[key]

    def get(self, key: Key) -> R | None:
        """The row of a primary key."""
        return self._rows.get(key)

    def put(self, row: R) -> None:
        """Add a row, or replace the one of the same key."""
        key = tuple(getattr(row, name) for name in self._key_names)
        self._rows[key] = row
        self._changed.add(key)

    def change(self, key: Key, **values: Any) -> None:
        """Give a row other values. Raises ``KeyError`` where there is none."""
        self.put(structs.replace(self._rows[key], **values))

    def remove_where(self, condition: Callable[[R], bool]) -> None:
        """Remove the rows that meet a condition."""
        for key in [key for key, row in self._rows.items() if condition(row)]:
            del self._rows[key]
            self._changed.add(key)

    def is_unreadable(self, key: Key) -> bool:
        """Whether the table has a row of this key that can't be read."""
        return key in self._unreadable

    def differing(self, other: "ClearingTable[R]") -> list[Key]:
        """The keys of rows that are not the same in both; a row that can't be read is like no other."""
        unreadable = self._unreadable | other._unreadable
        keys = sorted(self._rows.keys() | other._rows.keys() | unreadable)
        return [key for key in keys if key in unreadable or self._rows.get(key) != other._rows.get(key)]

    def write_only(self, keys: Iterable[Key]) -> None:
        """Let the next ``save`` write these rows and no others, and delete those of them that are missing here."""
        self._changed = set(keys)

    async def load(
        self, connection: AsyncConnection, *conditions: ColumnElement[bool], note_unreadable: bool = False
    ) -> None:
        """Add the table's rows that meet the conditions.

        Of a row that can't be read the key is noted, or ``UnreadableRow`` is raised.
        """
        for found in (await connection.execute(select(self.table).where(*conditions))).mappings():
            key = tuple(found[name] for name in self._key_names)
            try:
                self._rows[key] = convert({str(name): value for name, value in found.items()}, self._row_type)
            except ValidationError as error:
                if not note_unreadable:
                    raise UnreadableRow(self.table, key, error) from error
                self._unreadable.add(key)

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed to the table."""
        keys = sorted(self._changed)
        if gone := [key for key in keys if key not in self._rows]:
            parameters = [
                {f"key_{name}": value for name, value in zip(self._key_names, key, strict=True)} for key in gone
            ]
            await connection.execute(self._delete_one(), parameters)
        kept = [self._rows[key] for key in keys if key in self._rows]
        await upsert(connection, self.table, [to_builtins(row, builtin_types=(date, datetime)) for row in kept])
        self._changed.clear()

    def _delete_one(self) -> Delete:
        # One row at a time: the keys of a region's persons are more parameters than one statement takes.
        return delete(self.table).where(
            *(column == bindparam(f"key_{column.name}") for column in self.table.primary_key)
        )


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

    @property
    def tables(self) -> tuple[ClearingTable[Any], ...]:
        """All tables, in the order in which they are written."""
        return (
            *(self.clearings, self.lines, self.parts, self.payments),
            *(self.receivables, self.repayments, self.receipts, self.prepayments),
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
                for paid in data["payments"]:
                    key = data["clearing_id"], paid["payee_kind"], paid["payee"]
                    reference = {"paid_at": at, "reference": paid.get("reference", data["reference"])}
                    self.payments.change(key, status="paid", **_signature("paid", data), **reference, **_NOT_REVERSED)
                self._set_status(data["clearing_id"])
            case decisions.PAYMENT_RETURNED:
                key = data["clearing_id"], data["payee_kind"], data["payee"]
                self.payments.change(key, status="returned", **_returned(data, at))
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
        if type_ == decisions.PREPAYMENT_ORDERED:
            self.prepayments.put(ordered(number, at, data, _signature("ordered", data)))
            return
        key = (data["prepayment_id"],)
        row = self.prepayments[key]
        match type_:
            case decisions.PREPAYMENT_WITHDRAWN:
                self.prepayments.change(key, status="withdrawn")
            case decisions.HOSPITAL_PREPAID:
                paid = {"reference": data["reference"], "paid_on": date.fromisoformat(data["day"]), **_NOT_REVERSED}
                self.prepayments.change(key, status="paid", **_signature("approved", data), **paid)
            case decisions.PREPAYMENT_REVERSED:
                unpaid = dict.fromkeys(("approved_by", "approved_login", "reference", "paid_on"))
                self.prepayments.change(key, status="ordered", **unpaid, **_signature("reversed", data))
            case decisions.PREPAYMENT_RETURNED:
                self.prepayments.change(key, returned=row.returned + data["amount"])
            case decisions.PREPAYMENT_RETURN_REVERSED:
                self.prepayments.change(key, returned=row.returned - data["amount"])
            case _:
                raise KeyError(type_)

    def _reverse_payment(self, type_: str, data: Mapping[str, Any]) -> None:
        """Take back a payment, which is due again, or its return, so that it is paid after all.

        What had been noted before it stands again, as it was noted. Older events do not say all of that.
        """
        key = data["clearing_id"], data["payee_kind"], data["payee"]
        payment, returned = data.get("payment"), data.get("returned")
        stands = _NOT_PAID if payment is None else _paid(payment)
        if type_ == decisions.RETURN_REVERSED:
            came_back = _NOT_RETURNED if returned is None else _returned(returned, _moment(returned))
            not_reversed = _NOT_REVERSED if "returned" in data else {}
            self.payments.change(key, status="paid", **stands, **came_back, **not_reversed)
        else:
            status = "due" if self.payments[key].returned_by is None else "returned"
            self.payments.change(key, status=status, **stands, **_signature("reversed", data))
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
                drafted_at=at,
                **_signature("drafted", data),
            )
        )
        for line in draft.lines:
            self.lines.put(line)
        for part in draft.parts:
            self.parts.put(part)
        for repayment in draft.repayments:
            self.repayments.put(repayment)
        set_off: dict[tuple[str, str], int] = {}
        for each in draft.set_off:
            payee = each.payee_kind, each.payee
            set_off[payee] = set_off.get(payee, 0) + each.amount
            self._add_set_off(each.receivable_id, each.amount)
        ahead: dict[tuple[str, str], int] = {}
        for taken in draft.prepaid:
            ahead["hospital", taken.payee] = ahead.get(("hospital", taken.payee), 0) + taken.amount
            self._add_prepaid(taken.prepayment_id, taken.amount)
        for (kind, payee_id), balance in sorted(balances(draft.lines).items()):
            against, prepaid = set_off.get((kind, payee_id), 0), ahead.get((kind, payee_id), 0)
            amount = max(0, balance) - against - prepaid
            status = "due" if amount else "none"
            payment = ClearingPayment(clearing_id, kind, payee_id, balance, against, amount, status, prepaid=prepaid)
            self.payments.put(payment)
            if balance < 0:
                owed = receivable_id(clearing_id, kind, payee_id)
                self.receivables.put(
                    Receivable(owed, clearing_id, number, draft.region, kind, payee_id, amount=-balance)
                )

    def _approve(self, at: datetime, data: Mapping[str, Any]) -> None:
        clearing_id = data["clearing_id"]
        self.clearings.change((clearing_id,), **_signature("approved", data), approved_at=at)
        for owed in self.receivables:
            if owed.clearing_id == clearing_id:
                self.receivables.change((owed.receivable_id,), stands=True)
        self._set_status(clearing_id)

    def _withdraw(self, data: Mapping[str, Any]) -> None:
        clearing_id = data["clearing_id"]
        for each in self.clearings[clearing_id,].set_off:
            self._add_set_off(each.receivable_id, -each.amount)
        for taken in self.clearings[clearing_id,].prepaid:
            self._add_prepaid(taken.prepayment_id, -taken.amount)
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
_NOT_REVERSED = dict.fromkeys(("reversed_by", "reversed_login"))


def _paid(payment: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": payment["reference"], "paid_at": _moment(payment), **_signature("paid", payment)}


def _returned(returned: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    why = {"return_reference": returned.get("reference"), "return_reason": returned["reason"], "returned_at": at}
    return why | _signature("returned", returned)


def _moment(said: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(said["at"])


def _signature(step: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Who took a step: the actor, and the login where it tells people apart (the owner's does not).

    Events from before logins were recorded have none.
    """
    return {f"{step}_by": data["actor"], f"{step}_login": None if data.get("owner") else data.get("login")}
