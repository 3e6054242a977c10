"""Funds' money in the console: what one clerk enters another approves; what the books refuse is said in their words."""

import re
from typing import Any

from playwright.async_api import Browser

from tests.console.harness import ConsoleUnderTest, SignedIn, browser_page

RECEIVED = {
    "kind": "appropriation",
    "scheme": "shanggao",
    "region": "360923",
    "to_fund": "assistance_fund",
    "amount": "120000.50",
    "moved_on": "2019-03-31",
    "reference": "BANK-1",
    "office": "bureau",
}


async def _entered(session: SignedIn, path: str, fields: dict[str, Any]) -> str:
    """Enter something, and where its page is."""
    answer = await session.post(path, fields)
    assert answer.status_code == 200, answer.text
    return answer.url.path


async def test_what_a_clerk_enters_counts_when_another_has_approved_it(console: ConsoleUnderTest) -> None:
    first, second = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    there = await _entered(first, "/finance/movements/receive", RECEIVED)
    lines = "/finance/fund-lines?fund=assistance_fund&line=income&region=360923"
    assert "120,000.50" not in (await first.get(lines)).text
    own = await first.post(f"{there}/approve")
    assert own.status_code == 409, own.text
    assert "未能办理" in own.text
    approved = await second.post(f"{there}/approve")
    assert approved.status_code == 200, approved.text
    assert "已复核" in approved.text
    assert "120,000.50" in (await first.get(lines)).text
    assert there in (await first.get("/finance/movements?money=assistance_fund")).text
    again = await first.post("/finance/movements/receive", RECEIVED)
    assert again.status_code == 409, again.text  # the bank moved it once
    reversed_ = await second.post(f"{there}/reverse", {"reason": "误登"})
    assert "已撤销" in reversed_.text
    assert "120,000.50" not in (await first.get(lines)).text


async def test_a_budget_takes_two_persons(console: ConsoleUnderTest) -> None:
    first, second = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    order = {"scheme": "shanggao", "region": "360923", "fund": "basic_fund", "year": "2019", "spending": "900000"}
    there = await _entered(first, "/finance/budgets", order | {"order_no": "财社〔2019〕1号", "office": "bureau"})
    assert (await first.post(f"{there}/approve")).status_code == 409
    assert "已复核，现行" in (await second.post(f"{there}/approve")).text
    assert "900,000.00" in (await first.get("/finance/funds?year=2019&region=360923")).text


async def test_a_prepayment_takes_two_persons_and_comes_back(console: ConsoleUnderTest) -> None:
    first, second = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    hospitals = (await first.get("/hospitals")).text
    hospital = re.search(r'href="/hospitals/(\w+)"', hospitals)
    assert hospital is not None
    order = {"region": "360923", "hospital_id": hospital[1], "fund": "basic_fund", "amount": "5000"}
    there = await _entered(first, "/finance/prepayments", order | {"reason": "年初预拨"})
    transfer = {"reference": "T-1", "day": "2019-01-05"}
    assert (await first.post(f"{there}/approve", transfer)).status_code == 409
    assert "已预拨 5000.00 元" in (await second.post(f"{there}/approve", transfer)).text
    back = {"reference": "R-1", "amount": "2000"}
    assert (await first.post(f"{there}/return", back)).status_code == 409  # who ordered it notes no return
    assert "余额 3000.00 元" in (await second.post(f"{there}/return", back)).text
    over = await second.post(f"{there}/return", {"reference": "R-2", "amount": "4000"})
    assert over.status_code == 409, over.text
    assert "5,000.00" in (await first.get(f"/finance/prepayments?hospital_id={hospital[1]}")).text


async def test_a_request_for_a_loan_is_decided_by_another(console: ConsoleUnderTest) -> None:
    first, second = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    person = re.search(r"P\d{5}", (await first.get("/finance/claims")).text)
    assert person is not None
    asked = {"person_id": person[0], "region": "360923", "amount": "800", "applied_on": "2019-05-06"}
    there = await _entered(first, "/finance/advances", asked | {"need": "住院押金"})
    assert (await first.post(f"{there}/approve")).status_code == 409
    assert "已批准 500.00 元" in (await second.post(f"{there}/approve", {"amount": "500"})).text
    looks = (await (await console.signed_in("owner")).get("/access")).text
    assert person[0] in looks  # whoever saw the request saw its person


async def test_forms_name_the_field_that_is_wrong(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    for field, value, said in (
        ("amount", "12.345", "金额"),
        ("moved_on", "31.3.2019", "银行到账日"),
        ("region", "36", "统筹区"),
        ("kind", "gift", "种类"),
        ("reference", "", "银行流水号"),
        ("year", "x", "年度"),
    ):
        answer = await session.post("/finance/movements/receive", RECEIVED | {"reference": "BANK-2", field: value})
        assert answer.status_code == 422, (field, answer.text)
        assert said in answer.text, field
    unknown = await session.post("/finance/movements/receive", RECEIVED | {"scheme": "<b>x", "reference": "BANK-3"})
    assert unknown.status_code == 409
    assert "<b>x" not in unknown.text


async def test_records_that_are_not_there(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    for path in ("movements/x", "budgets/x", "prepayments/x", "receivables/x", "advances/360923/x"):
        answer = await session.get(f"/finance/{path}")
        assert answer.status_code == 404, (path, answer.text)
    for path in ("receivables", "advances", "prepayments", "premiums", "premiums/persons", "fines", "fund-bookings"):
        assert (await session.get(f"/finance/{path}")).status_code == 200, path
    assert 'action="/finance/movements/receive"' not in (await session.get("/finance/movements")).text


async def test_a_finance_officer_finds_the_entries_behind_a_fund(console: ConsoleUnderTest, browser: Browser) -> None:
    async with browser_page(browser, console, "ledger_writer", 1280) as page:
        await page.goto(f"{console.url}/finance")
        await page.get_by_role("link", name="基金账户").click()
        await page.locator("#listing-accounts tbody tr").filter(has_text="基本医保").first.wait_for()
        row = page.locator("#listing-accounts tbody tr").filter(has_text="基本医保").first
        await row.locator('a[href*="line=payouts"]').click()
        await page.locator("#listing-lines tbody td.n a").first.click()
        await page.locator("#listing-fund_bookings tbody tr").first.wait_for()
        assert "支付" in await page.locator("#listing-fund_bookings").inner_text()
