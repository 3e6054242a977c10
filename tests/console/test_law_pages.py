"""Law in the browser: texts by date with their clauses, what two differ in, and a text that two persons adopt."""

import re
from pathlib import Path

from playwright.async_api import Browser
from sqlalchemy import text

from infra.files.case_file import example_cases
from policies.loader import SCHEMES, load_directory
from policies.scheme import Scheme
from policies.supervision.text import built_in
from processors.proof.verify import verify
from tests.console.harness import NAMES, ConsoleUnderTest, SignedIn, axe_faults, browser_page
from tests.program import eventually

SHANGGAO = next(each for each in load_directory() if each.name == "shanggao")
OLD_RATIO, NEW_RATIO = b"tier: 2, value: 80%, grade: later", b"tier: 2, value: 75%, grade: later"

_SAID = "SELECT convert_from(data, 'UTF8')::jsonb FROM ledger.entries WHERE journal = 'proposals.0' ORDER BY number"


def _newer(scheme: Scheme = SHANGGAO) -> bytes:
    """The shipped text with 75% for 80% where hospitals of tier 2 are paid for stays."""
    return scheme.text.replace(OLD_RATIO, NEW_RATIO) + "# 试行\n".encode()


async def _tried(session: SignedIn, number: str, **fields: str) -> None:
    """Try a proposal, and wait until the work has ended."""
    started = await session.post(f"/law/proposals/{number}/trial", fields)
    assert started.url.path.startswith("/jobs/"), started.text

    async def ended() -> bool:
        return "试算完成" in (await session.get(started.url.path)).text

    await eventually(ended)


async def test_texts_stand_by_date_with_each_value_beside_its_clause(console: ConsoleUnderTest) -> None:
    reader = await console.signed_in("investigator")
    page = await reader.get("/law", on="2019-06-01")
    assert f"/law/schemes/{SHANGGAO.content_hash}" in page.text
    before = await reader.get("/law", on="2001-01-01")
    assert SHANGGAO.content_hash not in before.text
    values = await reader.get(f"/law/schemes/{SHANGGAO.content_hash}", where="basic")
    assert SHANGGAO.document in values.text
    assert "条款" in values.text
    assert (await reader.get(f"/law/texts/{SHANGGAO.content_hash}")).content == SHANGGAO.text
    assert (await reader.get("/law/schemes/none")).status_code == 404
    offers = await reader.get("/law/offers", on="2019-06-01", region="360923")
    assert "医保待遇与病种一览" in offers.text
    assert "<style" not in offers.text
    assert "@page" in (await reader.get("/law/offers.css")).text
    assert (await reader.get("/law/offers", on="1999-01-01", region="360923")).status_code == 404
    assert (await reader.post("/law/proposals", {"kind": "scheme"})).status_code == 403


