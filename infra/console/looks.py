"""Every look at a person is recorded before anything of him is shown."""

from urllib.parse import quote

from fastapi import Request
from msgspec import structs
from sqlalchemy import ColumnElement, select

from events.national_ids import NationalIdGivenError, refuse_national_ids
from infra.console.errors import ConsoleError, FieldTrouble, Unprocessable
from infra.console.state import state_of
from infra.console.visitor import Purpose, Visitor
from processors.access_log.journal import Look
from processors.access_log.journal import record_look as write_look
from projections.cases import cases

SHORTEST_REASON, LONGEST_REASON = 2, 200


class PurposeAsked(ConsoleError):
    """An investigator has not said yet what he looks for: he is asked, and then led on to the page."""

    status = 403
    chinese, english = "请先说明查阅事由", "Say first what you look for"

    @staticmethod
    def page(request: Request) -> str:
        """Where he is asked."""
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return f"/access/purpose?next={quote(there)}" if request.method == "GET" else "/access/purpose"


def asks_purpose(visitor: Visitor) -> bool:
    """Whether a visitor says what he looks for: investigators do."""
    return "investigator" in visitor.groups and not visitor.is_owner


async def record_look(request: Request, visitor: Visitor, person_id: str, page: str) -> None:
    """Record that a visitor looks at a person; call it once the person was found, and before anything is shown.

    ``page`` is a short name of what is shown: ``person``, ``claim``, ``export claims``. It is written by the console's
    own login: who may only read could not. Raises ``PurposeAsked``; and where nothing can be written nothing is shown.
    """
    look = Look(visitor.login, person_id, page, visitor.is_owner)
    if asks_purpose(visitor):
        if visitor.purpose is None:
            raise PurposeAsked("查阅参保人须说明案件或事由。Say the case or the reason first")
        look = structs.replace(look, case_id=visitor.purpose.case_id, reason=visitor.purpose.reason)
    await write_look(state_of(request).engine, look)


async def record_listed_person(
    request: Request, visitor: Visitor, person_id: str | None, page: str, known_in: ColumnElement[str]
) -> None:
    """Record a list that is narrowed to one person, where ``known_in``, a column of ids, knows the person at all."""
    if person_id is None:
        return
    async with visitor.engine.connect() as connection:
        known = (await connection.execute(select(known_in).where(known_in == person_id).limit(1))).first()
    if known is not None:
        await record_look(request, visitor, person_id, page)


async def purpose_of(visitor: Visitor, case_id: str, reason: str) -> Purpose:
    """What an investigator looks for: a case that is there, or a reason. Raises ``Unprocessable``."""
    case_id, reason = case_id.strip().replace("\0", ""), " ".join(reason.split())
    if case_id:
        async with visitor.engine.connect() as connection:
            found = (await connection.execute(select(cases.c.case_id).where(cases.c.case_id == case_id))).scalar()
        if found is None:
            raise Unprocessable(FieldTrouble("案件", f"没有案件 {case_id}", "no such case"))
    elif not reason:
        raise Unprocessable(FieldTrouble("案件或事由", "须填写一项", "say a case or a reason"))
    if reason and not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Unprocessable(FieldTrouble("事由", f"{SHORTEST_REASON} 至 {LONGEST_REASON} 字", "too short or too long"))
    try:
        refuse_national_ids({"reason": reason})
    except NationalIdGivenError:
        raise Unprocessable(FieldTrouble("事由", "不得写身份证号", "must not hold a national id")) from None
    return Purpose(case_id or None, reason or None)
