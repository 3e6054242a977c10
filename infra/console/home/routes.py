"""``/``: what waits for the visitor, as each group of pages tells it."""

import sys
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup, Shortcut
from infra.console.pages import menu, render
from infra.console.permissions import Permission
from infra.console.stamp import ledger_stamp
from infra.console.state import state_of
from infra.console.visitor import Visitor

router = APIRouter()
SECTIONS = (
    (0, "查人、查账", "look up"),
    (30, "监管", "supervision"),
    (40, "财务和清算", "finance and clearing"),
    (50, "民政名单和窗口", "rosters and the window"),
    (60, "政策和领导", "law and leaders"),
    (70, "运行和监督", "operations and oversight"),
)
"""The first page's sections: from which place in the menu on, and their names."""


@router.get("/")
async def home(request: Request, visitor: Annotated[Visitor, needs(Permission.HOME)]) -> Response:
    """What waits, urgent first."""
    told = [  # one group after the other: all at once would each take a connection, and most of them a new one
        task
        for group in state_of(request).groups.values()
        if group.tasks is not None and visitor.may(group.menu[0].permission)
        for task in await group.tasks(visitor)
        if task.number
    ]
    async with visitor.engine.connect() as connection:
        stamp = await ledger_stamp(connection, visitor)
    tasks = sorted(told, key=lambda task: not task.urgent)
    return render(request, "home/home.html", tasks=tasks, stamp=stamp, sections=_sections(request, visitor))


def _sections(request: Request, visitor: Visitor) -> list[tuple[str, str, list[MenuEntry]]]:
    """The pages that the visitor may open, by what they are for, with the shortcuts that are open too."""
    ends = [start for start, _, _ in SECTIONS[1:]] + [sys.maxsize]
    entries = [
        replace(entry, shortcuts=tuple(each for each in entry.shortcuts if _is_open(visitor, each)))
        for entry in menu(state_of(request), visitor)
        if entry.path != "/"
    ]
    grouped = [
        (chinese, english, [entry for entry in entries if start <= entry.place < end])
        for (start, chinese, english), end in zip(SECTIONS, ends, strict=True)
    ]
    return [each for each in grouped if each[2]]


def _is_open(visitor: Visitor, shortcut: Shortcut) -> bool:
    return shortcut.permission is None or visitor.may(shortcut.permission)


GROUP = PageGroup(router, (MenuEntry("/", "首页", "home", Permission.HOME, 0),))
