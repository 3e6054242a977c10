"""Receivables, loans, prepayments, premiums and fines: lists, and the clerk's steps on them."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from events.money import yuan
from infra.console.authorization import needs
from infra.console.finance import payable_listings as listings
from infra.console.finance.forms import MISTAKEN, REASON, REFERENCE, StepField, StepForm, amount_field
from infra.console.finance.freshness import counted_stamp
from infra.console.finance.report_listings import words_of
from infra.console.finance.shown import clearing_parts, found, show_book, show_record
from infra.console.form_fields import FormFields
from infra.console.pages import done
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from policies.funds import BookedFund
from processors.clearing import prepayments, reversals
from processors.clearing import steps as clearing_steps
from processors.clearing.listings import receivable, receivable_rows
from processors.law.terms import FUND_NAMES, INSURER_NAMES

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.FUNDS)]
Writer = Annotated[Visitor, needs(Permission.FUNDS_STEP)]


def _part(outstanding: str) -> StepField:
    """All that is outstanding as the page shows it, or a part: what changed meanwhile is not noted unseen."""
    return amount_field(value=outstanding, hint="全部；只收到一部分的改为该额")


@router.get("/finance/receivables")
async def receivables(request: Request, visitor: Reader) -> Response:
    """What is outstanding."""
    rows = listings.with_flags(await receivable_rows(visitor.engine), "closed")
    listing = listings.receivable_listing(await words_of(visitor))
    return await show_book(
        request,
        visitor,
        [(listing, rows)],
        title=listing.title,
        help="清算后医院和个人欠基金、还没有收回的钱。点开一笔办理：登记收回，撤销误登。与 claims receivables 相同。",
    )


@router.get("/finance/receivables/{receivable_id}")
async def one_receivable(request: Request, visitor: Reader, receivable_id: str) -> Response:
    """One receivable: receipts, what was set off, and its steps."""
    row = await found(receivable(visitor.engine, receivable_id))
    row["closed_is"] = str(row["closed"]).lower()
    columns = listings.receivable_listing(await words_of(visitor)).columns
    here = f"/finance/receivables/{receivable_id}"
    forms = [StepForm(f"{here}/reverse", "撤销误登的收回", "take back a receipt", (MISTAKEN, REASON), danger=True)]
    if float(row["outstanding"]):
        forms.insert(
            0, StepForm(f"{here}/settle", "登记收回", "note money paid in", (REFERENCE, _part(row["outstanding"])))
        )
    return show_record(
        request,
        visitor,
        title="应收款 Receivable",
        id=receivable_id,
        facts=[(each.chinese, each.english, each.shown(row[each.name])) for each in columns],
        forms=forms if visitor.may(Permission.FUNDS_STEP) else (),
        history=row["history"],
        parts=clearing_parts(row["set_off_by"]),
        parts_title="抵扣",
        help="收回可以分几次登记；误登的由登记以外的另一人撤销。清算起草时会自动抵扣。",
    )


@router.post("/finance/receivables/{receivable_id}/settle")
async def settle(request: Request, visitor: Writer, receivable_id: str) -> Response:
    """Note money paid in, all or a part."""
    form = await FormFields.of(request)
    receipt, fen = form.words("reference", "凭证号"), form.maybe(form.fen, "amount", "金额")
    who = visitor.actor(form.raw("actor"))
    left = await clearing_steps.settle_receivable(visitor.engine, receivable_id, who, receipt, fen)
    return done(visitor, f"/finance/receivables/{receivable_id}", f"已登记，未收 {yuan(left)} 元。Noted")


@router.post("/finance/receivables/{receivable_id}/reverse")
async def reverse_receipt(request: Request, visitor: Writer, receivable_id: str) -> Response:
    """Take back a receipt noted by mistake."""
    form = await FormFields.of(request)
    receipt, why = form.words("reference", "凭证号"), form.words("reason", "原因")
    who = visitor.actor(form.raw("actor"))
    mistaken = await reversals.reverse_receipt(visitor.engine, receivable_id, who, receipt, why)
    return done(visitor, f"/finance/receivables/{receivable_id}", f"已撤销 {yuan(mistaken.amount)} 元。Taken back")


@router.get("/finance/prepayments")
async def all_prepayments(request: Request, visitor: Reader) -> Response:
    """All prepayments; the form to order one."""
    listing = listings.prepayment_listing(await words_of(visitor))
    form = StepForm(
        "/finance/prepayments",
        "申请预拨",
        "order a prepayment",
        (
            StepField("region", "统筹区", "region", hint="六位代码，如 360923"),
            StepField("hospital_id", "医院编号", "hospital"),
            StepField("fund", "付款基金", "fund", choices=FUND_NAMES),
            StepField("insurer", "承保公司", "insurer", choices=INSURER_NAMES, required=False),
            amount_field(),
            REASON,
        ),
        note="申请后须由另一人复核并登记拨款。",
    )
    return await show_book(
        request,
        visitor,
        [(listing, await prepayments.prepayment_rows(visitor.engine))],
        title=listing.title,
        forms=[form] if visitor.may(Permission.FUNDS_STEP) else (),
        help="基金预先拨给医院的钱，清算时抵扣。与 claims prepayments 相同。",
    )


@router.post("/finance/prepayments")
async def order(request: Request, visitor: Writer) -> Response:
    """Order a prepayment; another person approves it."""
    form = await FormFields.of(request)
    fund = BookedFund(form.words("fund", "付款基金"), form.maybe(form.words, "insurer", "承保公司"))
    prepayment_id = await prepayments.order(
        visitor.engine,
        form.region("region", "统筹区"),
        form.id("hospital_id", "医院编号"),
        fund,
        form.fen("amount", "金额"),
        visitor.actor(form.raw("actor")),
        form.words("reason", "原因"),
    )
    return done(visitor, f"/finance/prepayments/{prepayment_id}", f"已申请 {prepayment_id}，待另一人复核。Ordered")


@router.get("/finance/prepayments/{prepayment_id}")
async def one_prepayment(request: Request, visitor: Reader, prepayment_id: str) -> Response:
    """One prepayment: what set it off, and its steps."""
    row = await found(prepayments.prepayment(visitor.engine, prepayment_id))
    columns = listings.prepayment_listing(await words_of(visitor)).columns
    here = f"/finance/prepayments/{prepayment_id}"
    forms = {
        "ordered": [
            StepForm(
                f"{here}/approve",
                "复核并登记拨款",
                "approve, and note the transfer",
                (REFERENCE, StepField("day", "拨款日", "day of the transfer", "date")),
                note="须由申请以外的另一人。",
                first=row["ordered_by"],
            ),
            StepForm(f"{here}/withdraw", "撤回", "withdraw", danger=True),
        ],
        "paid": [
            StepForm(
                f"{here}/return",
                "登记退回",
                "note what was paid back",
                (REFERENCE, _part(row["outstanding"])),
                note="须由申请以外的另一人。",
                first=row["ordered_by"],
            ),
            StepForm(
                f"{here}/reverse",
                "撤销误登",
                "take back a mistake",
                (
                    StepField("what", "撤销的是", "what", choices={"transfer": "拨款登记", "return": "退回登记"}),
                    MISTAKEN,
                    REASON,
                ),
                danger=True,
            ),
        ],
    }
    return show_record(
        request,
        visitor,
        title="预拨 Prepayment",
        id=prepayment_id,
        facts=[
            *((each.chinese, each.english, each.shown(row[each.name])) for each in columns),
            ("原因", "reason", row["reason"]),
        ],
        forms=forms.get(row["status"], []) if visitor.may(Permission.FUNDS_STEP) else (),
        history=row["history"],
        parts=clearing_parts(row["set_off_by"]),
        parts_title="抵扣",
        help="预拨须两人：一人申请，另一人复核并登记拨款。医院退回的登记在这里，误登的由登记以外的另一人撤销。",
    )


@router.post("/finance/prepayments/{prepayment_id}/approve")
async def approve_prepayment(request: Request, visitor: Writer, prepayment_id: str) -> Response:
    """Approve it and note the transfer."""
    form = await FormFields.of(request)
    transfer, on = form.words("reference", "凭证号"), form.day("day", "拨款日")
    row = await prepayments.approve(visitor.engine, prepayment_id, visitor.actor(form.raw("actor")), transfer, on)
    return done(visitor, f"/finance/prepayments/{prepayment_id}", f"已预拨 {yuan(row.amount)} 元。Paid")


@router.post("/finance/prepayments/{prepayment_id}/withdraw")
async def withdraw_prepayment(request: Request, visitor: Writer, prepayment_id: str) -> Response:
    """Take an order back that is not approved."""
    form = await FormFields.of(request)
    await prepayments.withdraw(visitor.engine, prepayment_id, visitor.actor(form.raw("actor")))
    return done(visitor, f"/finance/prepayments/{prepayment_id}", "已撤回。Withdrawn")


@router.post("/finance/prepayments/{prepayment_id}/return")
async def return_prepayment(request: Request, visitor: Writer, prepayment_id: str) -> Response:
    """Note what the hospital has paid back."""
    form = await FormFields.of(request)
    receipt, fen = form.words("reference", "凭证号"), form.maybe(form.fen, "amount", "金额")
    who = visitor.actor(form.raw("actor"))
    left = await prepayments.take_back(visitor.engine, prepayment_id, who, receipt, fen)
    return done(visitor, f"/finance/prepayments/{prepayment_id}", f"已登记，余额 {yuan(left)} 元。Noted")


@router.post("/finance/prepayments/{prepayment_id}/reverse")
async def reverse_prepayment(request: Request, visitor: Writer, prepayment_id: str) -> Response:
    """Take back what was noted by mistake."""
    form = await FormFields.of(request)
    returned = form.choice("what", "撤销的是", ("transfer", "return")) == "return"
    noted, why = form.words("reference", "凭证号"), form.words("reason", "原因")
    who = visitor.actor(form.raw("actor"))
    await reversals.reverse_prepayment(visitor.engine, prepayment_id, who, noted, why, returned=returned)
    return done(visitor, f"/finance/prepayments/{prepayment_id}", "已撤销。Taken back")


@router.get("/finance/premiums")
async def premiums(request: Request, visitor: Reader) -> Response:
    """Premiums in sum, and what was transferred of them."""
    await counted_stamp(state_of(request), visitor)
    words = await words_of(visitor)
    return await show_book(
        request,
        visitor,
        [
            (listings.premium_sum_listing(words), listings.premium_sum_source()),
            (listings.transfer_listing(words), listings.transfer_source()),
        ],
        title="保费 Premiums",
        links=(("/finance/premiums/persons", "逐人列出", "person by person"),),
        help="为困难群众代缴、购买和退还的保费：按出资方汇总，点开看每个人；下表是应划给承保资金的、已划的和差额。"
        "与 claims premiums --totals、--transfers 相同。",
    )


@router.get("/finance/premiums/persons")
async def premiums_of_persons(request: Request, visitor: Reader) -> Response:
    """Premiums person by person."""
    listing = listings.premium_listing(await words_of(visitor))
    return await show_book(
        request,
        visitor,
        [(listing, listings.premium_source())],
        title=listing.title,
        help="每个人每项保费：金额、类别和依据条款。与 claims premiums 相同。",
    )


@router.get("/finance/fines")
async def fines(request: Request, visitor: Reader) -> Response:
    """The register of fines on hospitals."""
    listing = listings.fine_listing(await words_of(visitor))
    return await show_book(
        request,
        visitor,
        [(listing, listings.fine_source())],
        title=listing.title,
        help="对医疗机构的行政罚款，由案件决定或医保局事件登记；另作决定的，原处罚被替换，有效金额为零。"
        "罚款入账在“资金收支”登记。与 claims fines 相同。",
    )
