"""A console that is killed in the middle of work: nothing is lost, nothing booked twice, its pages tell the truth."""

import asyncio
import io
import json
import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import orjson
import pytest
from sqlalchemy import text

from events.facts import PERSONS_PER_ORDER
from infra.embedded.nats import NatsServer
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.messaging.streams import INTAKE
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import Worker, worker
from policies.loader import load_text
from processors.clearing import listings
from processors.law.adoption import adopt_schemes
from processors.proof.verify import verify
from tests import facts
from tests.conftest import cloned
from tests.console.harness import NAMES, SignedIn, session_of
from tests.console.test_rosters import hidden, sheet
from tests.ledger import SHIPPED
from tests.program import Running, background, children, eventually

REGION = "220621"
PERSONS = tuple(f"R{number:04d}" for number in range(1, 2 * PERSONS_PER_ORDER + 1))
"""As many as two orders of a re-settlement move (processors/resettlement/order.py)."""
FUSONG = next(scheme for scheme in SHIPPED if scheme.name == "fusong")
CHEAPER = load_text(FUSONG.text.replace(b"value: 800,", b"value: 700,"), "fusong")

ANSWERS = "SELECT claim_id, count(*) FROM ledger.entries WHERE type = 'claim.resettled.v1' GROUP BY 1"


