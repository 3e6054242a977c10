"""Servers given from outside, what their database says, and the books held against those that nothing disturbed."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.embedded.nats import NatsServer
from infra.messaging.publisher import PublishedEvents, chunks, publish_file
from infra.messaging.sender import TIMEOUT_S, Outgoing, SendError, publish_all
from infra.operations.settle import settle_files
from infra.servers import Endpoints
from infra.settings import Settings
from tests.program import BOUND_S, Dump, Running, background, canonical, dump_of, eventually, up_is_ready, write_lines

INTAKE_TAKEN = "SELECT coalesce(max(stream_seq), 0) FROM processors.positions WHERE consumer = 'intake'"
OPEN_RUNS = "SELECT count(*) FROM processors.runs"
SETTLED = "SELECT count(*) FROM projections.statements"
ACKNOWLEDGED_WITHIN_S = 120.0
CRASH = "tests.faults.crash:crash"

LEAVES_CONNECTIONS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Marks tests whose own client meets a server that dies."""

_TAKEN = """
SELECT source, event_id, type FROM ledger.entries WHERE source IS NOT NULL AND type <> 'event.waiting.v1'
"""
_ORDER = """
SELECT DISTINCT person_id, claim_number, claim_id FROM ledger.entries WHERE claim_number IS NOT NULL ORDER BY 1, 2, 3
"""
_DECIDED_TWICE = """
SELECT count(*) FROM (
    SELECT FROM ledger.entries WHERE type IN ('payout.decided.v1', 'claim.settled.v1')
    GROUP BY type, person_id, claim_id, stage HAVING count(*) > 1
) twice
"""


@dataclass(frozen=True)
class Books:
    """What a database holds in the end: the lists of docs/contract.md#lists, and of each event what became of it."""

    dump: Dump
    taken: dict[tuple[str, str], str]
    """The type of the entry that took an event in, by source and id; refused ones are ``event.rejected.v1``."""
    order: dict[str, list[str]]
    """Claims by person, in the order of their numbers."""
    decided_twice: int


@dataclass
class Figures:
    """What was found against what nothing disturbed: all but ``events`` are 0 where the books hold."""

    events: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    differing: int = 0

    @property
    def hold(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order or self.differing)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


async def read_books(database_url: str) -> Books:
    """The books of a database at rest; AssertionError where ``verify`` finds a fault."""
    dump = await dump_of(database_url)
    connection = await asyncpg.connect(database_url, ssl=False)
    try:
        events = await connection.fetch(_TAKEN)
        claims = await connection.fetch(_ORDER)
        twice = await connection.fetchval(_DECIDED_TWICE)
    finally:
        await connection.close()
    # an unreadable event is named by its place in INTAKE, which a fault moves
    taken = {(row["source"], row["event_id"]): row["type"] for row in events if not row["event_id"].isdigit()}
    order: dict[str, list[str]] = {}
    for row in claims:
        order.setdefault(row["person_id"], []).append(row["claim_id"])
    assert taken
    assert order
    return Books(dump, taken, order, twice)


async def settle_undisturbed(database_url: str, lines: Sequence[bytes], folder: Path) -> Books:
    """The books that lines come to on an empty, migrated database where nothing goes wrong."""
    file = write_lines(folder / "events.jsonl", lines)
    broker = NatsServer(folder / "nats")
    try:
        await settle_files(Endpoints(database_url, await broker.start(), owned=True), Settings(), [str(file)])
    finally:
        await broker.stop()
    return await read_books(database_url)


def compare(found: Books, expected: Books, *, events: int, revisions: bool = True) -> Figures:
    """Count what was lost, taken twice or out of order, and the rows that differ in any view."""
    ours = comparable(found.dump, revisions=revisions)
    theirs = comparable(expected.dump, revisions=revisions)
    return Figures(
        events=events,
        lost=sum(found.taken.get(event) != type_ for event, type_ in expected.taken.items()),
        doubled=found.decided_twice + sum(event not in expected.taken for event in found.taken),
        out_of_order=sum(found.order.get(person) != claims for person, claims in expected.order.items()),
        differing=sum(ours[name] != theirs[name] for name in theirs),
    )


async def tell_lost(database_url: str, found: Books, expected: Books, sent: Mapping[tuple[str, str], object]) -> str:
    """For those who look for the fault: what became of each lost event, where it was sent, and what stands around."""
    lost = {event: found.taken.get(event) for event, type_ in expected.taken.items() if found.taken.get(event) != type_}
    connection = await asyncpg.connect(database_url, ssl=False)
    rows = await connection.fetch(
        "SELECT number, stream_seq, event_id, type FROM ledger.entries WHERE journal = 'intake' ORDER BY number"
    )
    await connection.close()
    told = [f"{event} is {type_}, sent as {sent.get(event)}" for event, type_ in lost.items()]
    return "\n".join([*told, *(" ".join(map(str, row.values())) for row in rows)])


def comparable(dump: Dump, *, revisions: bool = True) -> dict[str, bytes]:
    """A dump without what may differ: an unreadable event is named by its place in INTAKE, which a kill moves.

    Without ``revisions`` a store of NATS was lost, and what it had not handed on came again at a later place.
    """

    def plain(row: Mapping[str, Any]) -> dict[str, Any]:
        left_out = set() if revisions else {"revision", "seq"}
        if str(row.get("event_id", "")).isdigit():
            left_out.add("event_id")
        return {name: value for name, value in row.items() if name not in left_out}

    return {name: canonical([plain(row) for row in rows]) for name, rows in dump.items()}


