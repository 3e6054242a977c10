"""Measures that cases decide, and the facts that they send to intake.

Journal ``cases.0`` is the record; ``CaseRegister`` makes the rows of its events.
"""

from datetime import date
from typing import Literal, get_args

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Date, Index, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from events.store.metadata import metadata, not_negative, one_of
from projections.signatures import signature_columns

MeasureKind = Literal[
    "talk",
    "warning_letter",
    "refund",
    "fine",
    "payment_hold",
    "suspension",
    "agreement_ended",
    "contract_ended",
    "exposure",
    "circular",
    "transfer",
    "lifting",
]
MEASURE_KINDS: tuple[MeasureKind, ...] = get_args(MeasureKind)
"""约谈, 警告函, 退回基金, 罚款, 暂停结算、拨付, 中止, 解除, 终止, 曝光, 通报, 移送, and a lifting of another."""
PAYABLE: tuple[MeasureKind, ...] = ("fine", "refund")
"""Of which an amount is paid in, and which a later decision of the case may replace by another of its kind."""
MEASURE_STATES = ("proposed", "withdrawn", "decided", "lifted")

case_measures = Table(
    "case_measures",
    metadata,
    Column("measure_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal cases.0"),
    Column("case_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("finding_id", Text, comment="of a refund: what is given back"),
    Column("of_measure", Text, comment="of a lifting: what it lifts; of a fine: the one that it replaces"),
    Column("amount", BigInteger, comment="fen: of a fine, of a refund, of what is held"),
    Column("from_on", Date, comment="first day of what lasts"),
    Column("until", Date, comment="first day on which it lasts no longer; null: until it is lifted"),
    Column("basis", Text, nullable=False, comment="the clause it rests on"),
    Column("document_no", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    *signature_columns("proposed", required=True, at=False),
    Column("decided_on", Date),
    Column("due_on", Date, comment="day by which it is to be paid or answered"),
    Column("lifted_on", Date),
    Column("answered_on", Date),
    Column("answer", Text),
    Column("payments", JSONB, nullable=False, comment="[{amount, late, paid_on, reference, actor, login}], fen"),
    Index("case_measures_case", "case_id"),
    not_negative("amount"),
    one_of("kind", MEASURE_KINDS),
    one_of("status", MEASURE_STATES),
    schema="projections",
    comment="what cases propose and decide",
)

case_facts = Table(
    "case_facts",
    metadata,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the decision in journal cases.0"),
    Column("place", SmallInteger, nullable=False, comment="among the facts of the decision"),
    Column("case_id", Text, nullable=False),
    Column("measure_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False, comment="the event as it is sent, JSON"),
    Index("case_facts_measure", "measure_id"),
    schema="projections",
    comment="facts that decisions make: sent to intake until the ledger holds each, taken or refused",
)


class Payment(Struct, frozen=True):
    """What was paid in for a fine or refund: ``amount`` fen of it, and ``late`` fen for paying late."""

    amount: int
    late: int
    paid_on: date
    reference: str
    actor: str
    login: str | None


class Measure(Struct, frozen=True):
    """A measure; ``amount`` in fen. It holds from ``from_on`` up to ``lifted_on``, else ``until``, both exclusive."""

    measure_id: str
    number: int
    case_id: str
    kind: str
    finding_id: str | None
    of_measure: str | None
    amount: int | None
    from_on: date | None
    until: date | None
    basis: str
    document_no: str
    reason: str
    status: str
    proposed_by: str
    proposed_login: str | None
    decided_on: date | None = None
    due_on: date | None = None
    lifted_on: date | None = None
    answered_on: date | None = None
    answer: str | None = None
    payments: list[Payment] = []

    @property
    def paid(self) -> int:
        """What was paid in of it, in fen, without what paying late cost."""
        return sum(payment.amount for payment in self.payments)

    @property
    def paid_late(self) -> int:
        """What was paid in for paying late, in fen."""
        return sum(payment.late for payment in self.payments)


class CaseFact(Struct, frozen=True):
    """A fact that a decision makes, as it is sent to intake."""

    source: str
    event_id: str
    number: int
    place: int
    case_id: str
    measure_id: str
    type: str
    body: str
