"""A case in the console, from a report to its close, by two logins; inspections, the blacklist, what is late."""

import re
from datetime import date, timedelta
from typing import Any

import httpx
import orjson
import pytest
from playwright.async_api import Browser

from processors.cases.journal import load_register
from tests import facts
from tests.cases_of_supervision import BASIS, sent
from tests.console.harness import ConsoleUnderTest, axe_faults, browser_page
from tests.ledger import Books

H1 = "H-CASES"
OPENING = {
    "origin": "report",
    "region": "360923",
    "kind": "hospital",
    "subject": H1,
    "officers": "chen、zhou",
    "document": "上医保立〔2019〕1号",
    "reason": "举报 <b>重复收费</b>",
    "on": "2019-03-01",
}


@pytest.fixture(scope="module", autouse=True)
async def books(console: ConsoleUnderTest) -> Books:
    """A hospital of 上高 and a stay of 9,000 in scope and 1,000 self-funded."""
    opened = await Books.open(console.running.state.engine)
    bill = facts.bill("9000", self_funded="1000")
    told = [facts.hospital(H1, region="360923", tier=2), facts.enrol("P-CASES", 2019, "360923")]
    await opened.publish([*told, *facts.stay(901, "P-CASES", on="2019-02-10", bill=bill, hospital_id=H1)])
    return opened


async def _opened(console: ConsoleUnderTest, **more: str) -> str:
    session = await console.signed_in("ledger_writer")
    page = await session.post("/cases", OPENING | more)
    assert page.status_code == 200, page.text
    found = re.search(r"/cases/(360923-C\d+)$", str(page.url))
    assert found is not None
    return found[1]


async def _step(console: ConsoleUnderTest, role: str, path: str, fields: dict[str, Any]) -> httpx.Response:
    session = await console.signed_in(role)
    return await session.post(path, fields)


async def test_a_case_goes_from_a_report_to_its_close_by_two_persons(console: ConsoleUnderTest, books: Books) -> None:
    """Of the stay 300 self-funded yuan are found; nothing of them was paid by the funds, so the fine alone is due."""
    case = await _opened(console)
    path = f"/cases/{case}"
    writer = await console.signed_in("ledger_writer")
    assert "举报 &lt;b&gt;重复收费" in (await writer.get(path)).text
    days = {"began": "2019-02-01", "ended": "2019-02-28"}
    row = {"claim_0": "C901", "amount_0": "300", "borne_0": "hospital", "part_0": ""}
    found = await _step(
        console, "ledger_writer", f"{path}/finding", {"what": "重复收费", "clause": BASIS, **days, **row}
    )
    finding = re.search(rf"已登记认定 ({case}-F\d+)", found.text)
    assert finding is not None, found.text
    assert "300.00 医疗机构" in found.text
    refund = {"kind": "refund", "basis": BASIS, "document": "1号", "reason": "退回", "finding": finding[1]}
    measure = await _step(console, "ledger_writer", f"{path}/measure", refund)
    assert "已拟定措施" in measure.text
    proposed = await _step(console, "ledger_writer", f"{path}/propose", {"document": "提1号", "reason": "事实清楚"})
    assert "须由另一人决定或退回" in proposed.text
    decision = {"document": "决1号", "reason": "同意"}
    own = await _step(console, "ledger_writer", f"{path}/decide", decision)
    assert own.status_code == 409
    assert "lin_settles" in own.text
    reader = await _step(console, "investigator", f"{path}/decide", decision)
    assert reader.status_code == 403
    decided = await _step(console, "second_writer", f"{path}/decide", decision)
    assert "1 件事实待发往账本" in decided.text
    assert "待发出" in decided.text
    early = await _step(console, "ledger_writer", f"{path}/close", {"reason": "已退回"})
    assert early.status_code == 409
    assert await sent(books) == 1
    assert "已收下" in (await writer.get(path)).text
    closed = await _step(console, "ledger_writer", f"{path}/close", {"reason": "已退回"})
    assert "已结案" in closed.text
    case_row = (await load_register(books.engine)).cases.get(case)
    assert case_row is not None
    assert (case_row.opened_login, case_row.decided_login, case_row.closed_login) == (
        "lin_settles",
        "zhao_approves",
        "lin_settles",
    )
    assert (await _step(console, "ledger_writer", f"{path}/note", {"kind": "note", "reason": "补"})).status_code == 409


