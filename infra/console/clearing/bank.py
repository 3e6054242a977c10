"""``/clearing/…``: the file by which the bank pays, its reply, and payments that are noted by hand."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, cast
from urllib.parse import quote

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response

from events.money import yuan
from infra.console.authorization import needs
from infra.console.clearing.clearing_figures import head_rows
from infra.console.clearing.clearing_listings import FILES, clearing_path, payee_path
from infra.console.errors import NotFound
from infra.console.exports import WRITERS
from infra.console.form_fields import FormFields
from infra.console.listing import show_listing
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.register_keys import register_keys
from infra.console.visitor import Visitor
from infra.files.key_file import PAYEES
from infra.files.payment_sheet import payment_file_bytes
from infra.files.region_names import region_named
from infra.files.reply_file import BankReply, read_reply
from infra.words.clearing import KIND_NAMES
from processors.bank import payment_files, prepayment_files
from processors.bank.payment_lines import WrittenPaymentFile
from processors.bank.replies import apply_reply
from processors.bank.reply_rows import ReplyOutcome
from processors.clearing import prepayments, steps
from processors.clearing.bank_files import load_files
from projections.clearing_rows import PayeeKind

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.CLEARING)]
Writer = Annotated[Visitor, needs(Permission.CLEARING_STEP)]
Keeper = Annotated[Visitor, needs(Permission.PAYEES)]
OUTCOMES = {"paid": "已付", "returned": "退汇", "unchanged": "已登记过", "refused": "未登记"}
OUTCOME_KINDS = {"paid": "good", "returned": "warn", "unchanged": "plain", "refused": "bad"}


@router.get("/clearing/files")
async def all_files(request: Request, visitor: Reader) -> Response:
    """The payment files that were made, and the form for the bank's reply."""
    files = await payment_files.file_rows(visitor.engine)
    ordered = [each for each in await prepayments.prepayment_rows(visitor.engine) if each["status"] == "ordered"]
    standing = [each["file_id"] for each in files if not each["cancelled"]]
    return await show_listing(
        request,
        visitor,
        FILES,
        head_rows(files),
        "clearing/files.html",
        standing=standing,
        ahead=[each["file_id"] for each in files if each["clearing_id"] is None],
        regions={each["region"]: str(region_named(each["region"])) for each in ordered},
        may_step=visitor.may(Permission.CLEARING_STEP),
        may_pay=visitor.may(Permission.PAYEES),
        may_keep=visitor.may(Permission.PAYEES),
    )


@router.post("/clearing/reply")
async def reply(request: Request, visitor: Writer, file: Annotated[UploadFile, File()]) -> Response:
    """Note what the bank says, row by row; a file that is read again changes nothing."""
    fields = await FormFields.of(request)
    who, content = visitor.actor(fields.raw("actor")), await file.read()
    read = await asyncio.to_thread(_read, content)
    outcomes = await apply_reply(visitor.engine, read.rows, who, read.sha256)
    paths = await _paths(visitor, outcomes)
    counts, sums = Counter(each.outcome for each in outcomes), Counter[str]()
    for each in outcomes:
        sums[each.outcome] += each.amount
    counts["refused"] += len(read.bad)
    return render(
        request,
        "clearing/reply.html",
        sums=[(OUTCOMES[each], each, counts[each], yuan(sums[each])) for each in OUTCOMES],
        outcomes=outcomes,
        bad=sorted(read.bad.items()),
        words=OUTCOMES,
        kinds=OUTCOME_KINDS,
        paths=paths,
        name=file.filename or "",
        sha256=read.sha256,
    )


@router.post("/clearing/{clearing_id}/payment-file")
async def make_file(request: Request, visitor: Keeper, clearing_id: str) -> Response:
    """Make the file of all that is due and in no other open file."""
    fields = await FormFields.of(request)
    made = await payment_files.make(
        visitor.engine,
        register_keys(request, PAYEES),
        clearing_id,
        visitor.actor(fields.raw("actor")),
        only_ready=fields.given("only_ready"),
        purpose=fields.maybe(fields.words, "purpose", "用途"),
    )
    return _made(visitor, made, f"{clearing_path(clearing_id)}#files")


