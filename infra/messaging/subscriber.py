"""A FastStream subscriber that hands over batches in order and without gaps.

It begins after a position read from the database, and does not wait for a batch to fill.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from faststream import AckPolicy
from faststream._internal.broker.registrator import Registrator
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.message import StreamMessage
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.message import NatsBatchMessage
from faststream.nats.subscriber.config import NatsSubscriberConfig, NatsSubscriberSpecificationConfig
from faststream.nats.subscriber.specification import NatsSubscriberSpecification
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from infra.messaging.patience import Patience
from infra.messaging.pull_consumer import Interrupted, Pull
from infra.tasks import end

Handler = Callable[[Sequence[Msg]], Awaitable[None]]
_LASTING_S = 3.0
"""A reading that was open for so long was well: what broke it is not one more of the failures before."""
_ACK_WAIT_S = 60.0
_MAX_ACK_PENDING = 1_000_000
_log = structlog.get_logger("subscriber")


class PositionAheadOfStream(RuntimeError):
    """The stream ends before the position: its store was lost or replaced, and going on would skip messages."""


async def ensure_consumer(js: JetStreamContext, stream: str, durable: str, filter_subject: str) -> None:
    """Create the durable, or bring it to this configuration: one ack takes everything up to it."""
    await js.add_consumer(
        stream,
        api.ConsumerConfig(
            durable_name=durable,
            filter_subject=filter_subject,
            deliver_policy=api.DeliverPolicy.ALL,
            ack_policy=api.AckPolicy.ALL,
            ack_wait=_ACK_WAIT_S,
            max_ack_pending=_MAX_ACK_PENDING,
        ),
    )


class EagerSubscriber(BatchPullStreamSubscriber):
    """Use `eager_subscriber` to make one."""

    def __init__(
        self,
        config: NatsSubscriberConfig,
        specification: NatsSubscriberSpecification,
        calls: CallsCollection[list[Msg]],
        *,
        stream: str,
        durable: str,
        max_messages: int,
        max_bytes: int,
        position: Callable[[], Awaitable[int]],
        on_error: Callable[[BaseException], None],
    ) -> None:
        super().__init__(
            config,
            specification,
            calls,
            stream=JStream(stream, declare=False),
            pull_sub=PullSub(batch_size=max_messages, batch=True),
        )
        self._parser = _keep_raw
        self._decoder = _raw
        self._durable = durable
        self._max_bytes = max_bytes
        self._position = position
        self._on_error = on_error
        self._handled = False
        self._failure: Exception | None = None
        self._patience = Patience()

    def deliver_to(self, handler: Handler) -> None:
        """Bind `handler`, noting its outcome: FastStream would log an error with its traceback and drop it."""

        async def receive(batch: list[Msg]) -> None:
            try:
                await handler(batch)
            except Exception as error:  # noqa: BLE001 - raised by _hand_over
                self._failure = error
            else:
                self._handled = True

        self(receive)

    async def _create_subscription(self) -> None:
        if not self.tasks:
            self.add_task(self._consume_pull)

    async def _consume_pull(self) -> None:
        while self.running:
            log = _log.bind(stream=self.stream.name, durable=self._durable)
            pull: Pull | None = None
            opened_at = math.inf
            try:
                pull = await self.start_from(await self._position())
                opened_at = time.monotonic()
                while self.running:
                    await self._hand_over(await pull.batch())
                    self._patience.succeeded()
            except Interrupted as interruption:
                log.info("consumer interrupted", reason=str(interruption))
                if time.monotonic() - opened_at > _LASTING_S:
                    self._patience.succeeded()
            except Exception as error:  # noqa: BLE001 - whatever it is, the messages are still there: again
                self._on_error(error)
            finally:
                self.subscription = None
                if pull is not None:
                    await pull.close()
            if self.running:
                self._patience.failed()
                await asyncio.sleep(self._patience.pause_s)

    async def stop(self) -> None:
        """Finish the batch in hand, within FastStream's patience; afterwards nothing of the reading goes on."""
        reading = list(self.tasks)
        try:
            await super().stop()
        finally:  # FastStream keeps its tasks where unsubscribing fails, and with tasks it would not start again
            self.tasks.clear()
            await end(reading)

    async def start_from(self, stream_sequence: int) -> Pull:
        """Reset the durable to the message after `stream_sequence` and open a reading that begins there.

        Raises PositionAheadOfStream, and the errors of nats-py while the server is away.
        """
        # Pulls that were asked before survive a reset and would take its first deliveries: the server must have
        # seen that their inbox is gone before it sees the reset.
        await self.connection.flush()
        js = self.connection.jetstream(timeout=self._patience.answer_s)
        last = (await js.stream_info(self.stream.name)).state.last_seq
        if stream_sequence > last:
            raise PositionAheadOfStream(
                f"{self.stream.name} ends at {last}, {self._durable} has taken {stream_sequence}"
            )
        pull = Pull(
            self.connection,
            stream=self.stream.name,
            durable=self._durable,
            max_messages=self.pull_sub.batch_size,
            max_bytes=self._max_bytes,
        )
        await js.reset_consumer(self.stream.name, self._durable, seq=stream_sequence + 1)
        self.subscription = await pull.open()  # type: ignore[assignment] # only ever unsubscribed by FastStream
        return pull

    async def _hand_over(self, batch: list[Msg]) -> None:
        self._handled, self._failure = False, None
        await self.consume(batch)
        if self._failure is not None:
            raise self._failure
        if self.running and not self._handled:
            raise RuntimeError("a batch did not reach its handler")


