"""``/persons``: those who are insured, and ``/persons/<id>``, one of them."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from infra.console.authorization import needs
from infra.console.group import MenuEntry, PageGroup
from infra.console.histories import history_of, uplifts_shown
from infra.console.listing import show_listing
from infra.console.looks import record_look
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.persons.axes import Axes, address_moment, read_axes
from infra.console.persons.enrolments import INSURED, insured
from infra.console.persons.strip import strip
from infra.console.visitor import Visitor
from infra.person_file.page import values
from processors.person.accumulation_steps import running_of
from processors.person.comparison import SubjectChange, changed_between
from processors.person.file import file_of
from processors.person.history import PersonHistory
from processors.person.knowledge import Learnt, learnt_of
from processors.proof.person_proof import prove_person

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.PERSONS)]


@router.get("/persons")
async def persons(request: Request, visitor: Reader) -> Response:
    """Who is insured, by year, region and category."""
    category = request.query_params.get("category", "").strip()
    return await show_listing(request, visitor, INSURED, insured(category), "persons/persons.html")


@router.get("/persons/{person_id}")
async def person(request: Request, visitor: Reader, person_id: str) -> Response:
    """All of one person: as known at ``known``, as true on ``on``, and what changed since ``before``."""
    axes = read_axes(request.query_params)
    history = await history_of(visitor, person_id, axes.known, axes.on)
    await record_look(request, visitor, person_id, "person")
    file = await file_of(visitor.engine, history)
    proof = await prove_person(visitor.engine, person_id, history.schemes) if axes.current else None
    facts = learnt_of(history)
    changes, learnt = await _compared(visitor, axes, history, facts)
    return render(
        request,
        "persons/person.html",
        axes=axes,
        proof=proof,
        strip=strip(file.claims),
        running=running_of(history),
        facts=facts,
        causes={fact.number: fact for fact in facts},
        changes=changes,
        learnt=learnt,
        links=True,
        at_window=visitor.may(Permission.WINDOW) and axes.current,
        uplifts=uplifts_shown(history),
        form_moment=address_moment,
        first_learnt=min((fact.at for fact in facts), default=None),  # before it the ledger knew nobody
        just_before=lambda moment: address_moment(moment - timedelta(microseconds=1)),
        categories=history.categories,
        day=history.day,
        **values(file),
    )


async def _compared(
    visitor: Visitor, axes: Axes, history: PersonHistory, facts: list[Learnt]
) -> tuple[list[SubjectChange] | None, list[Learnt]]:
    """What is not as it was known at ``before``, and the facts that came between."""
    if axes.before is None:
        return None, []
    earlier, later = axes.before, history.as_of
    before = await history_of(visitor, history.person_id, earlier, axes.on, needed=False)
    return changed_between(before, history), [each for each in facts if earlier < each.at <= later]


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/persons",
            "参保人",
            "persons",
            Permission.PERSONS,
            10,
            told="一个人为什么报了这些：时间带、累计、逐笔依据，从前和现在的差别",
        ),
    ),
)
