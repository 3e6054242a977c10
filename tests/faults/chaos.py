"""``make chaos``: faults drawn by seed while events flow at a steady rate; what was lost, doubled or reordered.

    python -m tests.faults.chaos FROM ROUNDS [points|rounds|backpressure …]

Each round has servers and stores of its own, two workers, and a supervisor that starts again what ended, as systemd
would; nobody else lends a hand. Prints a line a round and the sum, writes build/chaos.json (seeds, faults by kind,
figures, and each outcome by itself); exit 1 where a figure is not 0 or something does not go on.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import asyncpg
import orjson

from infra.demo import county, line_bytes
from infra.embedded import postgres
from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import ServerError
from infra.postgres.engine import migrate
from tests.faults.backpressure import flood
from tests.faults.disk import NO_ROOM, full, mount_disk, unmount_disk
from tests.faults.given import (
    INTAKE_TAKEN,
    OPEN_RUNS,
    Books,
    Figures,
    Given,
    Source,
    ask,
    compare,
    is_there,
    read_books,
    settle_undisturbed,
    source,
    tell_lost,
    until,
    until_quiet,
)
from tests.faults.points import all_deaths, die_again_and_again
from tests.faults.proxy import Proxy, proxy_of
from tests.faults.supervised import Supervised
from tests.owners import all_lanes, end_as_stalled, local_ports, owners
from tests.program import eventually

PERSONS, INPATIENT = 900, 675
FAULTS_A_ROUND = 6
EVENTS_PER_S = 15
BURST = 40
BURSTS_A_FATE = 4
"""Behind this much work in parts, each taken before the next, each consumer has met any of its points twice."""
KEPT_BACK = (2 + BURSTS_A_FATE) * BURST
"""Lines kept for each fault."""
PARTITIONS = 2
LOSES_ITS_LANES_AFTER_S = 33.0
"""STALLED_AFTER_S of infra/worker/worker.py, and what the other needs to take them."""
LONGER_THAN_THE_ACK_WAIT_S = 66.0
"""Of infra/messaging/subscriber.py, and of transaction_timeout."""
GOES_ON_WITHIN_S = 120.0
DATABASE_STARTS_WITHIN_S = 60.0
DISK_MB = 700
REPORT = Path("build/chaos.json")


@dataclass
class Servers:
    """PostgreSQL and NATS of a round, on ports that stay theirs."""

    folder: Path
    database: PostgresServer
    database_url: str
    broker: NatsServer
    nats_url: str

    async def restart_database(self) -> None:
        """Start PostgreSQL on its old port, where it does not run."""
        await self.database.stop()
        port = urlsplit(self.database_url).port
        postgres._free_port = lambda: port or 0  # where the workers look for it
        deadline = time.monotonic() + DATABASE_STARTS_WITHIN_S
        while True:
            try:
                await self.database.start()
                return
            except (ServerError, OSError, asyncpg.PostgresError):  # no room to recover in yet
                await self.database.stop()
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)

    async def restart_broker(self) -> None:
        """Start NATS on its old port."""
        await self.broker.stop()
        self.broker = NatsServer(self.folder / "nats", port=urlsplit(self.nats_url).port or -1)
        await self.broker.start()


@dataclass
class Round:
    """One round's players; ``begun`` is the last fault that began; ``next_line`` is what the source sends next;
    ``kept_back`` are for later faults."""

    draw: Random
    lines: list[bytes]
    servers: Servers
    workers: list[Supervised]
    to_database: Proxy
    to_nats: Proxy
    sender: Source
    disk: Path | None
    begun: str = ""
    next_line: int = 0
    hurry: bool = False
    kept_back: int = KEPT_BACK * FAULTS_A_ROUND
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    faults: Counter[str] = field(default_factory=Counter)
    not_come_about: Counter[str] = field(default_factory=Counter)
    lost_with_a_store: int = 0

    async def publish(self) -> None:
        """Send the lines in order: what gives layers nothing to do at once, then at a steady rate."""
        first = next(number for number, line in enumerate(self.lines) if b'"discharge.recorded' in line)
        # a fault may put next_line back as long as there are faults
        while not self.hurry or self.next_line < len(self.lines):
            if not self.hurry and self.next_line + self.kept_back >= len(self.lines):
                await asyncio.sleep(0.1)
                continue
            async with self.sending:
                await self._send(250 if self.next_line < first or self.hurry else EVENTS_PER_S // 3)
            await asyncio.sleep(0.01 if self.next_line < first or self.hurry else 1 / 3)

    def places_by_event(self) -> dict[tuple[str, str], object]:
        """Where each event was sent: the line's number, and its place in INTAKE as last acknowledged."""
        places: dict[tuple[str, str], object] = {}
        for number, line in enumerate(self.lines):
            with suppress(orjson.JSONDecodeError, KeyError, TypeError):
                event = orjson.loads(line)
                places[event["source"], event["id"]] = (number, self.sender.places.get(number))
        return places

    async def goes_on(self) -> None:
        """Wait until all that is acknowledged by now is taken; AssertionError where it is not."""
        wanted = self.sender.last
        await until(self.servers.database_url, INTAKE_TAKEN, lambda taken: taken >= wanted, GOES_ON_WITHIN_S)

    async def burst(self) -> None:
        """Send some lines at once, so that a fault meets work in hand."""
        async with self.sending:
            await self._send(BURST)

    async def _send(self, count: int) -> None:
        end = min(self.next_line + count, len(self.lines))
        if end > self.next_line:
            await self.sender.send(self.lines, range(self.next_line, end))
            self.next_line = end

    async def pause(self, least_s: float = 0.5, most_s: float = 3.0) -> None:
        await asyncio.sleep(self.draw.uniform(least_s, most_s))

    # -- the faults

    async def worker_killed(self) -> None:
        self.draw.choice(self.workers).kill()

    async def worker_killed_at_a_point(self) -> None:
        death = self.draw.choice(all_deaths())
        async with self._meeting_its_fate([death.consumer, death.point, str(self.draw.randint(1, 2)), "kill"]):
            pass

    @asynccontextmanager
    async def _meeting_its_fate(self, fate: list[str]) -> AsyncIterator[Supervised]:
        """One worker that alone owns all lanes, until it met its fate; then the other comes back.

        ``NotComeAboutError`` where all the work there is does not bring it about.
        """
        one, other = self.draw.sample(self.workers, 2)
        await other.kill_and_hold()
        await one.kill_and_hold()
        one.fate, ends = fate, one.ends
        one.may_start.set()
        try:
            await self._owns_all(one, ends)
            for _ in range(BURSTS_A_FATE):
                await self.burst()
                if await self._meets(one, ends):
                    break
            else:
                one.kill()  # or it would meet its fate in another fault's time
                raise NotComeAboutError(" ".join(fate))
        finally:
            other.may_start.set()
        yield one

    async def _owns_all(self, one: Supervised, ends: int) -> None:
        """Wait until a worker that runs alone owns all lanes, or met its fate at those that it has."""

        async def met_or_owns() -> bool:
            lanes = await owners(self.servers.database_url)
            return one.met_its_fate(ends) or (len(lanes) == 1 and sum(lanes.values()) == all_lanes(PARTITIONS))

        await eventually(met_or_owns, lambda: f"not all lanes owned: {one.log_now}")

    async def _meets(self, one: Supervised, ends: int) -> bool:
        """Wait until a worker met its fate, or all that was sent is settled without that."""
        wanted = self.sender.last

        async def met_or_quiet() -> bool:
            url = self.servers.database_url
            return one.met_its_fate(ends) or (await ask(url, INTAKE_TAKEN) >= wanted and await ask(url, OPEN_RUNS) == 0)

        await eventually(met_or_quiet, lambda: f"neither met nor settled: {one.log_now}", GOES_ON_WITHIN_S)
        return one.met_its_fate(ends)

    async def worker_stopped_between_commit_and_send(self) -> None:
        """Its successor sends, takes and sends more before it wakes up."""
        consumer = self.draw.choice(["intake", "basic", "assistance"])
        async with self._meeting_its_fate([consumer, "committed", "2", "stop"]) as stopped:
            try:
                await end_as_stalled(self.servers.database_url, self.ports_of(stopped))
                await self.burst()
                await until_quiet(self.servers.database_url, self.sender.last, GOES_ON_WITHIN_S)
            finally:
                stopped.resume()

    def ports_of(self, worker: Supervised) -> list[int]:
        """The ports by which PostgreSQL knows a worker."""
        return self.to_database.far_ports if worker is self.workers[0] else list(local_ports(worker.pid))

    async def worker_stalled(self) -> None:
        """Stopped for longer than the server lets a silent worker keep its lanes; the other goes on meanwhile."""
        worker = self.draw.choice(self.workers)
        await self._stalled([worker], LOSES_ITS_LANES_AFTER_S, goes_on=True)

    async def worker_stalled_past_the_ack_wait(self) -> None:
        worker = self.draw.choice(self.workers)
        await self._stalled([worker], LONGER_THAN_THE_ACK_WAIT_S, goes_on=True)

    async def workers_stalled_past_the_ack_wait(self) -> None:
        """Both: nobody takes the lanes over, so that the consumers stay and their deliveries do outlive the wait."""
        await self._stalled(self.workers, LONGER_THAN_THE_ACK_WAIT_S, goes_on=False)

    async def _stalled(self, workers: Sequence[Supervised], seconds: float, *, goes_on: bool) -> None:
        for worker in workers:
            worker.stop()
        try:
            await asyncio.sleep(seconds)
            if goes_on:
                await self.goes_on()
        finally:
            for worker in workers:
                worker.resume()

    async def nats_killed(self) -> None:
        self.servers.broker.kill()
        await self.pause(0.2, 2)
        await self.servers.restart_broker()

    async def database_killed(self) -> None:
        self.servers.database.kill()
        await self.pause(0.2, 2)
        await self.servers.restart_database()

    async def all_killed(self) -> None:
        for worker in self.workers:
            worker.kill()
        self.servers.broker.kill()
        self.servers.database.kill()
        await asyncio.gather(self.servers.restart_broker(), self.servers.restart_database())

    async def store_lost(self) -> None:
        """The one loss there is: what INTAKE had acknowledged and nobody had taken. Its source sends it again."""
        async with self.sending:
            for worker in self.workers:
                worker.stop()
            await self._send(BURST)
            self.servers.broker.kill()
            shutil.rmtree(self.servers.folder / "nats" / "store")
            taken = await ask(self.servers.database_url, INTAKE_TAKEN)
            lost = [number for number, place in self.sender.places.items() if place > taken]
            self.lost_with_a_store += len(lost)
            self.next_line = min([self.next_line, *lost])
            self.sender.places = {number: place for number, place in self.sender.places.items() if place <= taken}
            await self.servers.restart_broker()
            for worker in self.workers:
                worker.resume()

    async def database_cut_off(self) -> None:
        self.to_database.cut()
        await self.pause(1, 4)
        self.to_database.heal()

    async def database_silent(self) -> None:
        self.to_database.hold()
        await self.pause(3, 8)
        self.to_database.heal()

    async def database_silent_past_the_stall(self) -> None:
        """Silent until the server has given the lanes to the other worker, which goes on meanwhile."""
        self.to_database.hold()
        try:
            await asyncio.sleep(LOSES_ITS_LANES_AFTER_S)
            await self.goes_on()
        finally:
            self.to_database.heal()

    async def nats_cut_off(self) -> None:
        self.to_nats.cut()
        await self.pause(1, 4)
        self.to_nats.heal()

    async def nats_silent(self) -> None:
        self.to_nats.hold()
        await self.pause(3, 8)
        self.to_nats.heal()

    async def disk_full(self) -> None:
        assert self.disk is not None
        told = self._told_no_room()
        with full(self.disk):
            await self.burst()
            await self.pause(4, 8)
        stopped = not await is_there(self.servers.database_url)
        if stopped:
            await self.servers.restart_database()
        if not stopped and self._told_no_room() == told:
            raise NotComeAboutError("all that came found room")

    def _told_no_room(self) -> int:
        return sum(worker.log_now.read_text().count(NO_ROOM) for worker in self.workers)

    def deck(self) -> list[Callable[[], Awaitable[None]]]:
        """The faults there are."""
        faults: list[Callable[[], Awaitable[None]]] = [
            self.worker_killed, self.worker_killed_at_a_point, self.worker_stopped_between_commit_and_send,
            self.worker_stalled, self.worker_stalled_past_the_ack_wait, self.workers_stalled_past_the_ack_wait,
            self.nats_killed, self.database_killed, self.all_killed, self.store_lost, self.database_cut_off,
            self.database_silent, self.database_silent_past_the_stall, self.nats_cut_off, self.nats_silent,
        ]  # fmt: skip
        return [*faults, self.disk_full] if self.disk is not None else faults


