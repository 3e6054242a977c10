"""Leads in the console: their order, the day's sample, one lead with its evidence, and putting one aside."""

import re

import orjson
import pytest
from playwright.async_api import Browser
from sqlalchemy import func, select

from processors.supervision.listings import not_looked_at
from projections.leads import leads, load_leads
from tests import facts
from tests.console.harness import ConsoleUnderTest, axe_faults, browser_page
from tests.leads import county, look, stay
from tests.ledger import Books

GRAVE = {"violation": 0, "suspicious": 1, "hint": 2}
BILL = {"upfront_copay": "1200", "over_limit": "450", "self_funded": "2000"}
"""Parts of the bill of claim C2, each another amount."""


@pytest.fixture(scope="module", autouse=True)
async def planted(console: ConsoleUnderTest) -> None:
    """A stay that overlaps another (violation), visits in stays (hints) and readmissions of two persons."""
    books = await Books.open(console.running.state.engine)
    visits = [facts.visit("V1", on="2019-03-04", setting="general", in_scope="200")]
    await books.publish(
        [
            *county(),
            *stay(1, "2019-03-01", "2019-03-10"),
            facts.admit("A2", "P1", "H2", "2019-03-09"),
            facts.discharge("C2", "A2", "P1", "H2", "2019-03-20", bill=facts.bill("10000", **BILL)),
            *visits,
            *stay(3, "2019-05-01", "2019-05-10", "P2", "H2"),
            *stay(4, "2019-05-12", "2019-05-20", "P2", "H2", in_scope="90000"),
            *stay(5, "2019-08-01", "2019-08-10", "P2"),
            *stay(6, "2019-08-12", "2019-08-20", "P2", in_scope="5000"),
        ]
    )
    await look(console.running.state.engine)


async def _rows(console: ConsoleUnderTest, path: str = "/leads", **query: str) -> list[dict[str, str]]:
    session = await console.signed_in("ledger_writer")
    answer = await session.get(path, format="json", **query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, str]] = orjson.loads(answer.content)["rows"]
    return rows


async def test_the_graver_come_first_then_outlier_times_money(console: ConsoleUnderTest) -> None:
    async with console.running.state.engine.connect() as connection:
        waiting = await load_leads(connection, leads.c.state == "open")
    ranked = sorted(waiting, key=lambda lead: (GRAVE[lead.severity], -lead.outlier * lead.at_risk_total, lead.lead_id))
    rows = [row["lead_id"] for row in await _rows(console) if row["state"] == "open"]
    assert rows == [lead.lead_id for lead in ranked]
    assert len({lead.severity for lead in waiting}) > 1


