"""Rows of the tables of clearing, and the event ``clearing.drafted.v1``. All amounts are in fen."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct, ValidationError, convert, structs, to_builtins

from projections.prepayments import PrepaidSetOff
from projections.withholdings import DraftWithholding, ReleasedShare

PayeeKind = Literal["hospital", "person", "emergency_fund"]
"""A hospital, a person and the emergency fund may share an id."""

Ranges = dict[str, tuple[int, int]]
"""By journal: the entries after the first number, up to the second."""


class SetOff(Struct, frozen=True, forbid_unknown_fields=True):
    """What a draft takes off a payee's balance because the payee owes it as a receivable."""

    receivable_id: str
    payee_kind: str
    payee: str
    amount: int


class Clearing(Struct, frozen=True):
    """One clearing of a region and month, and who took which step on it."""

    clearing_id: str
    number: int
    region: str
    month: date
    status: str
    ranges: Ranges
    set_off: tuple[SetOff, ...]
    drafted_by: str
    drafted_login: str | None
    drafted_at: datetime
    approved_by: str | None = None
    approved_login: str | None = None
    approved_at: datetime | None = None
    withdrawn_by: str | None = None
    prepaid: tuple[PrepaidSetOff, ...] = ()
    supplements: str | None = None
    withholding: DraftWithholding | None = None
    released: tuple[ReleasedShare, ...] = ()


class ClearingLine(Struct, frozen=True, forbid_unknown_fields=True):
    """What one fund owes one payee; under 0 the payee owes it."""

    clearing_id: str
    payee_kind: str
    payee: str
    fund: str
    settled: int
    adjusted: int
    audit: int
    repaid: int

    @property
    def booked(self) -> int:
        """What of the line the ledger has booked."""
        return self.settled + self.adjusted + self.audit

    @property
    def payable(self) -> int:
        """What is left of it when advances are repaid."""
        return self.booked - self.repaid


class ClearedPart(Struct, frozen=True):
    """What of one claim was cleared with one payee; ``stage`` is that of the claim's path whose net it changes."""

    clearing_id: str
    claim_id: str
    payee_kind: str
    fund: str
    stage: int
    kind: str
    amount: int


class ClearingPayment(Struct, frozen=True):
    """One payee's balance over all funds, and what became of its transfer.

    ``amount`` is balance + released − set off − withheld − prepaid, never under 0. ``paid`` is what of it stands as
    paid: each fund pays from an account of its own.
    """

    clearing_id: str
    payee_kind: str
    payee: str
    balance: int
    set_off: int
    amount: int
    status: str
    paid_by: str | None = None
    paid_login: str | None = None
    paid_at: datetime | None = None
    reference: str | None = None
    returned_by: str | None = None
    returned_login: str | None = None
    returned_at: datetime | None = None
    return_reference: str | None = None
    return_reason: str | None = None
    reversed_by: str | None = None
    reversed_login: str | None = None
    prepaid: int = 0
    withheld: int = 0
    released: int = 0
    paid: int = 0

    @property
    def is_due(self) -> bool:
        """Whether it, or a part of it, is still to be paid, for the first time or again."""
        return self.status in ("due", "returned")

    @property
    def left(self) -> int:
        """What of it is still to be paid, in fen."""
        return self.amount - self.paid if self.is_due else 0

    @property
    def transferable(self) -> int:
        """What funds were to transfer before they kept anything back or took off what was prepaid, in fen."""
        return self.amount + self.prepaid + self.withheld


class Receivable(Struct, frozen=True):
    """What a payee owes the funds after a clearing; ``number`` is that of the clearing."""

    receivable_id: str
    clearing_id: str
    number: int
    region: str
    payee_kind: str
    payee: str
    amount: int
    settled: int = 0
    set_off: int = 0
    stands: bool = False

    @property
    def outstanding(self) -> int:
        """What of it is neither paid in nor set off."""
        return self.amount - self.settled - self.set_off


class AdvanceRepayment(Struct, frozen=True):
    """What of one fund's line for a person goes to repay one advance."""

    clearing_id: str
    region: str
    advance_id: str
    fund: str
    person_id: str
    amount: int


class AdvanceReceipt(Struct, frozen=True):
    """What a person has paid back of an advance in cash; ``number`` is that of the event in journal clearing.0."""

    number: int
    region: str
    advance_id: str
    amount: int
    noted_by: str
    noted_at: datetime
    reference: str


class ClearingDraft(Struct, frozen=True):
    """What ``clearing.drafted.v1`` says; ``month`` as 2019-03."""

    clearing_id: str
    region: str
    month: str
    actor: str
    ranges: Ranges
    lines: tuple[ClearingLine, ...]
    repayments: tuple[AdvanceRepayment, ...]
    set_off: tuple[SetOff, ...]
    parts: tuple[ClearedPart, ...] = ()
    """events from before parts were recorded have none"""
    prepaid: tuple[PrepaidSetOff, ...] = ()
    """of prepayments; events from before these have none"""
    supplements: str | None = None
    """the clearing of the same month that it supplements, where it does"""
    withholding: DraftWithholding | None = None
    """what is kept back; None where the text in force keeps nothing back, and in events from before"""
    released: tuple[ReleasedShare, ...] = ()
    """of what earlier clearings kept back"""

    def event_data(self) -> dict[str, Any]:
        """As the journal holds it: rows do not repeat the clearing's id."""
        lists = {name: [_without_clearing(row) for row in getattr(self, name)] for name in _ROW_LISTS}
        taken = {name: [structs.asdict(each) for each in getattr(self, name)] for name in ("set_off", "prepaid")}
        said = structs.asdict(self) | lists | taken
        said |= {"withholding": to_builtins(self.withholding), "released": to_builtins(self.released)}
        return {name: value for name, value in said.items() if value or name not in _WHERE_ANY}

    @classmethod
    def from_event(cls, data: Mapping[str, Any]) -> "ClearingDraft":
        """Read the event's data. Raises ``KeyError`` where a name or value is missing or of another type."""
        whose = {"clearing_id": data["clearing_id"]}
        try:
            rows = {name: [whose | row for row in data[name]] for name in _ROW_LISTS if name in data}
            return convert({**data, **rows}, cls)
        except (TypeError, ValidationError) as error:
            raise KeyError(str(error)) from error


_WHERE_ANY = ("supplements", "withholding", "released")
"""Named in the event only where there is something of it."""
_ROW_LISTS = ("lines", "repayments", "parts")


def _without_clearing(row: Struct) -> dict[str, Any]:
    values = structs.asdict(row)
    del values["clearing_id"]
    return values


def receivable_id(clearing_id: str, payee_kind: str, payee: str) -> str:
    """The id of what a payee owes after a clearing."""
    return f"{clearing_id}-{payee_kind}-{payee}"


def balances(lines: Iterable[ClearingLine]) -> dict[tuple[str, str], int]:
    """What a clearing comes to for each payee (kind, id), over all funds."""
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        payee = line.payee_kind, line.payee
        sums[payee] = sums.get(payee, 0) + line.payable
    return sums


def dues(lines: Iterable[ClearingLine], released: Iterable[ReleasedShare]) -> dict[tuple[str, str], int]:
    """What payees are due, or owe under 0, by the lines and by what is released to them."""
    sums = balances(lines)
    for each in released:
        payee = "hospital", each.hospital_id
        sums[payee] = sums.get(payee, 0) + each.amount
    return sums
