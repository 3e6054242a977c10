"""``/window``: a bill on paper is tried, then submitted; sheets and explanations of settled claims for paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from events.catalog import BUREAU
from events.codes import STAY_KIND_NAMES, is_id
from events.money import parse_yuan
from infra.console.authorization import needs
from infra.console.errors import NotFound
from infra.console.group import MenuEntry, PageGroup, Shortcut
from infra.console.looks import record_look
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.session_contents import held, hold, let_go
from infra.console.stamp import ledger_stamp
from infra.console.step_access import step_access
from infra.console.visitor import Visitor
from infra.console.window import change_routes, filing_routes
from infra.console.window.bill_form import TIER_NAMES, BillForm, bill_form, empty_form
from infra.console.window.explanation import bill_sentences, layer_in_words, plain_layers
from infra.console.window.sheet import looked_up_sheet
from infra.operations.ledger_access import events_are_taken
from infra.operations.window import bill_event, submit_bill
from infra.settlement_sheet.sheet import capitals
from infra.words.sources import source_named
from processors.law.terms import LAYER_NAMES, SETTING_NAMES
from processors.person.file_model import FileLayer
from processors.person.quote import Quotes
from projections.hospitals import hospitals
from projections.statements import load_statements, statements

router = APIRouter()
Writer = Annotated[Visitor, needs(Permission.WINDOW_STEP)]
Reader = Annotated[Visitor, needs(Permission.CLAIMS)]


@dataclass(frozen=True, slots=True)
class TriedBill:
    """A bill that was tried: what it states, under which source, its statement, and each layer with its steps."""

    form: BillForm
    source: str
    stated: Mapping[str, Any]
    statement: Mapping[str, Any]
    layers: list[FileLayer]


@router.get("/window")
async def window(
    request: Request, visitor: Annotated[Visitor, needs(Permission.WINDOW)], person: str = "", tried: str = ""
) -> Response:
    """The form: empty, of a ``person``, or of the bill that was ``tried`` under this token, to be mended."""
    if tried:
        return await _form(request, visitor, held(visitor, tried, TriedBill).form, 200)
    async with visitor.engine.connect() as connection:
        region = (await connection.execute(select(statements.c.region).limit(1))).scalar()
    return await _form(request, visitor, empty_form(region or "", person), 200)


@router.post("/window")
async def try_bill(request: Request, visitor: Writer) -> Response:
    """Try a bill: nothing is booked, and of its papers nothing is kept but their digests."""
    form = await bill_form(request)
    stated = form.stated()
    if form.wrong:
        return await _form(request, visitor, form, 422)
    await record_look(request, visitor, stated["person_id"], "window trial")
    source = f"{BUREAU}/{form.text('region')}"
    reply, layers = await Quotes(visitor.engine).explained(None, orjson.dumps(bill_event(source, "", stated)))
    if "refused" in reply:
        form.refused(reply["refused"])
        return await _form(request, visitor, form, 422)
    token = hold(visitor, TriedBill(form, source, stated, reply["statement"], layers), 0)
    return RedirectResponse(f"/window/trials/{token}", 303)


@router.get("/window/trials/{token}")
async def trial(request: Request, visitor: Writer, token: str) -> Response:
    """What a bill would be paid."""
    tried = held(visitor, token, TriedBill)
    await record_look(request, visitor, tried.stated["person_id"], "window trial")
    hospital_id = tried.stated["hospital_id"]
    async with visitor.engine.connect() as connection:
        query = select(hospitals.c.name).where(hospitals.c.hospital_id == hospital_id)
        called = (await connection.execute(query)).scalar() or tried.stated["hospital_name"] or ""
    values: dict[str, Any] = {
        "token": token,
        "tried": tried,
        "hospital": f"{called} {hospital_id}".strip(),
        "bureau": source_named(tried.source),
        "plain": [layer_in_words(each) for each in tried.layers],
        "statement": tried.statement,
        "due": sum(parse_yuan(each["paid"]) for each in tried.statement["layers"]),
        "layers": LAYER_NAMES,
        "settings": SETTING_NAMES,
        "taken": await events_are_taken(visitor.engine),
    }
    return render(request, "window/trial.html", **values)


@router.post("/window/trials/{token}")
async def submit(request: Request, visitor: Writer, token: str) -> Response:
    """Submit the very bill that was tried, once."""
    tried = held(visitor, token, TriedBill)
    who = visitor.actor(str((await request.form()).get("actor", "")))
    async with step_access(request, visitor) as access:
        let_go(visitor, token)
        submitted = await submit_bill(access, bill_event(tried.source, who, tried.stated))
    claim_id = tried.stated["claim_id"]
    if submitted.refusal is not None:
        tried.form.refused(submitted.refusal)
        return await _form(request, visitor, tried.form, 409)
    if submitted.statement is None:
        message = f"结算单 {claim_id} 已受理，尚未结算完毕，请稍后查看。It was accepted and is not settled yet"
        return done(visitor, "/window", message)
    message = f"结算单 {claim_id} 已入账，可打印结算单和本人说明。It is settled: print its sheet and the explanation"
    return done(visitor, f"/window/{claim_id}/sheet", message)


@router.get("/window/print")
async def print_claim(visitor: Reader, claim: str = "") -> Response:
    """Lead to the sheet of a claim, or to the claims of a person who was named in its place."""
    claim_id = claim.strip()
    async with visitor.engine.connect() as connection:
        known = is_id(claim_id) and claim_id in await load_statements(connection, [claim_id])
        if is_id(claim_id) and not known:
            query = select(statements.c.person_id).where(statements.c.person_id == claim_id).limit(1)
            if (await connection.execute(query)).first() is not None:
                return RedirectResponse(f"/claims?person={claim_id}", 303)
    if not known:
        raise NotFound(f"没有结算单 {claim_id}。There is no claim {claim_id}")
    return RedirectResponse(f"/window/{claim_id}/sheet", 303)


@router.get("/window/{claim_id}/sheet")
async def sheet(request: Request, visitor: Reader, claim_id: str) -> Response:
    """The settlement sheet, for A4 and two signatures."""
    found = await looked_up_sheet(request, visitor, claim_id, "settlement sheet")
    async with visitor.engine.connect() as connection:
        stamp = await ledger_stamp(connection, visitor)
    return render(request, "window/sheet.html", sheet=found, claim=found.claim, capitals=capitals, stamp=stamp)


@router.get("/window/{claim_id}/explanation")
async def explanation(request: Request, visitor: Reader, claim_id: str) -> Response:
    """What each fund paid and why, for the person himself."""
    found = await looked_up_sheet(request, visitor, claim_id, "explanation")
    async with visitor.engine.connect() as connection:
        stamp = await ledger_stamp(connection, visitor)
    values: dict[str, Any] = {"told": bill_sentences(found.claim), "plain": plain_layers(found.claim), "stamp": stamp}
    return render(request, "window/explanation.html", sheet=found, claim=found.claim, **values)


async def _form(request: Request, visitor: Visitor, form: BillForm, status: int) -> Response:
    values: dict[str, Any] = {
        "form": form,
        "settings": SETTING_NAMES,
        "tiers": TIER_NAMES,
        "stay_kinds": STAY_KIND_NAMES,
        "taken": await events_are_taken(visitor.engine),
    }
    return render(request, "window/window.html", status, **values)


for part in (change_routes, filing_routes):
    router.routes.extend(part.router.routes)
GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/window",
            "窗口",
            "window",
            Permission.WINDOW,
            55,
            told="外地票据手工报销：先试算再提交；打印结算单和说明",
            shortcuts=(
                Shortcut("/window/change", "更正、冲正手工单", Permission.WINDOW_STEP),
                Shortcut("/window/filing", "登记异地备案、转诊", Permission.WINDOW_STEP),
            ),
        ),
    ),
)
