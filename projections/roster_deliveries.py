"""Lists that went out to hospitals, the health bureau and townships (抚松 四(五), 上高 一4), with receipts."""

from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, Text

from events.store.metadata import metadata, not_negative, one_of
from projections.signatures import LOGIN, signature_columns

RECIPIENT_KINDS = ("hospital", "health_bureau", "township")

roster_deliveries = Table(
    "roster_deliveries",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal registers.0"),
    Column("period", Text, nullable=False, comment="month of the list, YYYY-MM"),
    Column("region", Text, nullable=False),
    Column("recipient_kind", Text, nullable=False, comment="hospital, health_bureau or township"),
    Column("recipient", Text, nullable=False, comment="hospital_id, the region's code, or nine digits of the township"),
    Column("persons", Integer, nullable=False, comment="on the list"),
    Column("additions", Integer, nullable=False, comment="since the list of the month before"),
    Column("removals", Integer, nullable=False, comment="since the list of the month before"),
    Column("sha256", Text, nullable=False, comment="of the list, hex"),
    Column("known_until", BigInteger, nullable=False, comment="last entry of journal intake that the list knew"),
    *signature_columns("published", required=True, login=LOGIN),
    Column("received_on", Date),
    Column("receipt", Text, comment="who signed, or the number of the receipt"),
    *signature_columns("noted", comment="who noted the receipt"),
    Index("roster_deliveries_period", "period", "region"),
    not_negative("persons", "additions", "removals"),
    one_of("recipient_kind", RECIPIENT_KINDS),
    schema="projections",
    comment="lists of the poor that went out, by recipient, and their receipts",
)


class RosterDelivery(Struct, frozen=True):
    """A list that went to one recipient."""

    delivery_id: str
    number: int
    period: str
    region: str
    recipient_kind: str
    recipient: str
    persons: int
    additions: int
    removals: int
    sha256: str
    known_until: int
    published_by: str
    published_login: str | None
    published_at: datetime
    received_on: date | None = None
    receipt: str | None = None
    noted_by: str | None = None
    noted_login: str | None = None
    noted_at: datetime | None = None


PUBLISHED = RosterDelivery.__struct_fields__[2:11]
"""What ``roster.published.v1`` says beside the delivery's id."""
