"""Requests for a loan of the emergency fund (上高 二5): asked for, decided by another person, filed with the bureau."""

from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Date, Index, Table, Text

from events.store.metadata import metadata, not_negative, one_of
from projections.signatures import LOGIN, signature_columns

REQUEST_STATES = ("none", "applied", "approved", "declined")

advance_requests = Table(
    "advance_requests",
    metadata,
    Column("region", Text, primary_key=True),
    Column("advance_id", Text, primary_key=True, comment="that of the loan, once it is lent"),
    Column("number", BigInteger, nullable=False, comment="of its first event in journal registers.0"),
    Column("status", Text, nullable=False, comment="applied, approved, declined; none: a loan that is filed alone"),
    Column("person_id", Text),
    Column("amount", BigInteger, comment="fen asked for"),
    Column("applied_on", Date),
    Column("township", Text, comment="whose station examines it, nine digits"),
    Column("destination", Text, comment="where the person will be treated"),
    Column("need", Text, comment="for what"),
    *signature_columns("applied", comment="who entered it", login=LOGIN),
    Column("approved", BigInteger, comment="fen"),
    *signature_columns("decided"),
    Column("reason", Text, comment="why it was declined"),
    Column("filed_on", Date, comment="day on which it was filed with the bureau"),
    *signature_columns("filed"),
    Index("advance_requests_person", "person_id"),
    not_negative("amount", "approved"),
    one_of("status", REQUEST_STATES),
    schema="projections",
    comment="requests for loans of the emergency fund, and their filing",
)


class AdvanceRequest(Struct, frozen=True):
    """A request for a loan; amounts in fen. It may be lent once it is ``approved``."""

    region: str
    advance_id: str
    number: int
    status: str = "none"
    person_id: str | None = None
    amount: int | None = None
    applied_on: date | None = None
    township: str | None = None
    destination: str | None = None
    need: str | None = None
    applied_by: str | None = None
    applied_login: str | None = None
    applied_at: datetime | None = None
    approved: int | None = None
    decided_by: str | None = None
    decided_login: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    filed_on: date | None = None
    filed_by: str | None = None
    filed_login: str | None = None
    filed_at: datetime | None = None


APPLIED = ("person_id", "amount", "applied_on", "township", "destination", "need")
"""What ``advance.applied.v1`` says beside the request's key."""
