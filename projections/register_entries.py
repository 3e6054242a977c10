"""Registers of persons' care that offices keep: 安义 一(二), 三(十), 四(十四), 四(十五), 五(二十)."""

from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Date, Index, Table, Text

from events.store.metadata import metadata, one_of
from projections.signatures import LOGIN, signature_columns

REGISTER_KINDS = ("contracts", "checkups", "tuberculosis", "ten_diseases", "poverty_causes")
ENTRY_STATES = ("standing", "ended", "withdrawn")

register_entries = Table(
    "register_entries",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal registers.0"),
    Column("register", Text, nullable=False, comment="contracts, checkups, tuberculosis, ten_diseases, poverty_causes"),
    Column("region", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("held_on", Date, nullable=False, comment="signed, examined, begun or established on"),
    Column("until", Date, comment="first day that it holds no longer"),
    Column("due_on", Date, comment="when the next step is due"),
    Column("disease", Text, comment="code"),
    Column("hospital_id", Text, comment="that treats, examines or signs"),
    Column("doctor", Text),
    Column("finding", Text, comment="what was found, is given, or is needed"),
    Column("document", Text, comment="number of the paper"),
    Column("status", Text, nullable=False, comment="standing, ended, or withdrawn: entered by mistake"),
    *signature_columns("entered", required=True, login=LOGIN),
    *signature_columns("ended"),
    Column("reason", Text, comment="why it was ended or withdrawn"),
    Index("register_entries_person", "person_id"),
    Index("register_entries_register", "register", "region"),
    one_of("register", REGISTER_KINDS),
    one_of("status", ENTRY_STATES),
    schema="projections",
    comment="entries of registers that offices keep of persons' care",
)


class RegisterEntry(Struct, frozen=True):
    """One entry of a register."""

    entry_id: str
    number: int
    register: str
    region: str
    person_id: str
    held_on: date
    until: date | None
    due_on: date | None
    disease: str | None
    hospital_id: str | None
    doctor: str | None
    finding: str | None
    document: str | None
    status: str
    entered_by: str
    entered_login: str | None
    entered_at: datetime
    ended_by: str | None = None
    ended_login: str | None = None
    ended_at: datetime | None = None
    reason: str | None = None


ENTERED = RegisterEntry.__struct_fields__[2:13]
"""What ``register_entry.entered.v1`` says beside the entry's id."""
