"""``/clearing/…/payees/…``: one payee of a clearing: the bookings behind each line, and the steps on its payment."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import Response

from events.money import yuan
from infra.cli.names import names_of
from infra.console.authorization import needs
from infra.console.clearing.clearing_listings import BOOKING_NAMES, BOOKINGS, payee_path
from infra.console.errors import NotFound
from infra.console.form_fields import FormFields
from infra.console.listing import show_listing
from infra.console.looks import record_look
from infra.console.pages import done
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.words.clearing import KIND_NAMES, PAYMENT_NAMES, fund_named, payee_cells
from processors.clearing import listings, reversals, steps
from processors.clearing.payee_bookings import payee_bookings
from processors.offices.refusal import NoSuchRecord
from projections.clearing_rows import PayeeKind

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CLEARING)]
Writer = Annotated[Visitor, needs(Permission.CLEARING_STEP)]


@router.get("/clearing/{clearing_id}/payees/{kind}/{payee}")
async def one_payee(request: Request, visitor: Reader, clearing_id: str, kind: str, payee: str) -> Response:
    """A payee's lines, each with the bookings and claims behind it."""
    try:
        shown = await listings.clearing(visitor.engine, clearing_id)
        found = await payee_bookings(visitor.engine, clearing_id, kind, payee)
    except NoSuchRecord as missing:
        raise NotFound(str(missing)) from None
    if kind == "person":
        await record_look(request, visitor, payee, "clearing")
    names = await names_of(visitor.engine)
    _, named = payee_cells(kind, payee, names)

    def of_payee(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [row for row in rows if (row["payee_kind"], row["payee"]) == (kind, payee)]

    payment = of_payee(shown["payments"])
    rows = [
        {name: getattr(each, name) for name in each.__struct_fields__}
        | {
            "fund_name": fund_named(each.fund).chinese(),
            "entry": f"{each.journal} {each.number}" if each.journal else None,
        }
        for each in found.bookings
    ]
    return await show_listing(
        request,
        visitor,
        BOOKINGS,
        rows,
        "clearing/payee.html",
        shown=shown,
        kind=kind,
        kind_name=KIND_NAMES[kind],
        payee=payee,
        named=str(named),
        payment=payment[0] if payment else None,
        left=Decimal(payment[0]["amount"]) - Decimal(payment[0]["paid"]) if payment else None,
        payment_names=PAYMENT_NAMES,
        lines=[{**row, "fund_name": fund_named(row["fund"]).chinese()} for row in of_payee(shown["lines"])],
        path_of=lambda **query: payee_path(clearing_id, kind, payee, **query),
        differing=[
            f"{fund_named(fund).chinese()} {BOOKING_NAMES[of]} {yuan(amount)} 元"
            for (fund, of), amount in found.differences().items()
        ],
        may_step=visitor.may(Permission.CLEARING_STEP),
        may_keep=visitor.may(Permission.PAYEES),
    )


@router.post("/clearing/{clearing_id}/payees/{kind}/{payee}/return")
async def record_return(request: Request, visitor: Writer, clearing_id: str, kind: str, payee: str) -> Response:
    """A transfer came back: it is due again."""
    fields = await FormFields.of(request)
    who, reason = visitor.actor(fields.raw("actor")), fields.words("reason", "原因")
    reference = fields.maybe(fields.words, "reference", "退汇流水号")
    back = await steps.record_return(visitor.engine, clearing_id, who, payee, reason, _kind(kind), reference)
    told = f"已登记退汇，待重新拨付 {yuan(back)} 元。Noted as returned: it is due again"
    return done(visitor, payee_path(clearing_id, kind, payee), told)


@router.post("/clearing/{clearing_id}/payees/{kind}/{payee}/reverse")
async def reverse(request: Request, visitor: Writer, clearing_id: str, kind: str, payee: str) -> Response:
    """Take back what was noted by mistake: the payment, or its return; another person than noted it."""
    fields = await FormFields.of(request)
    who, reason = visitor.actor(fields.raw("actor")), fields.words("reason", "原因")
    take_back = reversals.reverse_return if fields.given("returned") else reversals.reverse_payment
    mistaken = await take_back(visitor.engine, clearing_id, who, payee, reason, _kind(kind))
    told = f"已撤销误登的 {yuan(mistaken.amount)} 元，原登记人 {mistaken.operator.actor}。Taken back"
    return done(visitor, payee_path(clearing_id, kind, payee), told)


def _kind(kind: str) -> PayeeKind:
    if kind not in KIND_NAMES:
        raise NotFound(f"没有收款方种类 {kind}。There is no such kind of payee")
    return cast("PayeeKind", kind)
