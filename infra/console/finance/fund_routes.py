"""``/finance/funds``: accounts with warnings, what is behind each line, movements and budgets, by two persons."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from events.money import yuan
from infra.console.authorization import needs
from infra.console.errors import NotFound
from infra.console.finance.addresses import address
from infra.console.finance.claim_rows import by_keys, month_of
from infra.console.finance.forms import REASON, StepField, StepForm, amount_field
from infra.console.finance.freshness import counted_stamp
from infra.console.finance.fund_listings import (
    account_listing,
    booked_listing,
    budget_listing,
    line_listing,
    line_source,
    movement_listing,
    warning_listing,
    warning_rows,
)
from infra.console.finance.overview import latest_period
from infra.console.finance.report_listings import words_of
from infra.console.finance.shown import show_book, show_record
from infra.console.form_fields import FormFields
from infra.console.listing_columns import ListFilter
from infra.console.listing_sources import KeyedRows, totals_from
from infra.console.pages import done
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor
from infra.words.funds import MOVEMENT_KINDS, OFFICE_NAMES
from policies.supervision.text import SupervisionHistory
from processors.accounts import budgets, listings, steps
from processors.accounts.fund_account import fund_accounts
from processors.accounts.refusal import STATUS_NAMES
from processors.accounts.warnings import fund_warnings
from processors.finance.booked_entries import counted_ranges, fund_bookings, fund_sums
from processors.law.terms import FUND_NAMES, INSURER_NAMES
from processors.supervision.adoption import adopted_texts

router = APIRouter()
Reader = Annotated[Visitor, needs(Permission.FUNDS)]
Writer = Annotated[Visitor, needs(Permission.FUNDS_STEP)]
_YEAR = ListFilter("year", "年度", "year", "year")
_REGION = ListFilter("region", "统筹区", "region", "region")
_MONTH = ListFilter("month", "入账月份", "month", "month")
RECEIPTS = {
    kind: MOVEMENT_KINDS[kind]
    for kind in ("opening", "appropriation", "contribution", "interest", "donation", "fine", "other")
}
TRANSFERS = {kind: name for kind, name in MOVEMENT_KINDS.items() if kind not in RECEIPTS}
_WHERE = (StepField("scheme", "政策", "scheme"), StepField("region", "统筹区", "region", hint="六位代码，如 360923"))
_PAPERS = (
    amount_field(),
    StepField("moved_on", "银行到账日", "day on which the bank moved it", "date"),
    StepField("reference", "银行流水号", "the bank's reference"),
    StepField("year", "账户年度", "year of the account", required=False, hint="不填为到账年份"),
    StepField("order_no", "拨付文号", "number of the order", required=False),
    StepField("office", "登记单位", "office", choices=OFFICE_NAMES),
)


def _fund(name: str, chinese: str, english: str, *, required: bool = True) -> StepField:
    return StepField(name, chinese, english, choices=FUND_NAMES, required=required)


def _insurer(name: str, chinese: str) -> StepField:
    return StepField(name, chinese, "its insurer", choices=INSURER_NAMES, required=False)


def movement_forms() -> list[StepForm]:
    """The forms by which one person enters what moved."""
    note = "登记后须由另一人复核才计入账户。"
    return [
        StepForm(
            "/finance/movements/receive",
            "登记收入",
            "enter what was received",
            (
                StepField("kind", "种类", "kind", choices=RECEIPTS),
                *_WHERE,
                _fund("to_fund", "收款资金", "fund that receives"),
                _insurer("to_insurer", "承保公司"),
                *_PAPERS,
                StepField("party", "付款方", "who paid", required=False),
                StepField("fine_id", "处罚编号", "fine", required=False, hint="罚款入账时填；对个人的罚款填措施编号"),
            ),
            note=note,
        ),
        StepForm(
            "/finance/movements/transfer",
            "登记划转",
            "enter what was transferred",
            (
                StepField("kind", "种类", "kind", choices=TRANSFERS),
                *_WHERE,
                _fund("from_fund", "付款资金", "fund that pays"),
                _insurer("from_insurer", "付款方承保公司"),
                _fund("to_fund", "收款资金", "fund that receives", required=False),
                _insurer("to_insurer", "收款方承保公司"),
                *_PAPERS,
                StepField("party", "收款单位", "who was paid", required=False),
            ),
            note=note,
        ),
    ]


@router.get("/finance/funds")
async def funds(request: Request, visitor: Reader, year: str = "", region: str = "") -> Response:
    """Funds with their warnings, and their accounts line by line."""
    await counted_stamp(state_of(request), visitor)
    words = await words_of(visitor)
    of_year, where = _YEAR.read(year) if year else None, _REGION.read(region) if region else None
    async with visitor.engine.connect() as connection:
        history = SupervisionHistory(each.text for each in await adopted_texts(connection))
        warned = await fund_warnings(connection, history, year=of_year, region=where)
    told = warning_rows([each.json() | {"year": each.year} for each in warned])
    accounts = [each.json() for each in await fund_accounts(visitor.engine, region=where, year=of_year)]
    return await show_book(
        request,
        visitor,
        [(warning_listing(words), told), (account_listing(words, accounts), accounts)],
        title="基金账户 Funds",
        links=(
            ("/finance/movements", "资金收支", "movements"),
            ("/finance/budgets", "年度预算", "budgets"),
            ("/finance/fund-lines", "账户明细", "lines"),
        ),
        help=(
            "上表是运行预警：可支付月数、支付率、时间进度、预算偏差和用完月份（基准、高、低三种走势），"
            "与 claims funds warning 相同；下表是每个资金每年的账：期初、收入、支出到结转，与 claims account 相同，"
            "每个金额可点开到月份，再到账目或收支登记。"
            "没有登记收入和期初余额的资金只有支出，不判断能付几个月。"
        ),
    )


@router.get("/finance/fund-lines")
async def lines(request: Request, visitor: Reader) -> Response:
    """Lines of accounts by month."""
    listing = line_listing(await words_of(visitor))
    return await show_book(
        request,
        visitor,
        [(listing, line_source())],
        title=listing.title,
        help="每个账户每月每个科目的金额，取自 finance.fund_lines。点开金额看背后的账目、收支登记或临时救急借款。",
    )


@router.get("/finance/fund-bookings")
async def bookings(request: Request, visitor: Reader, month: str = "", line: str = "") -> Response:
    """Entries of the ledger behind a line of a month."""
    if not month:
        latest = await latest_period(visitor, "fund_lines", "month")
        if latest is None:
            raise NotFound("账本还没有入账。Nothing has been booked yet")
        return RedirectResponse(address("/finance/fund-bookings", **{**request.query_params, "month": latest}), 303)
    words = await words_of(visitor)
    period = month_of(_MONTH.read(month))

    async def source(connection: AsyncConnection) -> KeyedRows:
        ranges = await counted_ranges(connection, *period)
        return by_keys(
            lambda taken: fund_bookings(taken, month, line or None), ranges, totals_from(fund_sums(month), "bookings")
        )

    listing = booked_listing(words)
    return await show_book(
        request,
        visitor,
        [(listing, source)],
        title=listing.title,
        help="一个月里记在各资金上的账目，差额相加即该科目的金额。",
    )


@router.get("/finance/movements")
async def movements(request: Request, visitor: Reader) -> Response:
    """All movements; the forms to enter one."""
    rows = [
        {**row, "funds": [each for each in (row["from_fund"], row["to_fund"]) if each]}
        for row in await listings.movement_rows(visitor.engine)
    ]
    listing = movement_listing(await words_of(visitor))
    return await show_book(
        request,
        visitor,
        [(listing, rows)],
        title=listing.title,
        forms=movement_forms() if visitor.may(Permission.FUNDS_STEP) else (),
        help="资金实际收到和划出的钱：一人登记，另一人复核后计入账户；登错的在复核前撤回，复核后由另一人撤销。"
        "与 claims funds 相同。",
    )


@router.post("/finance/movements/receive")
async def receive(request: Request, visitor: Writer) -> Response:
    """Enter what a fund received."""
    return await _enter(request, visitor, RECEIPTS, ("to",))


@router.post("/finance/movements/transfer")
async def transfer(request: Request, visitor: Writer) -> Response:
    """Enter what went from a fund."""
    return await _enter(request, visitor, TRANSFERS, ("from", "to"))


async def _enter(request: Request, visitor: Visitor, kinds: Any, sides: tuple[str, ...]) -> Response:
    form = await FormFields.of(request)
    named = {
        f"{side}_{part}": form.maybe(form.words, f"{side}_{part}", chinese)
        for side in sides
        for part, chinese in (("fund", "资金"), ("insurer", "承保公司"))
    }
    order = steps.FundMovementOrder(
        kind=form.choice("kind", "种类", kinds),
        scheme=form.words("scheme", "政策"),
        region=form.region("region", "统筹区"),
        amount=form.fen("amount", "金额"),
        moved_on=form.day("moved_on", "银行到账日"),
        reference=form.words("reference", "银行流水号"),
        year=_YEAR.read(form.raw("year")) if form.given("year") else None,
        order_no=form.maybe(form.words, "order_no", "拨付文号"),
        party=form.maybe(form.words, "party", "对方"),
        fine_id=form.maybe(form.id, "fine_id", "处罚编号"),
        office=form.choice("office", "登记单位", OFFICE_NAMES),
        **named,
    )
    movement_id = await steps.enter(visitor.engine, order, visitor.actor(form.raw("actor")))
    told = f"已登记 {movement_id}，{yuan(order.amount)} 元，待另一人复核。Entered; another person approves it"
    return done(visitor, f"/finance/movements/{movement_id}", told)


@router.get("/finance/movements/{movement_id}")
async def movement(request: Request, visitor: Reader, movement_id: str) -> Response:
    """One movement, with the steps that it allows."""
    rows = await listings.movement_rows(visitor.engine)
    row = next((each for each in rows if each["movement_id"] == movement_id), None)
    if row is None:
        raise NotFound(f"没有收支记录 {movement_id}。There is no movement {movement_id}")
    words = await words_of(visitor)
    here = f"/finance/movements/{movement_id}"
    forms = {
        "entered": [
            StepForm(f"{here}/approve", "复核", "approve", note="须由登记以外的另一人。", first=row["entered_by"]),
            StepForm(f"{here}/withdraw", "撤回", "withdraw", (REASON,), danger=True),
        ],
        "approved": [
            StepForm(f"{here}/reverse", "撤销", "take back", (REASON,), danger=True, note="误登的由另一人撤销。")
        ],
    }
    named = _named(row, words)
    facts = [(column.chinese, column.english, column.shown(row[column.name])) for column in named]
    facts += [("文号", "order", row["order_no"]), ("凭证", "proof", row["proof"]), ("原因", "reason", row["reason"])]
    return show_record(
        request,
        visitor,
        title="资金收支 Movement",
        id=movement_id,
        facts=facts,
        forms=forms.get(row["status"], []) if visitor.may(Permission.FUNDS_STEP) else [],
        help="一笔收支：登记、复核、撤回或撤销都记在账册里，账册只增不改。",
    )


def _named(row: Any, words: Any) -> list[Any]:
    return [column for column in movement_listing(words).columns if column.name in row]


@router.post("/finance/movements/{movement_id}/approve")
async def approve(request: Request, visitor: Writer, movement_id: str) -> Response:
    """Approve a movement: another person than entered it."""
    form = await FormFields.of(request)
    found = await steps.approve(visitor.engine, movement_id, visitor.actor(form.raw("actor")))
    return done(visitor, f"/finance/movements/{movement_id}", f"已复核，{yuan(found.amount)} 元计入账户。Approved")


@router.post("/finance/movements/{movement_id}/withdraw")
async def withdraw(request: Request, visitor: Writer, movement_id: str) -> Response:
    """Take back a movement that is not approved."""
    form = await FormFields.of(request)
    why, who = form.words("reason", "原因"), visitor.actor(form.raw("actor"))
    await steps.withdraw(visitor.engine, movement_id, who, why)
    return done(visitor, f"/finance/movements/{movement_id}", "已撤回。Withdrawn")


@router.post("/finance/movements/{movement_id}/reverse")
async def reverse(request: Request, visitor: Writer, movement_id: str) -> Response:
    """Take back an approved mistake."""
    form = await FormFields.of(request)
    why, who = form.words("reason", "原因"), visitor.actor(form.raw("actor"))
    await steps.reverse(visitor.engine, movement_id, who, why)
    return done(visitor, f"/finance/movements/{movement_id}", "已撤销，凭证号可重新登记。Taken back")


@router.get("/finance/budgets")
async def all_budgets(request: Request, visitor: Reader) -> Response:
    """All budgets; the form to enter one."""
    rows = [{**row, "counts_is": str(row["counts"]).lower()} for row in await budgets.budget_rows(visitor.engine)]
    listing = budget_listing(await words_of(visitor))
    form = StepForm(
        "/finance/budgets",
        "登记年度预算",
        "enter a budget",
        (
            *_WHERE,
            _fund("fund", "资金", "fund"),
            _insurer("insurer", "承保公司"),
            StepField("year", "年度", "year"),
            StepField("spending", "全年支出预算（元）", "spending, yuan"),
            StepField("income", "全年收入预算（元）", "income, yuan", required=False),
            StepField("order_no", "预算文号", "number of the document"),
            StepField("office", "登记单位", "office", choices=OFFICE_NAMES, value="finance_office"),
        ),
        note="同一资金再登记并复核即为调整。",
    )
    return await show_book(
        request,
        visitor,
        [(listing, rows)],
        title=listing.title,
        forms=[form] if visitor.may(Permission.FUNDS_STEP) else (),
        help="资金的年度预算：一人登记，另一人复核后用于预警。与 claims funds budget 相同。",
    )


@router.post("/finance/budgets")
async def enter_budget(request: Request, visitor: Writer) -> Response:
    """Enter a fund's budget of a year."""
    form = await FormFields.of(request)
    order = budgets.BudgetOrder(
        scheme=form.words("scheme", "政策"),
        region=form.region("region", "统筹区"),
        fund=form.words("fund", "资金"),
        year=_YEAR.read(form.raw("year")),
        spending=form.fen("spending", "支出预算"),
        income=form.maybe(form.fen, "income", "收入预算"),
        insurer=form.maybe(form.words, "insurer", "承保公司"),
        order_no=form.words("order_no", "预算文号"),
        office=form.choice("office", "登记单位", OFFICE_NAMES),
    )
    budget_id = await budgets.enter_budget(visitor.engine, order, visitor.actor(form.raw("actor")))
    return done(visitor, f"/finance/budgets/{budget_id}", f"已登记 {budget_id}，待另一人复核。Entered")


