"""Embedded servers in a temporary folder: prepared once, copied for each measurement, so that each starts alike."""

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.messaging.broker import connect_broker
from infra.messaging.publisher import CHUNK_MESSAGES, subject_of
from infra.messaging.sender import Outgoing, publish_all
from infra.operations.quiescence import poll_until
from infra.operations.settle import at_work
from infra.postgres.engine import connect
from infra.servers import Endpoints, servers
from infra.settings import Settings
from infra.worker.worker import worker
from processors.delivery.in_flight import InFlight, in_flight

STALLED_S = 180.0

Fill = Callable[[Endpoints], Awaitable[None]]


@dataclass
class ServerTemplates:
    """Stopped servers' folders by name. A measurement runs on a copy and leaves the original as it was."""

    root: Path
    ready: set[str] = field(default_factory=set)
    copies: int = 0

    async def prepare(self, name: str, fill: Fill, *, on: str | None = None) -> None:
        """Make a folder once: new servers, or a copy of ``on``, filled and stopped."""
        if name in self.ready:
            return
        if on is not None:
            _copy(self.root / on, self.root / name)
        async with servers(self.root / name, command="bench") as endpoints:
            await fill(endpoints)
        self.ready.add(name)

    @property
    def latest(self) -> Path:
        """The folder of the copy that was made last."""
        return self.root / f"run-{self.copies}"

    @asynccontextmanager
    async def running(self, name: str, *, keep_as: str | None = None) -> AsyncIterator[Endpoints]:
        """The servers of a copy of ``name``; the copy is kept under another name, or thrown away."""
        self.copies += 1
        folder = self.latest
        _copy(self.root / name, folder)
        async with servers(folder, command="bench") as endpoints:
            yield endpoints
        if keep_as is not None and keep_as not in self.ready:
            folder.rename(self.root / keep_as)
            self.ready.add(keep_as)
        else:
            shutil.rmtree(folder)


@contextmanager
def server_templates() -> Iterator[ServerTemplates]:
    """A yard that is gone at the end, in a folder that the servers' own user may pass."""
    with tempfile.TemporaryDirectory(prefix="claims-bench-") as folder:
        Path(folder).chmod(0o711)
        yield ServerTemplates(Path(folder))


def _copy(source: Path, target: Path) -> None:
    # owners and modes matter: as root the servers are another user
    shutil.copytree(source, target, copy_function=_copy_file, symlinks=True, ignore=shutil.ignore_patterns("*.ports"))
    for path in (source, *source.rglob("*")):
        if path.is_dir():
            stat = path.stat()
            clone = target / path.relative_to(source)
            clone.chmod(stat.st_mode & 0o7777)
            os.chown(clone, stat.st_uid, stat.st_gid)


def _copy_file(source: str, target: str) -> None:
    shutil.copy2(source, target)
    stat = Path(source).stat()
    os.chown(target, stat.st_uid, stat.st_gid)


def other_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


async def copy_database(url: str, name: str) -> str:
    """A copy of a database that nobody is connected to, on the same server; returns its URL."""
    parts = urlsplit(url)
    connection = await asyncpg.connect(other_database(url, "postgres"), ssl=False)
    try:
        await connection.execute(f'CREATE DATABASE {name} TEMPLATE "{parts.path[1:]}"')
    finally:
        await connection.close()
    return other_database(url, name)


async def publish(nats_url: str, bodies: Sequence[bytes]) -> int:
    """Publish events to INTAKE in order; returns the place of the last one."""
    broker = connect_broker(nats_url, None)
    await broker.start()
    last = 0
    try:
        for start in range(0, len(bodies), CHUNK_MESSAGES):
            chunk = [Outgoing(subject_of(body), body) for body in bodies[start : start + CHUNK_MESSAGES]]
            last = (await publish_all(broker.connection, chunk))[-1]
    finally:
        await broker.stop()
    return last