@router.post("/clearing/files/prepayments")
async def make_prepayment_file(request: Request, visitor: Keeper) -> Response:
    """Make the file of all prepayments of a region that are ordered and in no other open file."""
    fields = await FormFields.of(request)
    made = await prepayment_files.make(
        visitor.engine,
        register_keys(request, PAYEES),
        fields.region("region", "统筹区"),
        visitor.actor(fields.raw("actor")),
        only_ready=fields.given("only_ready"),
        purpose=fields.maybe(fields.words, "purpose", "用途"),
    )
    return _made(visitor, made, "/clearing/files#ahead")


def _made(visitor: Visitor, made: WrittenPaymentFile, path: str) -> Response:
    for warning in made.warnings:
        visitor.notices.append(f"请核对：{warning}")
    for _, payee, amount in made.left_out:
        visitor.notices.append(f"没有账户，未列入：{payee} {yuan(amount)} 元。Left out: it has no account")
    file = made.file
    told = f"已制作银行文件 {file.file_id}：{len(file.items)} 笔，{yuan(file.total)} 元。Made: download it below"
    return done(visitor, path, told)


@router.get("/clearing/files/{file_id}/download")
async def download(request: Request, visitor: Keeper, file_id: str, form: str = "xlsx") -> Response:
    """A file once more, where its lines are still those that were noted."""
    if form not in ("xlsx", "csv"):
        raise NotFound("付款文件的格式为 xlsx 或 csv。A payment file is xlsx or csv")
    made = await payment_files.again(visitor.engine, register_keys(request, PAYEES), file_id)
    content = await asyncio.to_thread(payment_file_bytes, made, csv=form == "csv")
    named = f'attachment; filename="{made.file.file_id}.{form}"'
    return Response(content, media_type=WRITERS[form][1], headers={"content-disposition": named})


@router.post("/clearing/files/{file_id}/cancel")
async def cancel(request: Request, visitor: Writer, file_id: str) -> Response:
    """Cancel a file that was not sent; another person than made it."""
    fields = await FormFields.of(request)
    file = await payment_files.cancel(
        visitor.engine, file_id, visitor.actor(fields.raw("actor")), fields.words("reason", "原因")
    )
    path = "/clearing/files" if file.clearing_id is None else f"{clearing_path(file.clearing_id)}#files"
    return done(visitor, path, f"已撤销银行文件 {file_id}。Cancelled")


@router.post("/clearing/{clearing_id}/pay")
async def pay(request: Request, visitor: Writer, clearing_id: str) -> Response:
    """Note what was transferred, to all or to one payee."""
    fields = await FormFields.of(request)
    who, reference = visitor.actor(fields.raw("actor")), fields.words("reference", "银行流水号")
    payee = fields.maybe(fields.id, "payee", "收款方")
    kind = cast("PayeeKind", fields.choice("kind", "种类", KIND_NAMES)) if payee else None
    seen = fields.maybe(fields.fen, "due", "待拨付")
    paid = await steps.pay(visitor.engine, clearing_id, who, reference, [payee] if payee else (), kind, seen)
    path = payee_path(clearing_id, kind, payee) if payee and kind else clearing_path(clearing_id)
    return done(visitor, path, f"已登记拨付 {yuan(paid)} 元，凭证号 {reference}。Noted as paid")


async def _paths(visitor: Visitor, outcomes: Sequence[ReplyOutcome]) -> dict[str, str]:
    """Where the payee of a reference is shown."""
    references = {each.reference for each in outcomes}
    async with visitor.engine.connect() as connection:
        return {
            item.reference: (
                f"/finance/prepayments/{quote(item.prepayment_id or '', safe='')}"
                if each.clearing_id is None
                else payee_path(each.clearing_id, item.payee_kind, item.payee)
            )
            for each in await load_files(connection)
            for item in each.items
            if item.reference in references
        }


def _read(content: bytes) -> BankReply:
    """A reply; it is known as a workbook or as text by its content. Raises ``UnusableFile``."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "reply"
        path.write_bytes(content)
        return read_reply(path)
