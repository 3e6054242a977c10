"""``/clearing/payees``: the accounts to which payees are paid, set by one person and approved by another."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, cast

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.cli.names import Names, names_of
from infra.console.authorization import needs
from infra.console.clearing.account_listings import ACCOUNTS, LACKING, account_path
from infra.console.downloads import XLSX, download
from infra.console.errors import FieldTrouble, NotFound, Refused, Unprocessable
from infra.console.form_fields import FormFields
from infra.console.listing import asked_file
from infra.console.looks import record_look
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.register_keys import register_keys
from infra.console.visitor import Visitor
from infra.files.key_file import PAYEES
from infra.files.payee_file import PayeeList, payee_template, read_payees
from infra.words.clearing import ACCOUNT_STEP_NAMES, KIND_NAMES, payee_cells
from processors.bank import accounts
from processors.bank.account_rows import Relation, account_steps
from processors.bank.accounts import RELATION_NAMES, STATUS_NAMES, AccountOrder, EnteredAccount
from processors.bank.listings import account_rows, lacking_rows, step_rows
from processors.offices.keys import KeyRing
from projections.clearing_rows import PayeeKind

router = APIRouter()
Keeper = Annotated[Visitor, needs(Permission.PAYEES)]
STATUS_KINDS = {"proposed": "warn", "approved": "good", "replaced": "plain", "withdrawn": "bad", "ended": "bad"}
STANDING = ("proposed", "approved")
_MOST_DIGITS = 15


@router.get("/clearing/payees")
async def all_accounts(request: Request, visitor: Keeper) -> Response:
    """The accounts that stand, who is to be paid and has none, and the forms by which accounts are set."""
    names, keys = await names_of(visitor.engine), _keys_or_why(request)
    rows: Sequence[Mapping[str, Any]] = ()
    if isinstance(keys, KeyRing):
        closed = request.query_params.get("accounts.status", "") not in ("", *STANDING)
        rows = _named(await account_rows(visitor.engine, keys, all_=closed), names)
    lacking = _named(await lacking_rows(visitor.engine), names)
    if (file := await asked_file(request, visitor, ((ACCOUNTS, rows), (LACKING, lacking)))) is not None:
        return file
    given = request.query_params
    return render(
        request,
        "clearing/accounts.html",
        listed=await ACCOUNTS.read(request, visitor, rows),
        lacking=await LACKING.read(request, visitor, lacking),
        waiting=sum(row["status"] == "proposed" for row in rows),
        no_keys="" if isinstance(keys, KeyRing) else keys,
        kinds=KIND_NAMES,
        relations=RELATION_NAMES,
        kind=given.get("kind", "hospital"),
        payee=given.get("payee", ""),
        holder=names.hospital(given["payee"]).name if given.get("kind") == "hospital" and given.get("payee") else "",
        may_keep=True,
    )


@router.get("/clearing/payees/template")
async def template(visitor: Keeper) -> Response:
    """The list to fill in: a row for each payee that is to be paid and has no account."""
    names = await names_of(visitor.engine)
    rows = [
        (KIND_NAMES[row["payee_kind"]], row["payee"], _holder(row["payee_kind"], row["payee"], names))
        for row in await lacking_rows(visitor.engine)
    ]
    return download(await asyncio.to_thread(payee_template, rows), "收款账户登记表.xlsx", XLSX)


@router.get("/clearing/payees/approval")
async def approval(request: Request, visitor: Keeper) -> Response:
    """The accounts that wait, with whole numbers, to be compared with the papers and approved."""
    names = await names_of(visitor.engine)
    rows = await account_rows(visitor.engine, register_keys(request, PAYEES), whole=True)
    waiting = _named([row for row in rows if row["status"] == "proposed"], names)
    own = sum(_is_own(visitor, row) for row in waiting)
    for row in waiting:
        if row["payee_kind"] == "person":
            await record_look(request, visitor, row["payee"], "payee account")
    return render(
        request,
        "clearing/approval.html",
        rows=[row | {"own": _is_own(visitor, row)} for row in waiting],
        others=len(waiting) - own,
        kinds=KIND_NAMES,
        relations=RELATION_NAMES,
    )


@router.post("/clearing/payees/approval")
async def approve(request: Request, visitor: Keeper) -> Response:
    """Approve those that are ticked, or all of others that the page has shown; another person than set them."""
    fields = await FormFields.of(request)
    who, keys = visitor.actor(fields.raw("actor")), register_keys(request, PAYEES)
    numbers = [_number(each) for each in fields.all("shown" if fields.given("all") else "number")]
    if not numbers:
        raise Unprocessable(FieldTrouble("账户", "请勾选核对过的账户", "tick the accounts that you have compared"))
    approved = await accounts.approve(visitor.engine, keys, numbers, who)
    return done(visitor, "/clearing/payees", f"已复核账户 {len(approved)} 个，付款文件可以用了。Approved")


@router.post("/clearing/payees/enter")
async def enter(request: Request, visitor: Keeper) -> Response:
    """Set a payee's account; another person approves it."""
    fields = await FormFields.of(request)
    order = AccountOrder(
        cast("PayeeKind", fields.choice("kind", "种类", KIND_NAMES)),
        fields.id("payee", "收款方编号"),
        fields.raw("holder"),
        fields.raw("account"),
        fields.raw("bank"),
        fields.raw("bank_code") or None,
        cast("Relation", fields.choice("relation", "账户关系", RELATION_NAMES)),
        fields.maybe(fields.words, "reason", "原因"),
    )
    entered = await accounts.enter(
        visitor.engine, register_keys(request, PAYEES), order, visitor.actor(fields.raw("actor"))
    )
    for warning in entered.warnings:
        visitor.notices.append(f"请核对：{warning}")
    told = "与已登记的相同，没有改动。Unchanged" if entered.unchanged else "已登记，待另一人复核。Another approves it"
    return done(visitor, account_path({"number": entered.number}), f"账户 {entered.number} {told}")


