"""A form that is sent twice takes its step once, and the second answer says what stands."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from sqlalchemy import func, select

import infra.console
from infra.console.submissions import MOST_REMEMBERED, SUBMISSION_FIELD, Submissions
from processors.clearing.prepayments import prepayment_rows
from projections.hospitals import hospitals
from tests.console.harness import ConsoleUnderTest, SignedIn, at_once, browser_page
from tests.program import eventually

SENT_BEFORE = "同一张表单已提交过，没有再办一次"
ORDER = {"region": "360923", "fund": "basic_fund", "amount": "1000.00", "reason": "预拨"}


async def _number(session: SignedIn, path: str) -> str:
    """The number of the first form of a page."""
    page = await session.get(path)
    found = re.search(rf'name="{SUBMISSION_FIELD}" value="([^"]+)"', page.text.partition("<main")[2])
    assert found is not None, page.text
    return found[1]


async def _hospital(console: ConsoleUnderTest) -> str:
    async with console.running.state.engine.connect() as connection:
        return str((await connection.execute(select(func.min(hospitals.c.hospital_id)))).scalar_one())


async def _ordered(console: ConsoleUnderTest) -> int:
    return len(await prepayment_rows(console.running.state.engine))


async def _fields(console: ConsoleUnderTest, session: SignedIn) -> dict[str, str]:
    hospital_id = await _hospital(console)
    number = await _number(session, "/finance/prepayments")
    return ORDER | {"hospital_id": hospital_id, SUBMISSION_FIELD: number}


async def test_two_clicks_and_a_page_loaded_again_order_once(console: ConsoleUnderTest) -> None:
    clerk = await console.new_session("ledger_writer")
    before = await _ordered(console)
    fields = await _fields(console, clerk)
    one, other = await at_once(clerk.post("/finance/prepayments", fields), clerk.post("/finance/prepayments", fields))
    again = await clerk.post("/finance/prepayments", fields)
    assert await _ordered(console) == before + 1
    assert {each.url.path for each in (one, other, again)} == {one.url.path}
    assert one.url.path.startswith("/finance/prepayments/360923-P")
    assert SENT_BEFORE in one.text + other.text
    assert SENT_BEFORE in again.text
    assert "待复核" in again.text
    # the form of another page, or the same one opened anew, is another order
    await clerk.post("/finance/prepayments", await _fields(console, clerk))
    assert await _ordered(console) == before + 2


async def test_what_was_refused_may_be_mended_and_sent_again(console: ConsoleUnderTest) -> None:
    clerk = await console.new_session("ledger_writer")
    before, fields = await _ordered(console), await _fields(console, clerk)
    assert (await clerk.post("/finance/prepayments", fields | {"amount": "x"})).status_code == 422
    assert (await clerk.post("/finance/prepayments", fields | {"amount": "0"})).status_code == 409
    sent = await clerk.post("/finance/prepayments", fields)
    assert "待另一人复核" in sent.text
    assert SENT_BEFORE not in sent.text
    assert await _ordered(console) == before + 1


async def test_a_number_is_its_sessions_own(console: ConsoleUnderTest) -> None:
    clerk, other = await console.new_session("ledger_writer"), await console.new_session("second_writer")
    before, fields = await _ordered(console), await _fields(console, clerk)
    await clerk.post("/finance/prepayments", fields)
    theirs = await other.post("/finance/prepayments", fields)
    assert SENT_BEFORE not in theirs.text
    assert await _ordered(console) == before + 2


async def _fill(page: Page, hospital_id: str) -> None:
    form = page.locator("form.step[action='/finance/prepayments']")
    for name, value in (ORDER | {"hospital_id": hospital_id}).items():
        field = form.locator(f"[name={name}]")
        if await field.evaluate("field => field.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)


@pytest.mark.parametrize("scripts", [True, False])
async def test_two_clicks_in_a_browser_order_once(console: ConsoleUnderTest, browser: Browser, scripts: bool) -> None:
    before, hospital_id = await _ordered(console), await _hospital(console)
    async with browser_page(browser, console, "ledger_writer", scripts=scripts) as page:
        await page.goto("/finance/prepayments")
        await _fill(page, hospital_id)
        await page.dblclick("form.step[action='/finance/prepayments'] button")
        # not wait_for_url: without scripts the second click ends the first one's navigation, which it tells as an error
        await eventually(lambda: "/finance/prepayments/360923-P" in page.url, lambda: page.url)
        await page.wait_for_load_state()
        assert await _ordered(console) == before + 1
        await page.reload()
        assert await _ordered(console) == before + 1


def test_every_form_of_a_step_has_a_number() -> None:
    folder = Path(infra.console.__file__).parent
    sending = [path for path in folder.rglob("*.html") if 'method="post"' in path.read_text()]
    assert len(sending) >= 3
    without = {path.name for path in sending if "token()" not in path.read_text()}
    assert without == {"sign_in.html"}


async def test_no_session_remembers_more_than_some_hundred_forms() -> None:
    submissions = Submissions()
    for place in range(MOST_REMEMBERED + 50):
        assert await submissions.begin(str(place)) is None
        submissions.end(str(place), f"/claims/{place}")
    assert await submissions.begin(str(MOST_REMEMBERED + 49)) == f"/claims/{MOST_REMEMBERED + 49}"
    assert len(submissions._led) <= MOST_REMEMBERED
