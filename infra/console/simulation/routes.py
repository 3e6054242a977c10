"""``/whatif``: a reform's parameters on the left, on the right what it changes, how far it is, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.authorization import needs
from infra.console.background import STATE_NAMES, WorkFile, WorkOutcome, WorkProgress
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
from infra.console.state import ConsoleState, state_of
from infra.console.visitor import Visitor
from infra.postgres.engine import database_url_of
from infra.whatif_page.page import change_values, effect_values, page
from infra.words.simulations import KIND_NAMES, answer
from infra.worker.simulation_results import SimulationResult, simulation_result
from infra.worker.simulations import Settling
from processors.queries.names import load_names
from processors.simulation.bases import LawOfLedger, replacements
from processors.simulation.changed_texts import changed_texts

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.SIMULATION)]
KIND = "whatif"
LONGEST_ADDRESS = 6_000
"""Characters of an address that browsers and proxies take; a longer reform has none, and is passed on as text."""


@dataclass
class RunSimulation:
    """What a work is about, for its page, and once it has ended its result with the names of hospitals."""

    name: str
    form: ReformForm
    result: SimulationResult | None = None
    hospitals: Mapping[str, str] = field(default_factory=dict)


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
    reform, asked = form.read(), form.asked()
    replacements(reform, await law_of(visitor.engine), {})  # what can't be used is said at once

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        def told(what: str, done: int, total: int) -> None:
            progress.set(done, total, what)

        settling = Settling(progress=told, kept_in=_kept_in(state))
        result = await simulation_result(database_url_of(engine), [reform], asked, settling)
        if result.totals is not None and result.totals.unlike_count:
            return WorkOutcome(
                f"账上与重算不一致的参保人 {result.totals.unlike_count} 名，不能测算：请先验账。The books of so many "
                "persons are not what settling them anew gives: prove the books first",
                path="/operations/proof",
                good=False,
            )
        async with engine.connect() as connection:
            subject.hospitals = (await load_names(connection)).hospitals
        subject.result = result
        return _outcome(f"/whatif/{started.id}", form, reform.reform.name, result, subject.hospitals)

    subject = RunSimulation(reform.reform.name, form)
    started = state.works.start(visitor, KIND, "政策测算 Policy simulation", work, subject)
    return RedirectResponse(f"/whatif/{started.id}", 303)


@router.get("/whatif/{work_id}")
async def one(request: Request, visitor: Reader, work_id: str) -> Response:
    """A simulation of the visitor's own: how far it is, then what it came to beside its parameters."""
    work = state_of(request).works.find(visitor, work_id)
    found = work.subject
    if not isinstance(found, RunSimulation) or not work.is_of(visitor):
        raise NotFound("没有这次测算。There is no such simulation")
    effect = {}
    if found.result is not None:
        effect = effect_values(found.result.changed, found.result.told, found.hospitals)
    return _show(request, visitor, await law_of(visitor.engine), found.form, work=work, **effect)


def _show(request: Request, visitor: Visitor, law: LawOfLedger, form: ReformForm, **shown: Any) -> Response:
    text = scheme_of(form, law)
    query = urlencode(form.query())
    return render(
        request,
        "simulation/whatif.html",
        **{"work": None, "changed": None, "result": None, **shown},
        form=form,
        schemes=scheme_names(law),
        scheme=text,
        values=[] if text is None else list(changeable(text)),
        kinds_of=KIND_NAMES,
        states=STATE_NAMES,
        address=f"/whatif?{query}" if len(query) <= LONGEST_ADDRESS else None,
        own=[each for each in state_of(request).works.of(visitor) if each.kind == KIND and each.is_of(visitor)],
    )


def _outcome(
    path: str, form: ReformForm, name: str, result: SimulationResult, hospitals: Mapping[str, str]
) -> WorkOutcome:
    """The result's page to download, which names nobody: a look at a person would have to be recorded."""
    told = {key: value for key, value in result.told.items() if key != "moved"}
    made = page([name], result.changed, told, form.options(), hospitals)
    return WorkOutcome(
        f"测算完成，未入账：{answer(result.told)}Simulated, nothing booked",
        [("参保人", "persons", result.persons), ("受益", "gain", told["persons"]["gain"])],
        path,
        WorkFile("whatif.html", "text/html; charset=utf-8", made.encode()),
    )


def _kept_in(state: ConsoleState) -> Path | None:
    folder = state.settings.data_dir
    return folder if folder.is_dir() else None


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
