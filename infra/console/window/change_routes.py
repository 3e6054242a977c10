"""``/window/change``: a bill on paper that was settled is corrected or reversed, after a trial of what that moves."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from events.codes import is_id
from events.refusals import Refusal
from infra.console.authorization import needs
from infra.console.errors import NotFound, Refused
from infra.console.form_fields import FormFields
from infra.console.looks import record_look
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.session_contents import held, hold, let_go
from infra.console.step_access import step_access
from infra.console.visitor import Visitor
from infra.console.window.change_form import STEP_NAMES, ChangeForm, fresh_form, standing_bill
from infra.console.window.form import PART_NAMES
from infra.operations.ledger_access import events_are_taken
from infra.operations.window import correction_event, reversal_event, submit_change
from infra.words.sources import source_named
from processors.law.terms import LAYER_NAMES
from processors.person.change_trial import foresee_change
from processors.pipeline.moved_claims import MovedClaim
from projections.claims import load_claim_rows
from projections.statements import load_statements

router = APIRouter()
Writer = Annotated[Visitor, needs(Permission.WINDOW_STEP)]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TriedChange:
    """A change that was tried: the claim as it stood at ``revision``, what it becomes, and the claims that it moves."""

    form: ChangeForm
    claim: Row
    revision: int
    step: str
    amounts: Mapping[str, str]
    reason: str
    moved: list[MovedClaim]

    def event(self, actor: str) -> dict[str, Any]:
        """What is sent for it."""
        return _event(self.claim, actor, self.step, self.amounts, self.reason)


@router.get("/window/change")
async def change(request: Request, visitor: Writer, claim: str = "") -> Response:
    """The form of a claim; or which claim, where none is named."""
    if not claim.strip():
        return render(request, "window/change.html", claim=None)
    row, _ = await _paper_claim(request, visitor, claim.strip())
    return await _form(request, visitor, fresh_form(standing_bill(row)), row, 200)


@router.post("/window/change")
async def try_change(request: Request, visitor: Writer) -> Response:
    """Try a correction or a reversal: nothing is booked."""
    fields = await FormFields.of(request)
    row, revision = await _paper_claim(request, visitor, fields.raw("claim_id"))
    form = ChangeForm(fields, standing_bill(row))
    step, amounts, reason = form.stated()
    moved: list[MovedClaim] = []
    if not form.wrong:
        event = orjson.dumps(_event(row, "", step, amounts, reason))
        async with visitor.engine.connect() as connection:
            try:
                moved = await foresee_change(connection, event, row["source"])
            except Refusal as refusal:
                form.refused(refusal.told)
    if form.wrong:
        return await _form(request, visitor, form, row, 422)
    token = hold(visitor, TriedChange(form, row, revision, step, amounts, reason, moved), 0)
    return RedirectResponse(f"/window/changes/{token}", 303)


@router.get("/window/changes/{token}")
async def trial(request: Request, visitor: Writer, token: str) -> Response:
    """What the change would move."""
    tried = held(visitor, token, TriedChange)
    await record_look(request, visitor, tried.claim["person_id"], "window change trial")
    values: dict[str, Any] = {
        "token": token,
        "tried": tried,
        "step": STEP_NAMES[tried.step],
        "parts": PART_NAMES,
        "layers": LAYER_NAMES,
        "bureau": source_named(tried.claim["source"]),
        "funds": sum(amount for each in tried.moved for amount in each.layers.values()),
        "share": sum(each.share_after - each.share_before for each in tried.moved),
        "taken": await events_are_taken(visitor.engine),
    }
    return render(request, "window/change_trial.html", **values)


@router.post("/window/changes/{token}")
async def submit(request: Request, visitor: Writer, token: str) -> Response:
    """Book the very change that was tried, once, if it would still do what the trial showed."""
    tried = held(visitor, token, TriedChange)
    who = visitor.actor(str((await request.form()).get("actor", "")))
    claim_id = tried.claim["claim_id"]
    row, revision = await _paper_claim(request, visitor, claim_id)
    if revision != tried.revision or standing_bill(row) != tried.form.bill or not await _moves_the_same(visitor, tried):
        raise Refused(
            f"试算之后结算单 {claim_id} 或本人其他结算单有变动，请重新试算。"
            "It or another claim of the person has changed since the trial: try it again"
        )
    async with step_access(request, visitor) as access:
        let_go(visitor, token)
        submitted = await submit_change(access, tried.event(who))
    if submitted.refusal is not None:
        tried.form.refused(submitted.refusal)
        return await _form(request, visitor, tried.form, row, 409)
    if submitted.statement is None:
        message = f"结算单 {claim_id} 的{STEP_NAMES[tried.step]}已受理，尚未重算完毕，请稍后查看。It is not settled yet"
    else:
        message = f"结算单 {claim_id} 已{STEP_NAMES[tried.step]}，差额随下次清算与本人结。It is booked"
    return done(visitor, f"/claims/{claim_id}", message)


async def _moves_the_same(visitor: Visitor, tried: TriedChange) -> bool:
    """Whether the change would do now what its trial showed; what the ledger refuses by now it says when it is sent."""
    async with visitor.engine.connect() as connection:
        with suppress(Refusal):
            event = orjson.dumps(tried.event(""))
            return await foresee_change(connection, event, tried.claim["source"]) == tried.moved
    return True


async def _paper_claim(request: Request, visitor: Visitor, claim_id: str) -> tuple[Row, int]:
    """A bill on paper that stands, and its statement's revision; the look is recorded first."""
    if not is_id(claim_id):
        raise NotFound(f"没有结算单 {claim_id}。There is no claim {claim_id}")
    async with visitor.engine.connect() as connection:
        row = (await load_claim_rows(connection, [claim_id])).get(claim_id)
        statement = (await load_statements(connection, [claim_id])).get(claim_id)
    if row is None:
        raise NotFound(f"没有结算单 {claim_id}。There is no claim {claim_id}")
    await record_look(request, visitor, row["person_id"], "window change")
    if row["invoice"] is None:
        raise Refused(
            f"结算单 {claim_id} 是 {source_named(row['source'])} 报送的，不是窗口的手工单，须由其更正或冲正。"
            "A hospital sent this claim: the hospital corrects it"
        )
    if not row["standing"]:
        raise Refused(f"结算单 {claim_id} 已冲正，票据可以用新的结算单号再报。It was reversed")
    return row, 0 if statement is None else statement["revision"]


def _event(claim: Row, actor: str, step: str, amounts: Mapping[str, str], reason: str) -> dict[str, Any]:
    if step == "correct":
        return correction_event(claim["source"], actor, claim["claim_id"], amounts, reason)
    return reversal_event(claim["source"], actor, claim["claim_id"], reason)


async def _form(request: Request, visitor: Visitor, form: ChangeForm, claim: Row, status: int) -> Response:
    values: dict[str, Any] = {"form": form, "claim": claim, "bureau": source_named(claim["source"])}
    taken = await events_are_taken(visitor.engine)
    return render(request, "window/change.html", status, taken=taken, **values)
