"""Long work: one of a kind at a time, its progress on a page, cancelled or ended, and seen by whom it concerns."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.background import RunningWork, WorkFile, WorkOutcome, WorkProgress
from infra.console.errors import Refused
from infra.console.visitor import Visitor
from processors.offices.refusal import StepRefused
from tests.console.harness import NAMES, OWNER, ConsoleUnderTest, SignedIn, browser_page
from tests.program import eventually


class Held:
    """A work that goes on when a test says so."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.login = ""

    async def __call__(self, engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        progress.set(30, 120, "claims")
        async with engine.connect() as connection:
            self.login = str((await connection.exec_driver_sql("SELECT session_user")).scalar_one())
        await self.go.wait()
        return WorkOutcome("办好了。Done", (("行数", "rows", 7),), "/search", WorkFile("a.csv", "text/csv", b"1,2"))


def _visitor(console: ConsoleUnderTest, session: SignedIn) -> Visitor:
    found = console.running.state.sessions.find(session.client.cookies["claims-session"])
    assert found is not None
    return found


@pytest.fixture
async def held(console: ConsoleUnderTest) -> AsyncIterator[tuple[Held, RunningWork, SignedIn]]:
    session = await console.new_session("ledger_writer")
    work = Held()
    started = console.running.state.works.start(_visitor(console, session), "verify", "核对 Verify", work)
    yield work, started, session
    await console.running.state.works.end_all()


async def test_a_work_shows_its_progress_and_its_end(
    console: ConsoleUnderTest, held: tuple[Held, RunningWork, SignedIn]
) -> None:
    work, started, session = held
    await eventually(lambda: started.progress.done == 30 and work.login != "")
    page = (await session.get(f"/jobs/{started.id}")).text
    assert '<progress aria-label="进度" max="120" value="30">' in page
    assert "约剩" in page
    assert 'hx-trigger="every 2s"' in page
    work.go.set()
    await eventually(lambda: started.state == "done")
    page = (await session.get(f"/jobs/{started.id}")).text
    assert "办好了" in page
    assert 'href="/search"' in page
    assert "hx-trigger" not in page
    assert (await session.get(f"/jobs/{started.id}/file")).content == b"1,2"
    assert work.login == NAMES["ledger_writer"]


async def test_of_a_kind_one_runs_at_a_time(
    console: ConsoleUnderTest, held: tuple[Held, RunningWork, SignedIn]
) -> None:
    work, started, session = held
    visitor = _visitor(console, session)
    works = console.running.state.works
    with pytest.raises(Refused, match="正在进行"):
        works.start(visitor, "verify", "核对 Verify", Held())
    other = works.start(visitor, "rebuild", "重建 Rebuild", Held())
    assert works.running("rebuild") is other
    work.go.set()
    await eventually(lambda: started.state == "done")
    works.start(visitor, "verify", "核对 Verify", Held())


async def test_a_work_is_cancelled_by_its_page(
    console: ConsoleUnderTest, held: tuple[Held, RunningWork, SignedIn]
) -> None:
    _, started, session = held
    await eventually(lambda: started.progress.done == 30)
    page = await session.post(f"/jobs/{started.id}/cancel")
    assert "已经记入账本的不撤回" in page.text
    assert started.state == "cancelled"


async def test_a_work_goes_on_when_its_session_ends(
    console: ConsoleUnderTest, held: tuple[Held, RunningWork, SignedIn]
) -> None:
    work, started, session = held
    await session.post("/session/end")
    work.go.set()
    await eventually(lambda: started.state == "done")
    again = await console.new_session("ledger_writer")
    assert started.id in (await again.get("/jobs")).text


async def test_only_whom_it_concerns_sees_it(
    console: ConsoleUnderTest, held: tuple[Held, RunningWork, SignedIn]
) -> None:
    work, started, _ = held
    for role, status in (("investigator", 404), ("second_writer", 200), (OWNER, 200)):
        session = await console.signed_in(role)
        assert (await session.get(f"/jobs/{started.id}")).status_code == status, role
        assert (started.id in (await session.get("/jobs")).text) == (status == 200), role
    investigator = await console.signed_in("investigator")
    assert (await investigator.post(f"/jobs/{started.id}/cancel")).status_code == 404
    work.go.set()
    await eventually(lambda: started.state == "done")
    second = await console.signed_in("second_writer")
    assert (await second.get(f"/jobs/{started.id}/file")).status_code == 403


async def test_what_fails_says_why_and_shows_no_trace(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")

    async def refused(_engine: AsyncEngine, _progress: WorkProgress) -> WorkOutcome:
        raise StepRefused("月份未到。The month is to come")

    async def broken(_engine: AsyncEngine, _progress: WorkProgress) -> WorkOutcome:
        raise KeyError("P-secret")

    for work, said in ((refused, "月份未到"), (broken, "请告知信息中心")):
        started = console.running.state.works.start(_visitor(console, session), said, "试 Try", work)
        await eventually(lambda started=started: started.state == "failed")  # type: ignore[misc]
        page = (await session.get(f"/jobs/{started.id}")).text
        assert said in page
        assert "P-secret" not in page
        assert "Traceback" not in page


async def test_the_page_moves_by_itself_in_a_browser(console: ConsoleUnderTest, browser: Browser) -> None:
    work = Held()
    async with browser_page(browser, console, "ledger_writer") as page:
        [visitor] = [each for each in console.running.state.sessions if each.login == NAMES["ledger_writer"]][-1:]
        started = console.running.state.works.start(visitor, "in a browser", "核对 Verify", work)
        await page.goto(f"/jobs/{started.id}")
        assert "进行中" in await page.inner_text("#job")
        work.go.set()
        await page.wait_for_selector("#job >> text=办好了")
        assert await page.locator("progress").count() == 0
