"""Checks what offices noted of funds' money, and that the lines of accounts are what the journals book, to the fen."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import PREMIUM_REFUNDED
from events.money import yuan
from processors.accounts.journal import registers_from_journal
from processors.accounts.steps import same_reference
from processors.delivery.names import FUNDS_JOURNAL
from processors.offices.operators import Operator
from processors.proof.verification.report import VerifyReport
from projections.bookings import IS_BOOKING, IS_PREMIUM
from projections.fund_bookings import BOOKED_ON_FUNDS
from projections.fund_budgets import BudgetRegister, FundBudget
from projections.fund_movements import FundMovement, FundRegister

_LINES = f"""
WITH ranges AS (
    SELECT journal, 0::bigint AS low, number AS high FROM projections.counted_journals
), booked AS (
    SELECT year, scheme, region, fund, insurer, line, sum(amount)::bigint AS amount FROM ({BOOKED_ON_FUNDS}) AS line
    GROUP BY 1, 2, 3, 4, 5, 6
), summed AS (
    SELECT year, scheme, region, fund, insurer, line, sum(amount)::bigint AS amount FROM projections.fund_bookings
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT concat_ws(' ', year, scheme, region, fund, nullif(insurer, ''), line) AS line,
       coalesce(booked.amount, 0) AS booked, coalesce(summed.amount, 0) AS summed
FROM booked FULL JOIN summed USING (year, scheme, region, fund, insurer, line)
WHERE coalesce(booked.amount, 0) <> coalesce(summed.amount, 0)
ORDER BY 1
"""  # noqa: S608 - our own statement

# Without a look at what entries say of their funds: nothing that moves money is left out of the accounts, or twice in.
_TOTALS = f"""
WITH counted AS (
    SELECT CASE WHEN entry.type LIKE 'payout.%' THEN 'payouts' WHEN entry.type LIKE 'grant.%' THEN 'grants'
                WHEN entry.type = '{PREMIUM_REFUNDED}' THEN 'refunds' ELSE 'premiums' END AS line,
           sum(entry.paid)::bigint AS amount
    FROM projections.counted_journals AS taken
    JOIN ledger.entries AS entry ON entry.journal = taken.journal AND entry.number <= taken.number
    WHERE {IS_BOOKING} OR {IS_PREMIUM}
    GROUP BY 1
)
SELECT line, amount FROM counted
UNION ALL
SELECT 'account ' || line, sum(amount)::bigint FROM projections.fund_bookings GROUP BY 1
"""  # noqa: S608 - our own conditions


async def check_funds(connection: AsyncConnection, report: VerifyReport) -> None:
    """Make the movements anew from their journal and compare them; hold the sums of finance against the entries."""
    try:
        registers = await registers_from_journal(connection)
        found, kept = FundRegister(), BudgetRegister()
        await found.load(connection)
        await kept.load(connection)
    except ValueError as error:
        report.problem("account", f"journal {FUNDS_JOURNAL}", "events and rows that can be read", error)
        return
    expected, budgets = registers.movements, registers.budgets
    for movement_id in expected.differing(found):
        told = (_told(register.get(movement_id)) for register in (expected, found))
        report.problem("account", f"movement {movement_id}", *told)
    for budget_id in budgets.differing(kept):
        told = (_budget_told(register.get(budget_id)) for register in (budgets, kept))
        report.problem("account", f"budget {budget_id}", *told)
    _check_persons(expected, report)
    for budget in budgets:
        approver = Operator(budget.approved_by or "", budget.approved_login)
        if budget.approved_by and Operator(budget.entered_by, budget.entered_login).is_same(approver):
            where = f"budget {budget.budget_id}"
            report.problem("account", where, "approval by another person than entered it", budget.approved_by)
    _check_references(expected, report)
    for row in await connection.execute(text(_LINES)):
        report.problem("account", row.line, yuan(row.booked), yuan(row.summed))
    await _check_totals(connection, report)


def _told(movement: FundMovement | None) -> str:
    if movement is None:
        return "none"
    return f"{movement.kind} {yuan(movement.amount)} on {movement.moved_on}, {movement.reference}, {movement.status}"


def _budget_told(budget: FundBudget | None) -> str:
    if budget is None:
        return "none"
    return f"{budget.fund} {budget.year} {yuan(budget.spending)}, {budget.order_no}, {budget.status}"


def _check_persons(movements: Iterable[FundMovement], report: VerifyReport) -> None:
    for each in movements:
        enterer = Operator(each.entered_by, each.entered_login)
        if each.approved_by is not None and enterer.is_same(Operator(each.approved_by, each.approved_login)):
            where = f"movement {each.movement_id}"
            report.problem("account", where, "approval by another person than entered it", each.approved_by)
        ended = Operator(each.ended_by or "", each.ended_login)
        if each.status == "reversed" and enterer.is_same(ended):
            report.problem("account", f"movement {each.movement_id}", "reversal by another person", ended.actor)


def _check_references(movements: Iterable[FundMovement], report: VerifyReport) -> None:
    standing: list[FundMovement] = []
    for each in movements:
        if not each.stands:
            continue
        for other in standing:
            if same_reference(each.reference, other.reference):
                where = f"movement {each.movement_id}"
                report.problem("account", where, "a reference of its own", f"{each.reference}, as {other.movement_id}")
        standing.append(each)


async def _check_totals(connection: AsyncConnection, report: VerifyReport) -> None:
    sums = {row.line: int(row.amount) for row in await connection.execute(text(_TOTALS))}
    to_insurance = sums.get("premiums", 0) - sums.get("refunds", 0)
    expected = {name: sums.get(name, 0) for name in ("payouts", "grants", "refunds")}
    for line, booked in (expected | {"premiums": to_insurance, "premiums_paid": to_insurance}).items():
        summed = sums.get(f"account {line}", 0)
        if booked != summed:
            report.problem("account", f"{line} of all accounts", yuan(booked), yuan(summed))
