"""A console at work over a small county, clients signed in to it by HTTP, and pages in the system's Chromium."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Request, ViewportSize

from infra.access.logins import OFFICE_GROUPS, Login, create_login
from infra.console.server import Running, serving
from infra.embedded.nats import NatsServer
from infra.http.address import Address
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.postgres.engine import connect
from infra.settings import Settings
from infra.worker.worker import worker

OWNER = "owner"
SECOND_WRITER = "second_writer"
"""Another login of ``ledger_writer``: steps that take two persons take two of these."""
GROUP_OF: Mapping[str, str] = {group: group for group in OFFICE_GROUPS} | {SECOND_WRITER: "ledger_writer"}
NAMES: Mapping[str, str] = {
    "ledger_writer": "lin_settles",
    SECOND_WRITER: "zhao_approves",
    "investigator": "chen_inspects",
    "finance_reader": "wang_reads",
    "leader": "li_leads",
    "payee_keeper": "sun_keeps",
    "identity_keeper": "qian_registers",
}
"""The login of each role that people have."""
ROLES = (*NAMES, OWNER)
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


async def create_logins(database_url: str) -> dict[str, str]:
    """Make a login a role; returns their passwords by role. Logins belong to the whole server."""
    engine = connect(database_url)
    try:
        return {role: await create_login(engine, Login(name, GROUP_OF[role])) for role, name in NAMES.items()}
    finally:
        await engine.dispose()


@dataclass
class SignedIn:
    """A session over HTTP; ``post`` adds its token."""

    client: httpx.AsyncClient
    token: str

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """A page, wherever it leads."""
        return await self.client.get(path, params=query or None)

    async def post(
        self, path: str, fields: Mapping[str, Any] | None = None, files: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """A form as a page of ours sends it; redirects are followed."""
        return await self.client.post(path, data={"csrf": self.token, **(fields or {})}, files=files)

    async def ended(self, begun: httpx.Response) -> str:
        """The page of a work in the background once it has ended well; ``begun`` is the page that it led to."""
        assert begun.url.path.startswith("/jobs/"), begun.text
        async with asyncio.timeout(120):
            while ">进行中<" in (page := (await self.get(begun.url.path)).text):  # noqa: ASYNC110 - as a browser asks
                await asyncio.sleep(0.2)
        assert ">已完成<" in page, page
        return page


def session_of(client: httpx.AsyncClient, page: httpx.Response) -> SignedIn:
    """The session that a client has begun; ``page`` is what signing in led to."""
    token = _TOKEN.search(page.text)
    assert page.status_code == 200, page.text
    assert token is not None, page.text
    return SignedIn(client, token[1])


@dataclass
class ConsoleUnderTest:
    """A console, and the sessions that were begun at it."""

    running: Running
    passwords: Mapping[str, str]
    database_url: str
    sessions: dict[str, SignedIn] = field(default_factory=dict)
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.running.url

    def link(self) -> str:
        """A one-time link of the owner."""
        return f"{self.url}/session/link/{self.running.state.links.make()}"

    def client(self) -> httpx.AsyncClient:
        """A client that has not signed in."""
        return httpx.AsyncClient(base_url=self.url, follow_redirects=True, timeout=60)

    async def signed_in(self, role: str) -> SignedIn:
        """The session of a role of ``ROLES``, begun where there is none yet."""
        if role not in self.sessions:
            self.sessions[role] = await self.new_session(role)
        return self.sessions[role]

    async def new_session(self, role: str) -> SignedIn:
        """A further session of a role, or of a login of ``new_login``."""
        client = self.client()
        self._clients.append(client)
        if role == OWNER:
            page = await client.get(self.link())
        else:
            page = await client.post(
                "/session", data={"login": NAMES.get(role, role), "password": self.passwords[role]}
            )
        return session_of(client, page)

    async def new_login(self, name: str, group: str) -> SignedIn:
        """The session of a login made for a test, which drops it: logins belong to the whole server."""
        self.passwords = {**self.passwords, name: await create_login(self.running.state.engine, Login(name, group))}
        return await self.new_session(name)

    def forget_failures(self) -> None:
        """Let nobody wait for passwords that were wrong: all tests come from one address."""
        self.running.state.throttle.forget()

    async def end(self) -> None:
        """Close the clients of the sessions."""
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def running_console(
    database_url: str, passwords: Mapping[str, str], data_dir: Path, nats_url: str = ""
) -> AsyncIterator[ConsoleUnderTest]:
    """A console in this process, on a free port, with one-time links as with embedded servers."""
    settings = Settings(data_dir=data_dir)
    async with serving(database_url, nats_url, settings, Address("127.0.0.1", 0)) as running:
        console = ConsoleUnderTest(running, passwords, database_url)
        try:
            yield console
        finally:
            await console.end()


@asynccontextmanager
async def console_beside_worker(
    database_url: str, passwords: Mapping[str, str], data_dir: Path, events: Iterable[Mapping[str, Any]]
) -> AsyncIterator[ConsoleUnderTest]:
    """A console whose steps a worker takes, over a ledger in which these events are settled."""
    nats = NatsServer(data_dir.parent / "nats")
    try:
        nats_url = await nats.start()
        async with (
            worker(database_url, nats_url, Settings(data_dir=data_dir)) as ours,
            at_work(ours),
            running_console(database_url, passwords, data_dir, nats_url) as running,
        ):
            published = PublishedEvents()
            lines = io.BytesIO(b"\n".join(map(orjson.dumps, events)))
            async for _ in publish_file(ours.broker.connection, "facts", lines, published):
                pass
            await until_quiet(ours.engine, published.sequences)
            yield running
    finally:
        await nats.stop()


@dataclass
class Heard:
    """What a browser's page has asked for and said."""

    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@asynccontextmanager
