"""Policy simulation in the browser: parameters beside their effect, progress, a stop, the same reform by address."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser

from infra.console.simulation import works
from infra.worker.simulations import Settling, simulate
from policies.reform import read_reform
from processors.simulation.plan import Asked
from tests.console.harness import ConsoleUnderTest, SignedIn, axe_faults, browser_page
from tests.program import eventually

REFORM = """name: 起付线 <b>3,000</b>
scheme: shanggao
changes:
  - {where: 2.critical_illness inpatient, name: line, for: poor, value: 3000, reason: 试算}
"""


async def done(session: SignedIn, path: str) -> str:
    """The page of a simulation once it has ended."""
    page = ""

    async def ended() -> bool:
        nonlocal page
        page = (await session.get(path)).text
        return "hx-trigger" not in page

    await eventually(ended, lambda: page)
    return page


async def test_a_reform_is_simulated_by_an_investigator(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    begun = await session.post("/whatif", {"reform": REFORM, "by": "year", "household_line": "5,000"})
    assert begun.url.path.startswith("/whatif/"), begun.text
    page = await done(session, begun.url.path)
    reforms = [read_reform(REFORM.encode(), "reform.yaml")]
    told = await simulate(console.database_url, reforms, Asked(), Settling(workers=1))
    more = told.totals.variants[0].difference.paid["critical_illness"]
    assert more > 0
    assert f"大病保险多付 {more / 100:,.2f} 元" in page
    assert "按年度" in page
    assert "年负担超过 5,000.00 元的户" in page
    assert "起付线 &lt;b&gt;3,000" in page  # the form beside it holds what it was of
    assert not re.search(r"\bP\d{4,}\b", page)  # no look at a person is recorded, so nobody is named
    file = await session.get(begun.url.path.replace("/whatif/", "/jobs/") + "/file")
    assert "静态测算" in file.text
    assert not re.search(r"\bP\d{4,}\b", file.text)
    again = await session.post("/whatif", {"reform": REFORM, "by": "year", "household_line": "5000"})
    identity = re.search(r"标识.*?([0-9a-f]{64})", page)
    assert identity is not None
    assert identity[1] in await done(session, again.url.path)
    other = await console.signed_in("ledger_writer")
    assert (await other.get(begun.url.path)).status_code == 404


async def test_the_same_text_serves_address_form_and_check(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    given = (await session.get(f"/whatif?{urlencode({'reform': REFORM, 'since': '2019-07-01', 'by': 'age'})}")).text
    assert "line, for: poor, value: 3000" in given
    assert 'value="2019-07-01"' in given
    assert 'value="age" checked' in given
    checked = (await session.post("/whatif/check", {"reform": REFORM})).text
    assert "<td>7500.00</td><td>3000.00</td>" in checked.replace(' class="free"', "")
    assert "优惠对象 poor" in checked
    more = {"code": "1.basic inpatient|ratio|tier 3", "value": "70%", "reason": "比例"}
    added = (await session.post("/whatif/change", {"reform": REFORM, **more})).text
    assert "- where: 2.critical_illness inpatient" in added
    assert "value: 70%" in added
    for path, fields, said in (
        ("/whatif", {"reform": "name: x\nscheme: atlantis"}, "账本中没有政策“atlantis”"),
        ("/whatif", {"reform": "name: ["}, "reform.yaml:"),
        ("/whatif/check", {"reform": REFORM.replace("line,", "lime,")}, "政策中没有 name“lime”"),
        ("/whatif", {"reform": REFORM, "since": "2020-01-01", "until": "2019-01-01"}, "应在起始日期之后"),
        ("/whatif", {"reform": REFORM, "region": "36"}, "应为六位数字"),
        ("/whatif/change", {"reform": REFORM, "code": "x", "value": "1"}, "没有这一项"),
    ):
        refused = await session.post(path, fields)
        assert refused.status_code == 422, (path, fields, refused.text)
        assert said in refused.text
    leader = await console.signed_in("leader")
    assert (await leader.get("/whatif")).status_code == 403


async def test_a_goal_is_answered_with_its_curve(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    ranged = REFORM.replace("value: 3000", "value: {least: 0, most: 9000, step: 500}")
    begun = await session.post("/whatif", {"reform": f"{ranged}goal: {{paid: critical_illness, at_most: 305000}}"})
    page = await done(session, begun.url.path)
    assert "大病保险支付不超过 305,000 元" in page
    found = re.search(r"取 ([0-9.]+) 达到目标", page)
    assert found is not None
    file = REFORM.replace("value: 3000", f"value: {found[1]}")
    told = await simulate(console.database_url, [read_reform(file.encode(), "r")], Asked(), Settling(workers=1))
    paid = told.totals.baseline.plus(told.totals.variants[0].difference).paid["critical_illness"]
    assert 30_000_000 < paid <= 30_500_000
    assert "<polyline" in page
    months = {"reform": f"{ranged}goal: {{months: 大病, at_least: 3}}"}
    refused = await session.post("/whatif", months)
    assert refused.status_code == 422, refused.text
    assert "没有基金“大病”" in refused.text


async def test_a_run_shows_its_progress_and_can_be_stopped(
    console: ConsoleUnderTest, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = asyncio.Event()

    async def stuck(_url: str, _reforms: object, _asked: object, settling: Settling) -> None:
        assert settling.progress is not None
        settling.progress("测算 settling", 3, 10)
        await going.wait()

    with monkeypatch.context() as held:
        held.setattr(works, "simulation_result", stuck)
        async with browser_page(browser, console, "investigator") as page:
            await page.goto("/whatif")
            await page.fill("#field-reform", REFORM)
            await page.click("button.main:has-text('测算')")
            await page.wait_for_selector("#effect progress[value='3']")
            second = await (await console.signed_in("ledger_writer")).post("/whatif", {"reform": REFORM})
            assert second.status_code == 409
            assert "同时只能有一个" in second.text
            await page.click("button.danger:has-text('停止')")
            await page.wait_for_selector("text=已取消")


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_page_in_a_browser(console: ConsoleUnderTest, browser: Browser, width: int, tmp_path: Path) -> None:
    async with browser_page(browser, console, "investigator", width) as page:
        await page.goto("/whatif")
        await page.select_option("#field-code", "2.critical_illness inpatient|line|poor")
        await page.fill("#field-value", "3000")
        await page.click("text=添加 add")
        await page.wait_for_selector("#field-reform")
        assert "value: '3000'" in await page.input_value("#field-reform")
        await page.click("button.main:has-text('测算')")
        await page.wait_for_selector("#effect .answer")  # it is put in the place of the progress
        assert "进行中" not in await page.inner_text("#own")
        assert await page.input_value("#field-reform")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await axe_faults(page) == []
        left, right = [await page.locator(each).bounding_box() for each in (".parameters", "#effect")]
        assert left is not None
        assert right is not None
        beside = right["x"] >= left["x"] + left["width"]
        assert beside == (width > 900)
        await page.screenshot(path=tmp_path / "whatif.png", full_page=True)