def eager_subscriber(
    broker: NatsBroker,
    *,
    stream: str,
    durable: str,
    subject: str,
    max_messages: int,
    max_bytes: int = 4_000_000,
    position: Callable[[], Awaitable[int]],
    handler: Handler,
    on_error: Callable[[BaseException], None],
) -> EagerSubscriber:
    """Register a consumer of an existing `durable` (see `ensure_consumer`) with the broker.

    `handler` gets batches of at most `max_messages` and `max_bytes` of payload (a larger message comes alone), one
    batch at a time, by rising stream sequence and without gaps; it commits, then acks the last message only. At the
    start, and after an error, a gap or a reconnect, reading begins anew after `position()`, the last stream sequence
    taken; what the handler sees at or below its position it drops. `on_error` hears every error of the handler, of
    `position` and of the reset, which is followed by a pause (`Patience`). `subject` is what the durable
    filters on, for the AsyncAPI document.
    """
    broker_config: Any = broker.config
    calls: CallsCollection[list[Msg]] = CallsCollection()
    subscriber = EagerSubscriber(
        NatsSubscriberConfig(
            _outer_config=broker_config,
            subject=subject,
            sub_config=api.ConsumerConfig(durable_name=durable, filter_subjects=[]),
            no_reply=True,
            _ack_policy=AckPolicy.MANUAL,
        ),
        NatsSubscriberSpecification(
            _outer_config=broker_config,
            calls=calls,
            specification_config=NatsSubscriberSpecificationConfig(
                subject=subject, queue=None, title_=None, description_=None
            ),
        ),
        calls,
        stream=stream,
        durable=durable,
        max_messages=max_messages,
        max_bytes=max_bytes,
        position=position,
        on_error=on_error,
    )
    Registrator.subscriber(broker, subscriber)
    subscriber.add_call(parser_=None, decoder_=None, dependencies_=())
    subscriber.deliver_to(handler)
    return subscriber


async def _keep_raw(batch: list[Msg]) -> StreamMessage[list[Msg]]:
    return NatsBatchMessage(raw_message=batch, body=b"")


async def _raw(message: StreamMessage[list[Msg]]) -> list[Msg]:
    return message.raw_message
