"""Civil affairs: departments' lists in, hospitals' and townships' lists out."""

from collections.abc import Sequence

from fastapi import APIRouter

from infra.console.group import MenuEntry, PageGroup, Shortcut, Task
from infra.console.permissions import Permission
from infra.console.rosters import import_routes, month_routes, withdrawal_routes
from infra.console.visitor import Visitor
from processors.rosters.duty import load_lists_in
from processors.rosters.period import Period

router = APIRouter()
for part in (import_routes, month_routes, withdrawal_routes):
    router.routes.extend(part.router.routes)


async def waiting(visitor: Visitor) -> Sequence[Task]:
    """Departments whose list of this month is due and has not come."""
    today = await visitor.today()
    period = Period(today.year, today.month)
    async with visitor.engine.connect() as connection:
        lists = await load_lists_in(connection, period, today)
    missing = sum(each.state == "missing" for each in lists)
    return [
        Task(f"/rosters/duty?month={period}", "部门名单到期未报", "departments' lists overdue", missing, urgent=True)
    ]


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/rosters",
            "名册",
            "rosters",
            Permission.ROSTERS,
            50,
            told="上传部门名单，先预览再入账",
            shortcuts=(
                Shortcut("/rosters/duty", "谁没有报、谁没有签收"),
                Shortcut("/rosters/month", "月名册、两部门比对、下发"),
            ),
        ),
    ),
    tasks=waiting,
)