@asynccontextmanager
async def players(seed: int, folder: Path, log: Callable[[str], None]) -> AsyncIterator[tuple[Round, Books]]:
    """Everybody in place, and the books that the lines come to undisturbed."""
    lines = [line_bytes(line) for line in county(seed, persons=PERSONS, inpatient=INPATIENT)]
    async with AsyncExitStack() as stack:
        disk = folder / "disk"
        refused = mount_disk(disk, DISK_MB)
        if refused:
            log(f"no fault disk_full: a small file system can't be mounted here ({refused})")
        else:
            stack.callback(unmount_disk, disk)
        database = PostgresServer(disk / "postgres")
        database_url = await database.start()
        broker = NatsServer(folder / "nats")
        servers = Servers(folder, database, database_url, broker, await broker.start())
        stack.push_async_callback(database.stop)
        stack.push_async_callback(lambda: servers.broker.stop())
        expected = await _undisturbed(database_url, lines, folder)
        to_database = await stack.enter_async_context(proxy_of(database_url))
        to_nats = await stack.enter_async_context(proxy_of(servers.nats_url))
        near = Given(database_url, servers.nats_url, {"CLAIMS_PARTITIONS": f"{PARTITIONS}"})
        far = Given(to_database.url(database_url), to_nats.url(servers.nats_url), near.more)
        # each wants a third of the lanes at once and takes what else is free later
        workers = [
            await stack.enter_async_context(Supervised.started(given, folder / f"worker{number}.log", number))
            for number, given in enumerate((far, near), start=1)
        ]
        sender = await stack.enter_async_context(source(servers.nats_url))
        small = None if refused else disk
        yield Round(Random(seed), lines, servers, workers, to_database, to_nats, sender, small), expected


