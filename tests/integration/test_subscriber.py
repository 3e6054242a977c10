"""The eager subscriber against a real nats-server: complete, in order, at once, whatever happens."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import nats
from faststream.nats import NatsBroker
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from infra.embedded.nats import NatsServer
from infra.messaging.broker import connect_broker
from infra.messaging.subscriber import PositionAheadOfStream, eager_subscriber, ensure_consumer
from tests.program import BOUND_S, eventually

STREAM, DURABLE, SUBJECT = "WORK", "taker", "work.*"
NOTICED_WITHIN_S = 30.0
"""Below the 35 s after which a silent server is given up: a lost pull must be noticed by the reconnect."""


class Taker:
    """What a processor is to the subscriber: a position that moves only with what was taken, and an ack of the last.

    Messages carry their number; `taken` is what a database would hold, `batches` what was handed over, dropped
    duplicates included.
    """

    def __init__(self) -> None:
        self.position = 0
        self.taken: list[int] = []
        self.batches: list[list[int]] = []
        self.sizes: list[int] = []
        self.errors: list[BaseException] = []
        self.changed = asyncio.Condition()
        self.in_hand = 0
        self.before: Callable[[Sequence[Msg]], Awaitable[None]] | None = None

    async def read_position(self) -> int:
        return self.position

    async def take(self, batch: Sequence[Msg]) -> None:
        self.in_hand += 1
        assert self.in_hand == 1, "two batches at once"
        try:
            self.batches.append([int(message.data.split(b" ")[0]) for message in batch])
            self.sizes.append(sum(len(message.data) for message in batch))
            await self._notify()
            if self.before is not None:
                await self.before(batch)
            for message in batch:
                sequence = message.metadata.sequence.stream
                if sequence > self.position:
                    self.taken.append(int(message.data.split(b" ")[0]))
                    self.position = sequence
            await batch[-1].ack()
        finally:
            self.in_hand -= 1
            await self._notify()

    def has(self, count: int) -> bool:
        return len(self.taken) == count

    def failed(self, error: BaseException) -> None:
        self.errors.append(error)

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition: Callable[[], bool], bound_s: float = BOUND_S) -> None:
        async with asyncio.timeout(bound_s), self.changed:
            await self.changed.wait_for(condition)


async def set_up(js: JetStreamContext) -> None:
    await js.add_stream(name=STREAM, subjects=[SUBJECT])
    await ensure_consumer(js, STREAM, DURABLE, SUBJECT)


async def publish(js: JetStreamContext, numbers: range, padding: int = 0) -> None:
    futures = [await js.publish_async(f"work.{number % 3}", b"%d %s" % (number, b"x" * padding)) for number in numbers]
    await asyncio.wait_for(asyncio.gather(*futures), BOUND_S)


def subscribe(broker: NatsBroker, taker: Taker, *, max_messages: int, max_bytes: int = 4_000_000) -> None:
    eager_subscriber(
        broker,
        stream=STREAM,
        durable=DURABLE,
        subject=SUBJECT,
        max_messages=max_messages,
        max_bytes=max_bytes,
        position=taker.read_position,
        handler=taker.take,
        on_error=taker.failed,
    )


@asynccontextmanager
async def publisher(url: str) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(url)
    try:
        yield client.jetstream(publish_async_max_pending=1_000)
    finally:
        await client.close()


@asynccontextmanager
async def started(
    url: str, taker: Taker, *, max_messages: int, max_bytes: int = 4_000_000
) -> AsyncIterator[NatsBroker]:
    broker = connect_broker(url, None)
    subscribe(broker, taker, max_messages=max_messages, max_bytes=max_bytes)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def test_everything_arrives_once_and_in_order_in_batches_up_to_the_limit(nats_url: str) -> None:
    taker = Taker()
    behind_it = asyncio.Event()

    async def hold_the_first(batch: Sequence[Msg]) -> None:
        if len(taker.batches) == 1:
            await asyncio.wait_for(behind_it.wait(), BOUND_S)

    taker.before = hold_the_first
    async with publisher(nats_url) as js:
        await set_up(js)
        await publish(js, range(5_000))
        async with started(nats_url, taker, max_messages=500) as broker:
            await taker.until(lambda: len(taker.batches) == 1)

            async def are_sent() -> bool:
                delivered = (await js.consumer_info(STREAM, DURABLE)).delivered
                return delivered is not None and delivered.consumer_seq >= len(taker.batches[0]) + 500

            await eventually(are_sent)
            await broker.connection.flush()  # its answer comes behind them
            behind_it.set()
            await taker.until(lambda: len(taker.taken) == 5_000)
        state = await js.consumer_info(STREAM, DURABLE)
    assert taker.taken == list(range(5_000))
    assert len(taker.batches[1]) == 500, "what lies there fills a batch"
    assert max(len(batch) for batch in taker.batches) == 500, "and never goes beyond the limit"
    assert taker.errors == []
    assert (state.num_ack_pending, state.num_pending) == (0, 0), "the ack of the last took all"


async def test_a_single_message_does_not_wait_for_company(nats_url: str) -> None:
    taker = Taker()
    async with publisher(nats_url) as js:
        await set_up(js)
        async with started(nats_url, taker, max_messages=500):
            for number in range(3):
                await publish(js, range(number, number + 1))
                # Nothing else is coming: only handing over what is there lets the next one be sent.
                await taker.until(partial(taker.has, number + 1))
    assert taker.batches == [[0], [1], [2]]


async def test_a_failing_handler_gets_the_same_messages_again_in_order(nats_url: str) -> None:
    taker = Taker()
    failures = iter([ValueError("first"), ValueError("second")])

    async def fail_twice(batch: Sequence[Msg]) -> None:
        if taker.position and (failure := next(failures, None)):
            raise failure

    taker.before = fail_twice
    async with publisher(nats_url) as js:
        await set_up(js)
        await publish(js, range(100))
        async with started(nats_url, taker, max_messages=10):
            await taker.until(lambda: len(taker.taken) == 100)
    assert taker.taken == list(range(100))
    assert [str(error) for error in taker.errors] == ["first", "second"]
    first, *rest = taker.batches
    # Position stands after the first batch: whatever was handed over next came three times, begun at the same message.
    assert [batch[0] for batch in rest[:3]] == [len(first)] * 3


async def test_a_killed_server_loses_and_reorders_nothing(server_folder: Path) -> None:
    first = NatsServer(server_folder / "nats")
    url = await first.start()
    second = NatsServer(server_folder / "nats", port=urlsplit(url).port)
    taker = Taker()
    killed = asyncio.Event()

    async def kill_in_the_middle(batch: Sequence[Msg]) -> None:
        if taker.position >= 1_000 and not killed.is_set():
            killed.set()
            first.kill()
            await second.start()

    taker.before = kill_in_the_middle
    try:
        async with publisher(url) as js:
            await set_up(js)
            await publish(js, range(3_000))
        async with started(url, taker, max_messages=100):
            await taker.until(lambda: len(taker.taken) == 3_000)
            async with publisher(url) as js:
                await publish(js, range(3_000, 3_010))
            await taker.until(lambda: len(taker.taken) == 3_010)
    finally:
        await second.stop()
    assert killed.is_set()
    assert taker.taken == list(range(3_010))


async def test_an_idle_subscriber_outlives_a_killed_server(server_folder: Path) -> None:
    first = NatsServer(server_folder / "nats")
    url = await first.start()
    second = NatsServer(server_folder / "nats", port=urlsplit(url).port)
    taker = Taker()
    try:
        async with publisher(url) as js:
            await set_up(js)
            await publish(js, range(1))
        async with started(url, taker, max_messages=100):
            await taker.until(lambda: len(taker.taken) == 1)
            # Its pull dies with the server, and no server will ever answer it.
            first.kill()
            await second.start()
            async with publisher(url) as js:
                await publish(js, range(1, 2))
            await taker.until(lambda: len(taker.taken) == 2, NOTICED_WITHIN_S)
    finally:
        await second.stop()
    assert taker.taken == [0, 1]


async def test_a_redelivery_changes_nothing(nats_url: str) -> None:
    taker = Taker()
    redelivered = asyncio.Event()

    async def wait_for_redelivery(batch: Sequence[Msg]) -> None:
        if len(taker.batches) == 1:
            await asyncio.wait_for(redelivered.wait(), BOUND_S)

    taker.before = wait_for_redelivery
    async with publisher(nats_url) as js:
        await set_up(js)
        # The shortest wait the server takes as it is, so that stock and batch in hand come again while we hold them.
        info = await js.consumer_info(STREAM, DURABLE)
        info.config.ack_wait = 0.2
        await js.add_consumer(STREAM, info.config)
        await publish(js, range(30))
        async with started(nats_url, taker, max_messages=20):

            async def was_redelivered() -> bool:
                return ((await js.consumer_info(STREAM, DURABLE)).num_redelivered or 0) > 0

            await eventually(was_redelivered)
            redelivered.set()
            await taker.until(lambda: len(taker.taken) == 30)
    assert [number for batch in taker.batches for number in batch] == list(range(30)), "no copy was handed over"
    assert taker.errors == []


async def test_a_batch_stays_below_the_byte_cap_and_a_larger_message_comes_alone(nats_url: str) -> None:
    taker = Taker()
    async with publisher(nats_url) as js:
        await set_up(js)
        await publish(js, range(20), padding=300)
        await publish(js, range(20, 21), padding=5_000)
        await publish(js, range(21, 40), padding=300)
        async with started(nats_url, taker, max_messages=100, max_bytes=1_000):
            await taker.until(lambda: len(taker.taken) == 40)
    assert taker.taken == list(range(40))
    assert [20] in taker.batches
    # Three messages of about 304 bytes fit below 1,000, four do not.
    assert max(size for size, batch in zip(taker.sizes, taker.batches, strict=True) if batch != [20]) <= 1_000
    assert max(len(batch) for batch in taker.batches) == 3


async def test_messages_as_large_as_the_server_takes_get_through_a_small_cap(nats_url: str) -> None:
    taker = Taker()
    async with publisher(nats_url) as js:
        await set_up(js)
        for number in range(4):  # 32 MB: more than one pull's bytes, which end it and are asked for again
            await js.publish("work.0", b"%d %s" % (number, b"x" * (8 * 1024 * 1024 - 100)))
        async with started(nats_url, taker, max_messages=100, max_bytes=1_000):
            await taker.until(lambda: len(taker.taken) == 4)
    assert taker.batches == [[0], [1], [2], [3]]
    assert taker.errors == []


async def test_reading_begins_after_the_position_not_where_the_consumer_stood(nats_url: str) -> None:
    taker = Taker()
    async with publisher(nats_url) as js:
        await set_up(js)
        await publish(js, range(10))
        taker.position = 4
        async with started(nats_url, taker, max_messages=10):
            await taker.until(lambda: len(taker.taken) == 6)
        # A backup was restored: the database stands before what the consumer has acked.
        restored = Taker()
        restored.position = 2
        async with started(nats_url, restored, max_messages=10):
            await restored.until(lambda: len(restored.taken) == 8)
    assert taker.taken == [4, 5, 6, 7, 8, 9]
    assert restored.taken == [2, 3, 4, 5, 6, 7, 8, 9]


async def test_a_lost_delivery_is_noticed_and_read_again(nats_url: str) -> None:
    taker = Taker()
    async with publisher(nats_url) as js:
        await set_up(js)
        async with started(nats_url, taker, max_messages=10):
            await publish(js, range(5))
            await taker.until(lambda: len(taker.taken) == 5)
            # Another reader takes what the subscriber never sees (a zombie of the same durable, a dropped delivery).
            thief = await js._nc.subscribe("thief")
            request = json.dumps({"batch": 100, "expires": 10_000_000_000}).encode()
            await js._nc.publish(f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{DURABLE}", request, reply="thief")
            await js._nc.flush()
            await publish(js, range(5, 25))
            await asyncio.wait_for(thief.next_msg(), BOUND_S)
            await thief.unsubscribe()
            await taker.until(lambda: len(taker.taken) == 25)
    assert taker.taken == list(range(25))
    assert taker.errors == []


async def test_a_position_ahead_of_the_stream_is_an_error_not_a_skip(nats_url: str) -> None:
    taker = Taker()
    taker.position = 50
    heard = asyncio.Event()

    def hear(error: BaseException) -> None:
        taker.errors.append(error)
        heard.set()

    taker.failed = hear  # type: ignore[method-assign] # hears the error besides
    async with publisher(nats_url) as js:
        await set_up(js)
        await publish(js, range(10))
        async with started(nats_url, taker, max_messages=10):
            await asyncio.wait_for(heard.wait(), BOUND_S)
    assert isinstance(taker.errors[0], PositionAheadOfStream)
    assert taker.batches == []


async def test_closing_finishes_the_batch_in_hand(nats_url: str) -> None:
    taker = Taker()
    go_on = asyncio.Event()

    async def hold(batch: Sequence[Msg]) -> None:
        await asyncio.wait_for(go_on.wait(), BOUND_S)

    taker.before = hold
    async with publisher(nats_url) as js:
        await set_up(js)
        await publish(js, range(1))
        async with started(nats_url, taker, max_messages=10) as broker:
            await taker.until(lambda: len(taker.batches) == 1)
            closing = asyncio.create_task(broker.stop())
            await publish(js, range(1, 2))
            assert not closing.done()
            go_on.set()
            await asyncio.wait_for(closing, BOUND_S)
        assert taker.taken == [0], "the batch in hand was finished, and no other begun"
        assert (await js.consumer_info(STREAM, DURABLE)).ack_floor.stream_seq == 1, "and its ack reached the server"


async def test_ensuring_a_consumer_again_keeps_its_place(nats_url: str) -> None:
    async with publisher(nats_url) as js:
        await set_up(js)
        await publish(js, range(3))
        subscription = await js.pull_subscribe_bind(DURABLE, STREAM)
        messages = await subscription.fetch(3, timeout=BOUND_S)
        await messages[-1].ack_sync()
        await ensure_consumer(js, STREAM, DURABLE, SUBJECT)
        info = await js.consumer_info(STREAM, DURABLE)
        await subscription.unsubscribe()
    assert info.ack_floor.stream_seq == 3
    assert info.config.ack_policy == api.AckPolicy.ALL
