"""The steps on a fund's budget: entered by one person, approved by another, or withdrawn before that."""

from datetime import date
from typing import Any

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import covers
from events.decisions import FUND_BUDGET_APPROVED, FUND_BUDGET_ENTERED, FUND_BUDGET_WITHDRAWN
from events.money import yuan
from processors.accounts.journal import FundJournal, open_journal
from processors.accounts.refusal import STATUS_NAMES, FundMovementRefused
from processors.accounts.steps import insurer_of, scheme_in_force
from processors.offices.operators import Operator
from projections.fund_budgets import BudgetRegister, FundBudget, fund_budgets

YEARS_AHEAD = 1
"""A budget is of a past year, of this one, or of the next."""


class BudgetOrder(Struct, frozen=True):
    """What one person enters: what a fund may spend in a year, and what it should receive; amounts in fen."""

    scheme: str
    region: str
    fund: str
    year: int
    spending: int
    order_no: str
    income: int | None = None
    insurer: str | None = None
    office: str = "finance_office"


async def enter_budget(engine: AsyncEngine, order: BudgetOrder, actor: str) -> str:
    """Enter a budget; it counts once another person has approved it. Returns its id.

    Raises ``FundMovementRefused`` where the scheme, region, fund or insurer is unknown, the year is too far ahead, or
    another budget of the fund and year waits for its approval.
    """
    async with open_journal(engine) as journal:
        scheme, insurers = await scheme_in_force(journal.connection, order.scheme, order.region, (order.fund,))
        stated = structs.replace(order, insurer=insurer_of(scheme, insurers, order.fund, order.insurer))
        _require_form(stated, journal.today)
        account = (stated.scheme, stated.region, stated.fund, stated.insurer, stated.year)
        for each in journal.register.budgets:
            if each.status == "entered" and each.account == account:
                raise FundMovementRefused(
                    f"{each.budget_id} 待复核（{yuan(each.spending)} 元），先复核或撤回。"
                    f"{each.budget_id} of this fund and year waits: approve or withdraw it first"
                )
        budget_id = f"{order.region}-B{journal.next_number}"
        journal.record(FUND_BUDGET_ENTERED, {"budget_id": budget_id, **structs.asdict(stated), "actor": actor})
    return budget_id


async def approve_budget(engine: AsyncEngine, budget_id: str, actor: str) -> FundBudget:
    """Approve a budget: it counts from now on, in the place of an earlier one. Raises ``FundMovementRefused``."""
    async with open_journal(engine) as journal:
        found = _entered(journal, budget_id)
        enterer = Operator(found.entered_by, found.entered_login)
        journal.operator(actor).must_differ(enterer, f"entered {budget_id}", "approve it")
        journal.record(FUND_BUDGET_APPROVED, {"budget_id": budget_id, "actor": actor})
    return found


async def withdraw_budget(engine: AsyncEngine, budget_id: str, actor: str, reason: str) -> FundBudget:
    """Take back a budget that nobody has approved. Raises ``FundMovementRefused``."""
    async with open_journal(engine) as journal:
        found = _entered(journal, budget_id)
        journal.record(FUND_BUDGET_WITHDRAWN, {"budget_id": budget_id, "actor": actor, "reason": reason})
    return found


async def budget_rows(
    engine: AsyncEngine, *, region: str | None = None, year: int | None = None, status: str | None = None
) -> list[dict[str, Any]]:
    """Budgets in the order in which they were entered, money in yuan; ``counts`` says which one is in force."""
    register = BudgetRegister()
    async with engine.connect() as connection:
        await register.load(connection, *([] if year is None else [fund_budgets.c.year == year]))
    counting = {budget.budget_id for budget in register.in_force().values()}
    return [
        _told(each) | {"counts": each.budget_id in counting}
        for each in register
        if (region is None or covers(region, each.region)) and status in (None, each.status)
    ]


def _told(budget: FundBudget) -> dict[str, Any]:
    told = structs.asdict(budget)
    told |= {"spending": yuan(budget.spending), "income": None if budget.income is None else yuan(budget.income)}
    told |= {name: told[name] and told[name].isoformat() for name in ("entered_at", "approved_at", "ended_at")}
    return {name: value for name, value in told.items() if name != "number"}


def _entered(journal: FundJournal, budget_id: str) -> FundBudget:
    found = journal.register.budgets.get(budget_id)
    if found is None:
        raise FundMovementRefused(f"没有预算 {budget_id}，全部见 claims funds budgets。there is no budget {budget_id}")
    if found.status != "entered":
        raise FundMovementRefused(
            f"{budget_id} {STATUS_NAMES[found.status]}，这一步只能用于待复核的预算。{budget_id} is {found.status}"
        )
    return found


def _require_form(order: BudgetOrder, today: date) -> None:
    if order.year > today.year + YEARS_AHEAD:
        raise FundMovementRefused(f"{order.year} 年度太远，今年是 {today.year}。{order.year} is too far ahead")
    if order.spending <= 0:
        raise FundMovementRefused("支出预算须大于 0。the spending must be above 0")