@dataclass
class KilledConsole:
    """The program `claims console` in a process of its own, and a session at it."""

    process: Running
    url: str
    passwords: Mapping[str, str]
    clients: list[httpx.AsyncClient]

    async def sign_in(self, role: str) -> SignedIn:
        client = httpx.AsyncClient(base_url=self.url, follow_redirects=True, timeout=60)
        self.clients.append(client)
        return session_of(
            client, await client.post("/session", data={"login": NAMES[role], "password": self.passwords[role]})
        )

    async def kill(self) -> None:
        """kill -9, of the console alone."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@dataclass
class CountyAtWork:
    """A ledger that a worker settles, over which consoles come and go."""

    database_url: str
    nats_url: str
    passwords: Mapping[str, str]
    folder: Path
    worker: Worker
    consoles: int = 0

    @asynccontextmanager
    async def console(self) -> AsyncIterator[KilledConsole]:
        """A console of its own process."""
        self.consoles += 1
        log = self.folder / f"console-{self.consoles}.log"
        env = {"CLAIMS_DATABASE_URL": self.database_url, "CLAIMS_NATS_URL": self.nats_url}
        at = ("--listen", "127.0.0.1:0", "--data-dir", self.folder / "ledger", "--json")
        clients: list[httpx.AsyncClient] = []
        async with background("console", *at, log=log, env=env) as process:
            await eventually(lambda: "\n" in log.read_text(encoding="utf-8"), lambda: log.read_text(encoding="utf-8"))
            url = json.loads(log.read_text(encoding="utf-8").splitlines()[0])["url"]
            try:
                yield KilledConsole(process, url, self.passwords, clients)
            finally:
                for client in clients:
                    await client.aclose()

    async def sent(self) -> int:
        """The place of the last event that was sent."""
        return int((await self.worker.broker.connection.jetstream().stream_info(INTAKE)).state.last_seq)

    async def quiet(self) -> None:
        """Wait until all that was sent is settled."""
        await until_quiet(self.worker.engine, [await self.sent()])

    @asynccontextmanager
    async def held(self, mode: str = "SHARE") -> AsyncIterator[None]:
        """Nobody books anything within the block."""
        connection = await asyncpg.connect(self.database_url)
        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE ledger.entries IN {mode} MODE")
                yield
        finally:
            await connection.close()

    async def count(self, query: str) -> dict[str, int]:
        """Numbers by name, as a query gives them."""
        async with self.worker.engine.connect() as connection:
            return {str(row[0]): int(row[1]) for row in await connection.execute(text(query))}


@pytest.fixture(scope="module")
async def county(
    endpoints: Endpoints, template_database: str, passwords: Mapping[str, str], data_dir: Path
) -> AsyncIterator[CountyAtWork]:
    """Persons with a stay each."""
    nats = NatsServer(data_dir.parent / "nats")
    stays = [
        event
        for number, person in enumerate(PERSONS, 1)
        for event in (facts.enrol(person), *facts.stay(number, person, "2019-04-10"))
    ]
    try:
        nats_url = await nats.start()
        async with (
            cloned(endpoints, template_database) as url,
            worker(url, nats_url, Settings(data_dir=data_dir)) as ours,
            at_work(ours),
        ):
            published = PublishedEvents()
            lines = io.BytesIO(b"\n".join(map(orjson.dumps, [facts.hospital(), *stays])))
            async for _ in publish_file(ours.broker.connection, "facts", lines, published):
                pass
            await until_quiet(ours.engine, published.sequences)
            yield CountyAtWork(url, nats_url, passwords, data_dir.parent, ours)
    finally:
        await nats.stop()


async def cut_off(begun: "asyncio.Task[httpx.Response]") -> None:
    """The browser hears nothing of what it has sent."""
    with suppress(httpx.TransportError):
        await begun


async def holds(county: CountyAtWork) -> None:
    await county.quiet()
    assert (await verify(county.worker.engine)).problems == []


async def uploaded(session: SignedIn) -> httpx.Response:
    content = sheet(*((f"测{person}", person, "低保", "2019-03-01") for person in PERSONS))
    said = {"department": "civil-affairs", "region": REGION, "period": "2019-06", "received": "2019-06-08"}
    return await session.post("/rosters/preview", said, {"file": ("六月.xlsx", content)})


async def test_a_list_that_was_half_taken_is_taken_once(county: CountyAtWork) -> None:
    async with county.console() as console:
        session = await console.sign_in("ledger_writer")
        shown = await uploaded(session)
        take = {"sha256": hidden(shown, "sha256"), "growth": "yes"}
        before = await county.sent()
        async with county.held():
            begun = asyncio.create_task(session.post(f"{shown.url.path}/import", take))

            async def some_sent() -> bool:
                assert not begun.done(), begun.result().text
                return await county.sent() > before

            await eventually(some_sent)
            await console.kill()
        await cut_off(begun)
        cookies = session.client.cookies
    await county.quiet()
    async with county.console() as console:
        async with httpx.AsyncClient(base_url=console.url, cookies=cookies, follow_redirects=True) as client:
            assert (await client.get("/rosters")).url.path == "/session", "a session ends with its console"
        session = await console.sign_in("ledger_writer")
        assert "还没有导入过名单" in (await session.get("/rosters")).text, (
            "it was not taken to its end, and is not shown so"
        )
        shown = await uploaded(session)
        done = await session.post(f"{shown.url.path}/import", {"sha256": hidden(shown, "sha256"), "growth": "yes"})
        assert "已导入" in done.text, done.text
        assert "还没有导入过名单" not in (await session.get("/rosters")).text
    changes = "SELECT person_id, count(*) FROM ledger.entries WHERE type = 'roster.changed.v1' GROUP BY 1"
    assert await county.count(changes) == dict.fromkeys(PERSONS, 1)
    imports = await county.count("SELECT period, count(*) FROM finance.roster_imports GROUP BY 1")
    assert imports == {"2019-06": 1}
    await holds(county)


async def foreseen(session: SignedIn) -> tuple[str, str]:
    """The page of a foresight, and its number."""
    begun = await session.post("/operations/resettle/foresee", {"scheme": "fusong", "from": "2019-04-01"})
    return await session.ended(begun), begun.url.path.rpartition("/")[2]


async def test_a_resettlement_that_was_half_ordered_goes_on_where_it_was(county: CountyAtWork) -> None:
    answered = await county.count(ANSWERS)
    await adopt_schemes(county.worker.engine, [CHEAPER], "test")
    async with county.console() as console:
        session = await console.sign_in("ledger_writer")
        page, seen = await foreseen(session)
        assert f"{len(PERSONS)} 张结算单将按现行文本重新结算" in page
        before = await county.sent()
        async with county.held():
            work = await session.post("/operations/resettle", {"seen": seen})
            assert "进行中" in work.text

            async def ordered() -> bool:
                return await county.sent() > before

            await eventually(ordered)
            await console.kill()
    await county.quiet()
    moved = "SELECT scheme_hash = '{}', count(*) FROM projections.statements GROUP BY 1"
    newer = moved.format(CHEAPER.content_hash)
    assert await county.count(newer) == {"True": PERSONS_PER_ORDER, "False": PERSONS_PER_ORDER}, (
        "what was ordered is settled, the rest is not"
    )
    async with county.console() as console:
        session = await console.sign_in("ledger_writer")
        gone = await session.get(work.url.path)
        assert (gone.status_code, "控制台重启后不再保留" in gone.text) == (404, True)
        assert work.url.path not in (await session.get("/jobs")).text
        unforeseen = await session.post("/operations/resettle", {"seen": seen})
        assert unforeseen.status_code == 404, "what moves now must be seen first"
        page, seen = await foreseen(session)
        assert f"{PERSONS_PER_ORDER} 张结算单将按现行文本重新结算" in page
        done = await session.ended(await session.post("/operations/resettle", {"seen": seen}))
        assert f"已重新结算 {PERSONS_PER_ORDER} 张" in done
        assert "没有需要重新结算的结算单" in (await foreseen(session))[0]
    assert await county.count(newer) == {"True": len(PERSONS)}
    told = {claim: number - answered.get(claim, 0) for claim, number in (await county.count(ANSWERS)).items()}
    assert told == {f"C{number}": 1 for number in range(1, len(PERSONS) + 1)}, "each claim moved once"
    await holds(county)


async def test_a_proof_ends_with_its_console(county: CountyAtWork) -> None:
    async with county.console() as console:
        session = await console.sign_in("investigator")
        async with county.held("ACCESS EXCLUSIVE"):  # not even read
            begun = asyncio.create_task(session.post("/operations/verify"))
            await eventually(lambda: proofs(console.process.pid) != set())
            apart = proofs(console.process.pid)
            await console.kill()
        await cut_off(begun)
    await eventually(lambda: not any(map(running, apart)), lambda: apart)
    async with county.console() as console:
        session = await console.sign_in("investigator")
        assert "账实相符" in await session.ended(await session.post("/operations/verify"))


def proofs(pid: int) -> set[int]:
    """The processes of proofs that a console has started."""
    return {child for child, line in children(pid).items() if "proof_process" in line}


def running(pid: int) -> bool:
    """Whether a process still works; what has ended and nobody has reaped does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    return False


