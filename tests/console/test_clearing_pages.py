"""Clearing in the browser: two clerks clear a month against each other, the bank is paid, and its reply is noted."""

import csv
import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.async_api import Browser, Page

from infra.console.clearing.clearing_figures import month_to_draft, totals
from infra.files.key_file import PAYEES, key_file_of, write_keys
from infra.settings import Settings
from infra.words.clearing import KIND_NAMES
from processors.clearing import listings
from processors.offices.keys import new_key
from tests.console.harness import NAMES, OWNER, ConsoleUnderTest, SignedIn, axe_faults, browser_page

REGION = "360923"
KEY = new_key()


def _id(page: str) -> str:
    found = re.search(rf"{REGION}-\d{{4}}-\d\d-\d+", page)
    assert found is not None, page
    return found[0]


async def _press(page: Page, words: str) -> None:
    await page.click(f"main button:has-text('{words}')")
    await page.wait_for_load_state()


async def test_two_clerks_clear_a_month_against_each_other(
    console: ConsoleUnderTest, browser: Browser, tmp_path: Path
) -> None:
    async with (
        browser_page(browser, console, "ledger_writer") as lin,
        browser_page(browser, console, "second_writer", 360) as zhao,
    ):
        await lin.goto("/clearing")
        assert await lin.locator("#listing-uncleared tbody tr").count() >= 1
        await lin.select_option("select[name=region]", REGION)
        await _press(lin, "起草")
        clearing_id = _id(lin.url)
        assert "待另一人复核" in await lin.inner_text("main")
        assert await axe_faults(lin) == []
        await lin.screenshot(path=tmp_path / "draft.png", full_page=True)
        # who drafted it is not offered the second step; by hand it is refused with words, and nothing changes
        assert "须由另一人登录办理" in await lin.inner_text("main")
        assert await lin.locator("main button:has-text('复核')").count() == 0
        by_hand = await (await console.signed_in("ledger_writer")).post(f"/clearing/{clearing_id}/approve")
        assert f"{NAMES['ledger_writer']} 已办理前一步，这一步须由另一人办理" in by_hand.text
        engine = console.running.state.engine
        assert (await listings.clearing(engine, clearing_id))["status"] == "drafted"
        # the other finds it on his first page
        await zhao.goto("/")
        await zhao.click("text=清算单待复核")
        await zhao.click(f"#listing-clearings a:has-text('{clearing_id}')")
        await _press(zhao, "复核")
        assert "可以拨付" in await zhao.inner_text("main")
        shown = await listings.clearing(engine, clearing_id)
        assert (shown["status"], shown["drafted_by"], shown["approved_by"]) == (
            "approved",
            NAMES["ledger_writer"],
            NAMES["second_writer"],
        )
        # each line opens its bookings, which come to it
        await zhao.click("#listing-payments tbody tr >> nth=0 >> td.id a")
        assert "各行等于下面明细之和" in await zhao.inner_text("main")
        assert await axe_faults(zhao) == []
        await zhao.screenshot(path=tmp_path / "payee.png", full_page=True)
        links = await zhao.locator("#listing-bookings tbody td.id a").first.get_attribute("href")
        assert links is not None
        assert links.startswith("/claims/")
        await zhao.goto(f"/clearing/{clearing_id}/form")
        assert "清算表" in await zhao.title()
        assert await zhao.evaluate("getComputedStyle(document.querySelector('.signatures')).display") == "grid"


async def _amounts(session: SignedIn, clearing_id: str) -> list[dict[str, str]]:
    exported = await session.get(f"/clearing/{clearing_id}", **{"payments.format": "csv"})
    rows = list(csv.DictReader(io.StringIO(exported.text.removeprefix("\ufeff"))))
    return [row for row in rows if row["种类 kind"] and not row["种类 kind"].startswith("#")]


