"""The tables of visits, fee lines and settlements, and their rows.

A settlement has the lines of its visit, batch and round: while it is sent, settled or reversed, triggers refuse every
change of them. A reversal begins the next round with a copy of the lines.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from events.codes import SETTINGS
from events.county_time import COUNTY_TIME
from events.store.metadata import metadata, not_negative, one_of

VISIT_KINDS = ("inpatient", "outpatient", "pharmacy")
VISIT_STATES = ("sent", "open", "refused", "cancelled")
SETTLEMENT_STATES = ("sent", "settled", "refused", "reversed")
PRICED_BY = ("catalogue", "hospital", "nobody")
HELD_BATCH = ""
"""The batch of an inpatient's lines, and of a pharmacy's: the interface numbers those of outpatients only."""

visits = Table(
    "visits",
    metadata,
    Column("mdtrt_id", Text, primary_key=True, comment="就诊ID, which is the ledger's admission_id of a stay"),
    Column("kind", Text, nullable=False),
    Column("fixmedins_code", Text, nullable=False, comment="the hospital_id"),
    Column("psn_no", Text, nullable=False, comment="the person_id"),
    Column("ipt_otp_no", Text, comment="the hospital's own number of the stay or visit"),
    Column("insutype", Text, nullable=False),
    Column("insuplc_admdvs", Text, comment="参保地区划, where it was told"),
    Column("med_type", Text, comment="医疗类别 as the hospital told it last"),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), comment="of a stay: its discharge, 2402"),
    Column("disease", Text, comment="the ledger's code of 病种编码, where one is treated"),
    Column("state", Text, nullable=False, comment="sent (the ledger has not answered yet), open, refused or cancelled"),
    Column("registration", JSONB, nullable=False, comment="the node as sent, without certificates and contacts"),
    Column("diagnoses", JSONB, nullable=False, comment="diseinfo of the registration, as told last"),
    Column("discharge", JSONB, comment="dscginfo"),
    Column("discharge_diagnoses", JSONB, comment="diseinfo of the discharge"),
    Column("msgid", Text, nullable=False, comment="of the transaction that registered it"),
    Column("opter", Text, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Index("visits_person", "psn_no", "began_at"),
    one_of("kind", VISIT_KINDS),
    one_of("state", VISIT_STATES),
    schema="gateway",
    comment="stays and visits as hospitals register them over the national interface",
)

fee_lines = Table(
    "fee_lines",
    metadata,
    Column("mdtrt_id", Text, primary_key=True),
    Column("chrg_bchno", Text, primary_key=True, comment="收费批次; empty for stays and pharmacies"),
    Column("round", SmallInteger, primary_key=True, comment="1, and one more after each reversal"),
    Column("feedetl_sn", Text, primary_key=True, comment="费用明细流水号"),
    Column("init_feedetl_sn", Text, comment="of a refund: the line taken back"),
    Column("med_list_codg", Text, nullable=False, comment="医疗目录编码"),
    Column("medins_list_codg", Text, nullable=False, comment="the hospital's own code"),
    Column("fee_ocur_time", DateTime(timezone=True), nullable=False),
    Column("cnt", Numeric(16, 4), nullable=False, comment="below 0: a refund"),
    Column("pric", Numeric(16, 6), nullable=False),
    Column("amount", BigInteger, nullable=False, comment="det_item_fee_sumamt in fen; so the four parts"),
    Column("self_funded", BigInteger, nullable=False),
    Column("over_limit", BigInteger, nullable=False),
    Column("upfront_copay", BigInteger, nullable=False),
    Column("in_scope", BigInteger, nullable=False),
    Column("priced_by", Text, nullable=False, comment="catalogue, hospital (its own parts) or nobody"),
    Column("fee", JSONB, nullable=False, comment="what the catalogue says of the line, by the interface's names"),
    Column("node", JSONB, nullable=False, comment="the line as sent"),
    Column("opter", Text, nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    one_of("priced_by", PRICED_BY),
    schema="gateway",
    comment="fee lines, never changed once they are settled",
)

settlements = Table(
    "settlements",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("setl_id", Text, nullable=False, comment="结算ID as the hospital knows it: the first claim's of this bill"),
    Column("mdtrt_id", Text, nullable=False),
    Column("chrg_bchno", Text, nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("fixmedins_code", Text, nullable=False),
    Column("psn_no", Text, nullable=False),
    Column("insutype", Text, nullable=False),
    Column("insuplc_admdvs", Text),
    Column("med_type", Text, nullable=False),
    Column("setting", Text, nullable=False),
    Column("clr_type", Text, nullable=False, comment="清算类别: 11, 21, 41"),
    Column("infno", Text, nullable=False),
    Column("msgid", Text, nullable=False),
    Column("opter", Text, nullable=False),
    Column("invono", Text, comment="发票号"),
    Column("interim", Boolean, nullable=False, comment="the bill of a stay on 31 December"),
    Column("state", Text, nullable=False, comment="sent (the ledger has not answered yet), settled, refused, reversed"),
    Column("event", Text, nullable=False, comment="the event of the claim as it was sent"),
    Column("total", BigInteger, nullable=False, comment="fen; so the four parts and what is paid"),
    Column("self_funded", BigInteger, nullable=False),
    Column("over_limit", BigInteger, nullable=False),
    Column("upfront_copay", BigInteger, nullable=False),
    Column("in_scope", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False, comment="how many fee lines"),
    Column("linesdigest", Text, nullable=False, comment="SHA-256 over the lines, as the claim's event states it"),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True), comment="结算时间: when the ledger had answered"),
    Column("layers", JSONB, comment="[[layer, fund, fen], …] in the order applied, as told first"),
    Column("fund_pay", BigInteger, comment="基金支付总额 as told first"),
    Column("psn_part", BigInteger, comment="个人负担总金额 as told first"),
    Column("hosp_part", BigInteger, comment="医院承担 as told first"),
    Column("reason", Text, comment="why the ledger refused it"),
    Column("reversal", Text, comment="the event of the reversal as it was sent"),
    Column("reversal_msgid", Text, comment="of the transaction that reversed it"),
    Column("reversed_at", DateTime(timezone=True)),
    Index("settlements_number", "setl_id"),
    Index(
        "settlements_of_visit",
        *("mdtrt_id", "chrg_bchno", "round"),
        unique=True,
        postgresql_where=text("state <> 'refused'"),
    ),
    Index("settlements_hospital", "fixmedins_code", "settled_at"),
    Index(
        "settlements_reversed",
        *("fixmedins_code", "reversed_at"),
        postgresql_where=text("reversed_at IS NOT NULL"),
    ),
    Index("settlements_person", "psn_no"),
    Index("settlements_reversal", "fixmedins_code", "reversal_msgid"),
    one_of("state", SETTLEMENT_STATES),
    one_of("setting", SETTINGS),
    not_negative("total", "self_funded", "over_limit", "upfront_copay", "in_scope", "lines"),
    schema="gateway",
    comment="settlements that hospitals asked for over the national interface, and what they were told",
)


class RegisteredVisit(Struct, frozen=True):
    """A row of ``gateway.visits``; moments with their zone."""

    mdtrt_id: str
    kind: str
    fixmedins_code: str
    psn_no: str
    ipt_otp_no: str | None
    insutype: str
    insuplc_admdvs: str | None
    med_type: str | None
    began_at: datetime
    ended_at: datetime | None
    disease: str | None
    state: str
    registration: dict[str, Any]
    diagnoses: list[dict[str, Any]]
    discharge: dict[str, Any] | None
    discharge_diagnoses: list[dict[str, Any]] | None
    msgid: str
    opter: str
    registered_at: datetime


class VisitLine(Struct, frozen=True):
    """A row of ``gateway.fee_lines``; amounts in fen, below 0 of a refund."""

    mdtrt_id: str
    chrg_bchno: str
    round: int
    feedetl_sn: str
    init_feedetl_sn: str | None
    med_list_codg: str
    medins_list_codg: str
    fee_ocur_time: datetime
    cnt: Decimal
    pric: Decimal
    amount: int
    self_funded: int
    over_limit: int
    upfront_copay: int
    in_scope: int
    priced_by: str
    fee: dict[str, Any]
    node: dict[str, Any]
    opter: str
    uploaded_at: datetime


class VisitSettlement(Struct, frozen=True):
    """A row of ``gateway.settlements``; amounts in fen."""

    claim_id: str
    setl_id: str
    mdtrt_id: str
    chrg_bchno: str
    round: int
    fixmedins_code: str
    psn_no: str
    insutype: str
    insuplc_admdvs: str | None
    med_type: str
    setting: str
    clr_type: str
    infno: str
    msgid: str
    opter: str
    invono: str | None
    interim: bool
    state: str
    event: str
    total: int
    self_funded: int
    over_limit: int
    upfront_copay: int
    in_scope: int
    lines: int
    linesdigest: str
    begun_at: datetime
    settled_at: datetime | None = None
    layers: list[list[Any]] | None = None
    fund_pay: int | None = None
    psn_part: int | None = None
    hosp_part: int | None = None
    reason: str | None = None
    reversal: str | None = None
    reversal_msgid: str | None = None
    reversed_at: datetime | None = None


def stored(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row's columns by name; the driver gives moments in UTC, days are those of the county."""
    return {
        str(name): value.astimezone(COUNTY_TIME) if isinstance(value, datetime) else value
        for name, value in row.items()
    }
