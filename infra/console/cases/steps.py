"""The steps of a case: each calls what ``claims cases`` calls, and leads back to the case."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from events.money import yuan
from infra.console.authorization import needs
from infra.console.cases import forms
from infra.console.form_fields import FormFields
from infra.console.pages import done
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from processors.cases import decisions, inspections, measures
from processors.cases import steps as case_steps

router = APIRouter()
Writer = Annotated[Visitor, needs(Permission.CASES_STEP)]


@router.post("/cases")
async def open_case(request: Request, visitor: Writer) -> Response:
    """Open a case from leads, a report, the year's plan or an inspection."""
    fields = await FormFields.of(request)
    case_id = await case_steps.open_case(visitor.engine, forms.case_order(fields), _actor(visitor, fields))
    return done(visitor, f"/cases/{case_id}", f"已立案 {case_id}。Opened")


@router.post("/cases/inspections")
async def inspect(request: Request, visitor: Writer) -> Response:
    """Record an inspection, of one institution or of several with one result."""
    fields = await FormFields.of(request)
    order = forms.inspection_order(fields)
    made = await inspections.record_inspection(visitor.engine, order, _actor(visitor, fields))
    return done(visitor, "/cases/inspections", f"已登记检查 {len(made)} 家：{'、'.join(made[:3])}。Recorded")


@router.post("/cases/inspections/withdraw")
async def withdraw_inspection(request: Request, visitor: Writer) -> Response:
    """Take back a mistaken record; another person than recorded it."""
    fields = await FormFields.of(request)
    inspection_id, why = fields.id("inspection", "检查编号"), fields.words("reason", "理由")
    await inspections.withdraw_inspection(visitor.engine, inspection_id, _actor(visitor, fields), why)
    return done(visitor, "/cases/inspections", f"已撤回 {inspection_id}。Withdrawn")


@router.post("/cases/{case_id}/note")
async def note(request: Request, visitor: Writer, case_id: str) -> Response:
    """Note what happens: notice, defence, hearing, review, extension, evidence."""
    fields = await FormFields.of(request)
    made = await case_steps.note(visitor.engine, forms.note_order(case_id, fields), _actor(visitor, fields))
    return _back(visitor, case_id, f"已登记 {made}。Noted")


@router.post("/cases/{case_id}/finding")
async def finding(request: Request, visitor: Writer, case_id: str) -> Response:
    """Record what was found, with the claims and amounts."""
    fields = await FormFields.of(request)
    order = forms.finding_order(case_id, fields)
    made = await case_steps.record_finding(visitor.engine, order, _actor(visitor, fields))
    return _back(visitor, case_id, f"已登记认定 {made}。Recorded")


@router.post("/cases/{case_id}/measure")
async def measure(request: Request, visitor: Writer, case_id: str) -> Response:
    """Add a measure to what the case will propose."""
    fields = await FormFields.of(request)
    order = forms.measure_order(case_id, fields)
    made = await decisions.propose_measure(visitor.engine, order, _actor(visitor, fields))
    return _back(visitor, case_id, f"已拟定措施 {made}。Added")


@router.post("/cases/{case_id}/propose")
async def propose(request: Request, visitor: Writer, case_id: str) -> Response:
    """Put findings and measures to another person for decision."""
    fields = await FormFields.of(request)
    number, why = fields.words("document", "文号"), fields.words("reason", "理由")
    await decisions.propose(visitor.engine, case_id, _actor(visitor, fields), number, why)
    return _back(visitor, case_id, "已提请，待另一人决定。Proposed: another person decides")


@router.post("/cases/{case_id}/return")
async def return_case(request: Request, visitor: Writer, case_id: str) -> Response:
    """Return what was proposed; another person than proposed it."""
    fields = await FormFields.of(request)
    why, seen = fields.words("reason", "理由"), fields.raw("seen") or None
    await decisions.return_case(visitor.engine, case_id, _actor(visitor, fields), why, seen)
    return _back(visitor, case_id, "已退回重办。Returned")