@router.get("/finance/budgets/{budget_id}")
async def budget(request: Request, visitor: Reader, budget_id: str) -> Response:
    """One budget, with the steps that it allows."""
    row = next((each for each in await budgets.budget_rows(visitor.engine) if each["budget_id"] == budget_id), None)
    if row is None:
        raise NotFound(f"没有预算 {budget_id}。There is no budget {budget_id}")
    here = f"/finance/budgets/{budget_id}"
    row["counts_is"] = str(row["counts"]).lower()
    columns = budget_listing(await words_of(visitor)).columns
    forms = [
        StepForm(f"{here}/approve", "复核", "approve", note="须由登记以外的另一人。", first=row["entered_by"]),
        StepForm(f"{here}/withdraw", "撤回", "withdraw", (REASON,), danger=True),
    ]
    return show_record(
        request,
        visitor,
        title="年度预算 Budget",
        id=budget_id,
        facts=[(each.chinese, each.english, each.shown(row[each.name])) for each in columns],
        forms=forms if row["status"] == "entered" and visitor.may(Permission.FUNDS_STEP) else [],
        help=f"预算的状态：{'、'.join(STATUS_NAMES.values())}。同一资金最后复核的一份为现行。",
    )


@router.post("/finance/budgets/{budget_id}/approve")
async def approve_budget(request: Request, visitor: Writer, budget_id: str) -> Response:
    """Approve a budget: another person than entered it."""
    form = await FormFields.of(request)
    await budgets.approve_budget(visitor.engine, budget_id, visitor.actor(form.raw("actor")))
    return done(visitor, f"/finance/budgets/{budget_id}", "已复核，现行。Approved")


@router.post("/finance/budgets/{budget_id}/withdraw")
async def withdraw_budget(request: Request, visitor: Writer, budget_id: str) -> Response:
    """Take back a budget that is not approved."""
    form = await FormFields.of(request)
    why, who = form.words("reason", "原因"), visitor.actor(form.raw("actor"))
    await budgets.withdraw_budget(visitor.engine, budget_id, who, why)
    return done(visitor, f"/finance/budgets/{budget_id}", "已撤回。Withdrawn")
