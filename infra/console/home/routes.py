"""``/``: what waits for the visitor, as each group of pages tells it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.stamp import ledger_stamp
from infra.console.state import state_of
from infra.console.visitor import Visitor

router = APIRouter()


@router.get("/")
async def home(request: Request, visitor: Annotated[Visitor, needs(Permission.HOME)]) -> Response:
    """What waits, urgent first."""
    asked = [
        group.tasks(visitor)
        for group in state_of(request).groups.values()
        if group.tasks is not None and visitor.may(group.menu[0].permission)
    ]
    told = [task for tasks in await asyncio.gather(*asked) for task in tasks if task.number]
    async with visitor.engine.connect() as connection:
        stamp = await ledger_stamp(connection, visitor)
    tasks = sorted(told, key=lambda task: not task.urgent)
    return render(request, "home/home.html", tasks=tasks, stamp=stamp)


GROUP = PageGroup(router, (MenuEntry("/", "首页", "home", Permission.HOME, 0),))
