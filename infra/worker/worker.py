"""A worker: owns lanes (consumer and partition) by advisory lock, runs each, and takes over those that become free."""

import asyncio
import gc
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from faststream.nats import NatsBroker
from faststream.nats.subscriber.usecases import ConcurrentCoreSubscriber
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import NotFoundError, ServiceUnavailableError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codes import LAYERS
from infra.messaging.broker import connect_broker
from infra.messaging.stream_recovery import STREAMS, keep_streams
from infra.messaging.streams import INTAKE, has_stream, lag
from infra.messaging.subscriber import EagerSubscriber, eager_subscriber, ensure_consumer
from infra.postgres.connections import Connections
from infra.postgres.engine import LANES_LOCK, connect, migrate
from infra.settings import Settings
from infra.worker.failures import error_line, log_failure
from infra.worker.lane import Lane
from infra.worker.quote_service import answer_quotes
from policies.loader import load_directory
from processors.delivery.position import insert_if_absent
from processors.delivery.transaction import Handler
from processors.finance.catch_up import catch_up
from processors.law.adoption import initialise
from processors.pipeline.intake import CONSUMER as INTAKE_CONSUMER
from processors.pipeline.intake import Intake
from processors.pipeline.layer import SETTLEMENT, Layer
from processors.pipeline.settlement import Settlement

log = structlog.get_logger(__name__)

CONSUMERS = (INTAKE_CONSUMER, *LAYERS, SETTLEMENT)
TAKEOVER_S = 1.0
"""How often lanes that others own are tried."""
STALLED_AFTER_S = 30
"""A worker that asks the database for nothing for so long (stopped, cut off) loses its lanes and its transactions."""
SILENT_S = 10.0
"""How long the database may take to answer a worker's round; silent for longer, its connections are given up."""
LONGEST_ASKING_S = 2 * STALLED_AFTER_S + SILENT_S
"""How long a lane may wait for the database: by then the server has ended its transaction, heard or not."""
CONSUMER_MADE_S = 10.0
"""How long NATS may take to make a consumer: of three servers that miss one it takes up to eight seconds."""
FIRST_ANSWER_TRIES = 6
"""How often a start asks NATS for its streams, each time for five seconds."""
TIDYING_S = 15.0
"""How long a purge of what was taken may last; what is left stays until the next one."""
TIDY_ROUNDS = 60
"""How many of these rounds pass between two purges of what was taken."""
SUMS_ROUNDS = 60
"""How many of these rounds pass between two times that finance's sums are moved forward."""
LAG_ROUNDS = 10
"""How many of these rounds pass between two looks at what waits to be taken."""
WEIGHTS = {INTAKE_CONSUMER: 35, SETTLEMENT: 15} | dict.fromkeys(LAYERS, 10)
"""What each consumer takes of a processor, measured on a county all of whose layers work (docs/performance.md)."""
MESSAGES_OF_RUNS = 20
"""Packed messages of runs in one batch."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which lanes a worker wants first: ``index`` of ``count`` workers; ``only`` some consumers, if given."""

    index: int = 0
    count: int = 1
    only: frozenset[str] = frozenset()