async def settle(endpoints: Endpoints, bodies: Sequence[bytes]) -> None:
    """Settle events in this process, before any clock starts."""
    settings = Settings(partitions=1)
    async with (
        worker(endpoints.database_url, endpoints.nats_url, settings) as ours,
        at_work(ours),
    ):
        last = await publish(endpoints.nats_url, bodies)
        await quiet(ours.engine, last)


async def end_of_intake(nats_url: str) -> int:
    """The place of the last event in INTAKE."""
    broker = connect_broker(nats_url, None)
    await broker.start()
    try:
        return (await broker.connection.jetstream().stream_info("INTAKE")).state.last_seq
    finally:
        await broker.stop()


async def quiet(engine: AsyncEngine, last: int) -> None:
    """Wait until the events up to ``last`` are taken and no run moves any more.

    Asks little while much is to be done: the whole answer costs the database more than the question is worth.
    """
    taken_now = text("SELECT coalesce(max(stream_seq), 0) FROM processors.positions WHERE consumer = 'intake'")

    async def observe(connection: AsyncConnection) -> tuple[int, InFlight | None]:
        taken = int(await connection.scalar(taken_now) or 0)
        return taken, await in_flight(connection) if taken >= last else None

    taken, flight = await poll_until(engine, observe, _is_quiet, give_up_after_s=STALLED_S)
    if not _is_quiet((taken, flight)):
        raise RuntimeError(f"nothing moves: {taken} of {last} events taken, {flight}")
    if flight is not None and flight.parked:
        raise RuntimeError(f"{flight.parked} runs are parked: this is no measurement")


def _is_quiet(seen: tuple[int, InFlight | None]) -> bool:
    _, flight = seen
    return flight is not None and flight.runs <= flight.parked


@asynccontextmanager
async def engine_on(url: str, pool_size: int = 5) -> AsyncIterator[AsyncEngine]:
    """An engine, disposed of at the end."""
    engine = connect(url, pool_size=pool_size)
    try:
        yield engine
    finally:
        await engine.dispose()


async def count(engine: AsyncEngine, table: str) -> int:
    """The rows of a table."""
    async with engine.connect() as connection:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@dataclass(frozen=True)
class Cpu:
    """Seconds of processor time of the servers below this process."""

    postgres: float
    nats: float

    @classmethod
    def now(cls) -> "Cpu":
        """What they have used so far."""
        stats = {
            path.name: stat
            for path in Path("/proc").iterdir()
            if path.name.isdigit() and (stat := _stat(path.name)) is not None
        }
        ours: dict[str, float] = {"postgres": 0.0, "nats-server": 0.0}
        for pid, (comm, _, _) in stats.items():
            if comm in ours and _descends(pid, stats):
                ours[comm] += stats[pid][2]
        return cls(ours["postgres"], ours["nats-server"])


def cpu_of(pid: int) -> float:
    """Seconds of processor time of one process."""
    stat = _stat(str(pid))
    return 0.0 if stat is None else stat[2]


@dataclass
class Meter:
    """Between ``start`` and ``stop``: seconds by the clock, and processor time of this process and of PostgreSQL."""

    seconds: float = 0.0
    python_s: float = 0.0
    postgres_s: float = 0.0

    @classmethod
    def start(cls) -> "Meter":
        """Begin."""
        return cls(-time.monotonic(), -time.process_time(), -Cpu.now().postgres)

    def stop(self) -> None:
        """End."""
        self.seconds += time.monotonic()
        self.python_s += time.process_time()
        self.postgres_s += Cpu.now().postgres


def _stat(pid: str) -> tuple[str, str, float] | None:
    try:
        text_ = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    name, rest = text_[text_.index("(") + 1 :].rsplit(")", 1)
    fields = rest.split()
    ticks = os.sysconf("SC_CLK_TCK")
    waited_for = fields[13:15] if name == "postgres" else ()
    return name, fields[1], sum(map(int, (*fields[11:13], *waited_for))) / ticks


def _descends(pid: str, stats: dict[str, tuple[str, str, float]]) -> bool:
    me = str(os.getpid())
    while pid in stats:
        pid = stats[pid][1]
        if pid == me:
            return True
    return False
