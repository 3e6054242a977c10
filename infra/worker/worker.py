"""A worker: owns lanes (consumer and partition) by lock, runs each, and takes over those that become free."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from faststream.nats import NatsBroker
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import NotFoundError, ServiceUnavailableError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.messaging.broker import connected_broker
from infra.messaging.stream_recovery import STREAMS, recover_streams
from infra.messaging.streams import INTAKE, OlderDatabase, has_stream
from infra.messaging.subscriber import EagerSubscriber, eager_subscriber, ensure_consumer
from infra.postgres.connections import Connections
from infra.postgres.engine import connect, migrate
from infra.settings import Settings
from infra.worker.database_check import DatabaseCheck
from infra.worker.enquiry_service import enquiry_service
from infra.worker.failures import NATS_AWAY_ERRORS, error_line, log_failure
from infra.worker.lane import Lane
from infra.worker.lane_locks import SILENT_S, STALLED_AFTER_S, LaneLocks
from infra.worker.payout_publisher import PayoutPublisher
from infra.worker.quote_service import quote_service
from infra.worker.request_service import RequestService
from infra.worker.rules_service import RulesService
from infra.worker.shares import FOLLOWER, Share, lanes_of, worker_of_each
from infra.worker.upkeep import Upkeep
from policies.loader import load_directory
from processors.delivery.names import INTAKE_CONSUMER, SETTLEMENT_CONSUMER
from processors.delivery.position import insert_if_absent
from processors.delivery.transaction import Handler
from processors.law.adoption import initialise
from processors.law.terms import claim_consumers, learn_terms
from processors.pipeline.intake import Intake
from processors.pipeline.layer import Layer
from processors.pipeline.settlement import Settlement

log = structlog.get_logger(__name__)

TAKEOVER_S = 1.0
"""How often lanes that others own are tried."""
LONGEST_ASKING_S = 2 * STALLED_AFTER_S + SILENT_S
"""How long a lane may wait for the database: by then the server has ended its transaction, heard or not."""
CONSUMER_MADE_S = 10.0
"""How long NATS may take to make a consumer: of three servers that miss one it takes up to eight seconds."""
FIRST_ANSWER_TRIES = 6
"""How often a start asks NATS for its streams, each time for five seconds."""
MOST_NEW_LAYERS = 10
"""For how many layers that schemes bring while it runs a worker has connections at hand; more would wait for them."""
MESSAGES_OF_RUNS = 20
"""Packed messages of runs in one batch."""


@dataclass(slots=True)
class Worker:
    """Runs lanes over one database and one NATS connection until it is closed."""

    engine: AsyncEngine
    database_url: str
    broker: NatsBroker
    settings: Settings
    partitions: int
    share: Share
    consumers: tuple[str, ...]
    connections: Connections = field(init=False)
    locks: LaneLocks = field(init=False)
    upkeep: Upkeep = field(init=False)
    check: DatabaseCheck = field(init=False)
    streams_missed: bool = False
    halted: str = ""
    """Why no lane goes on: the database is older than the streams; empty where it is not."""
    suspected: bool = False
    """A lane has found the database older."""
    adopted: int = -1
    """How many texts of schemes were adopted when lanes were last made."""
    lanes: list[Lane] = field(default_factory=list)
    shares: list[int] = field(default_factory=list)
    subscribers: dict[str, EagerSubscriber] = field(default_factory=dict)
    owned: dict[str, Lane] = field(default_factory=dict)
    payouts: PayoutPublisher = field(init=False)
    quotes: RequestService = field(init=False)
    enquiries: RequestService = field(init=False)
    rules: RulesService = field(init=False)

    def __post_init__(self) -> None:
        self.connections = Connections(self.engine)
        self.locks = LaneLocks(self.engine)
        self.upkeep = Upkeep(self.engine, self.database_url, lambda: self.broker.connection, self.owned, self.all_lanes)
        self.check = DatabaseCheck(self.engine, self.broker.connection)
        self.payouts = PayoutPublisher(self.engine, self.broker.connection, self._miss_streams)
        self.quotes = quote_service(self.broker, self.engine)
        self.enquiries = enquiry_service(self.broker, self.engine)
        self.rules = RulesService(self.broker, self.engine)
        self._add_lanes(self.consumers)

    def all_lanes(self) -> list[tuple[str, int]]:
        """The lanes of the ledger by consumer and partition, those of other workers too."""
        return [*lanes_of(self.consumers, self.partitions), FOLLOWER]

    def _add_lanes(self, consumers: Sequence[str]) -> None:
        wanted = [name for name in consumers if not self.share.only or name in self.share.only]
        for consumer, partition in lanes_of(wanted, self.partitions):
            handler = _handler(consumer, self.partitions)
            lane = Lane(self.engine, self.broker.connection, handler, partition, self.check)
            self.lanes.append(lane)
            # One subscriber a lane for good: FastStream keeps each it was ever given, and a stopped one starts again.
            self.subscribers[lane.name] = self._subscriber(lane)
        self.shares = worker_of_each([lane.handler.consumer for lane in self.lanes], self.share.count)

    async def run(self, stop: asyncio.Event) -> None:
        """Own what is free, again and again, until ``stop``; own shares first, others' after a while."""
        _spare_the_collector()
        await self.quotes.start()
        await self.enquiries.start()
        await self.rules.start()
        rounds = 0
        while not stop.is_set():
            await self._own(others=rounds >= 5 or self.share.count == 1)
            rounds += 1
            self.upkeep.begin(rounds)
            try:
                await asyncio.wait_for(stop.wait(), TAKEOVER_S)
            except TimeoutError:
                continue
        await self.close()

    async def recover_streams(self) -> None:
        """Create the streams that are missing; what was in flight in a lost store is sent again."""
        unhurried = connect(self.database_url)  # without the bounds of a worker's transactions
        try:
            await recover_streams(unhurried, self.broker.connection.jetstream(), self.settings, self.partitions)
        finally:
            await unhurried.dispose()
        self.streams_missed = False

    async def close(self) -> None:
        """Finish the batches in hand, then give the lanes up."""
        await self.upkeep.stop()
        services = (self.quotes, self.enquiries, self.rules)
        lanes = [self.subscribers[name] for name in self.owned]
        await asyncio.gather(*(service.stop() for service in services), *(lane.stop() for lane in lanes))
        await self.payouts.finish()
        await self.upkeep.purge()
        self.owned.clear()
        await self.locks.release_all()

    async def _own(self, *, others: bool) -> None:
        try:
            if self.streams_missed:
                await self._look_for_streams()
            await self.locks.check()
            await self._look_for_layers()
            locked = []
            for lane, owner in zip(self.lanes, self.shares, strict=True):
                mine = owner == self.share.index
                if lane.name in self.owned or not (mine or others):
                    continue
                if await self.locks.acquire(lane.place):
                    locked.append(lane)
            if locked or self.suspected:  # also before their consumers are made anew, which tell how far lanes were
                await self.check.run()
                self._go_on()
            for lane in await self._start_all(locked):
                await self.locks.release(lane.place)
            await self._own_payouts(others=others)
            self._look_for_silence()
        except OlderDatabase as error:
            await self._halt(error)
        except Exception as error:  # noqa: BLE001 - a server may be away: the next round tries again
            log_failure(log, "worker failed", error)
            await self._give_up()

    async def _own_payouts(self, *, others: bool) -> None:
        """Publish what is booked, where no other worker does; of several it is the last one's first."""
        wanted = not self.share.only or FOLLOWER[0] in self.share.only
        mine = self.share.index == self.share.count - 1
        if wanted and not self.payouts.running and (mine or others) and await self.locks.acquire(FOLLOWER):
            self.payouts.start()

    def _miss_streams(self) -> None:
        self.streams_missed = True

    async def _look_for_layers(self) -> None:
        """Add the lanes of layers that a scheme has brought since."""
        adopted = await self.locks.adopted()
        if adopted == self.adopted:
            return
        async with self.engine.connect() as connection:
            known = await claim_consumers(connection)
        fresh = [name for name in known if name not in self.consumers]
        self.consumers = (*self.consumers, *fresh)
        self._add_lanes(fresh)
        self.adopted = adopted
        if fresh:
            log.info("lanes of new layers", layers=fresh)

    async def _halt(self, error: OlderDatabase) -> None:
        """Own nothing while the database is older than the streams; say so once."""
        if not self.halted:
            log_failure(log, "worker failed", error)
        self.halted = str(error)
        await self._give_up()

    def _go_on(self) -> None:
        if self.halted:
            log.info("the database is as new as the streams again")
        self.halted, self.suspected = "", False

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
        except NATS_AWAY_ERRORS:  # what NATS does not say is not known, and the lanes try by themselves
            return
        if not all(there):
            await self._give_up()
        await self.recover_streams()  # also where all are there: one that was made wrong is not to be read

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
        if isinstance(error, OlderDatabase):  # the worker says so, once for all its lanes
            self.suspected = True
            return
        lane.failed(error)
        # No such stream, no such consumer, no stream behind a subject: the store may be another one.
        if isinstance(error, NotFoundError | NoRespondersError):
            self.streams_missed = True

    async def _give_up(self) -> None:
        """Without its connection a worker owns nothing: its lanes stop until the servers are back."""
        if self.owned:
            log.info("lanes given up", lanes=len(self.owned))
        self.connections.abort()
        await self.payouts.stop()
        stops = (self.subscribers[name].stop() for name in self.owned)
        for outcome in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.info("lane stopped in haste", error=error_line(outcome))
        self.owned.clear()
        await self.locks.drop()

    async def _start_all(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Start lanes at once; returns those for which NATS has no answer now: others go on, these are tried again."""
        outcomes = await asyncio.gather(*(self._start(lane) for lane in lanes), return_exceptions=True)
        away = []
        for lane, outcome in zip(lanes, outcomes, strict=True):
            if isinstance(outcome, NATS_AWAY_ERRORS):
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
        # If the store is lost before the first batch, the recovery moves this row, and that fences the lane.
        async with self.engine.begin() as connection:
            await insert_if_absent(connection, lane.handler.consumer, lane.partition)
        await self.subscribers[lane.name].start()
        self.owned[lane.name] = lane


def _spare_the_collector() -> None:
    """A batch makes tens of thousands of values that die by themselves; looking for cycles among them took an eighth of
    a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def _handler(consumer: str, partitions: int) -> Handler:
    if consumer == INTAKE_CONSUMER:
        return Intake(partitions)
    return Settlement() if consumer == SETTLEMENT_CONSUMER else Layer(consumer, partitions)


async def prepare(database_url: str, settings: Settings) -> int:
    """Migrate the database and adopt the shipped schemes; returns its number of partitions."""
    await migrate(database_url)
    engine = connect(database_url)
    try:
        return await initialise(engine, load_directory(), settings.partitions)
    finally:
        await engine.dispose()


async def _consumers(database_url: str) -> tuple[str, ...]:
    engine = connect(database_url)
    try:
        async with engine.connect() as connection:
            await learn_terms(connection)
            return await claim_consumers(connection)
    finally:
        await engine.dispose()


async def _begin(ours: Worker) -> None:
    """At the start: a cluster that has just lost a server gives no answer until it has chosen a leader."""
    for tries_left in reversed(range(FIRST_ANSWER_TRIES)):
        try:
            await ours.recover_streams()
            await ours.check.run()
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
    consumers = await _consumers(database_url)
    # a connection is opened where it is used: those for layers that a scheme may bring later cost nothing
    lanes = (len(consumers) + MOST_NEW_LAYERS) * partitions
    engine = connect(database_url, pool_size=5 + lanes, stalled_after_s=STALLED_AFTER_S)
    try:
        async with connected_broker(nats_url, settings.nats_ca) as broker:
            ours = Worker(engine, database_url, broker, settings, partitions, share or Share(), consumers)
            await _begin(ours)
            yield ours
    finally:
        await engine.dispose()
