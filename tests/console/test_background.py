"""Long work: one of a kind at a time, its progress on a page, cancelled or ended, and seen by whom it concerns."""

import ast
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser
from sqlalchemy.ext.asyncio import AsyncEngine

import infra.console
from infra.access.logins import drop_login
from infra.console.background import BackgroundWorks, RunningWork, WorkFile, WorkOutcome, WorkProgress
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


async def test_a_work_of_a_login_that_is_dropped_ends_and_says_so(console: ConsoleUnderTest) -> None:
    session, go = await console.new_login("gone_soon", "ledger_writer"), asyncio.Event()
    begun = asyncio.Event()

    async def work(engine: AsyncEngine, _progress: WorkProgress) -> WorkOutcome:
        begun.set()
        await go.wait()
        async with engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
        return WorkOutcome("不应办成。It went on")

    started = console.running.state.works.start(_visitor(console, session), "of one who goes", "核对 Verify", work)
    await begun.wait()
    await drop_login(console.running.state.engine, "gone_soon")
    go.set()
    await eventually(lambda: started.state == "failed")
    assert started.outcome is not None
    assert "本登录已停用" in started.outcome.message
    # what the console holds in memory is no longer shown to the session either
    ended = await session.get(f"/jobs/{started.id}")
    assert ended.url.path == "/session"
    await session.client.aclose()


async def test_another_login_of_the_same_name_gets_no_file_for_which_it_has_no_right(console: ConsoleUnderTest) -> None:
    session = await console.new_login("same_name", "investigator")

    async def work(_engine: AsyncEngine, _progress: WorkProgress) -> WorkOutcome:
        return WorkOutcome("共 2 行。2 rows", file=WorkFile("persons.csv", "text/csv", b"P1\nP2"))

    started = console.running.state.works.start(_visitor(console, session), "export same_name", "导出 Export", work)
    await eventually(lambda: started.state == "done")
    assert (await session.get(f"/jobs/{started.id}/file")).content == b"P1\nP2"
    await drop_login(console.running.state.engine, "same_name")
    try:
        later = await console.new_login("same_name", "finance_reader")
        assert (await later.get(f"/jobs/{started.id}/file")).status_code == 404
        assert started.id not in (await later.get("/jobs")).text
    finally:
        await drop_login(console.running.state.engine, "same_name")
    for each in (session, later):
        await each.client.aclose()


async def test_who_cancels_anothers_work_is_named(
    console: ConsoleUnderTest, held: tuple[Held, RunningWork, SignedIn]
) -> None:
    _, started, _ = held
    await eventually(lambda: started.progress.done == 30)
    second = await console.signed_in("second_writer")
    page = await second.post(f"/jobs/{started.id}/cancel")
    assert f"由 {NAMES['second_writer']} 已取消" in page.text
    again = await second.post(f"/jobs/{started.id}/cancel")  # it has ended: nothing changes
    assert f"由 {NAMES['second_writer']} 已取消" in again.text


async def test_files_are_held_up_to_a_bound_and_the_last_in_any_case(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.console.background.MOST_FILE_BYTES", 250)
    session, works = await console.signed_in("ledger_writer"), BackgroundWorks()

    async def work(_engine: AsyncEngine, _progress: WorkProgress) -> WorkOutcome:
        return WorkOutcome("好。Done", file=WorkFile("a.csv", "text/csv", b"x" * 100))

    visitor = _visitor(console, session)
    for place in range(5):
        started = works.start(visitor, str(place), "导出 Export", work)
        await eventually(lambda started=started: started.state == "done")  # type: ignore[misc]
    assert [each.kind for each in works.of(visitor)] == ["4", "3"]


def test_works_use_the_engine_that_they_are_given() -> None:
    """That of the session is disposed when it ends: a connection made then would stay open for ever."""
    folder = Path(infra.console.__file__).parent
    works = [
        (path.name, node)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AsyncFunctionDef) and node.name in ("work", "tried", "scored")
    ]
    assert len(works) >= 10
    assert [name for name, node in works if "visitor.engine" in ast.unparse(node)] == []
