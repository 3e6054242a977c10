"""``/access``: the record of looks, and ``/access/purpose``, where an investigator says what a look is for."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup
from infra.console.listing import Listing, show_listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.console.looks import LONGEST_REASON, asks_purpose, purpose_of
from infra.console.pages import done, own_path, render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.words.looks import LOOKED_PAGE_NAMES
from processors.access_log.listings import looks_query

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.ACCESS)]
Investigator = Annotated[Visitor, needs(Permission.PERSONS)]
LOOKS = Listing(
    name="looks",
    title="查阅记录 Looks at persons",
    columns=(
        ListColumn("number", "序号", "number", "count"),
        ListColumn("at", "时间", "time", "moment"),
        ListColumn("login", "登录名", "login", "id", link=lambda row: f"/access?login={row['login']}"),
        ListColumn("owner", "数据库所有者", "owner", "flag", sortable=False),
        ListColumn("person_id", "参保人", "person", "id", link=lambda row: f"/access?person={row['person_id']}"),
        ListColumn("page", "页面", "page", names=LOOKED_PAGE_NAMES),
        ListColumn("case_id", "案件", "case", "id"),
        ListColumn("reason", "事由", "reason", sortable=False),
    ),
    filters=(
        ListFilter("person", "参保人", "person", column="person_id"),
        ListFilter("login", "登录名", "login"),
        ListFilter("case", "案件", "case", column="case_id"),
        ListFilter("from", "自", "from", "from", column="at"),
        ListFilter("until", "至", "until", "until", column="at"),
    ),
    order="-number",
    key=("number",),
    personal=True,
    looks=False,
)


@router.get("/access")
async def access(request: Request, visitor: Reader) -> Response:
    """Every look, newest first."""
    return await show_listing(request, visitor, LOOKS, looks_query(), "access/looks.html")


@router.get("/access/purpose")
async def purpose(request: Request, visitor: Investigator, next: str = "/") -> Response:  # noqa: A002 - as the address
    """What is looked for from now on."""
    asked, longest = asks_purpose(visitor), LONGEST_REASON
    return render(request, "access/purpose.html", next=own_path(next), asked=asked, longest=longest)


@router.post("/access/purpose")
async def say_purpose(
    visitor: Investigator,
    case: Annotated[str, Form(max_length=200)] = "",
    reason: Annotated[str, Form(max_length=1_000)] = "",
    next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002 - as the form has it
) -> Response:
    """Keep it for the session: each look from now on carries it."""
    visitor.purpose = await purpose_of(visitor, case, reason)
    said = visitor.purpose.text()
    return done(visitor, own_path(next), f"此后的查阅按“{said}”记录。Looks from now on are recorded for that")


GROUP = PageGroup(
    router, (MenuEntry("/access", "查阅记录", "looks", Permission.ACCESS, 75, told="谁看过哪位参保人，为了什么"),)
)
