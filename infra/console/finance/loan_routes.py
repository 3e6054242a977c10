"""``/finance/advances``: the emergency fund's loans, from request to repayment."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from events.money import yuan
from infra.console.authorization import needs
from infra.console.errors import FieldTrouble, NotFound, Unprocessable
from infra.console.finance.forms import MISTAKEN, REASON, REFERENCE, StepField, StepForm, amount_field
from infra.console.finance.payable_listings import advance_listing, advance_source
from infra.console.finance.report_listings import words_of
from infra.console.finance.shown import clearing_parts, show_book, show_record
from infra.console.form_fields import FormFields
from infra.console.looks import record_look
from infra.console.pages import done
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from processors.clearing import loans, reversals
from processors.registers import requests

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.FUNDS)]
Writer = Annotated[Visitor, needs(Permission.FUNDS_STEP)]


@router.get("/finance/advances")
async def advances(request: Request, visitor: Reader, fault: str = "") -> Response:
    """All loans and requests; the form to enter a request."""
    listing = advance_listing(await words_of(visitor))
    form = StepForm(
        "/finance/advances",
        "登记申请",
        "enter a request",
        (
            StepField("person_id", "参保人编号", "person"),
            StepField("region", "统筹区", "region", hint="六位代码，如 360923"),
            amount_field("申请金额（元）"),
            StepField("applied_on", "申请日", "day of the request", "date"),
            StepField("need", "事由", "for what", "words"),
            StepField("township", "审核的乡镇", "township", required=False, hint="九位代码，前六位是统筹区"),
            StepField("destination", "拟就医地点", "where the treatment will be", required=False),
        ),
        note="登记后由另一人审核。",
    )
    return await show_book(
        request,
        visitor,
        [(listing, advance_source(fault or None))],
        title=listing.title,
        forms=[form] if visitor.may(Permission.FUNDS_STEP) else (),
        help="临时救急借款：申请、审核、借出、备案、归还。借出由救急基金的事件登记。点开一笔办理。"
        "与 claims advances 相同。",
    )


@router.post("/finance/advances")
async def apply(request: Request, visitor: Writer) -> Response:
    """Enter what a person asks for."""
    form = await FormFields.of(request)
    region, township = form.region("region", "统筹区"), form.maybe(form.words, "township", "乡镇")
    if township is not None and not (len(township) == 9 and township.isdigit() and township[:6] == region):
        raise Unprocessable(
            FieldTrouble("乡镇", "应为九位代码，前六位是统筹区", "nine digits that begin with the region")
        )
    order = requests.AdvanceRequestOrder(
        region=region,
        person_id=form.id("person_id", "参保人编号"),
        amount=form.fen("amount", "申请金额"),
        applied_on=form.day("applied_on", "申请日"),
        need=form.words("need", "事由"),
        township=township,
        destination=form.maybe(form.words, "destination", "拟就医地点"),
        advance_id=None,
    )
    advance_id = await requests.apply(visitor.engine, order, visitor.actor(form.raw("actor")))
    told = f"已登记申请 {advance_id}，{yuan(order.amount)} 元，待另一人审核。Entered"
    return done(visitor, f"/finance/advances/{region}/{advance_id}", told)


@router.get("/finance/advances/{region}/{advance_id}")
async def advance(request: Request, visitor: Reader, region: str, advance_id: str) -> Response:
    """One loan or request, with the steps that it allows."""
    source = advance_source(None).subquery("loans")
    async with visitor.engine.connect() as connection:
        wanted = select(source).where(source.c.region == region, source.c.advance_id == advance_id)
        row = (await connection.execute(wanted)).mappings().first()
    if row is None:
        raise NotFound(f"没有临时救急借款 {advance_id}。There is no advance {advance_id}")
    await record_look(request, visitor, row["person_id"], "advance")
    lent = row["issued_on"] is not None
    told = await loans.loan(visitor.engine, region, advance_id) if lent else {"history": [], "by_clearings": []}
    here = f"/finance/advances/{region}/{advance_id}"
    columns = advance_listing(await words_of(visitor)).columns
    return show_record(
        request,
        visitor,
        title="临时救急借款 Advance",
        id=advance_id,
        facts=[(each.chinese, each.english, each.shown(row[each.name])) for each in columns],
        forms=_forms(here, row["state"], row["applied_by"], lent=lent, filed=row["filed_on"] is not None)
        if visitor.may(Permission.FUNDS_STEP)
        else (),
        history=told["history"],
        parts=clearing_parts(told["by_clearings"]),
        parts_title="清算归还",
        help="申请须由登记以外的另一人审核。借出后报备案；归还由清算扣回，或本人交现金在此登记。误登的由另一人撤销。",
    )


def _forms(here: str, state: str, applicant: str | None, *, lent: bool, filed: bool) -> list[StepForm]:
    if state == "applied":
        part = amount_field("批准金额（元）", required=False, hint="不填为申请金额")
        return [
            StepForm(f"{here}/approve", "审核批准", "approve", (part,), note="须由登记以外的另一人。", first=applicant),
            StepForm(f"{here}/decline", "不予批准", "decline", (REASON,), danger=True, first=applicant),
        ]
    forms = []
    if lent and not filed:
        forms.append(
            StepForm(
                f"{here}/file", "登记备案", "note its filing", (StepField("on", "备案日", "day of filing", "date"),)
            )
        )
    if lent:
        if state != "repaid":
            forms.append(StepForm(f"{here}/repay", "登记现金归还", "note cash paid back", (amount_field(), REFERENCE)))
        forms.append(
            StepForm(f"{here}/reverse", "撤销误登的归还", "take back a repayment", (MISTAKEN, REASON), danger=True)
        )
    return forms


@router.post("/finance/advances/{region}/{advance_id}/approve")
async def approve(request: Request, visitor: Writer, region: str, advance_id: str) -> Response:
    """Approve a request."""
    form = await FormFields.of(request)
    fen, who = form.maybe(form.fen, "amount", "批准金额"), visitor.actor(form.raw("actor"))
    granted = await requests.approve(visitor.engine, region, advance_id, who, fen)
    return done(visitor, f"/finance/advances/{region}/{advance_id}", f"已批准 {yuan(granted)} 元。Approved")


@router.post("/finance/advances/{region}/{advance_id}/decline")
async def decline(request: Request, visitor: Writer, region: str, advance_id: str) -> Response:
    """Decline a request."""
    form = await FormFields.of(request)
    why, who = form.words("reason", "原因"), visitor.actor(form.raw("actor"))
    await requests.decline(visitor.engine, region, advance_id, who, why)
    return done(visitor, f"/finance/advances/{region}/{advance_id}", "未批准。Declined")


@router.post("/finance/advances/{region}/{advance_id}/file")
async def file(request: Request, visitor: Writer, region: str, advance_id: str) -> Response:
    """Note the day on which a loan was filed with the bureau."""
    form = await FormFields.of(request)
    on, who = form.day("on", "备案日"), visitor.actor(form.raw("actor"))
    await requests.file(visitor.engine, region, advance_id, on, who)
    return done(visitor, f"/finance/advances/{region}/{advance_id}", "已登记备案。Filed")


@router.post("/finance/advances/{region}/{advance_id}/repay")
async def repay(request: Request, visitor: Writer, region: str, advance_id: str) -> Response:
    """Note what the person has paid back himself."""
    form = await FormFields.of(request)
    fen, receipt = form.fen("amount", "金额"), form.words("reference", "凭证号")
    left = await loans.repay_in_cash(visitor.engine, region, advance_id, fen, visitor.actor(form.raw("actor")), receipt)
    return done(visitor, f"/finance/advances/{region}/{advance_id}", f"已登记，未还 {yuan(left)} 元。Noted")


@router.post("/finance/advances/{region}/{advance_id}/reverse")
async def reverse(request: Request, visitor: Writer, region: str, advance_id: str) -> Response:
    """Take back a repayment noted by mistake."""
    form = await FormFields.of(request)
    receipt, why = form.words("reference", "凭证号"), form.words("reason", "原因")
    who = visitor.actor(form.raw("actor"))
    await reversals.reverse_repayment(visitor.engine, region, advance_id, who, receipt, why)
    return done(visitor, f"/finance/advances/{region}/{advance_id}", "已撤销。Taken back")
