"""``/clearing/withholdings``: what clearings keep back of hospitals until their score is known, and its release."""

import re
from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from events.money import yuan
from infra.cli.names import names_of
from infra.console.authorization import needs
from infra.console.clearing.clearing_figures import head_rows
from infra.console.clearing.clearing_listings import KEPT, RELEASES
from infra.console.errors import FieldTrouble, NotFound, Unprocessable
from infra.console.form_fields import FormFields
from infra.console.listing import asked_file
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from infra.words.clearing import STEP_NAMES, payer_named, percent_shown
from processors.clearing import withholdings
from processors.clearing.withholdings import STATUS_NAMES, ReleaseOrder
from processors.offices.refusal import NoSuchRecord

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CLEARING)]
Writer = Annotated[Visitor, needs(Permission.CLEARING_STEP)]
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?%?")


@router.get("/clearing/withholdings")
async def all_withholdings(request: Request, visitor: Reader) -> Response:
    """What was kept back, by hospital and fund, the releases, and the form of an order."""
    names = await names_of(visitor.engine)
    kept = [
        row
        | {
            "year": row["month"][:4],
            "hospital_name": str(names.hospital(row["hospital_id"])),
            "payer_name": payer_named(row),
            "insurer": row["insurer"] or "",
        }
        for row in head_rows(await withholdings.withholding_rows(visitor.engine))
    ]
    released = head_rows(await withholdings.release_rows(visitor.engine))
    if (file := await asked_file(request, visitor, ((KEPT, kept), (RELEASES, released)))) is not None:
        return file
    return render(
        request,
        "clearing/withholdings.html",
        kept=await KEPT.read(request, visitor, kept),
        releases=await RELEASES.read(request, visitor, released),
        regions={row["region"]: row["region_name"] for row in kept},
        years={row["year"]: row["year"] for row in kept},
        hospitals={row["hospital_id"]: row["hospital_name"] for row in kept},
        may_step=visitor.may(Permission.CLEARING_STEP),
        may_keep=visitor.may(Permission.PAYEES),
    )


@router.post("/clearing/withholdings/order")
async def order(request: Request, visitor: Writer) -> Response:
    """Order a release by the year's score, or by one share; another person approves it."""
    fields = await FormFields.of(request)
    who, reason = visitor.actor(fields.raw("actor")), fields.words("reason", "原因")
    region, year = fields.region("region", "统筹区"), _year(fields)
    if fields.given("share"):
        scores = await withholdings.one_share(visitor.engine, region, _share(fields.raw("share")))
    else:
        scores = await withholdings.shares_by_class(visitor.engine, region, year)
    wanted = ReleaseOrder(region, year, reason, fields.maybe(fields.id, "hospital", "医院"))
    ordered = await withholdings.order(visitor.engine, wanted, scores, who)
    for hospital, left in sorted(ordered.unscored.items()):
        visitor.notices.append(f"{hospital} 没有考核等次，未列入 {yuan(left)} 元。It has no class: left out")
    told = f"已申请返还 {ordered.release_id}，{yuan(ordered.amount)} 元，待另一人复核。Ordered: another approves it"
    return done(visitor, f"/clearing/withholdings/{ordered.release_id}", told)


@router.get("/clearing/withholdings/{release_id}")
async def one_release(request: Request, visitor: Reader, release_id: str) -> Response:
    """A release: classes, shares, items, every step."""
    try:
        shown = await withholdings.release(visitor.engine, release_id)
    except NoSuchRecord as missing:
        raise NotFound(str(missing)) from None
    (head,) = head_rows([{name: value for name, value in shown.items() if not isinstance(value, list)}])
    return render(
        request,
        "clearing/release.html",
        shown=shown | head,
        hospitals=await names_of(visitor.engine),
        status=STATUS_NAMES[shown["status"]],
        payer_named=payer_named,
        percent=percent_shown,
        steps=head_rows([row | {"region": shown["region"], "done_at": row["at"]} for row in shown["history"]]),
        step_names=STEP_NAMES,
        may_step=visitor.may(Permission.CLEARING_STEP),
    )


@router.post("/clearing/withholdings/{release_id}/approve")
async def approve(request: Request, visitor: Writer, release_id: str) -> Response:
    """Approve a release; another person than ordered it. The next clearing pays it."""
    fields = await FormFields.of(request)
    await withholdings.approve(visitor.engine, release_id, visitor.actor(fields.raw("actor")))
    told = f"已复核返还单 {release_id}，随下次清算拨付。Approved: the next clearing pays it"
    return done(visitor, f"/clearing/withholdings/{release_id}", told)


@router.post("/clearing/withholdings/{release_id}/withdraw")
async def withdraw(request: Request, visitor: Writer, release_id: str) -> Response:
    """Take a release back that no clearing pays yet."""
    fields = await FormFields.of(request)
    who, reason = visitor.actor(fields.raw("actor")), fields.words("reason", "原因")
    await withholdings.withdraw(visitor.engine, release_id, who, reason)
    return done(visitor, f"/clearing/withholdings/{release_id}", f"已撤回返还单 {release_id}。Withdrawn")


def _year(fields: FormFields) -> int:
    text = fields.raw("year")
    if not (text.isascii() and text.isdecimal() and len(text) == 4 and text != "0000"):
        raise Unprocessable(FieldTrouble("年度", f"“{text}”不是年份，应写成 2019", "write 2019"))
    return int(text)


def _share(text: str) -> Fraction:
    found = Fraction(text.removesuffix("%")) / 100 if _PERCENT.fullmatch(text) else Fraction(0)
    if not 0 < found <= 1:
        raise Unprocessable(FieldTrouble("返还比例", "应为 0% 以上、100% 以内", "a share above 0% and up to 100%"))
    return found
