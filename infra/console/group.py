"""What a folder of pages brings: its routes, its places in the menu, and what it has waiting for a visitor."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from fastapi import APIRouter

from infra.console.permissions import Permission
from infra.console.visitor import Visitor

if TYPE_CHECKING:
    from infra.console.state import ConsoleState


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What one wants to do, as the first page words it, and the page for it; ``permission`` where not the entry's."""

    path: str
    chinese: str
    permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A place in the menu; shown to whom the permission is given. ``place`` orders the menu, small ones first.

    ``told`` says in Chinese what one does there, and ``shortcuts`` lead to single tasks: both on the first page.
    """

    path: str
    chinese: str
    english: str
    permission: Permission
    place: int
    told: str = ""
    shortcuts: tuple[Shortcut, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for a visitor, on the home page: how many, and where they are."""

    path: str
    chinese: str
    english: str
    number: int
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class PageGroup:
    """A folder of pages. ``tasks`` tells what waits for a visitor who has the permission of ``menu``'s first entry.

    ``upkeep`` is called every half minute: what its pages would have to wait for is done beforehand.
    """

    router: APIRouter
    menu: tuple[MenuEntry, ...] = field(default=())
    tasks: Callable[[Visitor], Awaitable[Sequence[Task]]] | None = None
    upkeep: "Callable[[ConsoleState], Awaitable[None]] | None" = None


def page_groups() -> dict[str, PageGroup]:
    """The groups of all folders here that have ``routes.py``: a new one needs no list to be changed."""
    here = Path(__file__).parent
    folders = [
        each.name for each in iter_modules([str(here)]) if each.ispkg and (here / each.name / "routes.py").exists()
    ]
    groups = {name: import_module(f"infra.console.{name}.routes").GROUP for name in folders}
    return dict(sorted(groups.items(), key=lambda each: _place(each[1])))


def _place(group: PageGroup) -> int:
    return min((entry.place for entry in group.menu), default=0)
