"""The tables of clearing: clearings, their lines, parts, payments and receivables, and what repays advances.

``projections/clearing_register.py`` makes their rows from the events of journal ``clearing``.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from events.store.metadata import metadata, not_negative, one_of
from projections.signatures import TELLS_NOBODY_APART, signature_columns

clearings = Table(
    "clearings",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of its draft in journal clearing.0"),
    Column("region", Text, nullable=False, comment="of the persons whose claims it clears"),
    Column("month", Date, nullable=False, comment="its first day"),
    Column("status", Text, nullable=False, comment="drafted, approved, paid (nothing is due any more) or withdrawn"),
    Column("ranges", JSONB, nullable=False, comment="{journal: [from, to]}: the entries after from, up to to"),
    Column("set_off", JSONB, nullable=False, comment="[{receivable_id, payee_kind, payee, amount}], fen"),
    *signature_columns("drafted", required=True, login=TELLS_NOBODY_APART),
    *signature_columns("approved"),
    Column("withdrawn_by", Text),
    Column("prepaid", JSONB, nullable=False, comment="[{prepayment_id, payee, fund, insurer, amount}], fen"),
    Column("supplements", Text, comment="the clearing of the same month before it, where there is one"),
    Column(
        "withholding",
        JSONB,
        nullable=False,
        comment="share, text and what is kept back of hospitals' money; null: nothing is kept back",
    ),
    Column("released", JSONB, nullable=False, comment="[{release_id, hospital_id, fund, insurer, amount}], fen"),
    Index("clearings_one_draft", "region", unique=True, postgresql_where=text("status = 'drafted'")),
    one_of("status", ("drafted", "approved", "paid", "withdrawn")),
    schema="projections",
)

clearing_lines = Table(
    "clearing_lines",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("payee_kind", Text, primary_key=True, comment="hospital, person or emergency_fund"),
    Column("payee", Text, primary_key=True, comment="hospital_id, person_id, or the region of the fund"),
    Column("fund", Text, primary_key=True, comment="the layer that pays, grant, or premium_refund and who pays it"),
    Column("settled", BigInteger, nullable=False, comment="fen, first settlements and awarded grants"),
    Column("adjusted", BigInteger, nullable=False, comment="fen, adjustments of no audit laid on the hospital"),
    Column("audit", BigInteger, nullable=False, comment="fen, adjustments of audits laid on the hospital"),
    Column("repaid", BigInteger, nullable=False, comment="fen taken to repay advances; the fund's own are negative"),
    one_of("payee_kind", ("hospital", "person", "emergency_fund")),
    schema="projections",
)

clearing_parts = Table(
    "clearing_parts",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("claim_id", Text, primary_key=True),
    Column("payee_kind", Text, primary_key=True, comment="hospital or person: the claim's own"),
    Column("fund", Text, primary_key=True, comment="the layer that pays"),
    Column("stage", SmallInteger, primary_key=True, autoincrement=False, comment="of the path, whose net it changes"),
    Column("kind", Text, primary_key=True, comment="settled, adjusted or audit, as in clearing_lines"),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Index("clearing_parts_claim", "claim_id"),
    one_of("payee_kind", ("hospital", "person")),
    one_of("kind", ("settled", "adjusted", "audit")),
    schema="projections",
    comment="with whom what runs after a claim's own first one have booked was cleared; none of withdrawn clearings",
)

clearing_payments = Table(
    "clearing_payments",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("payee_kind", Text, primary_key=True),
    Column("payee", Text, primary_key=True),
    Column("balance", BigInteger, nullable=False, comment="fen, settled + adjusted + audit - repaid over all funds"),
    Column("set_off", BigInteger, nullable=False, comment="fen of it that goes against his receivables"),
    Column("amount", BigInteger, nullable=False, comment="fen to pay"),
    Column("status", Text, nullable=False, comment="none (nothing to pay), due, paid or returned (due again)"),
    *signature_columns("paid"),
    Column("reference", Text, comment="of the last transfer"),
    *signature_columns("returned", comment="who noted last that a transfer came back: may not note the next payment"),
    Column("return_reference", Text, comment="of what came back"),
    Column("return_reason", Text),
    *signature_columns(
        "reversed", at=False, comment="who took the last payment back as a mistake: may not note the next one"
    ),
    Column("prepaid", BigInteger, nullable=False, comment="fen of it that a fund had paid ahead"),
    Column("withheld", BigInteger, nullable=False, comment="fen of it kept back until the hospital's score is known"),
    Column("released", BigInteger, nullable=False, comment="fen beside the balance, kept back by earlier clearings"),
    Column(
        "paid",
        BigInteger,
        nullable=False,
        comment="fen of the amount that stand as paid; under the amount while it is due in whole or in part",
    ),
    not_negative("set_off", "amount", "prepaid", "withheld", "released"),
    one_of("payee_kind", ("hospital", "person", "emergency_fund")),
    one_of("status", ("none", "due", "paid", "returned")),
    schema="projections",
)

receivables = Table(
    "receivables",
    metadata,
    Column("receivable_id", Text, primary_key=True),
    Column("clearing_id", Text, nullable=False, comment="whose negative balance it is"),
    Column("number", BigInteger, nullable=False, comment="of that clearing: the oldest is set off first"),
    Column("region", Text, nullable=False),
    Column("payee_kind", Text, nullable=False),
    Column("payee", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("settled", BigInteger, nullable=False, comment="fen paid in"),
    Column("set_off", BigInteger, nullable=False, comment="fen set off against payables, drafted ones too"),
    Column("stands", Boolean, nullable=False, comment="false while its clearing is a draft"),
    Index("receivables_payee", "region", "payee_kind", "payee"),
    not_negative("amount", "settled", "set_off"),
    one_of("payee_kind", ("hospital", "person", "emergency_fund")),
    schema="projections",
)

advance_repayments = Table(
    "advance_repayments",
    metadata,
    Column("clearing_id", Text, primary_key=True),
    Column("region", Text, primary_key=True, comment="region and advance_id name the advance"),
    Column("advance_id", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("person_id", Text, nullable=False, comment="out of whose payable"),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    not_negative("amount"),
    schema="projections",
)

advance_receipts = Table(
    "advance_receipts",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the event in journal clearing.0"),
    Column("region", Text, nullable=False, comment="region and advance_id name the advance"),
    Column("advance_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="fen the person has paid back himself"),
    Column("noted_by", Text, nullable=False),
    Column("noted_at", DateTime(timezone=True), nullable=False),
    Column("reference", Text, nullable=False, comment="of the receipt"),
    not_negative("amount"),
    schema="projections",
)
