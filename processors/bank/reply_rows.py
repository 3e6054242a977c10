"""Rows of a bank's reply, and what becomes of them."""

from msgspec import Struct

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
