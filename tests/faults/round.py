"""One round of ``make chaos``: its servers, workers and source, and every fault that can be drawn for them."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import asyncpg
import orjson

from infra.embedded.nats import NatsServer
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import ServerError
from tests.faults.disk import NO_ROOM, full
from tests.faults.harness import INTAKE_TAKEN, OPEN_RUNS, Source, ask, is_there, until, until_quiet
from tests.faults.points import all_deaths
from tests.faults.proxy import Proxy
from tests.faults.supervisor import Supervised
from tests.owners import all_lanes, end_as_stalled, local_ports, owners
from tests.program import eventually

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


class NotComeAboutError(Exception):
    """A fault that was drawn and did not happen; says which."""


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
        self.broker = NatsServer(self.folder / "nats", port=urlsplit(self.nats_url).port)
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
        """Both: no worker takes the lanes over, so that the consumers stay and their deliveries do outlive the wait."""
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
        """The one loss there is: what INTAKE had acknowledged and intake had not taken. Its source sends it again."""
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
