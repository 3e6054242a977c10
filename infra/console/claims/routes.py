"""``/claims``: statements by filter, and ``/claims/<id>``, one claim with each fen's rule."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from events.catalog import BUREAU
from infra.console.authorization import needs
from infra.console.claims.statements import STATEMENTS, statement_query
from infra.console.errors import NotFound, Refused
from infra.console.group import MenuEntry, PageGroup
from infra.console.histories import history_of, uplifts_shown
from infra.console.listing import show_listing
from infra.console.looks import record_listed_person, record_look
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.person_file.page import claim_values
from infra.words.fee_lines import PRICED_BY_NAMES
from infra.words.sources import source_named
from processors.clearing.claim_clearings import claim_clearings
from processors.clearing.refusal import STATUS_NAMES
from processors.person.accumulation_steps import running_of
from processors.person.file import file_of
from processors.person.history import PersonHistory
from processors.person.knowledge import learnt_of
from processors.visits.lines import PARTS
from processors.visits.listings import line_rows
from projections.statements import statements

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CLAIMS)]


@router.get("/claims")
async def claims(request: Request, visitor: Reader) -> Response:
    """Statements; those of one person are a look at that person."""
    person_id = STATEMENTS.criteria(request).texts.get("person")
    await record_listed_person(request, visitor, person_id, "claims", statements.c.person_id)
    return await show_listing(request, visitor, STATEMENTS, statement_query(), "claims/claims.html")


@router.get("/claims/{claim_id}")
async def claim(request: Request, visitor: Reader, claim_id: str) -> Response:
    """One claim: bill, waterfall, statements, adjustments and causes, clearings."""
    async with visitor.engine.connect() as connection:
        query = select(statements.c.person_id, statements.c.source).where(statements.c.claim_id == claim_id)
        row = (await connection.execute(query)).first()
        if row is None:
            raise NotFound(f"没有结算单 {claim_id}。There is no claim {claim_id}")
        cleared = await claim_clearings(connection, claim_id)
    history = await history_of(visitor, row.person_id)
    await record_look(request, visitor, row.person_id, "claim")
    file = await file_of(visitor.engine, history)
    shown = next((each for each in file.claims if each.claim_id == claim_id), None)
    if shown is None:
        raise Refused(
            f"账目里没有结算单 {claim_id} 的结算，与列表不符，请运行 claims verify 核对。"
            "The entries do not settle this claim, though the lists have it: run claims verify"
        )
    facts = learnt_of(history)
    about = [
        fact
        for fact in facts
        if fact.claim_id == claim_id or any(effect.claim_id == claim_id for effect in fact.effects)
    ]
    return render(
        request,
        "claims/claim.html",
        file=file,
        claim=shown,
        answered=source_named(row.source),
        answers=_answers(history, claim_id),
        running=[step for step in running_of(history) if step.claim_id == claim_id],
        about=about,
        cleared=cleared,
        fee_lines=[line async for line in line_rows(visitor.engine, claim_id)],
        fee_parts=("amount", *PARTS),
        priced_by=PRICED_BY_NAMES,
        statuses=STATUS_NAMES,
        links=True,
        may_change=row.source.startswith(f"{BUREAU}/") and visitor.may(Permission.WINDOW_STEP),
        uplifts=uplifts_shown(history),
        **claim_values([shown]),
    )


def _answers(history: PersonHistory, claim_id: str) -> list[dict[str, object]]:
    """Each statement as it was sent to whom settlement answers, the last first."""
    found = [each for each in history.settlements() if each.claim_id == claim_id]
    return [
        {
            "place": f"{each.journal}/{each.number}",
            "at": each.recorded_at,
            "type": each.type,
            "revision": each.statement.revision,
            "text": orjson.dumps(each.statement.json(), option=orjson.OPT_INDENT_2).decode(),
        }
        for each in reversed(found)
    ]


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/claims",
            "结算单",
            "claims",
            Permission.CLAIMS,
            15,
            told="一张结算单每一分钱的条款和算式，更正、清算到哪一步",
        ),
    ),
)
