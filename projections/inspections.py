"""Inspections of hospitals and pharmacies, as journal ``cases.0`` says."""

from datetime import date, datetime
from typing import Literal, get_args

from msgspec import Struct
from sqlalchemy import ARRAY, BigInteger, Column, Date, Index, Table, Text

from events.store.metadata import metadata, one_of
from projections.cases import INSTITUTIONS
from projections.signatures import signature_columns

InspectionKind = Literal["plan", "report", "lead", "unannounced", "again"]
INSPECTION_KINDS: tuple[InspectionKind, ...] = get_args(InspectionKind)
"""By the year's plan, for a report, for a lead, unannounced (飞行检查), to see what was mended (回头看)."""
InspectionResult = Literal["clean", "problems"]
RESULTS: tuple[InspectionResult, ...] = get_args(InspectionResult)

inspections = Table(
    "inspections",
    metadata,
    Column("inspection_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal cases.0"),
    Column("region", Text, nullable=False, comment="of the bureau"),
    Column("hospital_id", Text, nullable=False),
    Column("institution_kind", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("inspected_on", Date, nullable=False),
    Column("officers", ARRAY(Text), nullable=False),
    Column("result", Text, nullable=False),
    Column("document_no", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="what was seen"),
    *signature_columns("recorded", required=True),
    *signature_columns("withdrawn", at=False),
    Column("withdrawal_reason", Text),
    Index("inspections_hospital", "hospital_id", "inspected_on"),
    one_of("institution_kind", INSTITUTIONS),
    one_of("kind", INSPECTION_KINDS),
    one_of("result", RESULTS),
    schema="projections",
    comment="inspections of hospitals and pharmacies",
)


class Inspection(Struct, frozen=True):
    """An inspection of one hospital or pharmacy."""

    inspection_id: str
    number: int
    region: str
    hospital_id: str
    institution_kind: str
    kind: str
    inspected_on: date
    officers: list[str]
    result: str
    document_no: str
    reason: str
    recorded_by: str
    recorded_login: str | None
    recorded_at: datetime
    withdrawn_by: str | None = None
    withdrawn_login: str | None = None
    withdrawal_reason: str | None = None