async def _set_accounts(console: ConsoleUnderTest, places: dict[tuple[str, str], int]) -> None:
    """All who are to be paid and have no account get one: by the list that the page gives, approved by another."""
    keeper, owner = await console.signed_in("payee_keeper"), await console.signed_in(OWNER)
    book = load_workbook(io.BytesIO((await keeper.get("/clearing/payees/template")).content))
    sheet, kinds = book.worksheets[0], {name: kind for kind, name in KIND_NAMES.items()}
    rows = list(sheet.iter_rows(min_row=2))
    assert {(kinds[str(row[0].value)], str(row[1].value)) for row in rows} == set(places)
    for row in rows:
        place = places[kinds[str(row[0].value)], str(row[1].value)]
        row[2].value, row[3].value, row[4].value = f"户名{place}", f"62000000{place:08d}", "上高农商行"
    filled = io.BytesIO()
    sheet.append(["个人", "nobody", "张三", "6200000099999999", "上高农商行"])
    book.save(filled)
    read = await keeper.post("/clearing/payees/import", {"kind": "person"}, {"file": ("a.xlsx", filled.getvalue())})
    assert "账本里没有收款方 nobody" in read.text
    listed = (await keeper.get("/clearing/payees")).text
    assert f"待复核 {len(places)} 个" in listed
    assert "****0000" in listed
    assert "6200000000000000" not in listed  # whole numbers are for who compares them with the papers
    assert "62000000" in (await owner.get("/clearing/payees/approval")).text
    own = await keeper.post("/clearing/payees/approval", {"number": "1"})
    assert (own.status_code, "须由另一人办理" in own.text) == (409, True)
    assert (await owner.post("/clearing/payees/approval", {"actor": "zhou"})).status_code == 422
    shown = re.findall(r'name="shown" value="(\d+)"', (await owner.get("/clearing/payees/approval")).text)
    approved = await owner.post("/clearing/payees/approval", {"actor": "zhou", "all": "yes", "shown": shown})
    assert f"已复核账户 {len(places)} 个" in approved.text
    assert "没有缺账户的收款方" in approved.text
    # one is ended, which one person may, and set again
    (kind, payee), place = next(iter(places.items()))
    found = await keeper.get(f"/clearing/payees/of/{kind}/{payee}")
    number = found.url.path.rpartition("/")[2]
    ended = await keeper.post(f"/clearing/payees/{number}/close", {"step": "end", "reason": "已销户"})
    assert "已停用" in ended.text
    fields = {"kind": kind, "payee": payee, "holder": f"户名{place}", "account": f"62000000{place:08d}"}
    again = await keeper.post("/clearing/payees/enter", fields | {"bank": "上高农商行", "relation": "own"})
    assert "待另一人复核" in again.text
    ticked = {"actor": "zhou", "number": again.url.path.rpartition("/")[2]}
    assert "已复核账户 1 个" in (await owner.post("/clearing/payees/approval", ticked)).text


async def test_the_bank_is_paid_by_a_file_and_its_reply_is_noted_payee_by_payee(console: ConsoleUnderTest) -> None:
    engine, keeper = console.running.state.engine, await console.signed_in("payee_keeper")
    clearing_id = _id((await keeper.get("/clearing")).text)
    payees = [row for row in (await listings.clearing(engine, clearing_id))["payments"] if Decimal(row["amount"])]
    write_keys(key_file_of(Settings(data_dir=console.running.state.settings.data_dir), PAYEES), PAYEES, [KEY])
    refused = await keeper.post(f"/clearing/{clearing_id}/payment-file")
    assert refused.status_code == 409
    assert "没有已复核的账户" in refused.text
    await _set_accounts(console, {(row["payee_kind"], row["payee"]): place for place, row in enumerate(payees)})
    made = await keeper.post(f"/clearing/{clearing_id}/payment-file")
    # a line a fund and payee: fund, insurer, number, holder, account, bank, its code, amount, purpose, reference
    sent = await keeper.get(f"/clearing/files/{clearing_id}-B1/download", form="csv")
    told = csv.reader(io.StringIO(sent.text.removeprefix("\ufeff")))
    lines = [row for row in told if len(row) == 10 and row[2].isdecimal()]
    assert f"已制作银行文件 {clearing_id}-B1：{len(lines)} 笔" in made.text
    accounts = {f"62000000{place:08d}": row for place, row in enumerate(payees)}
    of_payee = {account: sum(Decimal(row[7]) for row in lines if row[4] == account) for account in accounts}
    assert of_payee == {account: Decimal(row["amount"]) for account, row in accounts.items()}
    assert len({row[0] for row in lines}) > 1
    book = load_workbook(io.BytesIO((await keeper.get(f"/clearing/files/{clearing_id}-B1/download")).content))
    assert any(row[2] == "6200000000000000" for sheet in book for row in sheet.iter_rows(values_only=True))
    for role in ("ledger_writer", "investigator"):  # accounts are for who keeps them
        session = await console.signed_in(role)
        assert (await session.get(f"/clearing/files/{clearing_id}-B1/download")).status_code == 403
        assert (await session.post(f"/clearing/{clearing_id}/payment-file")).status_code == 403
    # the bank pays all but the lines of one payee, and names one that nobody knows
    back = accounts[lines[-1][4]]
    paid_lines = [row for row in lines if row[4] != lines[-1][4]]
    returned = [row for row in lines if row[4] == lines[-1][4]]
    replied = [["凭证号", "金额", "结果", "原因"], *([row[9], row[7], "成功", ""] for row in paid_lines)]
    replied += [*([row[9], row[7], "退汇", "<b>户名不符</b>"] for row in returned), ["nobody", "1.00", "成功", ""]]
    text = io.StringIO()
    csv.writer(text).writerows(replied)
    clerk = await console.signed_in("ledger_writer")
    noted = await clerk.post("/clearing/reply", files={"file": ("reply.csv", text.getvalue().encode("gb18030"))})
    assert noted.status_code == 200
    assert "没有制作过凭证号为 nobody 的付款" in noted.text
    assert "&lt;b&gt;户名不符&lt;/b&gt;" in noted.text
    states = {row["payee"]: row["status"] for row in (await listings.clearing(engine, clearing_id))["payments"]}
    assert {payee for payee, status in states.items() if status == "returned"} == {back["payee"]}
    assert states == states | {row["payee"]: "paid" for row in payees if row is not back}
    again = await clerk.post("/clearing/reply", files={"file": ("reply.csv", text.getvalue().encode("gb18030"))})
    assert again.text.count("已登记过") > len(paid_lines)
    # who noted the return does not pay again; another does, and the clearing is paid
    path = f"/clearing/{clearing_id}/pay"
    fields = {"payee": back["payee"], "kind": back["payee_kind"], "reference": "T-2"}
    assert (await clerk.post(path, fields)).status_code == 409
    other = await console.signed_in("second_writer")
    paid = await other.post(path, fields)
    assert "已登记拨付" in paid.text
    assert (await listings.clearing(engine, clearing_id))["status"] == "paid"
    assert len(await _amounts(other, clearing_id)) == len((await listings.clearing(engine, clearing_id))["payments"])


