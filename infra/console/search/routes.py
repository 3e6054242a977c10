"""``/search``: an id leads to its page, a part of a name to a list."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.search.finds import MOST_FOUND, find
from infra.console.visitor import Visitor

router = APIRouter()
Asked = Annotated[str, Query(max_length=200)]


@router.get("/search")
async def search(request: Request, visitor: Annotated[Visitor, needs(Permission.SEARCH)], q: Asked = "") -> Response:
    """One find by a whole id is opened at once."""
    asked = q.strip().replace("\0", "")
    finds = []
    if asked:
        async with visitor.engine.connect() as connection:
            finds = await find(connection, asked)
        exact = [each for each in finds if each.exact and each.path]
        if len(exact) == 1 and len(finds) == 1:
            return RedirectResponse(exact[0].path, 303)
    return render(request, "search/search.html", asked=asked, finds=finds, most=MOST_FOUND)


GROUP = PageGroup(
    router,
    (MenuEntry("/search", "查询", "search", Permission.SEARCH, 5, told="按编号找人、结算单、事件，按名称找医院"),),
)