async def browser_page(
    browser: Browser, console: ConsoleUnderTest, role: str | None, width: int = 1280, *, scripts: bool = True
) -> AsyncIterator[Page]:
    """A page of a browser, signed in as a role by the form (the owner by link), or not at all.

    At the end: nothing was asked of another host, and the browser had no word to say: a script or style that the
    policy refuses, a fault of a script, a file that is not there.
    """
    size: ViewportSize = {"width": width, "height": 900}
    context = await browser.new_context(
        base_url=console.url, viewport=size, java_script_enabled=scripts, locale="zh-CN"
    )
    page, heard = await context.new_page(), Heard()

    def said(message: ConsoleMessage) -> None:
        if "status of 4" not in message.text:  # a page that refuses is what some tests look for
            heard.said.append(message.text)

    def asked(request: Request) -> None:
        heard.requests.append(request.url)

    page.on("console", said)
    page.on("pageerror", lambda error: heard.said.append(str(error)))
    page.on("request", asked)
    try:
        if role == OWNER:
            await page.goto(console.link())
        elif role is not None:
            await page.goto("/session")
            await page.fill("input[name=login]", NAMES[role])
            await page.fill("input[name=password]", console.passwords[role])
            await page.click("main button.main")
            await page.wait_for_url("**/")
        yield page
        outside = [url for url in heard.requests if not url.startswith((console.url, "data:", "blob:"))]
        assert outside == []
        assert heard.said == []
    finally:
        await context.close()


async def axe_faults(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using a page: its serious and critical faults."""
    found = await Axe().run(page)
    return [
        f"{each['id']}: {node['html']}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


async def shots(page: Page, folder: Path, name: str, widths: Sequence[int] = (360, 1280)) -> list[Path]:
    """Screenshots of a page at several widths and on A4, for whoever wants to look."""
    taken = []
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 900})
        taken.append(folder / f"{name}-{width}.png")
        await page.screenshot(path=taken[-1], full_page=True)
    taken.append(folder / f"{name}-a4.pdf")
    await page.pdf(path=taken[-1], format="A4")
    return taken


async def at_once(*calls: Any) -> list[Any]:
    """Requests that are under way together."""
    return list(await asyncio.gather(*calls))