async def _undisturbed(database_url: str, lines: list[bytes], folder: Path) -> Books:
    connection = await asyncpg.connect(database_url, ssl=False)
    await connection.execute("CREATE DATABASE undisturbed")
    url = urlsplit(database_url)._replace(path="/undisturbed").geturl()
    apart = folder / "undisturbed"
    apart.mkdir(mode=0o711)
    try:
        await migrate(url)
        return await settle_undisturbed(url, lines, apart)
    finally:
        await connection.execute("DROP DATABASE undisturbed WITH (FORCE)")
        await connection.close()


@dataclass
class Outcome:
    """What a stage came to."""

    name: str
    seed: int
    figures: Figures
    faults: dict[str, int]
    """By kind, those alone that came about."""
    seconds: float
    lost_with_a_store: int = 0
    problem: str = ""
    measured: dict[str, float] = field(default_factory=dict)
    not_come_about: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return self.figures.hold and not self.problem

    @property
    def faults_count(self) -> int:
        return sum(self.faults.values())

    def __str__(self) -> str:
        figures = self.figures
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        return (
            f"{self.name}: {figures.events} events, {self.faults_count} faults ({kinds}), "
            f"lost {figures.lost}, doubled {figures.doubled}, out of order {figures.out_of_order}, "
            f"differing views {figures.differing}; {self.lost_with_a_store} sent again after a lost store, "
            f"{sum(self.not_come_about.values())} faults drawn that did not come about, "
            f"{self.seconds:.0f} s{''.join(f', {name} {value:g}' for name, value in self.measured.items())}"
            f"{' PROBLEM ' + self.problem if self.problem else ''}"
        )