async def test_what_can_not_be_is_told_by_its_field_or_its_reason(console: ConsoleUnderTest) -> None:
    clerk, reader = await console.signed_in("ledger_writer"), await console.signed_in("investigator")
    assert (await clerk.get("/clearing/nowhere-2019-01-1")).status_code == 404
    assert (await clerk.get("/clearing/nowhere-2019-01-1/payees/person/x")).status_code == 404
    bad = await clerk.post("/clearing/draft", {"region": REGION, "month": "2019-13"})
    assert (bad.status_code, "月份" in bad.text) == (422, True)
    clearing_id = _id((await clerk.get("/clearing")).text)
    nothing = await clerk.post("/clearing/draft", {"region": REGION, "month": clearing_id[7:14], "supplement": "yes"})
    assert nothing.status_code == 409
    assert "没有新入账的" in nothing.text
    for path in ("draft", f"{clearing_id}/approve", f"{clearing_id}/withdraw", f"{clearing_id}/pay", "reply"):
        assert (await reader.post(f"/clearing/{path}")).status_code == 403, path
    unreadable = await clerk.post("/clearing/reply", files={"file": ("x.xlsx", b"PK\x03\x04nothing")})
    assert unreadable.status_code == 422


async def test_a_look_at_a_persons_bookings_asks_and_is_recorded(console: ConsoleUnderTest) -> None:
    clerk, reader = await console.signed_in("ledger_writer"), await console.new_session("investigator")
    engine = console.running.state.engine
    clearing_id = _id((await clerk.get("/clearing")).text)
    payments = (await listings.clearing(engine, clearing_id))["payments"]
    person = next(row["payee"] for row in payments if row["payee_kind"] == "person")
    path = f"/clearing/{clearing_id}/payees/person/{person}"
    assert (await reader.get(path)).url.path == "/access/purpose"
    page = await clerk.get(path)
    assert "各行等于下面明细之和" in page.text
    log = await reader.get("/access", person=person)
    assert log.text.count(person) >= 2


async def test_nothing_kept_back_says_why(console: ConsoleUnderTest) -> None:
    clerk = await console.signed_in("ledger_writer")
    page = await clerk.get("/clearing/withholdings")
    assert "还没有预留" in page.text
    assert (await clerk.get("/clearing/withholdings/none")).status_code == 404


def test_what_a_fund_has_paid_counts_where_another_funds_transfer_came_back() -> None:
    nothing = dict.fromkeys(("balance", "released", "set_off", "withheld", "prepaid"), "0.00")
    payments = [
        nothing | {"payee": "H1", "status": "returned", "amount": "644584.03", "paid": "644400.72"},
        nothing | {"payee": "H2", "status": "due", "amount": "622303.18", "paid": "0.00"},
        nothing | {"payee": "H3", "status": "paid", "amount": "100.00", "paid": "100.00"},
    ]
    payments = [row | {"payee_kind": "hospital"} for row in payments]
    told = totals({"payments": payments, "held": [{"payee_kind": "hospital", "payee": "H1"}]})
    # 644,400.72 + 100.00 went out; 183.31 of the first and all of the second are still to go
    assert (told.paid, told.due, told.held) == (Decimal("644500.72"), Decimal("622486.49"), Decimal("183.31"))


@pytest.mark.parametrize(
    ("since", "cleared", "month"),
    [
        ("2026-11-07", [], "2026-11"),
        ("2026-11-07", [("2026-11", "approved")], "2026-12"),
        ("2026-11-07", [("2026-11", "withdrawn")], "2026-11"),
        ("2026-09-30", [("2026-09", "paid"), ("2026-10", "drafted")], "2026-11"),
        ("2026-12-02", [("2026-12", "drafted")], "2026-12"),
        (None, [], "2026-12"),
    ],
)
def test_the_month_offered_is_the_oldest_that_no_clearing_was_made_of(
    since: str | None, cleared: list[tuple[str, str]], month: str
) -> None:
    waiting: list[dict[str, str | None]] = [
        {"region": REGION, "since": since},
        {"region": "360123", "since": "2026-01-01"},
    ]
    rows: list[dict[str, str]] = [{"region": REGION, "month": each, "status": status} for each, status in cleared]
    rows.append({"region": "360123", "month": "2026-11", "status": "paid"})
    assert month_to_draft(waiting, rows, REGION, date(2026, 12, 3)) == month
