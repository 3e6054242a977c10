"""What of finance waits for a second person, on the first page."""

from collections.abc import Sequence

from sqlalchemy import func, select

from infra.console.group import Task
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from projections.advance_requests import advance_requests
from projections.fund_budgets import fund_budgets
from projections.fund_movements import fund_movements
from projections.prepayments import prepayments

WAITING = (
    (fund_movements, "entered", "entered_by", "/finance/movements?status=entered", "资金收支待复核", "movements"),
    (fund_budgets, "entered", "entered_by", "/finance/budgets?status=entered", "年度预算待复核", "budgets"),
    (prepayments, "ordered", "ordered_by", "/finance/prepayments?status=ordered", "预拨待复核", "prepayments"),
    (advance_requests, "applied", "applied_by", "/finance/advances?state=applied", "临时救急借款申请待审核", "loans"),
)
"""Table, the status that waits, who took the first step, where the rows are, and what they are called."""


async def waiting(visitor: Visitor) -> Sequence[Task]:
    """Steps that another than the visitor has begun."""
    if not visitor.may(Permission.FUNDS_STEP):
        return ()
    tasks = []
    async with visitor.engine.connect() as connection:
        for table, status, first, path, chinese, english in WAITING:
            rows = select(func.count()).where(table.c.status == status, visitor.is_others(table.c[first]))
            number = (await connection.execute(rows)).scalar_one()
            tasks.append(Task(path, chinese, f"{english} to approve", number))
    return tasks