async def test_between_two_persons_a_restart_forgets_neither_step_nor_who_took_it(county: CountyAtWork) -> None:
    engine = county.worker.engine
    async with county.console() as console:
        first = await console.sign_in("ledger_writer")
        month = re.search(r'name="month"[^>]* value="([^"]+)"', (await first.get("/clearing")).text)
        assert month is not None
        form = {"region": REGION, "month": month[1]}
        async with county.held():
            begun = asyncio.create_task(first.post("/clearing/draft", form))
            waiting = (
                "SELECT 'waits', count(*) FROM pg_locks WHERE NOT granted AND relation = 'ledger.entries'::regclass"
            )

            async def at_the_lock() -> bool:
                return (await county.count(waiting))["waits"] > 0

            await eventually(at_the_lock)
            await console.kill()
        await cut_off(begun)
    assert await listings.clearing_rows(engine) == [], "a step that was cut off has left nothing"
    async with county.console() as console:
        first = await console.sign_in("ledger_writer")
        assert "待另一人复核" in (await first.post("/clearing/draft", form)).text
        [drafted] = await listings.clearing_rows(engine)
        path = f"/clearing/{drafted['clearing_id']}"
        await console.kill()
    async with county.console() as console:
        first, second = await console.sign_in("ledger_writer"), await console.sign_in("second_writer")
        again = await first.post("/clearing/draft", form)
        assert again.status_code == 409, "the form of before the restart drafts nothing anew"
        assert "须由另一人登录办理" in (await first.get(path)).text
        own = await first.post(f"{path}/approve")
        assert (own.status_code, "这一步须由另一人办理" in own.text) == (409, True)
        assert "清算单待复核" in (await second.get("/")).text
        assert "可以拨付" in (await second.post(f"{path}/approve")).text
        await console.kill()
    async with county.console() as console:
        second = await console.sign_in("second_writer")
        assert (await second.post(f"{path}/approve")).status_code == 409
    [shown] = await listings.clearing_rows(engine)
    assert (shown["status"], shown["drafted_by"]) == ("approved", NAMES["ledger_writer"])
    await holds(county)
