"""Who may sign in, how long a session lasts, and what a request must show."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser

from infra.access.logins import Login, create_login, drop_login, rotate_login
from infra.console.application import console as application
from infra.console.security import FORM_BYTES, HEADERS, MOST_BYTES
from infra.console.sessions import (
    FREE_FAILURES,
    IDLE_S,
    LINK_S,
    LONGEST_WAIT_S,
    MOST_OF_A_LOGIN,
    OneTimeLinks,
    Sessions,
    Throttle,
)
from infra.console.visitor import open_visitor
from infra.postgres.engine import connect
from tests.console.harness import NAMES, ConsoleUnderTest, at_once, axe_faults, browser_page


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_the_owners_link_signs_in_once(console: ConsoleUnderTest) -> None:
    link = console.link()
    async with console.client() as first, console.client() as second:
        page = await first.get(link)
        assert (page.status_code, page.url.path) == (200, "/")
        assert "owner" in page.text
        again = await second.get(link)
        assert again.status_code == 403
        assert "已用过" in again.text
        assert (await second.get("/")).url.path == "/session"


async def test_a_login_of_the_database_signs_in_and_out(console: ConsoleUnderTest) -> None:
    session = await console.new_session("investigator")
    assert NAMES["investigator"] in (await session.get("/")).text
    left = await session.post("/session/end")
    assert left.url.path == "/session"
    assert (await session.get("/search")).url.path == "/session"


async def test_two_logins_are_two_users_of_the_database(console: ConsoleUnderTest) -> None:
    one, two = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    for session, role in ((one, "ledger_writer"), (two, "second_writer")):
        secret = session.client.cookies["claims-session"]
        visitor = console.running.state.sessions.find(secret)
        assert visitor is not None
        async with visitor.engine.connect() as connection:
            assert (await connection.exec_driver_sql("SELECT session_user")).scalar_one() == NAMES[role]


async def test_a_look_takes_one_process_of_the_server(console: ConsoleUnderTest) -> None:
    """Who settles beside it keeps the other cores."""
    session = await console.signed_in("investigator")
    state = console.running.state
    visitor = state.sessions.find(session.client.cookies["claims-session"])
    assert visitor is not None
    alone = visitor.engine_of_its_own()
    for engine in (state.engine, visitor.engine, alone):
        async with engine.connect() as connection:
            shown = await connection.exec_driver_sql("SHOW max_parallel_workers_per_gather")
            assert shown.scalar_one() == "0"
    await alone.dispose()


@pytest.mark.parametrize("password", ["wrong", "", " ", "a\0b", "x" * 1_001])
async def test_a_wrong_password_does_not_sign_in(console: ConsoleUnderTest, password: str) -> None:
    async with console.client() as client:
        page = await client.post("/session", data={"login": f"nobody_{len(password)}", "password": password})
        assert page.status_code in (401, 422)
        assert "claims-session" not in client.cookies
    console.forget_failures()


async def test_whoever_tries_too_often_has_to_wait(console: ConsoleUnderTest) -> None:
    try:
        async with console.client() as client:
            for _ in range(FREE_FAILURES):
                page = await client.post("/session", data={"login": NAMES["payee_keeper"], "password": "wrong"})
                assert page.status_code == 401
            given = {"login": NAMES["payee_keeper"], "password": console.passwords["payee_keeper"]}
            refused = await client.post("/session", data=given)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            assert "秒后再试" in refused.text
    finally:
        console.forget_failures()


async def test_passwords_tried_at_once_have_to_wait_too(console: ConsoleUnderTest) -> None:
    try:
        async with console.client() as client:
            given = {"login": NAMES["payee_keeper"], "password": "wrong"}
            tried = await at_once(*(client.post("/session", data=given) for _ in range(FREE_FAILURES + 15)))
        assert sorted(page.status_code for page in tried) == [401] * FREE_FAILURES + [429] * 15
    finally:
        console.forget_failures()


def test_the_wait_grows_and_is_forgotten() -> None:
    clock = Clock()
    throttle, waits = Throttle(clock), []
    for _ in range(FREE_FAILURES + 12):
        throttle.failed("lin", "10.0.0.1")
        waits.append(throttle.wait_s("lin", "10.0.0.2"))
    assert waits[: FREE_FAILURES - 1] == [0] * (FREE_FAILURES - 1)
    assert waits[FREE_FAILURES - 1 : FREE_FAILURES + 2] == [2, 4, 8]
    assert waits[-1] == LONGEST_WAIT_S
    assert throttle.wait_s("somebody else", "10.0.0.1") == LONGEST_WAIT_S
    assert throttle.wait_s("somebody else", "10.0.0.2") == 0
    throttle.succeeded("lin")
    assert throttle.wait_s("lin", "10.0.0.2") == 0
    clock.now += 2 * LONGEST_WAIT_S + 1
    throttle.failed("lin", "10.0.0.1")
    assert throttle.wait_s("lin", "10.0.0.1") == 0


async def test_an_idle_session_ends_and_its_connections_with_it(console: ConsoleUnderTest) -> None:
    clock = Clock()
    sessions = Sessions(clock)
    visitor = await open_visitor(
        console.database_url, "token", (NAMES["investigator"], console.passwords["investigator"])
    )
    secret = await sessions.begin(visitor)
    clock.now += IDLE_S
    assert sessions.find(secret) is visitor  # and is seen again
    clock.now += IDLE_S
    await sessions.end_idle()
    assert sessions.find(secret) is visitor
    clock.now += IDLE_S + 1
    assert sessions.find(secret) is None
    assert visitor.engine.pool.checkedin() == 1  # type: ignore[attr-defined] # of the pool that an engine has
    await sessions.end_idle()
    assert list(sessions) == []
    assert visitor.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


async def test_of_many_sessions_of_a_login_the_one_idle_longest_ends(console: ConsoleUnderTest) -> None:
    clock = Clock()
    sessions, login = Sessions(clock), (NAMES["investigator"], console.passwords["investigator"])
    secrets = []
    for _ in range(MOST_OF_A_LOGIN):
        clock.now += 1
        secrets.append(await sessions.begin(await open_visitor(console.database_url, "token", login)))
    clock.now += 1
    assert sessions.find(secrets[0]) is not None
    secrets.append(await sessions.begin(await open_visitor(console.database_url, "token", login)))
    assert [place for place, secret in enumerate(secrets) if sessions.find(secret) is None] == [1]
    await sessions.end_all()


def test_a_link_grows_old() -> None:
    clock = Clock()
    links = OneTimeLinks(clock)
    token = links.make()
    clock.now += LINK_S + 1
    assert not links.use(token)
    assert not links.use("guessed")


async def test_a_login_that_is_dropped_or_changed_is_signed_out(console: ConsoleUnderTest) -> None:
    engine = connect(console.database_url)
    try:
        password = await create_login(engine, Login("short_lived", "investigator"))
        async with console.client() as client:
            await client.post("/session", data={"login": "short_lived", "password": password})
            assert (await client.get("/search")).url.path == "/search"
            await rotate_login(engine, "short_lived")
            assert (await client.get("/search?q=x")).url.path == "/session"
    finally:
        await drop_login(engine, "short_lived")
        await engine.dispose()


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({}, ""),
        ({"x-csrf-token": "guessed"}, ""),
        ({"origin": "http://evil.example"}, "own"),
        ({"sec-fetch-site": "cross-site"}, "own"),
    ],
)
async def test_a_form_that_is_not_ours_is_refused(
    console: ConsoleUnderTest, headers: Mapping[str, str], field: str
) -> None:
    session = await console.signed_in("investigator")
    data = {"csrf": session.token} if field else {}
    refused = await session.client.post("/session/end", data=data, headers=dict(headers))
    assert refused.status_code == 403
    assert (await session.get("/")).url.path == "/"


async def test_another_host_name_is_refused(console: ConsoleUnderTest) -> None:
    async with console.client() as client:
        refused = await client.get("/session", headers={"host": "evil.example"})
        assert refused.status_code == 400
        static = await client.get("/static/base.css", headers={"host": "evil.example"})
        assert static.status_code == 400


async def test_a_request_that_does_not_say_its_length_is_refused(console: ConsoleUnderTest) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"login=x&password=y"

    async with console.client() as client:
        refused = await client.post("/session", content=pieces())  # httpx sends it in chunks
    assert (refused.status_code, "长度" in refused.text) == (413, True)


@pytest.mark.parametrize(
    ("path", "length", "kind", "status"),
    [
        ("/rosters/preview", 1_000, "multipart/form-data; boundary=x", 303),  # led to the sign-in page
        ("/clearing/reply", MOST_BYTES + 1, "multipart/form-data; boundary=x", 413),
        ("/session", FORM_BYTES + 1, "application/x-www-form-urlencoded", 413),
        ("/session", FORM_BYTES + 1, "multipart/form-data; boundary=x", 413),
    ],
)
async def test_what_nobody_may_send_is_not_read(
    console: ConsoleUnderTest, path: str, length: int, kind: str, status: int
) -> None:
    async def body() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    transport = httpx.ASGITransport(application(console.running.state))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        headers = {"content-length": str(length), "content-type": kind}
        refused = await client.post(path, content=body(), headers=headers)
    assert refused.status_code == status


async def test_every_response_carries_the_headers(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("investigator")
    for path in ("/", "/session", "/nowhere", "/static/base.css", "/static/no.css", "/search?q=%00", "/session/link/x"):
        page = await session.get(path)
        assert {name: page.headers.get(name) for name in HEADERS} == HEADERS, path
        assert page.headers["cache-control"] == ("no-cache" if "base.css" in path else "no-store"), path
    console.forget_failures()


async def test_after_signing_in_one_is_led_to_a_page_of_ours(console: ConsoleUnderTest) -> None:
    given = {"login": NAMES["investigator"], "password": console.passwords["investigator"]}
    async with httpx.AsyncClient(base_url=console.url) as client:
        for there, to in (
            ("/search?q=1", "/search?q=1"),
            ("https://evil.example/", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nset-cookie: b", "/"),
        ):
            answer = await client.post("/session", data={**given, "next": there})
            assert (answer.status_code, answer.headers["location"]) == (303, to)
            assert "HttpOnly" in answer.headers["set-cookie"]
            assert "samesite=strict" in answer.headers["set-cookie"].lower()


async def test_a_clerk_signs_in_searches_and_leaves_by_keyboard(
    console: ConsoleUnderTest, browser: Browser, tmp_path: Path
) -> None:
    async with browser_page(browser, console, "ledger_writer") as page:
        assert await page.title() == "首页 · 医保账本 claims"
        await page.keyboard.press("/")
        await page.keyboard.type("<script>alert(1)</script>")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/search?**")
        assert "没有找到“<script>alert(1)</script>”" in await page.inner_text("main")
        for path in ("/", "/search?q=院", "/session", "/jobs", "/nowhere"):
            await page.goto(path)
            assert await axe_faults(page) == [], path
            for width in (360, 1920):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        await page.click("text=退出")
        await page.wait_for_url("**/session")
        assert await axe_faults(page) == []
