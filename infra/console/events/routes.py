"""``/events``: an event by its source and id; ``/events/<journal>/<number>``: an entry of the ledger as it was sent."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from events.store.journal import entries
from infra.console.authorization import needs
from infra.console.errors import Forbidden, NotFound
from infra.console.events.entry import LedgerEntry, entry_of, followed_from
from infra.console.group import PageGroup
from infra.console.histories import history_of
from infra.console.looks import record_look
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from processors.delivery.names import ACCESS_JOURNAL

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.SEARCH)]
_LARGEST = 2**63 - 1


@router.get("/events")
async def events(request: Request, visitor: Reader, source: str = "", id: str = "") -> Response:  # noqa: A002 - as CloudEvents call it
    """Lead to the entry of an event, or ask for one."""
    source, event_id = source.strip(), id.strip()
    if not event_id or "\0" in source + event_id:
        return render(request, "events/events.html", found=[], source=source, event_id=event_id)
    query = select(entries.c.journal, entries.c.number, entries.c.type, entries.c.source, entries.c.recorded_at)
    query = query.where(entries.c.source == source) if source else query.where(entries.c.source.is_not(None))
    query = query.where(entries.c.event_id == event_id).order_by(entries.c.journal, entries.c.number).limit(50)
    async with visitor.engine.connect() as connection:
        found = (await connection.execute(query)).all()
    if len(found) == 1:
        return RedirectResponse(f"/events/{quote(found[0].journal)}/{found[0].number}", 303)
    return render(request, "events/events.html", found=found, source=source, event_id=event_id)


@router.get("/events/{journal}/{number}")
async def event(request: Request, visitor: Reader, journal: str, number: str) -> Response:
    """An entry: what was sent or decided, what it follows from, and what followed from it."""
    place = int(number) if number.isascii() and number.isdecimal() and len(number) < 20 else 0
    if journal == ACCESS_JOURNAL and not visitor.may(Permission.ACCESS):
        raise Forbidden("查阅记录只供监督查看。Records of looks are for oversight alone")
    async with visitor.engine.connect() as connection:
        query = select(entries).where(entries.c.journal == journal, entries.c.number == min(place, _LARGEST))
        row = (await connection.execute(query)).mappings().first() if place and "\0" not in journal else None
    if row is None:
        raise NotFound(f"账册 {journal} 没有第 {number} 条。There is no entry {number} in journal {journal}")
    entry = entry_of(dict(row))
    for person_id in entry.persons:
        await record_look(request, visitor, person_id, "event")
    return render(
        request,
        "events/event.html",
        entry=entry,
        effects=await _effects(visitor, entry),
    )


async def _effects(visitor: Visitor, entry: LedgerEntry) -> list[Any]:
    """What was booked for the persons of an entry because of it."""
    found: list[Any] = []
    for person_id in entry.persons if entry.is_fact else ():
        history = await history_of(visitor, person_id, needed=False)
        found += followed_from(history, entry.number)
    return found


GROUP = PageGroup(router)
