"""``/registers``: the registers of the office, and each of them with filters and exports."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import exists, select

from infra.console.authorization import needs
from infra.console.errors import NotFound
from infra.console.group import MenuEntry, PageGroup
from infra.console.listing import show_listing
from infra.console.looks import record_look
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.registers.listings import ALL_REGISTERS, register_listing, register_query
from infra.console.visitor import Visitor
from infra.words.registers import empty_register
from projections.enrolments import enrolments
from projections.hospitals import hospitals

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.REGISTERS)]


@router.get("/registers")
async def registers(request: Request, _: Reader) -> Response:
    """All of them."""
    return render(request, "registers/registers.html", registers=ALL_REGISTERS.values())


@router.get("/registers/{name}")
async def register(request: Request, visitor: Reader, name: str) -> Response:
    """One register; asked for one person it is a look at the person."""
    wanted = ALL_REGISTERS.get(name)
    if wanted is None:
        raise NotFound(f"没有台账 {name}，全部见 /registers。There is no register {name}")
    person = request.query_params.get("person", "").strip()
    async with visitor.engine.connect() as connection:
        called = {row.hospital_id: row.name for row in await connection.execute(select(hospitals))}
        known = select(exists().where(enrolments.c.person_id == person))
        is_known = bool(person) and (await connection.execute(known)).scalar_one()
    if is_known and wanted.personal:
        await record_look(request, visitor, person, f"register {name}")
    listing = register_listing(wanted, called)
    shown = {"register": wanted, "why_empty": empty_register(name)}
    return await show_listing(request, visitor, listing, register_query(wanted), "registers/register.html", **shown)


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/registers", "台账", "registers", Permission.REGISTERS, 37, told="慢性病卡、定点机构、备案、按户核查等台账"
        ),
    ),
)