async def test_a_fine_waits_for_its_procedure_and_is_paid(console: ConsoleUnderTest) -> None:
    case = await _opened(console)
    path = f"/cases/{case}"
    days = {"began": "2019-02-01", "ended": "2019-02-28"}
    await _step(console, "ledger_writer", f"{path}/finding", {"what": "串换", "clause": BASIS, "amount": "500", **days})
    fine = {"kind": "fine", "basis": BASIS, "document": "罚1号", "reason": "罚款", "amount": "1,000"}
    await _step(console, "ledger_writer", f"{path}/measure", fine)
    proposal = {"document": "提2号", "reason": "事实清楚"}
    refused = await _step(console, "ledger_writer", f"{path}/propose", proposal)
    assert refused.status_code == 409
    assert "罚款须先告知" in refused.text
    assert "case.proposed" not in refused.text
    notice = {"kind": "notice", "amount": "1000", "reason": "告知", "on": "2019-03-02"}
    await _step(console, "ledger_writer", f"{path}/note", notice)
    page = await (await console.signed_in("ledger_writer")).get(path)
    assert "事先告知" in page.text
    assert (await _step(console, "ledger_writer", f"{path}/note", {"kind": "notice", "reason": "x"})).status_code == 409


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"subject": "H 404!"}, "对象编号"),
        ({"region": "36092"}, "办案统筹区"),
        ({"on": "2019-02-30"}, "立案日期"),
        ({"reason": "身份证 11010519491231002X"}, "不得写身份证号"),
        ({"kind": "church"}, "对象种类"),
    ],
)
async def test_what_cannot_be_used_names_its_field(console: ConsoleUnderTest, fields: dict[str, str], why: str) -> None:
    refused = await _step(console, "ledger_writer", "/cases", OPENING | fields)
    assert refused.status_code == 422
    assert why in refused.text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"subject": "H404"}, "没有登记的医疗机构 H404"),
        ({"officers": "chen"}, "执法人员不得少于 2 人"),
        ({"leads": "L1"}, "由疑点立案须写明疑点编号"),
    ],
)
async def test_what_the_books_refuse_is_told_in_their_words(
    console: ConsoleUnderTest, fields: dict[str, str], why: str
) -> None:
    refused = await _step(console, "ledger_writer", "/cases", OPENING | fields)
    assert refused.status_code == 409
    assert why in refused.text


async def test_lists_narrow_and_export(console: ConsoleUnderTest) -> None:
    await _opened(console)
    session = await console.signed_in("investigator")
    for path in ("/cases", "/cases/measures", "/cases/inspections", "/cases/overdue", "/cases/hit-rates", "/blacklist"):
        for form in ("xlsx", "parquet", "json"):
            assert (await session.get(path, format=form)).status_code == 200, (path, form)
        assert (await session.get(path)).status_code == 200, path
    rows = orjson.loads((await session.get("/cases", subject=H1, status="open", format="json")).content)["rows"]
    assert {row["subject_id" if "subject_id" in row else "status"] for row in rows} == {"open"}
    assert rows
    assert orjson.loads((await session.get("/cases", region="110000", format="json")).content)["rows"] == []
    late = orjson.loads((await session.get("/cases/overdue", what="decision", format="json")).content)["rows"]
    assert all(row["days"] > 0 for row in late)
    assert late
    year = await session.get("/cases/year", region="360923", year="2019")
    assert "覆盖率" in year.text
    assert (await session.get("/cases/year", region="x")).status_code == 422


async def test_an_inspection_is_recorded_and_taken_back_by_another(console: ConsoleUnderTest) -> None:
    fields = {"hospitals": H1, "institution": "hospital", "kind": "plan", "result": "problems", "region": "360923"}
    fields |= {"officers": "chen zhou", "document": "检1号", "on": "2019-03-05", "reason": "现场"}
    made = await _step(console, "ledger_writer", "/cases/inspections", fields)
    found = re.search(r"已登记检查 1 家：([\w-]+)", made.text)
    assert found is not None, made.text
    back = {"inspection": found[1], "reason": "误登"}
    assert (await _step(console, "ledger_writer", "/cases/inspections/withdraw", back)).status_code == 409
    assert "已撤回" in (await _step(console, "second_writer", "/cases/inspections/withdraw", back)).text