async def test_one_proposes_and_tries_a_text_and_another_adopts_it(
    console: ConsoleUnderTest, browser: Browser, tmp_path: Path
) -> None:
    clerk = await console.signed_in("ledger_writer")
    broken = SHANGGAO.text.replace(b"value: 65%", b"value: 650%", 1)
    wrong = await clerk.post("/law/proposals", {"kind": "scheme", "reason": "降低"}, {"file": ("<b>.yaml", broken)})
    assert (wrong.status_code, "<b>.yaml" in wrong.text) == (422, False)
    assert re.search(r"yaml:\d+: ", wrong.text)
    file = tmp_path / "shanggao.yaml"
    file.write_bytes(_newer())
    async with (
        browser_page(browser, console, "ledger_writer") as lin,
        browser_page(browser, console, "second_writer") as zhao,
    ):
        await lin.goto("/law/proposals")
        await lin.set_input_files("input[name=file]", file)
        await lin.fill("textarea[name=reason]", "<i>基金结余不足</i>")
        await lin.click("main button:has-text('提议')")
        await lin.wait_for_url("**/law/proposals/*")
        number = lin.url.rpartition("/")[2]
        assert "<i>基金结余不足</i>" in await lin.inner_text("main")
        assert "75%" in await lin.inner_text("main ins >> nth=0")
        assert await lin.locator("main button:has-text('采用')").count() == 0  # nobody has tried it
        refused = await clerk.post(f"/law/proposals/{number}/adopt")
        assert refused.status_code == 409
        other = await console.signed_in("second_writer")
        untried = await other.post(f"/law/proposals/{number}/adopt")
        assert "先试算再采用" in untried.text
        await lin.click("main button:has-text('试算')")
        await lin.wait_for_url("**/jobs/*")
        await lin.wait_for_selector("text=试算完成", timeout=60_000)
        await lin.goto(f"/law/proposals/{number}")
        assert await axe_faults(lin) == []
        await lin.screenshot(path=tmp_path / "proposal.png", full_page=True)
        # who proposes it is not offered to adopt it, and by hand he is refused
        assert "采用：前一步由您" in await lin.inner_text("main")
        assert await lin.locator("main button:has-text('采用')").count() == 0
        by_hand = await (await console.signed_in("ledger_writer")).post(f"/law/proposals/{number}/adopt")
        assert f"{NAMES['ledger_writer']} 已办理前一步，这一步须由另一人办理" in by_hand.text
        await zhao.goto("/")
        await zhao.click("text=政策文本待采用")
        await zhao.click(f"#listing-proposals a:has-text('{number}')")
        await zhao.click("main button:has-text('采用')")
        await zhao.wait_for_url("**/law/schemes/*")
        assert "在用" in await zhao.inner_text("h1")
        await zhao.click("main button:has-text('比较')")
        await zhao.wait_for_url("**/law/difference**")
        assert await zhao.locator("td.was").count() == await zhao.locator("td.now").count() - 1 > 0  # and a comment
        assert await axe_faults(zhao) == []
        await zhao.screenshot(path=tmp_path / "difference.png", full_page=True)
        await zhao.goto("/law/offers?on=2019-06-01&region=360923")
        assert await axe_faults(zhao) == []
        await zhao.screenshot(path=tmp_path / "offers.png", full_page=True)
    engine = console.running.state.engine
    async with engine.connect() as connection:
        said = (await connection.execute(text(_SAID))).scalars().all()
    tried, adopted = said[1], said[-1]
    assert (tried["claims"] > 0, tried["after"]["basic"] < tried["before"]["basic"]) == (True, True)
    assert (adopted["login"], "owner" in adopted) == (NAMES["second_writer"], False)
    assert (await verify(engine)).problems == []


async def test_a_countys_own_cases_are_settled_under_a_proposed_text(console: ConsoleUnderTest) -> None:
    clerk, other = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    county = (SCHEMES.parents[1] / "docs" / "examples" / "county.yaml").read_bytes()
    made = await clerk.post("/law/proposals", {"kind": "scheme", "reason": "新县"}, {"file": ("county.yaml", county)})
    assert made.status_code == 200, made.text
    path = made.url.path
    cases = example_cases()
    same = await clerk.post(f"{path}/cases", files={"file": ("cases.csv", cases)})
    assert "案例相符" in same.text
    again = await other.post("/law/proposals", {"kind": "scheme", "reason": "新县"}, {"file": ("county.yaml", county)})
    assert again.status_code == 409
    withdrawn = await clerk.post(f"{path}/withdraw", {"reason": "另议"})
    assert "已撤回" in withdrawn.text
    assert (await other.post(f"{path}/adopt")).status_code == 409


async def test_supervision_is_proposed_tried_on_history_and_adopted(console: ConsoleUnderTest) -> None:
    clerk, other = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    built = await clerk.get("/law/supervision/built_in")
    assert built_in().title in built.text
    newer = """
name: county_terms
title: 本县监管参数
title_en: our parameters
document: 会议纪要
regions: ["360923"]
in_force_from: 2019-01-01
version: 1
withholding:
  share: {value: 5%, grade: assumed, cite: 县里定}
"""
    made = await clerk.post(
        "/law/proposals", {"kind": "supervision", "reason": "预留"}, {"file": ("terms.yaml", newer.encode())}
    )
    assert made.status_code == 200, made.text
    number = made.url.path.rpartition("/")[2]
    assert "5%" in made.text
    await _tried(clerk, number)
    assert (await clerk.post(f"/law/proposals/{number}/adopt")).status_code == 409
    adopted = await other.post(f"/law/proposals/{number}/adopt")
    assert adopted.url.path.startswith("/law/supervision/")
    listed = await other.get("/law/supervision")
    assert NAMES["second_writer"] in listed.text
