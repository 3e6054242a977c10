"""A lane (one consumer, one partition) takes batches, commits, sends, acknowledges; starts again from the database."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from asyncpg import InterfaceError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.logs import Repeats
from infra.messaging.pull_consumer import sequences
from infra.messaging.sender import Sender
from infra.messaging.streams import INTAKE
from infra.worker.database_check import DatabaseCheck
from infra.worker.failures import NATS_AWAY, error_line, expected_failure, log_failure
from processors.backup.retention import no_longer_needed
from processors.delivery.names import INTAKE_CONSUMER, RUNS
from processors.delivery.position import all_positions, read_position
from processors.delivery.transaction import Delivery, Handler, Position, handle_batch
from processors.pipeline.unreadable_event import UnreadableEvents

log = structlog.get_logger(__name__)

TOLD_AGAIN_AFTER_S = 10.0
"""What a lane misses of NATS is told again after so long: servers that choose a leader need less."""

_CHECK_VIOLATION = "23514"
"""A table refuses a value that the event's model lets through."""


def _lies_in_an_event(error: Exception) -> bool:
    """Whether what went wrong lies in what an event says, not in our servers, our law or our code.

    The database says so with a refused check, a data exception (22) or a limit that is exceeded (54).
    """
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return state == _CHECK_VIOLATION or state[:2] in ("22", "54") or _fits_no_column(error.orig)
    return isinstance(error, UnicodeError | RecursionError | OverflowError)


def _fits_no_column(error: BaseException | None) -> bool:
    """Whether asyncpg itself would not send a value; SQLAlchemy puts an error of its own around what asyncpg raises."""
    raised = (error, None if error is None else error.__cause__)
    return any(isinstance(each, InterfaceError) and isinstance(each, ValueError) for each in raised)


class Lane:
    """Binds a handler to its place in a stream. The database's position is the truth; JetStream's acks follow it."""

    def __init__(
        self, engine: AsyncEngine, client: Client, handler: Handler, partition: int, check: DatabaseCheck
    ) -> None:
        self.handler = handler
        self.partition = partition
        self._engine = engine
        self._client = client
        self._check = check
        self._sender = Sender(client)
        self._known: Position | None = None
        self._asking_since: float | None = None
        self._repeats = Repeats(TOLD_AGAIN_AFTER_S)

    @property
    def name(self) -> str:
        """Consumer and partition."""
        return f"{self.handler.consumer}.{self.partition}"

    @property
    def place(self) -> tuple[str, int]:
        """Consumer and partition, as rows hold them."""
        return self.handler.consumer, self.partition

    @property
    def stream(self) -> str:
        """The stream it reads."""
        return INTAKE if self.handler.consumer == INTAKE_CONSUMER else RUNS

    @property
    def durable(self) -> str:
        """Its durable consumer's name."""
        return f"{self.handler.consumer}-{self.partition}"

    @property
    def subjects(self) -> str:
        """The subjects it reads."""
        if self.stream == INTAKE:
            return "claims.intake.*.*.*"
        return f"claims.runs.{self.handler.consumer}.{self.partition}.*"

    def waits_s(self) -> float:
        """For how long it has been asking the database what it is asking now; 0 where it asks nothing."""
        return 0.0 if self._asking_since is None else time.monotonic() - self._asking_since

    @contextmanager
    def _asking(self) -> Iterator[None]:
        self._asking_since = time.monotonic()
        try:
            yield
        finally:
            self._asking_since = None

    async def position(self) -> int:
        """Send the last transaction's messages again, as far as they did not arrive; returns the last message taken.

        Before that every lane is held against its streams. Raises ``OlderDatabase``.
        """
        await self._check.run(briefly=True)
        with self._asking():
            async with self._engine.begin() as connection:
                known = await read_position(connection, self.handler.consumer, self.partition)
        await self._sender.resume(known.outgoing)
        self._known = known
        return known.stream_seq

    @property
    def _taken(self) -> int:
        return 0 if self._known is None else self._known.stream_seq

    async def take(self, messages: Sequence[Msg]) -> None:
        """Take a batch in one transaction, send what it decided, acknowledge all at once."""
        placed = [(sequences(message)[0], message) for message in messages]
        batch = [
            Delivery(place, message.subject, message.data, self._id_of(message))
            for place, message in placed
            if place > self._taken
        ]
        if batch:
            try:
                await self._take(self.handler, batch)
            except Exception as error:
                if self.stream != INTAKE or not _lies_in_an_event(error):
                    raise
                await self._take_one_by_one(batch)
        await messages[-1].ack()

    def _id_of(self, message: Msg) -> str:
        """The id that a lane gave a message of RUNS; that of a message of INTAKE is its source's own."""
        return "" if self.stream == INTAKE or not message.headers else message.headers.get(Header.MSG_ID.value, "")

    async def _take(self, handler: Handler, batch: Sequence[Delivery]) -> None:
        if self._known is None:
            raise AssertionError(f"{self.name} takes before it knows where it stands")
        with self._asking():
            self._known = await handle_batch(self._engine, handler, self._known, batch)
        await self._sender.send(self._known.outgoing)

    async def _take_one_by_one(self, batch: Sequence[Delivery]) -> None:
        """Find the event that can't be taken, and refuse it whole: it must not stop those behind it."""
        for delivery in batch:
            try:
                await self._take(self.handler, [delivery])
            except Exception as error:
                if not _lies_in_an_event(error):
                    raise
                log.error("event set aside", stream_seq=delivery.stream_seq, error=error_line(error))
                await self._take(UnreadableEvents(), [delivery])

    async def purge(self) -> None:
        """Delete what was taken from the stream, leaving each subject of RUNS its last message: the fences read it.

        What was taken is what the database says now, not what this lane remembers: it may have been set back.
        """
        async with self._engine.connect() as connection:
            places = await all_positions(connection)
            taken = min(self._taken, places.get(self.place, 0))
            upto = await no_longer_needed(connection, taken) if self.stream == INTAKE else taken
        if not upto:  # to the server a purge up to 0 is a purge of everything
            return
        js = self._client.jetstream()
        if self.stream == INTAKE:
            await js.purge_stream(INTAKE, seq=upto)
            return
        info = await js.stream_info(RUNS, subjects_filter=self.subjects)
        for subject, messages in (info.state.subjects or {}).items():
            if messages > 1:
                last = await js.get_last_msg(RUNS, subject)
                await js.purge_stream(RUNS, seq=min(upto, last.seq or 0), subject=subject)

    def failed(self, error: BaseException) -> None:
        """Log what stopped a batch; the subscriber starts again from ``position``, some times a second at first."""
        if expected_failure(error) is not NATS_AWAY:
            log_failure(log, "batch failed", error, lane=self.name)
        elif (since := self._repeats.due(NATS_AWAY.event)) is not None:
            log_failure(log, "batch failed", error, lane=self.name, since=since)
