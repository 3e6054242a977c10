"""What the ledger answers to hospitals, read from ANSWERS for those calls that wait for it.

One consumer of the ledger's own serves all calls, so that a call costs no consumer and no pull of its own. It holds
nothing: who listens no more is told nothing, and an answer that was missed comes again when its event is sent again.
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from events.decisions import CLAIM_RESETTLED, CLAIM_SETTLED
from infra.access.sources import Source
from infra.messaging.passing_consumer import open_behind
from infra.messaging.patience import Patience
from infra.messaging.pull_consumer import Interrupted, Pull, sequences
from infra.tasks import end
from processors.delivery.names import ANSWERS

log = structlog.get_logger(__name__)
SUBJECTS = "claims.answers.hospital.*.*"
STATEMENTS = (CLAIM_SETTLED, CLAIM_RESETTLED)
_BATCH = 500
_BATCH_BYTES = 4_000_000
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger said: ``data`` is a statement, or names the event and why it was refused or what it waits for."""

    type: str
    data: Mapping[str, Any]


@dataclass(eq=False, slots=True)
class _Waiter:
    """A call that waits for the answer to one event."""

    event_id: str
    waits_for: str
    answered: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def offer(self, token: str, answer: Answer) -> None:
        """Take an answer that ends the wait: the claim's statement, or what is said about the event."""
        ends = token == self.waits_for if answer.type in STATEMENTS else answer.data.get("event_id") == self.event_id
        if ends and not self.answered.done():
            self.answered.set_result(answer)


class AnswerReader:
    """Reads the answers to all hospitals from the moment at which it starts, and hands them to who waits."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiters: dict[_Key, list[_Waiter]] = {}
        self._seen: int | None = None
        self._reading: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    def start(self) -> None:
        """Begin to listen; ``listening`` tells when it does."""
        self._reading = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """Listen no more."""
        if self._reading is not None:
            await end([self._reading])

    async def listening(self) -> None:
        """Wait until answers to what is sent from now on will be heard."""
        await self._listening.wait()

    @contextmanager
    def expected(self, source: Source, event_id: str, waits_for: str) -> Iterator[asyncio.Future[Answer]]:
        """The answer to an event, as a future: ``waits_for`` is the id of the claim that it makes, else its own."""
        waiter = _Waiter(event_id, waits_for)
        keys = [(source.id, token) for token in {event_id, waits_for}]
        for key in keys:
            self._waiters.setdefault(key, []).append(waiter)
        try:
            yield waiter.answered
        finally:
            for key in keys:
                self._waiters[key].remove(waiter)
                if not self._waiters[key]:
                    del self._waiters[key]

    async def _read(self) -> None:
        patience = Patience()
        while True:
            pull: Pull | None = None
            try:
                pull = await self._open(patience.answer_s)
                self._listening.set()
                while True:
                    for message in await pull.batch():
                        self._take(message)
                    patience.succeeded()
            except (Interrupted, NatsError, OSError, TimeoutError) as error:
                patience.failed()
                log.info("answers are read anew", after=self._seen, error=str(error) or type(error).__name__)
            finally:
                if pull is not None:
                    await pull.close()
            await asyncio.sleep(patience.pause_s)

    async def _open(self, answer_s: float) -> Pull:
        last = (await self._client.jetstream(timeout=answer_s).stream_info(ANSWERS)).state.last_seq
        # a stream that was made anew ends before what was seen of the old one
        self._seen = last if self._seen is None else min(self._seen, last)
        return await open_behind(
            self._client,
            stream=ANSWERS,
            name=f"gateway-{secrets.token_hex(8)}",
            sequence=self._seen,
            subject=SUBJECTS,
            answer_s=answer_s,
            most=_BATCH,
            most_bytes=_BATCH_BYTES,
        )

    def _take(self, message: Msg) -> None:
        self._seen = sequences(message)[0]
        *_, hospital, token = message.subject.split(".")
        waiters = self._waiters.get((hospital, token))
        if not waiters:
            return
        with suppress(
            orjson.JSONDecodeError, KeyError
        ):  # nothing of the ledger's is so; a stranger's is nobody's answer
            event = orjson.loads(message.data)
            answer = Answer(event["type"], event["data"])
            for waiter in list(waiters):
                waiter.offer(token, answer)
