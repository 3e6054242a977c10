"""``/window/filing``: treatment elsewhere is filed, or what was filed is changed, after a look at what it replaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from events.catalog import BUREAU
from events.codes import FILING_KIND_NAMES
from events.refusals import Refusal
from infra.console.authorization import needs
from infra.console.errors import NotFound
from infra.console.form_fields import FormFields
from infra.console.looks import record_look
from infra.console.pages import done, query_text, render
from infra.console.permissions import Permission
from infra.console.session_contents import held, hold, let_go
from infra.console.step_access import step_access
from infra.console.visitor import Visitor
from infra.console.window.filing_form import FilingForm, form_of, fresh_filing
from infra.files.region_names import region_named
from infra.operations.ledger_access import events_are_taken
from infra.operations.window import filing_event, submit_filing
from processors.person.filing_trial import FilingTrial, foresee_filing
from projections.hospitals import hospitals
from projections.referral_filings import ReferralFiling, load_filings, referral_filings
from projections.statements import statements

router = APIRouter()
Writer = Annotated[Visitor, needs(Permission.WINDOW_STEP)]


@dataclass(frozen=True, slots=True)
class TriedFiling:
    """A filing that was looked over: what it states, and what it would do."""

    form: FilingForm
    source: str
    stated: Mapping[str, Any]
    trial: FilingTrial


@router.get("/window/filing")
async def filing(
    request: Request, visitor: Writer, filing: str = "", region: str = "", person: str = "", tried: str = ""
) -> Response:
    """The form: empty, of a ``person``, of a ``filing`` that stands, or of the one that was ``tried``."""
    if tried:
        return await _form(request, visitor, held(visitor, tried, TriedFiling).form, 200)
    if filing.strip():
        found = await _standing(visitor, filing.strip(), region.strip())
        await record_look(request, visitor, found.person_id, "window filing")
        return await _form(request, visitor, form_of(found), 200)
    async with visitor.engine.connect() as connection:
        ours = (await connection.execute(select(statements.c.region).limit(1))).scalar()
    return await _form(request, visitor, fresh_filing(region or ours or "", person), 200)


@router.post("/window/filing")
async def look_over(request: Request, visitor: Writer) -> Response:
    """Look a filing over: nothing is booked."""
    form = FilingForm(await FormFields.of(request))
    stated = form.stated()
    if form.wrong:
        return await _form(request, visitor, form, 422)
    await record_look(request, visitor, stated["person_id"], "window filing")
    source = f"{BUREAU}/{form.text('region')}"
    async with visitor.engine.connect() as connection:
        try:
            trial = await foresee_filing(connection, orjson.dumps(filing_event(source, "", stated)), source)
        except Refusal as refusal:
            form.refused(refusal.told)
    if form.wrong:
        return await _form(request, visitor, form, 422)
    return RedirectResponse(f"/window/filings/{hold(visitor, TriedFiling(form, source, stated, trial), 0)}", 303)


@router.get("/window/filings/{token}")
async def looked_over(request: Request, visitor: Writer, token: str) -> Response:
    """What would be filed, beside what stands under its number."""
    tried = held(visitor, token, TriedFiling)
    await record_look(request, visitor, tried.stated["person_id"], "window filing")
    before = tried.trial.replaces
    called = await _hospital_names(visitor, {tried.stated["to_hospital"], before.to_hospital if before else None})
    values: dict[str, Any] = {
        "token": token,
        "tried": tried,
        "names": FilingForm.names,
        "now": _shown(tried.form, called),
        "before": None if before is None else _shown(form_of(before), called),
        "insured_in": tried.trial.insured_in and region_named(tried.trial.insured_in),
        "taken": await events_are_taken(visitor.engine),
    }
    return render(request, "window/filing_trial.html", **values)


@router.post("/window/filings/{token}")
async def submit(request: Request, visitor: Writer, token: str) -> Response:
    """File the very one that was looked over, once."""
    tried = held(visitor, token, TriedFiling)
    who = visitor.actor(str((await request.form()).get("actor", "")))
    async with step_access(request, visitor) as access:
        let_go(visitor, token)
        refusal = await submit_filing(access, filing_event(tried.source, who, tried.stated))
    if refusal is not None:
        tried.form.refused(refusal)
        return await _form(request, visitor, tried.form, 409)
    message = f"备案 {tried.stated['filing_id']} 已登记，此后受理的出院结算按它算。It is filed"
    return done(visitor, f"/registers/referrals?{query_text({'person': tried.stated['person_id']})}", message)


async def _standing(visitor: Visitor, filing_id: str, region: str) -> ReferralFiling:
    """A filing by its number; ``region`` where several bureaus have used it. Raises ``NotFound``."""
    query = select(referral_filings.c.person_id).where(referral_filings.c.filing_id == filing_id)
    async with visitor.engine.connect() as connection:
        persons = set((await connection.execute(query)).scalars()) if "\0" not in filing_id else set()
        of_persons = await load_filings(connection, persons)
    found = [each for filings in of_persons.values() for each in filings if each.filing_id == filing_id]
    found = [each for each in found if not region or each.region == region]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(
            f"有几个机构用了备案编号 {filing_id}，请同时填写统筹区。Several bureaus have used it: name the region"
        )
    raise NotFound(f"没有备案 {filing_id}。There is no such filing")


async def _hospital_names(visitor: Visitor, ids: set[str | None]) -> dict[str, str]:
    async with visitor.engine.connect() as connection:
        query = select(hospitals.c.hospital_id, hospitals.c.name).where(hospitals.c.hospital_id.in_(ids - {None}))
        return {row.hospital_id: row.name for row in await connection.execute(query)}


def _shown(form: FilingForm, called: Mapping[str, str]) -> dict[str, str]:
    """A filing's fields for people."""
    shown = {name: form.text(name) for name in FilingForm.names}
    shown["kind"] = FILING_KIND_NAMES.get(shown["kind"], "")  # type: ignore[call-overload]
    for name in ("region", "to_region"):
        shown[name] = str(region_named(shown[name])) if shown[name] else ""
    hospital = shown["to_hospital"]
    return shown | {"to_hospital": f"{called.get(hospital, '')} {hospital}".strip()}


async def _form(request: Request, visitor: Visitor, form: FilingForm, status: int) -> Response:
    taken = await events_are_taken(visitor.engine)
    return render(request, "window/filing.html", status, form=form, kinds=FILING_KIND_NAMES, taken=taken)