@dataclass(slots=True)
class Worker:
    """Runs lanes over one database and one NATS connection until it is closed."""

    engine: AsyncEngine
    database_url: str
    broker: NatsBroker
    settings: Settings
    partitions: int
    share: Share
    connections: Connections = field(init=False)
    streams_missed: bool = False
    owner: AsyncConnection | None = None
    lanes: list[Lane] = field(default_factory=list)
    shares: list[int] = field(default_factory=list)
    subscribers: dict[str, EagerSubscriber] = field(default_factory=dict)
    owned: dict[str, Lane] = field(default_factory=dict)
    beside: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    quotes: ConcurrentCoreSubscriber = field(init=False)

    def __post_init__(self) -> None:
        self.connections = Connections(self.engine)
        self.quotes = answer_quotes(self.broker, self.engine)
        wanted = [name for name in CONSUMERS if not self.share.only or name in self.share.only]
        self.lanes = [
            Lane(self.engine, self.broker.connection, _handler(consumer, self.partitions), partition)
            for consumer in wanted
            for partition in range(1 if consumer == INTAKE_CONSUMER else self.partitions)
        ]
        self.shares = shares([lane.handler.consumer for lane in self.lanes], self.share.count)
        # One subscriber a lane for good: FastStream keeps each it was ever given, and a stopped one starts again.
        self.subscribers = {lane.name: self._subscriber(lane) for lane in self.lanes}

    async def run(self, stop: asyncio.Event) -> None:
        """Own what is free, again and again, until ``stop``; own shares first, others' after a while."""
        _spare_the_collector()
        await self.quotes.start()
        rounds = 0
        while not stop.is_set():
            await self._own(others=rounds >= 5 or self.share.count == 1)
            rounds += 1
            if rounds % TIDY_ROUNDS == 0:
                self._begin("tidy", self._tidy)
            if rounds % SUMS_ROUNDS == 0 and self._counts_for_all():
                self._begin("sums", self._move_sums)
            if rounds % LAG_ROUNDS == 0:
                self._begin("lag", self._report_lag)
            try:
                await asyncio.wait_for(stop.wait(), TAKEOVER_S)
            except TimeoutError:
                continue
        await self.close()

    async def look_after_streams(self) -> None:
        """Create the streams that are missing; what was in flight in a lost store is sent again."""
        unhurried = connect(self.database_url)  # without the bounds of a worker's transactions
        try:
            await keep_streams(unhurried, self.broker.connection.jetstream(), self.settings, self.partitions)
        finally:
            await unhurried.dispose()
        self.streams_missed = False

    async def close(self) -> None:
        """Finish the batches in hand, then give the lanes up."""
        for task in self.beside.values():
            task.cancel()
        await asyncio.gather(*self.beside.values(), return_exceptions=True)
        await asyncio.gather(self.quotes.stop(), *(self.subscribers[name].stop() for name in self.owned))
        await self._tidy()
        self.owned.clear()
        await self._release()

    async def _release(self) -> None:
        if self.owner is not None:
            # the connection goes back to its pool, and a session's locks with it
            await self.owner.execute(text("SELECT pg_advisory_unlock_all()"))
            await self.owner.close()
            self.owner = None

    async def _lock(self, connection: AsyncConnection, lane: Lane) -> bool:
        locked = await connection.execute(text("SELECT pg_try_advisory_lock(:lock, :lane)"), _key(lane))
        return bool(locked.scalar_one())

    async def _unlock(self, connection: AsyncConnection, lane: Lane) -> None:
        await connection.execute(text("SELECT pg_advisory_unlock(:lock, :lane)"), _key(lane))

    async def _own(self, *, others: bool) -> None:
        try:
            if self.streams_missed:
                await self._look_for_streams()
            connection = await self._ownership()
            locked = []
            for lane, owner in zip(self.lanes, self.shares, strict=True):
                mine = owner == self.share.index
                if lane.name in self.owned or not (mine or others):
                    continue
                if await self._lock(connection, lane):
                    locked.append(lane)
            for lane in await self._start_all(locked):
                await self._unlock(connection, lane)
            self._look_for_silence()
        except Exception as error:  # noqa: BLE001 - a server may be away: the next round tries again
            log_failure(log, "worker failed", error)
            await self._give_up()

    def _look_for_silence(self) -> None:
        """Raise ``TimeoutError`` where a lane waits for an answer that the database has long given, or never will."""
        for lane in self.owned.values():
            if lane.waits_s() > LONGEST_ASKING_S:
                raise TimeoutError(f"{lane.name} has had no answer from the database for {LONGEST_ASKING_S:.0f} s")

    async def _look_for_streams(self) -> None:
        """Where a stream is gone, give the lanes up and make it anew; else they need their consumers, or only time."""
        js = self.broker.connection.jetstream()
        try:
            there = [await has_stream(js, name) for name in STREAMS]
            if all(there):
                for lane in self.owned.values():
                    await ensure_consumer(js, lane.stream, lane.durable, lane.subjects)
        except NatsError:  # away: what it does not say is not known, and the lanes try by themselves
            return
        if not all(there):
            await self._give_up()
        await self.look_after_streams()  # also where all are there: one that was made wrong is not to be read

    def _begin(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do something beside the lanes, unless it is still being done: no round waits for it."""
        if name not in self.beside or self.beside[name].done():
            self.beside[name] = asyncio.create_task(work(), name=name)

    async def _tidy(self) -> None:
        """Purge what the lanes have taken; one that can't be tidied keeps no other from it."""
        until = asyncio.get_running_loop().time() + TIDYING_S
        for lane in list(self.owned.values()):
            try:
                async with asyncio.timeout_at(until):
                    await lane.tidy()
            except Exception as error:  # noqa: BLE001 - what stays is purged the next time
                log.warning("not tidied", lane=lane.name, error=error_line(error))

    def _counts_for_all(self) -> bool:
        """Whether finance's sums are this worker's to move forward: one of all does, that of intake's lane."""
        return any(lane.handler.consumer == INTAKE_CONSUMER for lane in self.owned.values())

    async def _move_sums(self) -> None:
        """Count for finance what was booked since, in transactions of its own that end within a minute."""
        try:
            await catch_up(self.engine)
        except Exception as error:  # noqa: BLE001 - whole steps stay, the next time goes on from there
            log.warning("finance's sums not moved forward", error=error_line(error))

    async def _report_lag(self) -> None:
        """Say in the log how many messages wait for each lane of ours, where any do."""
        js = self.broker.connection.jetstream()
        try:
            waiting = {lane.name: await lag(js, lane.stream, lane.durable) for lane in list(self.owned.values())}
        except NatsError:  # away: the lanes say so themselves
            return
        if behind := {name: count for name, count in waiting.items() if count}:
            log.info("lag", **behind)

    async def _ownership(self) -> AsyncConnection:
        """The connection whose locks say what is ours, asked whether it still answers. Raises ``TimeoutError``."""
        asking = asyncio.create_task(self._ask())
        for _ in range(2):  # the second look hears an answer that came while this process was busy with something else
            done, _ = await asyncio.wait({asking}, timeout=SILENT_S / 2)
            if done:
                return asking.result()
        asking.cancel()
        raise TimeoutError(f"no answer from the database within {SILENT_S:.0f} s")

    async def _ask(self) -> AsyncConnection:
        if self.owner is None:
            connection = await self.engine.connect()
            self.owner = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await self.owner.execute(text(f"SET idle_session_timeout = '{STALLED_AFTER_S}s'"))
        else:
            await self.owner.execute(text("SELECT 1"))
        return self.owner

    def _subscriber(self, lane: Lane) -> EagerSubscriber:
        return eager_subscriber(
            self.broker,
            stream=lane.stream,
            durable=lane.durable,
            subject=lane.subjects,
            max_messages=self.settings.batch_events if lane.stream == INTAKE else MESSAGES_OF_RUNS,
            handler=lane.take,
            position=lane.position,
            on_error=partial(self._failed, lane),
        )

    def _failed(self, lane: Lane, error: BaseException) -> None:
        lane.failed(error)
        # No such stream, no such consumer, nobody behind a stream's subject: perhaps the store is another one.
        if isinstance(error, NotFoundError | NoRespondersError):
            self.streams_missed = True

    async def _give_up(self) -> None:
        """Without its connection a worker owns nothing: its lanes stop until the servers are back."""
        log.info("lanes given up", lanes=len(self.owned))
        self.connections.abort()
        await asyncio.gather(*(self.subscribers[name].stop() for name in self.owned), return_exceptions=True)
        self.owned.clear()
        if self.owner is not None:
            await self.owner.invalidate()
            self.owner = None

    async def _start_all(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Start lanes at once; returns those for which NATS has no answer now: others go on, these are tried again."""
        outcomes = await asyncio.gather(*(self._start(lane) for lane in lanes), return_exceptions=True)
        away = []
        for lane, outcome in zip(lanes, outcomes, strict=True):
            if isinstance(outcome, NatsError):
                log.warning("lane not started", lane=lane.name, error=error_line(outcome))
                away.append(lane)
            elif outcome is not None:
                raise outcome
        return away

    async def _start(self, lane: Lane) -> None:
        js = self.broker.connection.jetstream(timeout=CONSUMER_MADE_S)
        # With the consumer die the pulls of its last owner: a stopped worker's would take our first deliveries.
        with suppress(NotFoundError):
            await js.delete_consumer(lane.stream, lane.durable)
        await ensure_consumer(js, lane.stream, lane.durable, lane.subjects)
        # Whoever loses the store before his first batch is fenced by this row's moving on.
        async with self.engine.begin() as connection:
            await insert_if_absent(connection, lane.handler.consumer, lane.partition)
        await self.subscribers[lane.name].start()
        self.owned[lane.name] = lane


def _key(lane: Lane) -> dict[str, int]:
    """The advisory lock by which a lane is owned."""
    return {"lock": LANES_LOCK, "lane": zlib.crc32(lane.name.encode()) - 2**31}


def _spare_the_collector() -> None:
    """A batch makes tens of thousands of values that die by themselves; looking for cycles among them took an eighth of
    a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def shares(consumers: Sequence[str], count: int) -> list[int]:
    """Which of ``count`` workers each lane, by its consumer, falls to: the heaviest first, each to who has least."""
    load = [0] * count
    fallen = [0] * len(consumers)
    for place in sorted(range(len(consumers)), key=lambda place: -WEIGHTS.get(consumers[place], 0)):
        index = load.index(min(load))
        fallen[place] = index
        load[index] += WEIGHTS.get(consumers[place], 0)
    return fallen


def _handler(consumer: str, partitions: int) -> Handler:
    if consumer == INTAKE_CONSUMER:
        return Intake(partitions)
    return Settlement() if consumer == SETTLEMENT else Layer(consumer, partitions)


async def prepare(database_url: str, settings: Settings) -> int:
    """Migrate the database and adopt the shipped schemes; returns its number of partitions."""
    await migrate(database_url)
    engine = connect(database_url)
    try:
        return await initialise(engine, load_directory(), settings.partitions)
    finally:
        await engine.dispose()


async def _look_after_streams_in_time(ours: Worker) -> None:
    """At the start: three servers that have just lost one answer nobody until they have chosen who leads."""
    for tries_left in reversed(range(FIRST_ANSWER_TRIES)):
        try:
            await ours.look_after_streams()
        except (NatsTimeout, ServiceUnavailableError, NoRespondersError) as error:
            if not tries_left:
                raise
            log.warning("NATS does not answer yet", error=error_line(error))
            await asyncio.sleep(1)
        else:
            return


@asynccontextmanager
async def worker(
    database_url: str, nats_url: str, settings: Settings, share: Share | None = None
) -> AsyncIterator[Worker]:
    """A worker connected to prepared servers, its streams ensured; not running yet."""
    partitions = await prepare(database_url, settings)
    engine = connect(database_url, pool_size=4 + len(CONSUMERS) * partitions, stalled_after_s=STALLED_AFTER_S)
    broker = connect_broker(nats_url, settings.nats_ca)
    await broker.start()
    try:
        ours = Worker(engine, database_url, broker, settings, partitions, share or Share())
        await _look_after_streams_in_time(ours)
        yield ours
    finally:
        with suppress(NatsError):  # a connection that is lost already can't be closed politely
            await broker.stop()
        await engine.dispose()