async def test_an_entry_of_the_blacklist_takes_two_persons(console: ConsoleUnderTest) -> None:
    case = await _opened(console)
    today = date.today()  # noqa: DTZ011 - two days ahead is ahead in every time zone
    entry = {"case": case, "effect": ["closer_audit", "published"], "basis": "上高 三4", "document": "黑1号"}
    entry |= {"reason": "多次", "from": str(today + timedelta(days=2)), "until": str(today + timedelta(days=400))}
    refused = await _step(console, "ledger_writer", "/blacklist", entry)
    assert refused.status_code == 409  # nothing of the case was confirmed yet
    path, days = f"/cases/{case}", {"began": "2019-02-01", "ended": "2019-02-28"}
    await _step(console, "ledger_writer", f"{path}/finding", {"what": "串换", "clause": BASIS, "amount": "500", **days})
    talk = {"kind": "talk", "basis": BASIS, "document": "谈1号", "reason": "约谈"}
    await _step(console, "ledger_writer", f"{path}/measure", talk)
    await _step(console, "ledger_writer", f"{path}/propose", {"document": "提3号", "reason": "清楚"})
    await _step(console, "second_writer", f"{path}/decide", {"document": "决3号", "reason": "同意"})
    assert (await _step(console, "ledger_writer", "/blacklist", entry | {"effect": []})).status_code == 422
    made = await _step(console, "ledger_writer", "/blacklist", entry)
    assert "须由另一人复核" in made.text, made.text
    there = made.url.path
    assert (await _step(console, "ledger_writer", f"{there}/approve", {})).status_code == 409
    assert "在册" in (await _step(console, "second_writer", f"{there}/approve", {})).text
    assert (await (await console.signed_in("investigator")).get("/blacklist/none")).status_code == 404


async def test_who_goes_back_from_a_refused_form_finds_what_was_typed(
    console: ConsoleUnderTest, browser: Browser
) -> None:
    async with browser_page(browser, console, "ledger_writer", 1280) as page:
        await page.goto("/cases/open")
        typed = OPENING | {"officers": "张三 李四", "on": "2019-03-02"}
        for name in ("subject", "officers", "document", "on", "reason"):
            await page.fill(f"[name={name}]", typed[name])
        await page.select_option("[name=origin]", "report")
        await page.click("main form button")
        await page.get_by_text("不是编号").wait_for()
        await page.go_back()
        for name in ("subject", "officers", "document", "on", "reason", "origin"):
            assert await page.input_value(f"[name={name}]") == typed[name], name
        await page.fill("[name=officers]", OPENING["officers"])
        await page.click("main form button")
        await page.wait_for_url("**/cases/*-*")
        await page.wait_for_function("sessionStorage.getItem('typed') === null")


async def test_a_case_is_decided_in_a_browser(console: ConsoleUnderTest, browser: Browser) -> None:
    case = await _opened(console)
    async with browser_page(browser, console, "ledger_writer", 360) as page:
        await page.goto(f"/cases/{case}")
        await page.click("summary:has-text('登记经过')")
        form = page.locator(f"form[action='/cases/{case}/note']")
        await form.locator("textarea[name=reason]").fill("约见负责人")
        await form.locator("button").click()
        await page.get_by_text("已登记 ").wait_for()
        await page.click("summary:has-text('提请决定')")
        form = page.locator(f"form[action='/cases/{case}/propose']")
        await form.locator("input[name=document]").fill("提9号")
        await form.locator("textarea[name=reason]").fill("未发现违规")
        await form.locator("button").click()
        await page.get_by_text("已提请").wait_for()
        assert await axe_faults(page) == []
    async with browser_page(browser, console, "second_writer", 1280, scripts=False) as page:
        await page.goto(f"/cases/{case}")
        form = page.locator(f"form[action='/cases/{case}/decide']")
        await form.locator("input[name=document]").fill("决9号")
        await form.locator("textarea[name=reason]").fill("同意")
        await form.locator("button").click()
        await page.get_by_text("未发现违规").first.wait_for()
