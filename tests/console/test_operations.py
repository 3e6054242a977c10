"""The operator's pages: what they show of lanes and events, and the steps that they take."""

import asyncio
import re

import httpx
import orjson
from playwright.async_api import Browser
from sqlalchemy import select, text

from events.store.journal import entries
from tests.console.harness import ConsoleUnderTest, SignedIn, axe_faults, browser_page

ENDS_WITHIN_S = 120


async def test_the_page_tells_what_runs_and_what_waits(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    page = (await session.get("/operations")).text
    assert "没有结算进程在运行" in page  # the test's county was settled and nobody works on it
    assert page.count('<span class="badge bad">无') > 5  # every lane without a worker
    assert 'hx-trigger="every 5s"' in page
    live = (await session.get("/operations/live")).text
    assert "<html" not in live
    assert "在途批次" in live


async def test_refusals_are_narrowed_and_open_their_event(console: ConsoleUnderTest) -> None:
    async with console.running.state.engine.connect() as connection:
        row = (
            await connection.execute(
                text(
                    "SELECT number, source, reason, count(*) OVER (PARTITION BY reason) AS alike "
                    "FROM projections.refusals ORDER BY number DESC LIMIT 1"
                )
            )
        ).one()
    session = await console.signed_in("ledger_writer")
    page = (await session.get("/operations/refusals", reason=row.reason)).text
    assert f"共 {row.alike} 行" in page
    assert f'href="/events/intake/{row.number}"' in page
    assert (await session.get("/operations/refusals", until="2000-01-01")).text.count("没有符合筛选条件的行") == 1
    assert (await session.get("/operations/refusals", reason="x")).status_code == 422
    by_source = [
        orjson.loads((await session.get("/operations/refusals", source=source, format="json")).content)["rows"]
        for source in (row.source, row.source.rpartition("/")[2])  # clerks type the code alone
    ]
    assert by_source[0]
    assert by_source[0] == by_source[1]
    exported = orjson.loads((await session.get("/operations/refusals", reason=row.reason, format="json")).content)
    assert str(row.number) in str(exported)


async def test_opening_a_refused_event_is_a_look_at_whom_it_names(console: ConsoleUnderTest) -> None:
    engine = console.running.state.engine
    async with engine.connect() as connection:
        query = (
            select(entries.c.number, entries.c.raw)
            .where(entries.c.type == "event.rejected.v1")
            .order_by(entries.c.number)
        )
        row = next(
            row for row in await connection.execute(query) if "person_id" in orjson.loads(row.raw).get("data", {})
        )
    session = await console.signed_in("ledger_writer")
    opened = await session.get(f"/events/intake/{row.number}")
    assert opened.status_code == 200
    person_id = orjson.loads(row.raw)["data"]["person_id"]
    assert person_id in opened.text
    async with engine.connect() as connection:
        looks = select(entries.c.data).where(entries.c.journal == "access.0").order_by(entries.c.number.desc())
        look = orjson.loads((await connection.execute(looks.limit(1))).scalar_one())
    assert (look["person_id"], look["login"]) == (person_id, "lin_settles")


async def test_a_release_without_workers_is_refused_in_words(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    ended = await _ended(session, await session.post("/operations/parked/release"))
    assert "没有符合的挂起批次" in ended
    await _park(console)
    assert "P-parked" in (await session.get("/operations/parked")).text
    assert "挂起的批次" in (await session.get("/")).text
    ended = await _ended(session, await session.post("/operations/parked/release", {"person": "P-parked"}))
    assert "请信息中心启动 claims up" in ended
    reader = await console.signed_in("investigator")
    assert "/operations/parked/release" not in (await reader.get("/operations/parked")).text


async def test_the_books_are_proved_in_the_background(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    ended = await _ended(session, await session.post("/operations/verify"))
    assert "账实相符" in ended
    report = await session.get(_link(ended, "/file"))
    assert report.headers["content-disposition"].startswith('attachment; filename="verify-')
    assert "账实相符 the books hold" in report.text
    assert "验账登录 login: chen_inspects" in report.text
    ended = await _ended(session, await session.post("/operations/rebuild"))
    assert "投影与账本一致" in ended


async def test_an_altered_row_is_found_and_told_in_chinese(console: ConsoleUnderTest) -> None:
    engine = console.running.state.engine
    altered = (
        "UPDATE projections.statements SET patient_share = patient_share + {} "
        "WHERE claim_id = (SELECT min(claim_id) FROM projections.statements)"
    )
    async with engine.begin() as connection:
        await connection.execute(text(altered.format(100)))
    session = await console.signed_in("investigator")
    try:
        ended = await _ended(session, await session.post("/operations/verify"))
        compared = await _ended(session, await session.post("/operations/rebuild"))
    finally:
        async with engine.begin() as connection:
            await connection.execute(text(altered.format(-100)))
    assert "账实不符" in ended
    assert "应为" in (await session.get(_link(ended, "/file"))).text
    assert "投影与账本不一致，未改正" in compared
    assert "statements" in (await session.get(_link(compared, "/file"))).text


async def test_a_seal_is_made_and_checked(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    made = await session.post("/operations/seals")
    seal = orjson.loads(made.content)
    assert seal["number"] == 1
    assert "seal-1-" in made.headers["content-disposition"]
    assert "<td" in (await session.get("/operations/seals")).text
    files = {"seal": ("seal.json", made.content, "application/json")}
    assert "封账相符" in await _ended(session, await session.post("/operations/seals/check", files=files))
    files = {"seal": ("seal.json", made.content.replace(seal["root"].encode(), b"0" * 64), "application/json")}
    changed = await session.post("/operations/seals/check", files=files)
    assert changed.status_code == 422
    assert "不是封账文件，或已被改动" in changed.text
    async with console.running.state.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM ledger.entries WHERE journal = 'seal.0'")) == 1


async def test_a_resettlement_shows_first_what_it_would_do(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    page = (await session.get("/operations/resettle")).text
    scheme = re.search(r'<option value="([a-z0-9_-]+)"', page)
    assert scheme is not None
    ended = await _ended(
        session, await session.post("/operations/resettle/foresee", {"scheme": scheme[1], "from": "2019-01-01"})
    )
    assert "没有需要重新结算的结算单" in ended  # one text alone was ever adopted
    bad = await session.post("/operations/resettle/foresee", {"scheme": scheme[1], "from": "x"})
    assert bad.status_code == 422
    unforeseen = await session.post("/operations/resettle", {"seen": "x", "actor": "x"})
    assert unforeseen.status_code == 404
    unknown = await session.post("/operations/resettle/foresee", {"scheme": "x", "from": "2019-01-01"})
    assert "没有在用的政策 x" in await _ended(session, unknown)


async def test_the_owner_makes_changes_and_ends_a_login(console: ConsoleUnderTest) -> None:
    owner = await console.signed_in("owner")
    name = "zhou_looks"
    made = await owner.post("/operations/access/logins", {"login": name, "group": "investigator"})
    first = _password(made)
    try:
        assert name in (await owner.get("/operations/access")).text
        assert await _signs_in(console, name, first)
        again = await owner.post("/operations/access/logins", {"login": name, "group": "investigator"})
        assert again.status_code == 409
        second = _password(await owner.post("/operations/access/logins/rotate", {"login": name}))
        assert second != first
        assert not await _signs_in(console, name, first)
        assert await _signs_in(console, name, second)
    finally:
        ended = await owner.post("/operations/access/logins/drop", {"login": name})
    assert "已删除登录 zhou_looks" in ended.text
    assert not await _signs_in(console, name, second)
    console.forget_failures()


async def test_pages_are_fit_for_use(console: ConsoleUnderTest, browser: Browser) -> None:
    async with browser_page(browser, console, "owner", 1280) as page:
        for path in ("", "/refusals", "/waiting", "/parked", "/backups", "/seals", "/proof", "/resettle", "/access"):
            await page.goto(f"/operations{path}")
            assert await axe_faults(page) == [], path
        await page.goto("/operations")
        seen = await page.inner_text("#live .note:last-child")
        await page.wait_for_function(
            "seen => document.querySelector('#live .note:last-child').innerText !== seen", arg=seen, timeout=60_000
        )
        await page.goto("/operations/proof")
        await page.click("text=开始验账")
        await page.wait_for_selector("text=账实相符", timeout=ENDS_WITHIN_S * 1000)


async def _ended(session: SignedIn, started: httpx.Response) -> str:
    """The page of a work once it has ended."""
    assert started.url.path.startswith("/jobs/"), started.text
    end = asyncio.get_running_loop().time() + ENDS_WITHIN_S
    while 'hx-trigger="every 2s"' in (page := (await session.get(started.url.path)).text):
        assert asyncio.get_running_loop().time() < end, page
        await asyncio.sleep(0.1)
    return page


async def _park(console: ConsoleUnderTest) -> None:
    """A row as a lane writes it of a run that it can't handle."""
    async with console.running.state.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO processors.parked (consumer, stage, person_id, run, scheme, year, first_number, reason, "
                "since, body) VALUES ('settlement', 100, 'P-parked', 1, 'x', 2019, 1, 'ValueError', now(), '')"
            )
        )


def _link(page: str, end: str) -> str:
    found = re.search(rf'href="(/jobs/[^"]+{end})"', page)
    assert found is not None, page
    return found[1]


def _password(page: httpx.Response) -> str:
    found = re.search(r"<dt>密码.*?</dt><dd>([^<]+)</dd>", page.text)
    assert found is not None, page.text
    return found[1]


async def _signs_in(console: ConsoleUnderTest, login: str, password: str) -> bool:
    async with console.client() as client:
        answer = await client.post("/session", data={"login": login, "password": password})
    return answer.status_code == 200
