"""Prepayments (预拨): what a fund has paid a hospital ahead, to be set off by the clearings that follow."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Date, Index, Table, Text

from events.store.metadata import metadata, not_negative, one_of
from policies.funds import BookedFund
from projections.signatures import signature_columns

prepayments = Table(
    "prepayments",
    metadata,
    Column("prepayment_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of its order in journal clearing.0: the oldest goes first"),
    Column("region", Text, nullable=False, comment="whose clearings set it off"),
    Column("hospital_id", Text, nullable=False),
    Column("fund", Text, nullable=False, comment="out of which it is paid"),
    Column("insurer", Text, comment="that keeps the fund, where one does"),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False, comment="ordered, paid or withdrawn"),
    *signature_columns("ordered", required=True),
    *signature_columns("approved", at=False, comment="who approved it and noted the transfer"),
    Column("reference", Text, comment="of the transfer"),
    Column("paid_on", Date, comment="day of the transfer"),
    Column("set_off", BigInteger, nullable=False, comment="fen set off by clearings, drafted ones too"),
    Column("returned", BigInteger, nullable=False, comment="fen that the hospital has paid back"),
    *signature_columns(
        "reversed", at=False, comment="who took the noted transfer back as a mistake: may not note the next one"
    ),
    Index("prepayments_hospital", "region", "hospital_id"),
    not_negative("amount", "set_off", "returned"),
    one_of("status", ("ordered", "paid", "withdrawn")),
    schema="projections",
)


class Prepayment(Struct, frozen=True):
    """One prepayment, amounts in fen."""

    prepayment_id: str
    number: int
    region: str
    hospital_id: str
    fund: str
    insurer: str | None
    amount: int
    reason: str
    status: str
    ordered_by: str
    ordered_login: str | None
    ordered_at: datetime
    approved_by: str | None = None
    approved_login: str | None = None
    reference: str | None = None
    paid_on: date | None = None
    set_off: int = 0
    returned: int = 0
    reversed_by: str | None = None
    reversed_login: str | None = None

    @property
    def outstanding(self) -> int:
        """What of it is neither set off nor paid back."""
        return self.amount - self.set_off - self.returned if self.status == "paid" else 0

    @property
    def payer(self) -> BookedFund:
        """Whose money it is."""
        return BookedFund(self.fund, self.insurer)


class PrepaidSetOff(Struct, frozen=True, forbid_unknown_fields=True):
    """What a draft takes off a hospital's payment because a fund has paid it ahead, in fen."""

    prepayment_id: str
    payee: str
    fund: str
    insurer: str | None
    amount: int

    @property
    def payer(self) -> BookedFund:
        """Whose money it is."""
        return BookedFund(self.fund, self.insurer)


def ordered(number: int, at: datetime, data: Mapping[str, Any], signature: Mapping[str, Any]) -> Prepayment:
    """The row that ``prepayment.ordered.v1`` makes; ``signature`` is who ordered it."""
    names = ("prepayment_id", "region", "hospital_id", "fund", "amount", "reason")
    said = {name: data[name] for name in names}
    return Prepayment(number=number, **said, insurer=data.get("insurer"), status="ordered", ordered_at=at, **signature)
