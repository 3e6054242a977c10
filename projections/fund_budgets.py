"""Budgets of funds: what a fund may spend and should receive in a year, entered by one person, approved by another.

Journal ``funds.0`` is the record. A budget that is approved later (预算调整) takes the place of the one before.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, convert
from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table, Text

from events import decisions
from events.store.metadata import metadata, not_negative, one_of
from projections.office_register import OfficeRegister
from projections.signatures import TELLS_NOBODY_APART, signature, signature_columns

BUDGET_STATES = ("entered", "approved", "withdrawn")

fund_budgets = Table(
    "fund_budgets",
    metadata,
    Column("budget_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, comment="of the event in journal funds.0"),
    Column("scheme", Text, nullable=False, comment="name"),
    Column("region", Text, nullable=False),
    Column("fund", Text, nullable=False),
    Column("insurer", Text, comment="who keeps it, where one does"),
    Column("year", SmallInteger, nullable=False, comment="of the account"),
    Column("spending", BigInteger, nullable=False, comment="fen that the fund may spend in the year"),
    Column("income", BigInteger, comment="fen that it should receive"),
    Column("order_no", Text, nullable=False, comment="of the document that sets it"),
    Column("office", Text, nullable=False, comment="bureau or finance_office: whose clerk entered it"),
    Column("status", Text, nullable=False, comment="entered, approved (the last of a fund and year counts), withdrawn"),
    *signature_columns("entered", required=True, login=TELLS_NOBODY_APART),
    *signature_columns("approved"),
    *signature_columns("ended", comment="who withdrew it"),
    Column("reason", Text, comment="why it was withdrawn"),
    Index("fund_budgets_account", "scheme", "region", "year"),
    not_negative("spending", "income"),
    one_of("status", BUDGET_STATES),
    one_of("office", ("bureau", "finance_office")),
    schema="projections",
    comment="budgets of funds, as offices entered them",
)


class FundBudget(Struct, frozen=True):
    """One budget of a fund for a year; amounts in fen."""

    budget_id: str
    number: int
    scheme: str
    region: str
    fund: str
    insurer: str | None
    year: int
    spending: int
    income: int | None
    order_no: str
    office: str
    status: str
    entered_by: str
    entered_login: str | None
    entered_at: datetime
    approved_by: str | None = None
    approved_login: str | None = None
    approved_at: datetime | None = None
    ended_by: str | None = None
    ended_login: str | None = None
    ended_at: datetime | None = None
    reason: str | None = None

    @property
    def account(self) -> tuple[str, str, str, str | None, int]:
        """Whose budget it is, and of which year."""
        return self.scheme, self.region, self.fund, self.insurer, self.year


STATED = tuple(FundBudget.__struct_fields__[2:11])
"""What ``fund_budget.entered.v1`` says of a budget beside its id."""


class BudgetRegister(OfficeRegister[FundBudget]):
    """The budgets of funds, by id, as the journal's events make them."""

    table, row, key = fund_budgets, FundBudget, "budget_id"

    def apply(self, type_: str, number: int, at: datetime, data: Mapping[str, Any]) -> None:
        """Apply one event of the journal. Raises ``KeyError`` where it names what is not there."""
        match type_:
            case decisions.FUND_BUDGET_ENTERED:
                own = {"budget_id": data["budget_id"], "number": number, "status": "entered"}
                stated = {name: data.get(name) for name in STATED}
                self.put(convert(own | stated | signature("entered", data, at), FundBudget))
            case decisions.FUND_BUDGET_APPROVED:
                self.change(data, "approved", signature("approved", data, at))
            case decisions.FUND_BUDGET_WITHDRAWN:
                self.change(data, "withdrawn", signature("ended", data, at) | {"reason": data["reason"]})
            case _:
                raise KeyError(type_)

    def in_force(self) -> dict[tuple[str, str, str, str | None, int], FundBudget]:
        """The budget that counts of each fund and year: the one that was approved last."""
        approved = [each for each in self if each.status == "approved" and each.approved_at is not None]
        return {each.account: each for each in sorted(approved, key=lambda each: (each.approved_at, each.number))}
