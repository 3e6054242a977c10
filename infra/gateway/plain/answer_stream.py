"""Answers as ``text/event-stream``: from a place in ANSWERS on, each once and in order, for as long as both are there.

Nothing is acknowledged: who listens names by ``Last-Event-ID`` how far it has come.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import Error as JetStreamError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.access.sources import Source
from infra.gateway.bodies import disconnected
from infra.gateway.plain.callers import still_counts
from infra.gateway.services import Services
from infra.messaging.patience import Patience
from infra.messaging.pull_consumer import Interrupted, Pull, sequences
from infra.tasks import end
from processors.delivery.names import ANSWERS
from processors.offices.refusal import StepRefused

log = structlog.get_logger(__name__)
EVENT_STREAM = "text/event-stream"
QUIET_FOR_S = 10.0
"""After how long without an answer a comment is sent, which keeps proxies from closing the connection."""
LOOK_S = 1.0
"""How often it is looked whether the listener's key still counts and the gateway goes on."""
_FORGOTTEN_AFTER_S = 60.0
_BATCH = 50
_BATCH_BYTES = 1_000_000


class AnswerStream(Response):
    """Sends a source's answers behind the place ``after`` until the caller goes, its key ends or the gateway does."""

    def __init__(self, services: Services, source: Source, after: int, authorization: str) -> None:
        super().__init__(
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "close"},
            media_type=EVENT_STREAM,
        )
        del self.headers["content-length"]
        self._services = services
        self._source = source
        self._after = after
        self._authorization = authorization
        self._gone = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until it ends. A caller that does not read is cut off by the server."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        leaving = asyncio.create_task(self._note_leaving(Request(scope, receive)))
        try:
            async for part in self._parts():
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            await end([leaving])
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _note_leaving(self, request: Request) -> None:
        await disconnected(request)
        self._gone.set()

    async def _parts(self) -> AsyncIterator[bytes]:
        patience = Patience()
        yield b": here\n\n"
        said = time.monotonic()
        while await self._goes_on():
            pull: Pull | None = None
            try:
                pull = await self._open(patience.answer_s)
                while await self._goes_on():
                    for message in await _next(pull):
                        self._after = sequences(message)[0]
                        yield _part(self._after, message.data)
                        said = time.monotonic()
                    patience.succeeded()
                    if time.monotonic() - said >= QUIET_FOR_S:
                        yield b": \n\n"
                        said = time.monotonic()
            except (Interrupted, NatsError, JetStreamError, OSError, TimeoutError) as error:
                patience.failed()
                log.info("a stream of answers is read anew", error=str(error) or type(error).__name__)
            finally:
                if pull is not None:
                    await pull.close()
            if await self._goes_on():
                await asyncio.sleep(patience.pause_s)

    async def _goes_on(self) -> bool:
        if self._gone.is_set() or self._services.ending.is_set():
            return False
        try:
            return await still_counts(self._services, self._authorization)
        except (SQLAlchemyError, OSError, StepRefused):  # it can't be known: who listens comes again, and is told so
            return False

    async def _open(self, answer_s: float) -> Pull:
        client = self._services.ledger
        js = client.jetstream(timeout=answer_s)
        if self._after > (await js.stream_info(ANSWERS)).state.last_seq:
            self._after = 0  # the stream was made anew, with fewer answers than the one that was read
        name = f"http-stream-{secrets.token_hex(8)}"
        await js.add_consumer(
            ANSWERS,
            ConsumerConfig(
                name=name,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self._after + 1,
                ack_policy=AckPolicy.NONE,
                filter_subject=self._source.hears,
                inactive_threshold=_FORGOTTEN_AFTER_S,
                num_replicas=1,
                mem_storage=True,
            ),
        )
        pull = Pull(client, stream=ANSWERS, durable=name, max_messages=_BATCH, max_bytes=_BATCH_BYTES)
        await pull.open()
        return pull


async def _next(pull: Pull) -> list[Msg]:
    """What comes within a look, which may be nothing. Raises ``Interrupted``."""
    try:
        async with asyncio.timeout(LOOK_S):
            return await pull.batch()
    except TimeoutError:
        return []


def _part(place: int, event: bytes) -> bytes:
    lines = b"".join(b"data: %s\n" % line for line in event.splitlines())
    return b"id: %d\n%s\n" % (place, lines)
