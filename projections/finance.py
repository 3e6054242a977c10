"""What finance reads: sums over the ledger, moved forward from where they last stood (processors/finance).

``counted_claims`` holds each standing claim as it was last counted, so that what changes can be taken out of the sums
again. Money in fen.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from events.store.metadata import metadata, not_negative
from projections.fund_bookings import fund_bookings

counted_journals = Table(
    "counted_journals",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="the last entry counted"),
    Column("as_of", DateTime(timezone=True), comment="when the sums last held all that was in the ledger"),
    schema="projections",
    comment="how far the sums for finance have counted",
)

counted_claims = Table(
    "counted_claims",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("year", SmallInteger, nullable=False),
    Column("region", Text, nullable=False, comment="of the person"),
    Column("scheme", Text, nullable=False, comment="name"),
    Column("setting", Text, nullable=False),
    Column("poor", Boolean, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("hospital_id", Text, nullable=False),
    Column("disease", Text, nullable=False, comment="code; empty where none is stated"),
    Column("total", BigInteger, nullable=False, comment="fen; so all amounts"),
    Column("audited", BigInteger, nullable=False, comment="of total, what audits laid on the person"),
    Column("self_funded", BigInteger, nullable=False),
    Column("layers", JSONB, nullable=False, comment="[[layer, fen], …], as in statements"),
    Column("paid", BigInteger, nullable=False, comment="by all layers"),
    Column("patient_share", BigInteger, nullable=False),
    Column("hospital_share", BigInteger, nullable=False),
    Column("assistance_base", BigInteger, nullable=False, comment="in-scope cost left when assistance came to decide"),
    Column("assistance_in_scope", BigInteger, nullable=False, comment="what assistance paid of it"),
    not_negative("total", "audited", "self_funded", "paid", "patient_share", "hospital_share"),
    schema="projections",
    comment="standing claims as they were last counted into the sums",
)

fund_flows = Table(
    "fund_flows",
    metadata,
    Column("month", Text, primary_key=True, comment="of booking, YYYY-MM in Asia/Shanghai"),
    Column("region", Text, primary_key=True, comment="of the person"),
    Column("setting", Text, primary_key=True),
    Column("layer", Text, primary_key=True, comment="or grant"),
    Column("decided", BigInteger, nullable=False, comment="fen"),
    Column("adjusted", BigInteger, nullable=False, comment="fen"),
    Column("bookings", Integer, nullable=False),
    schema="projections",
    comment="sums of booked payouts and grants",
)

annual_sums = Table(
    "annual_sums",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("setting", Text, primary_key=True),
    Column("poor", Boolean, primary_key=True),
    Column("claims", Integer, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("assisted", Integer, nullable=False, comment="persons of whose cost something was left to assistance"),
    Column("total", BigInteger, nullable=False, comment="fen; so all amounts"),
    Column("paid", BigInteger, nullable=False, comment="by all layers"),
    Column("patient_share", BigInteger, nullable=False),
    Column("hospital_share", BigInteger, nullable=False),
    schema="projections",
    comment="sums over counted claims",
)

annual_layers = Table(
    "annual_layers",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("setting", Text, primary_key=True),
    Column("poor", Boolean, primary_key=True),
    Column("layer", Text, primary_key=True),
    Column("paid", BigInteger, nullable=False, comment="fen"),
    schema="projections",
    comment="sums over counted claims: what each layer paid of a row of annual_sums",
)

hospital_years = Table(
    "hospital_years",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("hospital_id", Text, primary_key=True),
    Column("claims", Integer, nullable=False),
    Column("total", BigInteger, nullable=False, comment="fen"),
    Column("self_funded", BigInteger, nullable=False, comment="fen"),
    Column("stays", Integer, nullable=False, comment="inpatient claims"),
    Column("stays_total", BigInteger, nullable=False, comment="fen"),
    schema="projections",
    comment="sums over counted claims",
)

person_years = Table(
    "person_years",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("setting", Text, primary_key=True),
    Column("poor", Boolean, primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("claims", Integer, nullable=False),
    Column("total", BigInteger, nullable=False, comment="fen"),
    Column("audited", BigInteger, nullable=False, comment="fen of total that audits laid on the person"),
    Column("paid", BigInteger, nullable=False, comment="fen, by all layers"),
    Column("patient_share", BigInteger, nullable=False, comment="fen"),
    Column("assistance_base", BigInteger, nullable=False, comment="fen"),
    Column("assistance_in_scope", BigInteger, nullable=False, comment="fen"),
    schema="projections",
    comment="sums over counted claims",
)

disease_years = Table(
    "disease_years",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, primary_key=True, comment="of the person"),
    Column("scheme", Text, primary_key=True),
    Column("setting", Text, primary_key=True),
    Column("disease", Text, primary_key=True, comment="code; empty where none is stated"),
    Column("hospital_id", Text, primary_key=True),
    Column("claims", Integer, nullable=False),
    Column("total", BigInteger, nullable=False, comment="fen; so all amounts"),
    Column("self_funded", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False, comment="by all layers"),
    Column("assistance", BigInteger, nullable=False, comment="by layer assistance"),
    schema="projections",
    comment="sums over counted claims",
)

roster_gaps = Table(
    "roster_gaps",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("person_id", Text, primary_key=True),
    Column("region", Text, nullable=False, comment="that the department serves which spoke last"),
    Column("categories", ARRAY(Text), nullable=False),
    Index("roster_gaps_region", "year", "region"),
    schema="projections",
    comment="rostered on some day of a year and not enrolled for it",
)

roster_years = Table(
    "roster_years",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("region", Text, primary_key=True, comment="that the departments serve"),
    Column("rostered", Integer, nullable=False, comment="persons on some day of the year"),
    Column("enrolled", Integer, nullable=False, comment="of these, for the year"),
    not_negative("rostered", "enrolled"),
    schema="projections",
    comment="how many of the rostered are enrolled; the others are in roster_gaps",
)

SUMS = (
    *(counted_journals, counted_claims, fund_flows, fund_bookings, annual_sums, annual_layers),
    *(hospital_years, person_years, disease_years, roster_gaps, roster_years),
)
