"""Files for the bank as clearing's journal tells them: whom each line pays, out of which fund, and what is still due.

A file pays what is due in one clearing, or a region's prepayments. Each fund, kept by each insurer, pays from an
account of its own, so a line is of one payee and one fund. Files of before had a line a payee, over all funds.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import CLEARING_PAID, PAYMENT_FILE_CANCELLED, PAYMENT_FILE_MADE
from events.money import yuan
from events.store.journal import entries
from policies.funds import BookedFund
from processors.clearing.movements import Movement
from processors.delivery.names import CLEARING_JOURNAL
from processors.offices.operators import Operator


class PaymentItem(Struct, frozen=True, omit_defaults=True):
    """What the journal says of a line: whom it pays, in fen, and the number of the account in the register.

    ``prepayment_id`` names the prepayment that it pays.
    """

    payee_kind: str
    payee: str
    amount: int
    reference: str
    account: int
    fund: str | None = None
    insurer: str | None = None
    prepayment_id: str | None = None

    @property
    def payer(self) -> BookedFund | None:
        """The fund that pays it; None in files of before, which paid for all funds."""
        return None if self.fund is None else BookedFund(self.fund, self.insurer)

    def text(self) -> str:
        """The line as the journal's digest has it."""
        paid = self.prepayment_id or "", self.payee_kind, self.payee, self.fund or "", self.insurer or ""
        return "|".join((*paid, yuan(self.amount), self.reference)) + "\n"


class FundTotal(Struct, frozen=True):
    """What of a file one fund's account pays: how many lines, fen, and the check sum of its lines."""

    fund: str
    insurer: str | None
    count: int
    total: int
    sha256: str


class PaymentFile(Struct, frozen=True):
    """A file as entry ``entry`` of clearing's journal says; ``cancelled`` is the entry that says it was never sent.

    ``clearing_id`` is None of a file of prepayments. ``sha256`` is of the lines with their accounts, ``items_sha256``
    of what the journal itself can tell; files of before have none, and no totals by fund.
    """

    entry: int
    region: str
    clearing_id: str | None
    file_id: str
    operator: Operator
    at: str
    sha256: str
    purpose: str | None
    items: tuple[PaymentItem, ...]
    count: int
    stated_total: int
    funds: tuple[FundTotal, ...] = ()
    items_sha256: str | None = None
    cancelled: int | None = None
    cancelled_by: Operator | None = None

    @property
    def total(self) -> int:
        """What it pays, in fen."""
        return sum(item.amount for item in self.items)


def items_digest(items: Iterable[PaymentItem]) -> str:
    """The check sum of what the journal says of a file's lines: sha256, in hex."""
    return hashlib.sha256("".join(item.text() for item in items).encode()).hexdigest()


async def load_files(connection: AsyncConnection, clearing_id: str | None = None) -> list[PaymentFile]:
    """The files of a clearing, or of all and of prepayments, in the order in which they were made."""
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data)
        .where(entries.c.journal == CLEARING_JOURNAL)
        .where(entries.c.type.in_((PAYMENT_FILE_MADE, PAYMENT_FILE_CANCELLED)))
        .order_by(entries.c.number)
    )
    said = [(row, orjson.loads(row.data)) for row in rows]
    cancelled = {data["file_id"]: (row.number, data) for row, data in said if row.type == PAYMENT_FILE_CANCELLED}
    return [
        _file(row, data, cancelled.get(data["file_id"]))
        for row, data in said
        if row.type == PAYMENT_FILE_MADE and clearing_id in (None, data.get("clearing_id"))
    ]


def due_by_fund(
    amount: int, transfers: Mapping[BookedFund, int], movements: Iterable[Movement]
) -> dict[BookedFund, int]:
    """What each fund has still to transfer to one payee, in fen, of what it is to transfer in all.

    ``movements`` are the payee's payments and returns that stand, in recorded order; one without a fund is of all that
    was due, or paid, by then. Where ``transfers`` do not come to the payment's ``amount``, nothing is known by fund.
    """
    if sum(transfers.values()) != amount:
        return {}
    paid: dict[BookedFund, int] = {}
    for each in movements:
        if each.payer is None:
            paid = dict(transfers) if each.type == CLEARING_PAID else {}
        else:
            sign = 1 if each.type == CLEARING_PAID else -1
            paid[each.payer] = paid.get(each.payer, 0) + sign * each.amount
    left = {payer: due - paid.get(payer, 0) for payer, due in transfers.items()}
    return {payer: due for payer, due in sorted(left.items(), key=str) if due}


def open_items(file: PaymentFile, movements: Sequence[Movement]) -> list[PaymentItem]:
    """The lines of a clearing's file that the bank has not answered to; none of a cancelled one.

    A payment that was noted after the file closes the line: the one of its reference, or one by hand.
    """
    if file.cancelled is not None:
        return []
    later = [each for each in movements if each.type == CLEARING_PAID and each.entry > file.entry]
    return [item for item in file.items if not any(_closes(each, item) for each in later)]


def _closes(paid: Movement, item: PaymentItem) -> bool:
    if (paid.payee_kind, paid.payee) != (item.payee_kind, item.payee):
        return False
    return paid.payer is None or item.payer is None or paid.reference == item.reference


def _file(row: Any, data: Mapping[str, Any], cancelled: tuple[int, Mapping[str, Any]] | None) -> PaymentFile:
    return PaymentFile(
        entry=row.number,
        region=data.get("region") or data["file_id"].split("-")[0],
        clearing_id=data.get("clearing_id"),
        file_id=data["file_id"],
        operator=Operator.of(data),
        at=row.recorded_at.isoformat(),
        sha256=data["sha256"],
        purpose=data.get("purpose"),
        items=tuple(PaymentItem(**item) for item in data["payments"]),
        count=data["count"],
        stated_total=data["total"],
        funds=tuple(FundTotal(**{"insurer": None} | each) for each in data.get("funds", ())),
        items_sha256=data.get("items_sha256"),
        cancelled=cancelled and cancelled[0],
        cancelled_by=cancelled and Operator.of(cancelled[1]),
    )
