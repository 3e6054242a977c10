"""``/rosters``: the history of lists; a list is uploaded, previewed, and only then taken."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from infra.console.authorization import needs
from infra.console.downloads import XLSX, download
from infra.console.errors import FieldTrouble, NotFound, PayloadTooLarge, Refused, Unprocessable
from infra.console.form_fields import FormFields
from infra.console.listing import show_listing
from infra.console.pages import done
from infra.console.permissions import Permission
from infra.console.register_keys import register_keys
from infra.console.rosters.fields import receipt_of
from infra.console.rosters.list_preview import LARGEST_LIST, ListPreview, UploadedList, claims_of, preview_list
from infra.console.rosters.listings import BOOKED, CHANGES, CLAIMS, IMPORTS, OTHERS, REFUSED, imports_query
from infra.console.rosters.table_pages import show_tables
from infra.console.session_contents import held, hold, let_go
from infra.console.step_access import step_access
from infra.console.visitor import Visitor
from infra.files.key_file import PERSONS
from infra.files.region_names import region_named
from infra.operations.ledger_access import events_are_taken
from infra.operations.roster_import import Allowances, import_list
from processors.rosters.duty import DEPARTMENT_NAMES
from processors.rosters.imports import counts_of
from processors.rosters.period import Period
from processors.rosters.withdrawals import changes_of_list

_MOST_DIGITS = 18
router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.ROSTERS)]
Writer = Annotated[Visitor, needs(Permission.ROSTERS_STEP)]


@router.get("/rosters")
async def rosters(request: Request, visitor: Reader) -> Response:
    """Every list that was imported, the last first."""
    query = imports_query()
    today = await visitor.today()
    async with visitor.engine.connect() as connection:
        newest = (await connection.execute(query.order_by(query.selected_columns.number.desc()).limit(1))).first()
    values = {
        "month": Period(today.year, today.month),
        "today": today,
        "newest": newest,
        "departments": DEPARTMENT_NAMES,
        "taken": await events_are_taken(visitor.engine),
        "writes": visitor.may(Permission.ROSTERS_STEP),
    }
    return await show_listing(request, visitor, IMPORTS, query, "rosters/rosters.html", **values)


@router.post("/rosters/preview")
async def upload(request: Request, visitor: Writer, file: UploadFile) -> Response:
    """Read a list and hold it for its preview; nothing of it is stored."""
    fields = await FormFields.of(request)
    receipt = receipt_of(fields, await visitor.today())
    if file.size is not None and file.size > LARGEST_LIST:
        raise PayloadTooLarge(f"名单文件最多 {LARGEST_LIST // 2**20} MB。The list's file is too large")
    content = await file.read()
    if not content:
        raise Unprocessable(FieldTrouble("名单文件", "请选择文件", "choose a file that holds anything"))
    uploaded = UploadedList(file.filename or "", content, receipt, fields.given("empty"), fields.given("hidden_sheets"))
    found = await preview_list(visitor, uploaded, lambda: register_keys(request, PERSONS))
    return RedirectResponse(f"/rosters/preview/{hold(visitor, found, len(content))}", 303)


@router.get("/rosters/preview/{token}")
async def preview(request: Request, visitor: Writer, token: str) -> Response:
    """What a list would change: who enters, who leaves, what is refused, which claims move."""
    found = held(visitor, token, ListPreview)
    tables = (
        (CHANGES, found.changes()),
        (REFUSED, found.refused()),
        (OTHERS, found.others()),
        (CLAIMS, claims_of(found.effect)),
    )
    source, place = found.upload.receipt.source.split("/")
    values: dict[str, Any] = {
        "token": token,
        "preview": found,
        "receipt": found.upload.receipt,
        "department": DEPARTMENT_NAMES[source],
        "place": region_named(place),
        "counts": counts_of(found.read, found.found.comparison),
        "near": sum(row.near is not None for row in found.read.refused),
        "taken": await events_are_taken(visitor.engine),
    }
    return await show_tables(request, visitor, tables, "rosters/preview.html", **values)


@router.get("/rosters/preview/{token}/refused")
async def refused_rows(visitor: Writer, token: str) -> Response:
    """The refused rows as they were received, for the department to mend."""
    found = held(visitor, token, ListPreview)
    receipt = found.upload.receipt
    return download(found.refused_workbook(), f"{receipt.period}-{receipt.source.replace('/', '-')}-未接收.xlsx", XLSX)


@router.post("/rosters/preview/{token}/import")
async def take(request: Request, visitor: Writer, token: str) -> Response:
    """Take the very list that was previewed, and only if it still changes what was shown."""
    fields = await FormFields.of(request)
    found, who = held(visitor, token, ListPreview), visitor.actor(fields.raw("actor"))
    if fields.raw("sha256") != found.upload.sha256:
        raise Refused("文件与预览的不是同一个，请重新上传。It is not the file that was previewed: upload it again")
    receipt = found.upload.receipt
    async with visitor.engine.connect() as connection:
        _, read = await found.upload.read(connection, lambda: register_keys(request, PERSONS))
    nobody = not (read.listed or read.ended)
    async with step_access(request, visitor) as access:
        taken = await import_list(
            access,
            read,
            receipt,
            sha256=found.upload.sha256,
            allowed=Allowances(fields.given("shrink") or nobody, fields.given("growth")),
            actor=who,
            seen=found.seen,
        )
    let_go(visitor, token)
    counts = counts_of(read, taken.comparison)
    message = (
        f"已导入 {receipt.source} {receipt.period} 的名单：新增 {counts['added']}，移除 {counts['removed']}，"
        f"不变 {counts['unchanged']}，拒收 {counts['refused']} 行；结算单由结算进程随后重算。"
        f"The list was taken: {counts['added']} added, {counts['removed']} removed; claims are settled again meanwhile"
    )
    return done(visitor, "/rosters", message)


@router.get("/rosters/imports/{number}")
async def imported(request: Request, visitor: Reader, number: str) -> Response:
    """One list that was imported: its record, and what it changed."""
    query = imports_query()
    async with visitor.engine.connect() as connection:
        wanted = int(number) if number.isdecimal() and len(number) < _MOST_DIGITS else 0
        row = (await connection.execute(query.where(query.selected_columns.number == wanted))).first()
        if row is None:
            raise NotFound(f"没有第 {number} 号名单记录。There is no list under this number")
        changes = [
            {
                "person_id": change.person_id,
                "category": change.category,
                "change": "added" if change.added else "removed",
                "effective_on": change.effective_on,
            }
            for change in await changes_of_list(connection, row.number)
        ]
    values = {"record": row, "department": DEPARTMENT_NAMES[row.source.partition("/")[0]]}
    values |= {"place": region_named(row.region), "writes": visitor.may(Permission.ROSTERS_STEP)}
    return await show_tables(request, visitor, ((BOOKED, changes),), "rosters/imported.html", **values)
