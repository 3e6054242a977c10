"""Files beside the ledger: a hospital's month (reconciliation), and a county's published table."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from msgspec import structs

from events.money import yuan
from infra.console.authorization import needs
from infra.console.errors import NotFound
from infra.console.finance.comparisons import FileComparison, FileComparisons, sent_file
from infra.console.finance.forms import StepField
from infra.console.finance.freshness import counted_stamp
from infra.console.finance.report_listings import words_of
from infra.console.finance.tabs import tabs_of
from infra.console.form_fields import FormFields
from infra.console.listing import Listing, show_listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.files.hospital_file import HospitalDetail, read_detail, read_totals
from infra.files.published_file import read_published
from infra.person_file.page import grouped
from infra.words.reconciliation import DIFFERENCE_NAMES, FIELD_NAMES
from infra.words.reports import PUBLISHED_ITEMS
from processors.finance.published_figures import compare
from processors.finance.reports import ANNUAL, Narrowed, read_report
from processors.law.terms import SETTING_NAMES
from processors.reconciliation.comparison import Reconciliation, amounts, reconcile

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.FUNDS)]
FinanceReader = Annotated[Visitor, needs(Permission.FINANCE)]
Sent = Annotated[UploadFile | None, File()]
"""A file of a form; declared, so that it is closed when the request ends."""
_MONTH = ListFilter("month", "月份", "month", "month")
_ALL = "全部"
BY_NAMES = {"date": "费用日期", "settlement": "结算日期（退费为负行）"}
COMPARISONS = FileComparisons()
TABLES = (".csv", ".xlsx")
DIFFERENCES = Listing(
    "differences",
    "对账差异 Differences",
    (
        ListColumn("kind", "种类", "kind", names=DIFFERENCE_NAMES | {"bad_row": "不能读的行"}),
        ListColumn("claim_id", "结算单", "claim", "id", lambda row: f"/claims/{row['claim_id']}"),
        ListColumn("field", "项目", "field", names=FIELD_NAMES),
        ListColumn("hospital", "医院", "hospital"),
        ListColumn("ledger", "账本", "ledger"),
        ListColumn("difference", "差额", "difference"),
        ListColumn("detail", "说明", "detail"),
    ),
    (ListFilter("kind", "种类", "kind", "choice", DIFFERENCE_NAMES | {"bad_row": "不能读的行"}),),
    key=("claim_id", "field"),
    personal=True,
)
_RECONCILED = (
    StepField("file", "医院明细", "the hospital's claims", "file"),
    StepField("totals", "医院合计（可不选）", "its own totals", "file", required=False),
    StepField("hospital_id", "医院编号", "hospital"),
    StepField("month", "月份", "month", hint="如 2019-03"),
    StepField("by", "月份按", "month by", choices=BY_NAMES),
)
_PUBLISHED = (StepField("file", "公布的数字", "the published table", "file"),)


@router.get("/finance/reconciliation")
async def reconciliation(request: Request, visitor: Reader) -> Response:
    """The form to send a hospital's month."""
    return render(
        request,
        "finance/compared.html",
        words=_words("reconciliation"),
        fields=_RECONCILED,
        compared=None,
        page=None,
        tabs=tabs_of(visitor),
    )


@router.post("/finance/reconciliation")
async def send_month(request: Request, visitor: Reader, file: Sent = None, totals: Sent = None) -> Response:
    """Hold a hospital's month against the ledger, claim by claim."""
    form = await FormFields.of(request)
    hospital_id, by = form.id("hospital_id", "医院编号"), form.choice("by", "月份按", BY_NAMES)
    month = _MONTH.read(form.raw("month"))
    settled = by == "settlement"
    name, detail = await sent_file(file, TABLES, lambda path: read_detail(path, month, by_settlement=settled))
    sums = None
    if totals is not None and totals.filename:
        _, sums = await sent_file(totals, TABLES, read_totals)
    unread = {bad.claim_id or "" for bad in detail.bad}
    try:
        found = await reconcile(
            visitor.engine, hospital_id, month, detail.claims, totals=sums, unread=unread, by_settlement=settled
        )
    except LookupError as error:
        raise NotFound(str(error)) from error
    of = [
        ("文件", "file", name),
        ("医院", "hospital", hospital_id),
        ("月份", "month", f"{month:%Y-%m}（按{BY_NAMES[by]}）"),
        ("差异", "differences", len(found.differences)),
    ]
    kept = FileComparison("reconciliation", name, visitor.login, _rows(found, detail), of + _sums(found), _said(detail))
    return RedirectResponse(f"/finance/reconciliation/{COMPARISONS.keep(state_of(request), kept)}", 303)


def _rows(found: Reconciliation, detail: HospitalDetail) -> list[dict[str, Any]]:
    bad = [
        dict.fromkeys(("field", "hospital", "ledger", "difference"))
        | {"kind": "bad_row", "claim_id": row.claim_id, "detail": f"第{row.row}行：{row.reason}"}
        for row in detail.bad
    ]
    names = ("kind", "claim_id", "field", "hospital", "ledger", "difference", "detail")
    return [{name: getattr(each, name) for name in names} for each in found.differences] + bad


