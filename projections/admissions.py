"""Admissions, with the chain each was referred along and the standing claim that discharged it."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from sqlalchemy import ARRAY, Boolean, Column, Date, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import ORDINARY
from events.store.metadata import metadata
from events.store.rows import load_as

admissions = Table(
    "admissions",
    metadata,
    Column("admission_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("hospital_id", Text, nullable=False),
    Column("admitted_on", Date, nullable=False),
    Column("filed", Boolean, nullable=False),
    Column("referral", ARRAY(Text), nullable=False, comment="admissions it was referred from, nearest first"),
    Column("cancelled", Boolean, nullable=False),
    Column("discharged_by", Text, comment="the standing claim"),
    Column("emergency", Boolean, nullable=False),
    Column("stay_kind", Text, nullable=False),
    Column("interim_by", Text, comment="the last standing claim that billed it on a 31 December"),
    schema="projections",
)


class Admission(Struct):
    """An admission; ``discharged_by`` is the standing claim that has it, if any, ``interim_by`` the last that billed it
    on a 31 December."""

    admission_id: str
    person_id: str
    hospital_id: str
    admitted_on: date
    filed: bool
    referral: list[str]
    cancelled: bool = False
    discharged_by: str | None = None
    emergency: bool = False
    stay_kind: str = ORDINARY
    interim_by: str | None = None


async def load_admissions(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Admission]:
    """Admissions by id."""
    found = await load_as(connection, Admission, admissions, admissions.c.admission_id, ids)
    return {admission.admission_id: admission for admission in found}
