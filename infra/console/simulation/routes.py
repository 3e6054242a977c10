"""``/whatif``: a reform's parameters on the left, on the right what it changes, how far it is, and what it comes to."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from infra.console.authorization import needs
from infra.console.background import STATE_NAMES
from infra.console.errors import NotFound
from infra.console.group import MenuEntry, PageGroup
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.simulation.reform_form import (
    ReformForm,
    change_of,
    changeable,
    first_form,
    law_of,
    scheme_names,
    scheme_of,
)
from infra.console.simulation.works import RunSimulation, goal_work, reform_work
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.whatif_page.page import change_values
from infra.words.simulations import KIND_NAMES
from infra.worker.fact_shards import place_for_facts
from processors.simulation.bases import LawOfLedger, replacements
from processors.simulation.changed_texts import changed_texts

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.SIMULATION)]
KIND = "whatif"
LONGEST_ADDRESS = 6_000
"""Characters of an address that browsers and proxies take; a longer reform has none, and is passed on as text."""


@router.get("/whatif")
async def whatif(request: Request, visitor: Reader) -> Response:
    """The form, empty or as the address says."""
    law = await law_of(visitor.engine)
    given = ReformForm.of(request.query_params)
    return _show(request, visitor, law, given if given.reform else first_form(law))


@router.post("/whatif/change")
async def change(request: Request, visitor: Reader) -> Response:
    """Add a change of one value to the reform's text."""
    fields = await request.form()
    law, form = await law_of(visitor.engine), ReformForm.of(fields)
    text = scheme_of(form, law)
    if text is None:
        raise NotFound("改革的 scheme 不是账本中的政策，请先改正。The reform's scheme is none of the ledger's")
    said = [str(fields.get(name, "")) for name in ("code", "value", "reason")]
    return _show(request, visitor, law, form.with_change(change_of(text, *said)))


@router.post("/whatif/check")
async def check(request: Request, visitor: Reader) -> Response:
    """What the reform changes, in words."""
    law, form = await law_of(visitor.engine), ReformForm.of(await request.form())
    changed = changed_texts(law.texts, replacements(form.read(), law, {}))
    return _show(request, visitor, law, form, **change_values(changed))


@router.post("/whatif")
async def run(request: Request, visitor: Reader) -> Response:
    """Simulate in the background; nothing is booked."""
    state, form = state_of(request), ReformForm.of(await request.form())
    goal, asked = form.read_goal(), form.asked()
    reform = form.read() if goal is None else goal.with_value(goal.values[0])
    replacements(reform, await law_of(visitor.engine), {})  # what can't be used is said at once
    subject, kept_in = RunSimulation(reform.reform.name, form), place_for_facts(state.settings)
    work = reform_work(reform, asked, subject, kept_in) if goal is None else goal_work(goal, asked, subject, kept_in)
    started = state.works.start(visitor, KIND, "政策测算 Policy simulation", work, subject)
    return RedirectResponse(f"/whatif/{started.id}", 303)


@router.get("/whatif/{work_id}")
async def one(request: Request, visitor: Reader, work_id: str) -> Response:
    """A simulation of the visitor's own: how far it is, then what it came to beside its parameters."""
    work = state_of(request).works.find(visitor, work_id)
    found = work.subject
    if not isinstance(found, RunSimulation) or not work.is_of(visitor):
        raise NotFound("没有这次测算。There is no such simulation")
    return _show(request, visitor, await law_of(visitor.engine), found.form, work=work, **found.effect)


def _show(request: Request, visitor: Visitor, law: LawOfLedger, form: ReformForm, **shown: Any) -> Response:
    text = scheme_of(form, law)
    query = urlencode(form.query())
    return render(
        request,
        "simulation/whatif.html",
        **{"work": None, "changed": None, "result": None, "told": None, **shown},
        form=form,
        schemes=scheme_names(law),
        scheme=text,
        values=[] if text is None else list(changeable(text)),
        kinds_of=KIND_NAMES,
        states=STATE_NAMES,
        address=f"/whatif?{query}" if len(query) <= LONGEST_ADDRESS else None,
        own=[each for each in state_of(request).works.of(visitor) if each.kind == KIND and each.is_of(visitor)],
    )


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/whatif",
            "政策测算",
            "what if",
            Permission.SIMULATION,
            66,
            told="改一个起付线、比例或封顶线，看要多花多少，谁受益；只算不入账",
        ),
    ),
)