def assert_same(found: Dump, expected: Dump, *, revisions: bool = True) -> None:
    """Compare view by view, so that a difference is told where it begins."""
    ours, theirs = comparable(found, revisions=revisions), comparable(expected, revisions=revisions)
    for name in theirs:
        assert ours[name] == theirs[name], name


def log_lines(log: Path) -> list[dict[str, Any]]:
    """The events in a worker's log; what is no JSON is left out."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]


async def ask(database_url: str, query: str) -> Any:
    """A number out of the database; 0 while the server or the schema is not there."""
    try:
        connection = await asyncpg.connect(database_url, ssl=False, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return 0
    try:
        return await connection.fetchval(query)
    except asyncpg.PostgresError:
        return 0
    finally:
        await connection.close()


async def is_there(database_url: str) -> bool:
    """Whether a database takes connections."""
    try:
        connection = await asyncpg.connect(database_url, ssl=False, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


async def until(database_url: str, query: str, holds: Callable[[int], bool], bound_s: float = BOUND_S) -> None:
    """Wait until a query's value is as wanted."""
    last: list[int] = [0]

    async def met() -> bool:
        last[0] = await ask(database_url, query)
        return holds(last[0])

    await eventually(met, lambda: f"{query}: {last[0]}", bound_s)


async def until_quiet(database_url: str, taken: int, bound_s: float = BOUND_S) -> None:
    """Wait until INTAKE is taken up to a place and nothing is in flight."""
    query = f"SELECT ARRAY[({OPEN_RUNS}), ({INTAKE_TAKEN})]"
    found: list[int] = []

    async def met() -> bool:
        found[:] = await ask(database_url, query) or ()
        return bool(found) and found[0] == 0 and found[1] >= taken

    await eventually(met, lambda: f"open runs, place in INTAKE: {found}; wanted: [0, {taken}]", bound_s)


async def publish(nats_url: str, lines: Iterable[bytes]) -> int:
    """Publish lines as `claims publish` does; returns the last one's place in INTAKE."""
    client = await nats.connect(nats_url)
    published = PublishedEvents()
    async for _ in publish_file(client, "events", BytesIO(b"\n".join(lines)), published):
        pass
    await client.close()
    return published.sequences[-1]


async def _unheard(_: Exception) -> None:
    """What nats-py would log of a server that is away: the faults are ours."""


@dataclass
class Source:
    """A source that takes nothing for sent before it is acknowledged: it sends again what is not.

    ``places`` are the lines' places in INTAKE, by the line's number.
    """

    client: Client
    places: dict[int, int] = field(default_factory=dict)
    timeout_s: float = TIMEOUT_S

    @property
    def last(self) -> int:
        return max(self.places.values(), default=0)

    async def send(self, lines: Sequence[bytes], numbers: Iterable[int]) -> None:
        """Send some of the lines in order, until all are acknowledged."""
        wanted, published = list(numbers), PublishedEvents()
        begun = 0
        for messages in chunks("events", (lines[number] for number in wanted), self.client.max_payload, published):
            places = await self._acknowledged(messages)
            self.places |= zip(wanted[begun : begun + len(messages)], places, strict=True)
            begun += len(messages)
        assert begun == len(wanted), published.unusable

    async def _acknowledged(self, messages: Sequence[Outgoing]) -> list[int]:
        """Send as often as it takes; returns the places in INTAKE of those that were acknowledged."""
        deadline = time.monotonic() + ACKNOWLEDGED_WITHIN_S
        while True:
            try:
                return await publish_all(self.client, messages, timeout_s=self.timeout_s)
            except (NatsError, SendError, OSError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.3)


@asynccontextmanager
async def source(nats_url: str) -> AsyncIterator[Source]:
    """A source connected to one server or several, for ever."""
    client = await nats.connect(
        nats_url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.2, error_cb=_unheard, ping_interval=5
    )
    try:
        yield Source(client)
    finally:
        await client.close()
        gc.collect()  # nats-py leaves connections behind that broke in the making; see LEAVES_CONNECTIONS


@dataclass(frozen=True)
class Given:
    """Servers given from outside, as the program is told of them."""

    database_url: str
    nats_url: str
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        return {"CLAIMS_DATABASE_URL": self.database_url, "CLAIMS_NATS_URL": self.nats_url, **self.more}

    @asynccontextmanager
    async def worker(self, log: Path, *arguments: object) -> AsyncIterator[Running]:
        """A `claims up` at work on these servers."""
        async with background("up", *arguments, log=log, env=self.env) as process:
            await up_is_ready(log)
            yield process

    @asynccontextmanager
    async def dying_worker(self, log: Path, fate: Sequence[str], *arguments: object) -> AsyncIterator[Running]:
        """A `claims up` that dies, or stops, as tests/faults/crash.py is told."""
        async with dying(fate, "up", *arguments, log=log, env=self.env) as process:
            yield process


def dying(
    fate: Sequence[str], *arguments: object, log: Path, env: Mapping[str, str] | None = None
) -> AbstractAsyncContextManager[Running]:
    """The program at work, to die or stop as tests/faults/crash.py is told."""
    return background(*fate, *arguments, log=log, env=env, calls=CRASH)