class NotComeAboutError(Exception):
    """A fault that was drawn and did not happen; says which."""


async def one_fault(ours: Round, fault: Callable[[], Awaitable[None]], log: Callable[[str], None]) -> None:
    """A burst of work, and a fault in the midst of it, which counts if it came about; then all must go on."""
    name, at = fault.__name__, time.monotonic()
    await ours.burst()
    ours.kept_back -= KEPT_BACK
    await ours.pause(0, 0.5)
    ours.begun = name
    try:
        await fault()
        ours.faults[name] += 1
    except NotComeAboutError as why:
        ours.not_come_about[name] += 1
        log(f"  {name} did not come about: {why}")
    await ours.goes_on()
    log(f"  {name}: {time.monotonic() - at:.1f} s")
    await ours.pause()


async def run_round(seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """One round: faults one after the other, each while events flow; then the books are held against the expected."""
    async with players(seed, folder, log) as (ours, expected):
        began = time.monotonic()
        publishing = asyncio.create_task(ours.publish())
        problem, found = "", Figures(len(ours.lines))
        try:
            await eventually(lambda: ours.next_line > len(ours.lines) // 2 + 20)
            for fault in ours.draw.sample(ours.deck(), FAULTS_A_ROUND):
                await one_fault(ours, fault, log)
            ours.hurry = True
            await asyncio.wait_for(publishing, GOES_ON_WITHIN_S)
            await until_quiet(ours.servers.database_url, ours.sender.last, GOES_ON_WITHIN_S)
            revisions = "store_lost" not in ours.faults
            books = await read_books(ours.servers.database_url)
            found = compare(books, expected, events=len(ours.lines), revisions=revisions)
            if found.lost:
                (folder / "lost").write_text(
                    await tell_lost(ours.servers.database_url, books, expected, ours.places_by_event())
                )
        except (AssertionError, TimeoutError) as error:
            problem = f"{ours.begun}: {_told(error)}"
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        seconds = time.monotonic() - began
        return Outcome(
            f"round {seed}",
            seed,
            found,
            dict(ours.faults),
            seconds,
            ours.lost_with_a_store,
            problem=problem,
            not_come_about=dict(ours.not_come_about),
        )


async def run_points(seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """Every consumer killed at every point of its batch, in an order drawn by seed."""
    lines = [line_bytes(line) for line in county(seed, persons=3 * PERSONS, inpatient=3 * INPATIENT)]
    deaths = Random(seed).sample(all_deaths(), len(all_deaths()))
    began = time.monotonic()
    database, broker = PostgresServer(folder / "postgres"), NatsServer(folder / "nats")
    try:
        given = Given(await database.start(), await broker.start())
        expected = await _undisturbed(given.database_url, lines, folder)
        await migrate(given.database_url)
        await die_again_and_again(given, lines, deaths, folder)
        found = compare(await read_books(given.database_url), expected, events=len(lines))
    finally:
        await broker.stop()
        await database.stop()
    return Outcome("points", seed, found, {"worker_killed_at_a_point": len(deaths)}, time.monotonic() - began)


async def run_backpressure(seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """200,000 events published at once to a worker whose database is slow."""
    began = time.monotonic()
    database, broker = PostgresServer(folder / "postgres"), NatsServer(folder / "nats")
    try:
        database_url, nats_url = await database.start(), await broker.start()
        await migrate(database_url)
        flooded = await flood(database_url, nats_url, folder, events=200_000, delay_s=0.005, slow_s=60)
    finally:
        await broker.stop()
        await database.stop()
    measured = {"peak worker MB": flooded.peak_mb, "largest lag": flooded.largest_lag, "events/s": flooded.events_per_s}
    problem = "" if flooded.peak_mb <= flooded.bound_mb else f"more than {flooded.bound_mb} MB"
    figures, seconds = Figures(flooded.events, lost=flooded.missing), time.monotonic() - began
    return Outcome("backpressure", seed, figures, {"database_slow": 1}, seconds, problem=problem, measured=measured)


async def outcome_of(stage: str, seed: int, folder: Path, log: Callable[[str], None]) -> Outcome:
    """What a stage came to, also where it broke off: a server that does not start is an outcome too."""
    began = time.monotonic()
    try:
        return await STAGES[stage](seed, folder, log)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with those before it
        return Outcome(f"{stage} {seed}", seed, Figures(), {}, time.monotonic() - began, problem=_told(error))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def report(outcomes: list[Outcome]) -> None:
    """The sum of all outcomes on stdout and as JSON."""
    total = sum((outcome.figures for outcome in outcomes), Figures())
    faults = _sum(outcome.faults for outcome in outcomes)
    not_come_about = _sum(outcome.not_come_about for outcome in outcomes)
    again = sum(outcome.lost_with_a_store for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    holds = all(outcome.holds for outcome in outcomes)
    print(Outcome(f"all {len(outcomes)}", 0, total, faults, seconds, again, not_come_about=not_come_about))
    told = {
        "holds": holds,
        "seeds": [outcome.seed for outcome in outcomes],
        "figures": asdict(total),
        "faults": faults,
        "not_come_about": not_come_about,
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(told, indent=1, ensure_ascii=False))


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    return dict(sum(map(Counter, counts), Counter[str]()))


STAGES = {"points": run_points, "rounds": run_round, "backpressure": run_backpressure}


def main(first: int, rounds: int, stages: list[str]) -> int:
    """Run the stages; 1 at the first outcome that does not hold."""
    outcomes = []
    plan = [
        (stage, seed) for stage in stages for seed in (range(first, first + rounds) if stage == "rounds" else [first])
    ]
    for stage, seed in plan:
        with tempfile.TemporaryDirectory(prefix="claims-chaos-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            folder.chmod(0o711)
            outcome = asyncio.run(
                outcome_of(stage, seed, folder, lambda text: print(text, file=sys.stderr, flush=True))
            )
            if not outcome.holds and "CHAOS_KEEP" in os.environ:
                shutil.copytree(
                    folder, os.environ["CHAOS_KEEP"], ignore=shutil.ignore_patterns("disk", "nats", "postgres")
                )
        outcomes.append(outcome)
        print(outcome, flush=True)
        if not outcome.holds:
            print(f"again: python -m tests.faults.chaos {seed} 1 {stage}", file=sys.stderr)
            break
    report(outcomes)
    return int(not all(outcome.holds for outcome in outcomes))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or list(STAGES)))