@router.post("/clearing/payees/import")
async def import_list(request: Request, visitor: Keeper, file: Annotated[UploadFile, File()]) -> Response:
    """Set the accounts of a list; rows that can't be used are told, the others are taken."""
    fields = await FormFields.of(request)
    who, keys = visitor.actor(fields.raw("actor")), register_keys(request, PAYEES)
    kind = cast("PayeeKind", fields.choice("kind", "种类", KIND_NAMES))
    listed = await asyncio.to_thread(_read, await file.read(), kind)
    async with accounts.open_register(visitor.engine, keys) as register:
        entered = await accounts.enter_all(register, list(listed.orders.values()), who)
    refused, warned, new, unchanged = dict(listed.bad), list[tuple[int, str]](), 0, 0
    for (row, order), each in zip(listed.orders.items(), entered, strict=True):
        if isinstance(each, EnteredAccount):
            unchanged, new = unchanged + each.unchanged, new + (not each.unchanged)
            warned += [(row, f"{order.payee}：{warning}") for warning in each.warnings]
        else:
            refused[row] = each
    return render(
        request,
        "clearing/accounts_read.html",
        name=file.filename or "",
        new=new,
        unchanged=unchanged,
        refused=sorted(refused.items()),
        warned=warned,
        ignored=listed.ignored,
    )


@router.get("/clearing/payees/{number}")
async def one_account(request: Request, visitor: Keeper, number: str) -> Response:
    """An account, its number masked, every step on the payee's accounts, and the next step."""
    rows = await account_rows(visitor.engine, register_keys(request, PAYEES), all_=True)
    found = [row for row in rows if str(row["number"]) == number]
    if not found:
        raise NotFound(f"没有账户 {number}。There is no such account")
    (row,) = _named(found, await names_of(visitor.engine))
    if row["payee_kind"] == "person":
        await record_look(request, visitor, row["payee"], "payee account")
    return render(
        request,
        "clearing/account.html",
        row=row,
        status=STATUS_NAMES[row["status"]],
        status_kind=STATUS_KINDS[row["status"]],
        kind_name=KIND_NAMES[row["payee_kind"]],
        relation=RELATION_NAMES[row["relation"]],
        steps=[
            each | {"at": datetime.fromisoformat(each["at"])}
            for each in await step_rows(visitor.engine, row["payee_kind"], row["payee"])
        ],
        step_names=ACCOUNT_STEP_NAMES,
        path_of=account_path,
    )


@router.post("/clearing/payees/{number}/close")
async def close(request: Request, visitor: Keeper, number: str) -> Response:
    """Take back an account that nobody has approved, or end one that was."""
    fields = await FormFields.of(request)
    step = accounts.end if fields.raw("step") == "end" else accounts.withdraw
    who, reason, place = visitor.actor(fields.raw("actor")), fields.words("reason", "原因"), _number(number)
    closed = await step(visitor.engine, register_keys(request, PAYEES), place, who, reason)
    return done(
        visitor, account_path({"number": place}), f"账户 {place} {STATUS_NAMES[closed.status]}。{closed.status}"
    )


@router.get("/clearing/payees/of/{kind}/{payee}")
async def of_payee(request: Request, visitor: Keeper, kind: str, payee: str) -> Response:
    """The account that a payee has, or the form to set one."""
    if kind not in KIND_NAMES:
        raise NotFound(f"没有收款方种类 {kind}。There is no such kind of payee")
    rows = await account_rows(visitor.engine, register_keys(request, PAYEES), cast("PayeeKind", kind), payee)
    path = account_path(rows[-1]) if rows else account_path({"payee_kind": kind, "payee": payee, "number": None})
    return RedirectResponse(path, 303)


async def waiting(visitor: Visitor, connection: AsyncConnection) -> int:
    """How many accounts that others have set wait for the visitor, who keeps accounts; else none."""
    if not visitor.may(Permission.PAYEES):
        return 0
    later = account_steps.alias()
    set_ = account_steps.c
    rows = select(func.count()).where(
        set_.step == "set",
        visitor.is_others(set_.actor),
        ~exists().where(later.c.account == set_.number, later.c.step != "set"),
    )
    return int((await connection.execute(rows)).scalar_one())


def _named(rows: Sequence[Mapping[str, Any]], names: Names) -> list[dict[str, Any]]:
    return [{**row, "payee_name": str(payee_cells(row["payee_kind"], row["payee"], names)[1])} for row in rows]


def _holder(kind: str, payee: str, names: Names) -> str:
    return names.hospital(payee).name if kind == "hospital" else ""


def _is_own(visitor: Visitor, row: Mapping[str, Any]) -> bool:
    return not visitor.is_owner and row["set_by"] == visitor.login


def _keys_or_why(request: Request) -> KeyRing | str:
    """The keys; where there are none yet, why: the page is shown without accounts."""
    try:
        return register_keys(request, PAYEES)
    except Refused as missing:
        return str(missing)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise NotFound(f"没有账户 {text}。There is no such account")
    return int(text)


def _read(content: bytes, kind: PayeeKind) -> PayeeList:
    """A list; it is known as a workbook or as text by its content. Raises ``UnusableFile``."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(content)
        return read_payees(path, kind)
