"""The table of the register of payees' accounts: each step one row, which is never changed.

It stands outside the ledger and its projections (docs/decisions/0026): in a schema and under a role of its own. What
tells the account is sealed; a new key seals it anew, and nothing else of a row may change (triggers refuse it).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, convert, structs
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, LargeBinary, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata, one_of
from processors.offices.operators import Operator
from projections.clearing_rows import PayeeKind

Relation = Literal["own", "guardian", "heir", "other"]
RELATIONS: tuple[Relation, ...] = ("own", "guardian", "heir", "other")
STEPS = ("set", "approved", "withdrawn", "ended")

account_steps = Table(
    "account_steps",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the step, without gaps from 1"),
    Column("step", Text, nullable=False, comment="set, approved, withdrawn (before approval) or ended"),
    Column("account", BigInteger, nullable=False, comment="number of the step that set the account"),
    Column("payee_kind", Text, nullable=False),
    Column("payee", Text, nullable=False, comment="hospital_id, person_id, or the region of the emergency fund"),
    Column("relation", Text, comment="whose account it is: own, guardian, heir or other"),
    Column("reason", Text, comment="why it is not the payee's own, or why it was withdrawn or ended"),
    Column("sealed", LargeBinary, comment="holder, number, bank and its code, AES-256-GCM"),
    Column("key_id", Text, comment="under which key it is sealed"),
    Column("actor", Text, nullable=False),
    Column("login", Text, nullable=False, comment="of the database"),
    Column("owner", Boolean, nullable=False, comment="whether the login owns the database, which tells nobody apart"),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("account_steps_payee", "payee_kind", "payee"),
    one_of("step", STEPS),
    one_of("payee_kind", ("hospital", "person", "emergency_fund")),
    one_of("relation", RELATIONS),
    schema="payees",
    comment="accounts to which payees are paid; a step is never changed, only sealed anew",
)


class AccountStep(Struct, frozen=True):
    """A row of the table."""

    number: int
    step: str
    account: int
    payee_kind: PayeeKind
    payee: str
    relation: Relation | None
    reason: str | None
    sealed: bytes | None
    key_id: str | None
    actor: str
    login: str
    owner: bool
    at: datetime

    @property
    def operator(self) -> Operator:
        """Who took the step."""
        return Operator(self.actor, None if self.owner else self.login)


class PayeeAccount(Struct, frozen=True):
    """An account that somebody set, and what became of it: proposed, approved, replaced, withdrawn or ended."""

    set_: AccountStep
    status: str = "proposed"
    approved: AccountStep | None = None
    closed: AccountStep | None = None

    @property
    def number(self) -> int:
        """What names the account: the number of the step that set it."""
        return self.set_.number

    @property
    def about(self) -> str:
        """What its sealed text is bound to."""
        return f"{self.set_.payee_kind}/{self.set_.payee}/{self.set_.number}"


class PayeeAccounts:
    """The accounts of the register as its steps make them."""

    def __init__(self, steps: Iterable[AccountStep] = ()) -> None:
        self.by_number: dict[int, PayeeAccount] = {}
        self._approved: dict[tuple[str, str], int] = {}
        self._proposed: dict[tuple[str, str], int] = {}
        for step in steps:
            self.apply(step)

    def approved(self, payee_kind: str, payee: str) -> PayeeAccount | None:
        """The account to which a payee is paid."""
        return self.by_number.get(self._approved.get((payee_kind, payee), 0))

    def proposed(self, payee_kind: str, payee: str) -> PayeeAccount | None:
        """The account of a payee that waits for another person."""
        return self.by_number.get(self._proposed.get((payee_kind, payee), 0))

    def standing(self) -> list[PayeeAccount]:
        """All that are approved or proposed, in the order of their numbers."""
        numbers = {*self._approved.values(), *self._proposed.values()}
        return [self.by_number[number] for number in sorted(numbers)]

    def apply(self, step: AccountStep) -> None:
        """Take the next step."""
        payee = step.payee_kind, step.payee
        if step.step == "set":
            self.by_number[step.number] = PayeeAccount(step)
            self._proposed[payee] = step.number
            return
        account = self.by_number[step.account]
        if step.step == "approved":
            before = self._approved.get(payee)
            if before is not None:
                replaced = structs.replace(self.by_number[before], status="replaced", closed=step)
                self.by_number[before] = replaced
            self._approved[payee] = step.account
            self.by_number[step.account] = structs.replace(account, status="approved", approved=step)
        else:
            self.by_number[step.account] = structs.replace(account, status=step.step, closed=step)
        open_ = self._approved if step.step == "ended" else self._proposed
        open_.pop(payee, None)


async def load_steps(
    connection: AsyncConnection, payee_kind: str | None = None, payee: str | None = None
) -> list[AccountStep]:
    """The steps of the register, or those on some payees' accounts, in their order."""
    asked: dict[str, Any] = {"payee_kind": payee_kind, "payee": payee}
    conditions = [account_steps.c[name] == value for name, value in asked.items() if value is not None]
    query = select(account_steps).where(*conditions).order_by(account_steps.c.number)
    rows = (await connection.execute(query)).mappings()
    return [convert({str(name): value for name, value in row.items()}, AccountStep) for row in rows]