@router.post("/cases/{case_id}/decide")
async def decide(request: Request, visitor: Writer, case_id: str) -> Response:
    """Decide; the ledger's workers send the refunds, fines and suspensions to intake."""
    fields = await FormFields.of(request)
    number, why, day = (
        fields.words("document", "文号"),
        fields.words("reason", "理由"),
        fields.maybe(fields.day, "on", "决定日期"),
    )
    seen = fields.raw("seen") or None
    facts = await decisions.decide(visitor.engine, case_id, _actor(visitor, fields), number, why, day, seen)
    sent = f"，{len(facts)} 件事实待发往账本" if facts else ""
    return _back(visitor, case_id, f"已决定{sent}。Decided; facts that go to the ledger: {len(facts)}")


@router.post("/cases/{case_id}/close")
async def close(request: Request, visitor: Writer, case_id: str) -> Response:
    """Close a case once its refunds and fines are paid."""
    fields = await FormFields.of(request)
    why, day = fields.words("reason", "理由"), fields.maybe(fields.day, "on", "结案日期")
    await measures.close(visitor.engine, case_id, _actor(visitor, fields), why, day)
    return _back(visitor, case_id, "已结案。Closed")


@router.post("/cases/{case_id}/dismiss-finding")
async def dismiss_finding(request: Request, visitor: Writer, case_id: str) -> Response:
    """Dismiss a finding that no decision has confirmed."""
    fields = await FormFields.of(request)
    finding_id, why = fields.id("finding", "认定编号"), fields.words("reason", "理由")
    await case_steps.dismiss_finding(visitor.engine, finding_id, _actor(visitor, fields), why)
    return _back(visitor, case_id, f"不予认定 {finding_id}。Dismissed")


@router.post("/cases/{case_id}/drop-measure")
async def drop_measure(request: Request, visitor: Writer, case_id: str) -> Response:
    """Take a measure back that is not decided."""
    fields = await FormFields.of(request)
    measure_id, why = fields.id("measure", "措施编号"), fields.words("reason", "理由")
    await decisions.withdraw_measure(visitor.engine, measure_id, _actor(visitor, fields), why)
    return _back(visitor, case_id, f"已撤回措施 {measure_id}。Withdrawn")


@router.post("/cases/{case_id}/pay")
async def pay(request: Request, visitor: Writer, case_id: str) -> Response:
    """Note what was paid of a fine, or of a refund outside the ledger."""
    fields = await FormFields.of(request)
    left = await measures.pay(
        visitor.engine,
        fields.id("measure", "措施编号"),
        _actor(visitor, fields),
        amount=fields.fen("amount", "缴款额"),
        paid_on=fields.day("on", "缴款日"),
        reference=fields.words("reference", "凭证号"),
        late=fields.fen("late", "加处罚款") if fields.given("late") else 0,
    )
    return _back(visitor, case_id, f"已登记缴款，尚欠 {yuan(left)} 元。Noted; still due: {yuan(left)}")


@router.post("/cases/{case_id}/reverse-payment")
async def reverse_payment(request: Request, visitor: Writer, case_id: str) -> Response:
    """Take back a payment noted by mistake; another person than noted it."""
    fields = await FormFields.of(request)
    measure_id, number = fields.id("measure", "措施编号"), fields.words("reference", "凭证号")
    why = fields.words("reason", "理由")
    back = await measures.reverse_payment(visitor.engine, measure_id, _actor(visitor, fields), number, why)
    return _back(visitor, case_id, f"已撤销缴款 {yuan(back)} 元。Taken back")


@router.post("/cases/{case_id}/answer")
async def answer(request: Request, visitor: Writer, case_id: str) -> Response:
    """Note what a warning letter was answered."""
    fields = await FormFields.of(request)
    measure_id, day = fields.id("measure", "措施编号"), fields.day("on", "回执日")
    why = fields.words("reason", "原因与整改")
    await measures.answer(visitor.engine, measure_id, _actor(visitor, fields), day, why)
    return _back(visitor, case_id, f"已登记回执 {measure_id}。Answered")


def _actor(visitor: Visitor, fields: FormFields) -> str:
    return visitor.actor(fields.raw("actor"))


def _back(visitor: Visitor, case_id: str, message: str) -> Response:
    return done(visitor, f"/cases/{case_id}", message)
