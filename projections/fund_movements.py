"""Money of funds that offices note: what came in, what went from fund to fund, and who entered and approved it.

Journal ``funds.0`` is the record; ``FundRegister`` makes the rows of its events.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct, convert
from sqlalchemy import BigInteger, Column, Date, Index, SmallInteger, Table, Text

from events import decisions
from events.store.metadata import metadata, not_negative, one_of
from projections.office_register import OfficeRegister
from projections.signatures import TELLS_NOBODY_APART, signature, signature_columns

RECEIPTS = ("opening", "appropriation", "contribution", "interest", "donation", "fine", "other")
"""Kinds of what a fund receives from outside the ledger's funds."""
TRANSFERS = ("premium", "allocation", "surplus", "deficit", "operations")
"""Kinds of what goes from a fund: to another, or of ``operations`` to whoever runs it."""
STATES = ("entered", "approved", "withdrawn", "reversed")
OFFICES = ("bureau", "finance_office")

fund_movements = Table(
    "fund_movements",
    metadata,
    Column("movement_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal funds.0"),
    Column("kind", Text, nullable=False),
    Column("scheme", Text, nullable=False, comment="name"),
    Column("region", Text, nullable=False),
    Column("year", SmallInteger, nullable=False, comment="of the account"),
    Column("from_fund", Text, comment="that pays; null where money comes from outside"),
    Column("from_insurer", Text, comment="who keeps it, where one does"),
    Column("to_fund", Text, comment="that receives; null where money goes outside"),
    Column("to_insurer", Text, comment="who keeps it, where one does"),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("moved_on", Date, nullable=False, comment="day on which the bank moved it"),
    Column("reference", Text, nullable=False, comment="the bank's; names one movement that stands"),
    Column("order_no", Text, comment="of the order to pay"),
    Column("proof", Text, comment="name and sha256 of the papers"),
    Column("party", Text, comment="who paid or was paid outside the funds"),
    Column("fine_id", Text, comment="of a fine that was paid"),
    Column("office", Text, nullable=False, comment="bureau or finance_office: whose clerk entered it"),
    Column("status", Text, nullable=False, comment="entered, approved (it counts), withdrawn or reversed"),
    *signature_columns("entered", required=True, login=TELLS_NOBODY_APART),
    *signature_columns("approved"),
    *signature_columns("ended", comment="who withdrew or reversed it"),
    Column("reason", Text, comment="why it was withdrawn or reversed"),
    Index("fund_movements_account", "scheme", "region", "year"),
    not_negative("amount"),
    one_of("kind", (*RECEIPTS, *TRANSFERS)),
    one_of("status", STATES),
    one_of("office", OFFICES),
    schema="projections",
    comment="money that came to funds or went between them, as offices noted it",
)


class FundMovement(Struct, frozen=True):
    """One movement of a fund's money; ``amount`` in fen. It counts while it is ``approved``."""

    movement_id: str
    number: int
    kind: str
    scheme: str
    region: str
    year: int
    from_fund: str | None
    from_insurer: str | None
    to_fund: str | None
    to_insurer: str | None
    amount: int
    moved_on: date
    reference: str
    order_no: str | None
    proof: str | None
    party: str | None
    fine_id: str | None
    office: str
    status: str
    entered_by: str
    entered_login: str | None
    entered_at: datetime
    approved_by: str | None = None
    approved_login: str | None = None
    approved_at: datetime | None = None
    ended_by: str | None = None
    ended_login: str | None = None
    ended_at: datetime | None = None
    reason: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it was neither withdrawn nor taken back."""
        return self.status in ("entered", "approved")


STATED = tuple(FundMovement.__struct_fields__[2:18])
"""What ``fund.received.v1`` and ``fund.transferred.v1`` say of a movement beside its id."""


class FundRegister(OfficeRegister[FundMovement]):
    """The movements of funds, by id, as the journal's events make them."""

    table, row, key = fund_movements, FundMovement, "movement_id"

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Apply one event of the journal. Raises ``KeyError`` where it names what is not there."""
        match type_:
            case decisions.FUND_RECEIVED | decisions.FUND_TRANSFERRED:
                stated = {name: data.get(name) for name in STATED}
                own = {"movement_id": data["movement_id"], "number": number, "status": "entered"}
                self.put(convert(own | stated | signature("entered", data, at), FundMovement))
            case decisions.FUND_MOVEMENT_APPROVED:
                self.change(data, "approved", signature("approved", data, at))
            case decisions.FUND_MOVEMENT_WITHDRAWN | decisions.FUND_MOVEMENT_REVERSED:
                status = "withdrawn" if type_ == decisions.FUND_MOVEMENT_WITHDRAWN else "reversed"
                self.change(data, status, signature("ended", data, at) | {"reason": data["reason"]})
            case _:
                raise KeyError(type_)
