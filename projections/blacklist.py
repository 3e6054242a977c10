"""The blacklist (上高 三4): persons, institutions and doctors, entered by one person and approved by another.

Settlement does not read it. It says what a bureau does with later admissions, and changes no amount.
"""

from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import ARRAY, BigInteger, Column, Date, Index, Table, Text

from events.store.metadata import metadata, one_of
from projections.cases import SUBJECTS
from projections.signatures import signature_columns

EFFECTS = ("no_prepaid_free_admission", "closer_audit", "published")
"""The person pays in advance on admission, each bill is audited, the entry is published."""
ENTRY_STATES = ("entered", "listed", "withdrawn", "removal_entered", "removed")

blacklist = Table(
    "blacklist",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal cases.0"),
    Column("region", Text, nullable=False, comment="of the bureau"),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("case_id", Text, nullable=False, comment="its ground"),
    Column("reason", Text, nullable=False),
    Column("basis", Text, nullable=False, comment="of its effects: the text or the bureau's document"),
    Column("document_no", Text, nullable=False),
    Column("effects", ARRAY(Text), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until", Date, nullable=False, comment="first day on which it holds no longer"),
    Column("status", Text, nullable=False),
    *signature_columns("entered", required=True),
    *signature_columns("approved", at=False),
    Column("approved_on", Date),
    Column("removed_on", Date, comment="first day on which it holds no longer, before its end"),
    Column("removal_reason", Text),
    Column("removal_no", Text),
    *signature_columns("removal_entered", at=False),
    *signature_columns("removal_approved", at=False),
    Index("blacklist_subject", "subject_kind", "subject_id"),
    one_of("subject_kind", SUBJECTS),
    one_of("status", ENTRY_STATES),
    schema="projections",
    comment="who is on the blacklist; settlement does not read it",
)


class BlacklistEntry(Struct, frozen=True):
    """An entry: it holds from ``from_on`` up to ``removed_on``, else ``until`` (exclusive), once it is ``listed``."""

    entry_id: str
    number: int
    region: str
    subject_kind: str
    subject_id: str
    case_id: str
    reason: str
    basis: str
    document_no: str
    effects: list[str]
    from_on: date
    until: date
    status: str
    entered_by: str
    entered_login: str | None
    entered_at: datetime
    approved_by: str | None = None
    approved_login: str | None = None
    approved_on: date | None = None
    removed_on: date | None = None
    removal_reason: str | None = None
    removal_no: str | None = None
    removal_entered_by: str | None = None
    removal_entered_login: str | None = None
    removal_approved_by: str | None = None
    removal_approved_login: str | None = None

    def holds_on(self, day: date) -> bool:
        """Whether its effects hold that day."""
        end = self.removed_on if self.status == "removed" and self.removed_on is not None else self.until
        return self.status in ("listed", "removal_entered", "removed") and self.from_on <= day < end