async def test_filters_narrow_and_a_lead_knows_its_neighbours_within_them(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    every = await _rows(console)
    rule = "split_stay"
    narrowed = await _rows(console, rule=rule)
    assert [row["lead_id"] for row in narrowed] == [row["lead_id"] for row in every if row["rule"] == rule]
    first = narrowed[0]["lead_id"]
    page = (await session.get(f"/leads/{first}", rule=rule)).text
    assert f"第 1 条，共 {len(narrowed)} 条" in page
    assert 'rel="prev"' not in page
    assert f'rel="next" href="/leads/{narrowed[1]["lead_id"]}?rule={rule}"' in page
    assert await _rows(console, hospital="nowhere") == []
    assert (await session.get("/leads", severity="grave")).status_code == 422
    assert await _rows(console, since="2100-01-01") == []
    assert await _rows(console, region="110000") == []


async def test_a_lead_shows_its_evidence(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    for row in (await _rows(console))[:10]:
        async with console.running.state.engine.connect() as connection:
            told = (await connection.execute(select(leads).where(leads.c.lead_id == row["lead_id"]))).one()
        page = (await session.get(f"/leads/{row['lead_id']}")).text
        assert told.evidence["clause"] in page
        for claim in told.claims[:5]:
            assert f'href="/claims/{claim}"' in page
        for parameter in told.evidence["parameters"].values():
            assert f'<span class="grade {parameter["grade"]}">' in page
        for said in told.evidence["unchecked"]:
            assert said.split(" ")[0] in page
    assert (await session.get("/leads/L404")).status_code == 404


async def test_the_parts_of_a_claims_bill_stand_under_their_headings(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    (lead,) = await _rows(console, rule="overlapping_stays")
    page = (await session.get(f"/leads/{lead['lead_id']}")).text
    part = page[page.index('aria-label="单据 claims"') :].split("</table>")[0]
    heads = re.findall(r'<span class="en" lang="en">([^<]*)</span></th>', part)
    (row,) = (each for each in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL) if ">C2</a>" in each)
    said = dict(zip(heads, re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL), strict=True))
    told = {name: said[name] for name in ("total", "in scope", "copay", "over limit", "self-funded")}
    assert told == {
        "total": "13,650.00",
        "in scope": "10,000.00",
        "copay": "1,200.00",
        "over limit": "450.00",
        "self-funded": "2,000.00",
    }


async def test_a_lead_on_a_person_is_a_look_and_an_investigator_says_why(console: ConsoleUnderTest) -> None:
    [row, *_] = [each for each in await _rows(console) if each["person_id"]]
    session = await console.new_session("investigator")
    asked = await session.get(f"/leads/{row['lead_id']}")
    assert asked.url.path == "/access/purpose"
    there = {"reason": "核查疑点", "next": f"/leads/{row['lead_id']}"}
    shown = await session.post("/access/purpose", there)
    assert row["lead_id"] in shown.text
    assert "排除理由" not in shown.text  # who may only read is offered no step
    looks = orjson.loads((await session.get("/access", person=row["person_id"], format="json")).content)["rows"]
    assert looks[0]["page"] == "lead"
    await session.get("/leads", person=row["person_id"])
    looks = orjson.loads((await session.get("/access", person=row["person_id"], format="json")).content)["rows"]
    assert looks[0]["page"] == "leads"


async def test_the_sample_is_the_same_all_day_and_holds_who_was_dismissed(console: ConsoleUnderTest) -> None:
    first = await _rows(console, "/leads/sample")
    assert first
    session = await console.signed_in("ledger_writer")
    drawn = first[0]["lead_id"]
    refused = await session.post(f"/leads/{drawn}/dismiss", {"reason": " "})
    assert refused.status_code == 422
    assert "理由" in refused.text
    done = await session.post(f"/leads/{drawn}/dismiss", {"reason": "已核实 <b>属实</b>", "actor": "somebody else"})
    assert done.status_code == 200
    assert f"已排除疑点 {drawn}" in done.text
    assert "已核实 &lt;b&gt;属实" in done.text
    again = await session.post(f"/leads/{drawn}/dismiss", {"reason": "再排除"})
    assert again.status_code == 409
    assert "已排除，这一步只能用于待处理的疑点" in again.text
    async with console.running.state.engine.connect() as connection:
        row = (await connection.execute(select(leads).where(leads.c.lead_id == drawn))).one()
    assert (row.state, row.actor, row.login) == ("dismissed", "lin_settles", "lin_settles")
    assert {row["lead_id"] for row in await _rows(console, "/leads/sample")} == {row["lead_id"] for row in first}
    assert (await _rows(console))[0]["lead_id"] != drawn or len(await _rows(console)) == 1


async def test_new_entries_are_looked_through_on_demand(console: ConsoleUnderTest) -> None:
    engine = console.running.state.engine
    async with engine.connect() as connection:
        before = (await connection.execute(select(func.count()).select_from(leads))).scalar_one()
    session = await console.signed_in("ledger_writer")
    assert "新查得 0 条" in await session.ended(await session.post("/leads/search"))
    async with engine.connect() as connection:
        assert await not_looked_at(connection) == (0, True)
        assert (await connection.execute(select(func.count()).select_from(leads))).scalar_one() == before
    assert "查找新疑点" not in (await session.get("/leads")).text


async def test_the_page_of_rules_tells_values_with_grade_and_source(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    page = (await session.get("/leads/rules")).text
    assert "同日多院" in page
    assert re.search(r'class="grade (seed|public|later|assumed)"', page)
    text = await session.get("/leads/rules/text")
    assert b"rules:" in text.content


async def test_a_changed_text_is_tried_and_nothing_is_adopted(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    await session.post("/access/purpose", {"reason": "试算参数"})
    page = await session.post(
        "/leads/rules/trial", files={"file": ("mine.yaml", b"name: mine\nversion: x\n", "text/yaml")}
    )
    assert page.status_code == 422
    assert "mine.yaml" in page.text
    text = (await session.get("/leads/rules/text")).content.replace(b"version: 1\n", b"version: 9\n", 1)
    told = await session.ended(await session.post("/leads/rules/trial", files={"file": ("new.yaml", text, "x")}))
    assert "新增 0 条，减少 0 条；没有采用" in told
    assert "分解住院" in told
    assert "从未采用别的文本" in (await session.get("/leads/rules")).text


async def test_the_queue_is_walked_by_keyboard(console: ConsoleUnderTest, browser: Browser) -> None:
    async with browser_page(browser, console, "ledger_writer") as page:
        await page.goto("/leads?state=open")
        links = page.locator("[data-queue] tbody tr")
        second = await links.nth(1).locator("a").first.get_attribute("href")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{second}")
        await page.keyboard.press("k")
        await page.get_by_text("第 1 条，").wait_for()
        assert await axe_faults(page) == []
    async with browser_page(browser, console, "ledger_writer", 360, scripts=False) as page:
        await page.goto("/leads")
        await page.locator("[data-queue] tbody a").first.click()
        await page.locator("a[rel=next]").click()
        await page.get_by_text("第 2 条，").wait_for()
