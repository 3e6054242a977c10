"""Cases of supervision: what they are about, what was noted on the way, what was found, and which leads they carry.

Journal ``cases.0`` is the record; ``CaseRegister`` makes the rows of its events.
"""

from datetime import date, datetime
from typing import Literal, get_args

from msgspec import Struct
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from events.codes import AuditPart
from events.store.metadata import metadata, not_negative, one_of
from policies.claim import BorneBy
from projections.signatures import TELLS_NOBODY_APART, signature_columns

Origin = Literal["lead", "report", "plan", "inspection"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
"""What a case was opened for: leads, what somebody reported, the year's plan, what an inspection saw."""
SubjectKind = Literal["hospital", "pharmacy", "person", "doctor"]
SUBJECTS: tuple[SubjectKind, ...] = get_args(SubjectKind)
INSTITUTIONS = ("hospital", "pharmacy")
CASE_STATES = ("open", "proposed", "decided", "closed")
NoteKind = Literal[
    "note",
    "notice",
    "defence",
    "hearing_offered",
    "hearing_held",
    "hearing_waived",
    "legal_review_asked",
    "legal_review",
    "expert_review",
    "extension",
    "evidence_hold",
    "sealing",
    "evidence_released",
]
NOTE_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)
FINDING_STATES = ("noted", "confirmed", "dismissed")
CASE_LEAD_STATES = ("in_case", "confirmed", "dismissed")

cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal cases.0"),
    Column("region", Text, nullable=False, comment="of the bureau"),
    Column("origin", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("hospital_id", Text, comment="that is fined or suspended: the subject, or where a doctor works"),
    Column("leads", ARRAY(Text), nullable=False),
    Column("inspection_id", Text),
    Column("officers", ARRAY(Text), nullable=False),
    Column("document_no", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("due_on", Date, nullable=False, comment="day by which it is to be decided"),
    Column("status", Text, nullable=False),
    *signature_columns("opened", required=True, login=TELLS_NOBODY_APART),
    Column("extensions", Integer, nullable=False),
    *signature_columns("proposed"),
    Column("proposed_on", Date, comment="day of the proposal that waits or was decided last"),
    *signature_columns("decided", at=False),
    Column("decided_on", Date, comment="day of its last decision"),
    Column("decision_no", Text),
    Column("outcome", Text, comment="measures, no_violation or transferred"),
    *signature_columns("closed", at=False),
    Column("closed_on", Date),
    Column("closing_reason", Text),
    Index("cases_subject", "subject_id"),
    not_negative("extensions"),
    one_of("origin", ORIGINS),
    one_of("subject_kind", SUBJECTS),
    one_of("status", CASE_STATES),
    schema="projections",
    comment="cases of supervision, as journal cases.0 says",
)

case_notes = Table(
    "case_notes",
    metadata,
    Column("note_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal cases.0"),
    Column("case_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("noted_on", Date, nullable=False),
    Column("due_on", Date, comment="of what has a deadline"),
    Column("until", Date, comment="last day of an expert's review"),
    Column("amount", BigInteger, comment="fen; of a notice the fine that it announces"),
    Column("document_no", Text),
    Column("reason", Text, nullable=False),
    *signature_columns("noted", required=True, at=False),
    Index("case_notes_case", "case_id"),
    not_negative("amount"),
    one_of("kind", NOTE_KINDS),
    schema="projections",
    comment="what was noted of a case on its way",
)

case_findings = Table(
    "case_findings",
    metadata,
    Column("finding_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal cases.0"),
    Column("case_id", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("clause", Text, nullable=False),
    Column("leads", ARRAY(Text), nullable=False, comment="that it confirms"),
    Column("amount", BigInteger, nullable=False, comment="fen that were found"),
    Column("layers", JSONB, nullable=False, comment="fund money at risk by layer, fen"),
    Column("claims", JSONB, nullable=False, comment="[{claim_id, amount, borne_by, part, reverse}], fen"),
    Column("began_on", Date, nullable=False, comment="first day of what was done"),
    Column("ended_on", Date, nullable=False, comment="its last day, from which the time bar runs"),
    Column("harm", Boolean, nullable=False, comment="health or life was harmed"),
    Column("document_no", Text),
    Column("status", Text, nullable=False),
    *signature_columns("noted", required=True, at=False),
    Column("decided_on", Date, comment="day of the decision that confirmed it"),
    Column("reason", Text, comment="why it was dismissed"),
    Index("case_findings_case", "case_id"),
    not_negative("amount"),
    one_of("status", FINDING_STATES),
    schema="projections",
    comment="what was found in a case",
)

case_leads = Table(
    "case_leads",
    metadata,
    Column("lead_id", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("decided_on", Date, comment="day of the decision that confirmed or dismissed it"),
    one_of("state", CASE_LEAD_STATES),
    schema="projections",
    comment="leads that a case carries, and what became of them",
)


class Case(Struct, frozen=True):
    """A case; ``due_on`` is the day by which it is to be decided, extensions and experts' time included."""

    case_id: str
    number: int
    region: str
    origin: str
    subject_kind: str
    subject_id: str
    hospital_id: str | None
    leads: list[str]
    inspection_id: str | None
    officers: list[str]
    document_no: str
    reason: str
    opened_on: date
    due_on: date
    status: str
    opened_by: str
    opened_login: str | None
    opened_at: datetime
    extensions: int = 0
    proposed_by: str | None = None
    proposed_login: str | None = None
    proposed_at: datetime | None = None
    proposed_on: date | None = None
    decided_by: str | None = None
    decided_login: str | None = None
    decided_on: date | None = None
    decision_no: str | None = None
    outcome: str | None = None
    closed_by: str | None = None
    closed_login: str | None = None
    closed_on: date | None = None
    closing_reason: str | None = None


class CaseNote(Struct, frozen=True):
    """What was noted of a case; ``amount`` in fen."""

    note_id: str
    number: int
    case_id: str
    kind: str
    noted_on: date
    due_on: date | None
    until: date | None
    amount: int | None
    document_no: str | None
    reason: str
    noted_by: str
    noted_login: str | None


class FindingClaim(Struct, frozen=True):
    """A claim of a finding: fen of its bill that the funds do not bear, or the whole claim where it is reversed."""

    claim_id: str
    amount: int
    borne_by: BorneBy = "hospital"
    part: AuditPart | None = None
    reverse: bool = False


class CaseFinding(Struct, frozen=True):
    """What was found in a case: ``amount`` fen of bills, ``layers`` fund money at risk in fen."""

    finding_id: str
    number: int
    case_id: str
    what: str
    clause: str
    leads: list[str]
    amount: int
    layers: dict[str, int]
    claims: list[FindingClaim]
    began_on: date
    ended_on: date
    harm: bool
    document_no: str | None
    status: str
    noted_by: str
    noted_login: str | None
    decided_on: date | None = None
    reason: str | None = None


class CaseLead(Struct, frozen=True):
    """A lead that a case carries: ``in_case`` until a decision confirms or dismisses it."""

    lead_id: str
    case_id: str
    state: str
    decided_on: date | None = None
