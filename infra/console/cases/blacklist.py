"""``/blacklist``: who is on it; entered by one person, approved by another; removed before its end in the same way."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from infra.console.authorization import needs
from infra.console.cases import forms
from infra.console.cases.listings import BLACKLIST, subject_path, view_query
from infra.console.errors import NotFound
from infra.console.form_fields import FormFields
from infra.console.listing import show_listing
from infra.console.looks import record_look
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from processors.cases import blacklist as steps
from processors.cases import listings as views
from processors.cases import refusal
from projections.blacklist import blacklist as table

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CASES)]
Writer = Annotated[Visitor, needs(Permission.CASES_STEP)]


@router.get("/blacklist")
async def blacklist(request: Request, visitor: Reader, case: str = "") -> Response:
    """The blacklist with grounds and effects, and the form that enters somebody."""
    shown = {"case": case, "may_step": visitor.may(Permission.CASES_STEP), "refusal": refusal}
    source = view_query(views.BLACKLIST)
    return await show_listing(request, visitor, BLACKLIST, source, "cases/blacklist.html", **shown)


@router.get("/blacklist/{entry_id}")
async def entry(request: Request, visitor: Reader, entry_id: str) -> Response:
    """One entry, and what can be done with it now."""
    async with visitor.engine.connect() as connection:
        found = (await connection.execute(select(table).where(table.c.entry_id == entry_id))).mappings().one_or_none()
    if found is None:
        raise NotFound(f"黑名单没有 {entry_id}。There is no entry {entry_id}")
    if found["subject_kind"] == "person":
        await record_look(request, visitor, found["subject_id"], "blacklist")
    return render(
        request,
        "cases/entry.html",
        entry=found,
        effects="、".join(refusal.EFFECT_NAMES.get(each, each) for each in found["effects"]),
        subject_path=subject_path(dict(found)),
        refusal=refusal,
        may_step=visitor.may(Permission.CASES_STEP),
    )


@router.post("/blacklist")
async def enter(request: Request, visitor: Writer) -> Response:
    """Enter somebody; it holds once another person approves it."""
    fields = await FormFields.of(request)
    order = forms.blacklist_order(fields)
    entry_id = await steps.enter_blacklist(visitor.engine, order, visitor.actor(fields.raw("actor")))
    return done(
        visitor, f"/blacklist/{entry_id}", f"已登记 {entry_id}，待另一人复核。Entered: another person approves it"
    )


@router.post("/blacklist/{entry_id}/approve")
async def approve(request: Request, visitor: Writer, entry_id: str) -> Response:
    """Approve an entry or a removal; another person than entered it."""
    fields = await FormFields.of(request)
    await steps.approve_blacklist(visitor.engine, entry_id, visitor.actor(fields.raw("actor")))
    return done(visitor, f"/blacklist/{entry_id}", f"已复核 {entry_id}。Approved")


@router.post("/blacklist/{entry_id}/withdraw")
async def withdraw(request: Request, visitor: Writer, entry_id: str) -> Response:
    """Take back an entry or a removal that is not approved."""
    fields = await FormFields.of(request)
    why = fields.words("reason", "理由")
    await steps.withdraw_blacklist(visitor.engine, entry_id, visitor.actor(fields.raw("actor")), why)
    return done(visitor, f"/blacklist/{entry_id}", f"已撤回 {entry_id}。Withdrawn")


@router.post("/blacklist/{entry_id}/remove")
async def remove(request: Request, visitor: Writer, entry_id: str) -> Response:
    """Enter that somebody leaves the list early; another person approves it."""
    fields = await FormFields.of(request)
    await steps.remove_blacklist(
        visitor.engine,
        entry_id,
        visitor.actor(fields.raw("actor")),
        removed_on=fields.day("on", "移出日"),
        document_no=fields.words("document", "文号"),
        reason=fields.words("reason", "理由"),
    )
    return done(visitor, f"/blacklist/{entry_id}", "移出已登记，待另一人复核。Entered: another person approves it")