def _sums(found: Reconciliation) -> list[tuple[str, str, str]]:
    """Of each sum what the hospital and what the ledger has."""

    def told(of: dict[str, int], name: str) -> str:
        if name not in of:
            return "—"
        return f"{of[name]:,}" if name == "claims" else grouped(yuan(of[name]))

    return [
        (f"{FIELD_NAMES[name]}：医院 / 账本", name, f"{told(found.hospital, name)} / {told(found.ledger, name)}")
        for name in ("claims", *amounts())
        if name in found.hospital or found.ledger.get(name)
    ]


def _said(detail: HospitalDetail) -> list[str]:
    said = []
    if detail.ignored:
        said.append(f"没有用到的列：{'、'.join(name[1:] for name in detail.ignored)}。Columns not used")
    if detail.sums:
        said.append(f"合计行没有读：第 {'、'.join(map(str, detail.sums))} 行。Rows of totals, not read")
    return said


@router.get("/finance/reconciliation/{id_}")
async def reconciled(request: Request, visitor: Reader, id_: str) -> Response:
    """What came of it: the differences, to be filtered and exported."""
    return await _show(request, visitor, "reconciliation", id_, DIFFERENCES, _RECONCILED)


@router.get("/finance/published")
async def published(request: Request, visitor: FinanceReader) -> Response:
    """The form to send a published table."""
    return render(
        request,
        "finance/compared.html",
        words=_words("published"),
        fields=_PUBLISHED,
        compared=None,
        page=None,
        tabs=tabs_of(visitor),
    )


@router.post("/finance/published")
async def send_table(request: Request, visitor: FinanceReader, file: Sent = None) -> Response:
    """Set a county's published table beside the annual report's sums."""
    name, rows = await sent_file(file, (*TABLES, ".yaml", ".yml"), read_published)
    await counted_stamp(state_of(request), visitor)
    words = await words_of(visitor)
    async with visitor.engine.connect() as connection:
        items = list(compare(rows, await read_report(connection, ANNUAL, Narrowed())))
    told = [
        structs.asdict(item)
        | {
            "region": _ALL if item.region is None else words.regions[item.region],
            "scheme": _ALL if item.scheme is None else words.schemes[item.scheme],
            "setting": _ALL if item.setting is None else SETTING_NAMES[item.setting],
            "poor": _ALL if item.poor is None else "是" if item.poor else "否",
            "agrees": {None: "—", True: "是", False: "否"}[item.agrees],
            **{part: _figure(getattr(item, part)) for part in ("published", "ledger", "difference")},
        }
        for item in items
    ]
    agreeing = sum(item.agrees is True for item in items)
    of = [("文件", "file", name), ("项目", "items", len(items)), ("一致", "agree", agreeing)]
    kept = FileComparison("published", name, visitor.login, told, of)
    return RedirectResponse(f"/finance/published/{COMPARISONS.keep(state_of(request), kept)}", 303)


def _figure(value: Any) -> str | None:
    return None if value is None else f"{value:,f}".replace("-", "−")


ITEMS = Listing(
    "published",
    "公布数与账本数 Published and ledger",
    (
        ListColumn("year", "年度", "year"),
        ListColumn("region", "统筹区", "region"),
        ListColumn("scheme", "政策", "scheme"),
        ListColumn("setting", "就医类型", "setting"),
        ListColumn("poor", "贫困人口", "poor"),
        ListColumn("item", "项目", "item", names=PUBLISHED_ITEMS),
        ListColumn("unit", "单位", "unit"),
        ListColumn("published", "公布数", "published"),
        ListColumn("ledger", "账本数", "ledger"),
        ListColumn("difference", "差额", "difference"),
        ListColumn("agrees", "一致", "agrees"),
        ListColumn("remark", "说明", "remark"),
    ),
    (
        ListFilter("year", "年度", "year", "year"),
        ListFilter("agrees", "一致", "agrees", "choice", {"是": "是", "否": "否", "—": "—"}),
    ),
    counted=True,
)


@router.get("/finance/published/{id_}")
async def beside(request: Request, visitor: FinanceReader, id_: str) -> Response:
    """Each published item beside the ledger's."""
    return await _show(request, visitor, "published", id_, ITEMS, _PUBLISHED)


async def _show(
    request: Request, visitor: Visitor, kind: str, id_: str, listing: Listing, fields: tuple[StepField, ...]
) -> Response:
    compared = COMPARISONS.get(state_of(request), visitor, kind, id_)
    return await show_listing(
        request,
        visitor,
        listing,
        compared.rows,
        "finance/compared.html",
        words=_words(kind),
        fields=fields,
        compared=compared,
        tabs=tabs_of(visitor),
    )


def _words(kind: str) -> dict[str, str]:
    titles = {"reconciliation": ("医院对账", "Reconciliation"), "published": ("与公布的数字并列", "Published table")}
    chinese, english = titles[kind]
    return {"kind": kind, "chinese": chinese, "english": english}
