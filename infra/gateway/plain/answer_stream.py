"""Answers as ``text/event-stream``: from a place in ANSWERS on, each once and in order, for as long as both are there.

Nothing is acknowledged: who listens names by ``Last-Event-ID`` how far it has come.
"""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass

import structlog
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.access.sources import Source
from infra.gateway.bodies import disconnected
from infra.gateway.plain.callers import caller_of
from infra.gateway.plain.mailbox import made_in_s
from infra.gateway.plain.problems import HttpProblem
from infra.gateway.services import Services
from infra.messaging.passing_consumer import open_behind
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
PLACE_PATTERN = r"^([0-9]{1,11}-[0-9]{1,18})?$"
"""Of an answer's id: when its stream was made, in seconds since 1970, and its place in it. Empty is the beginning."""
_BATCH = 50
_BATCH_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """How far a listener has come: up to ``sequence`` of the stream that was made at ``made_in_s``.

    A stream that took the place of a lost one counts from 1 again, and its answers are others.
    """

    made_in_s: int = 0
    sequence: int = 0

    @classmethod
    def of(cls, text: str) -> "Place":
        """As ``Last-Event-ID`` names it. Raises ``ValueError``."""
        if re.fullmatch(PLACE_PATTERN, text, re.ASCII) is None:
            raise ValueError(f"{text!r} is no place in {ANSWERS}")
        made, _, sequence = text.partition("-")
        return cls(int(made or "0"), int(sequence or "0"))


class AnswerStream(Response):
    """Sends a source's answers behind the place ``after`` until the caller goes, its key ends or the gateway does."""

    def __init__(self, services: Services, source: Source, after: Place, request: Request) -> None:
        super().__init__(
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "close"},
            media_type=EVENT_STREAM,
        )
        del self.headers["content-length"]
        self._services = services
        self._source = source
        self._after = after
        self._request = request
        self._said = time.monotonic()
        self._gone = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until it ends. A caller that does not read is cut off by the server."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        leaving = asyncio.create_task(self._note_leaving(Request(scope, receive)))
        try:
            async with aclosing(self._parts()) as parts:
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                    self._said = time.monotonic()
        finally:
            await end([leaving])
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _note_leaving(self, request: Request) -> None:
        await disconnected(request)
        self._gone.set()

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        patience = Patience()
        yield b": here\n\n"
        while await self._goes_on():
            pull: Pull | None = None
            name = f"http-stream-{secrets.token_hex(8)}"
            try:
                pull = await self._open(name, patience.answer_s)
                while await self._goes_on():
                    for message in await pull.batch(LOOK_S):
                        self._after = Place(self._after.made_in_s, sequences(message)[0])
                        yield _part(self._after, message.data)
                    patience.succeeded()
                    if comment := self._comment():
                        yield comment
            except (Interrupted, NatsError, JetStreamError, OSError, TimeoutError) as error:
                patience.failed()
                log.info("a stream of answers is read anew", error=str(error) or type(error).__name__)
            finally:
                if pull is not None:
                    await self._close(pull, name, patience.answer_s)
            if await self._goes_on():
                await asyncio.sleep(patience.pause_s)
            if comment := self._comment():
                yield comment

    def _comment(self) -> bytes:
        """What says that we are there, where nothing else was said for long."""
        return b": \n\n" if time.monotonic() - self._said >= QUIET_FOR_S else b""

    async def _goes_on(self) -> bool:
        if self._gone.is_set() or self._services.ending.is_set():
            return False
        try:
            return await caller_of(self._services, self._request) == self._source
        except (HttpProblem, SQLAlchemyError, OSError, StepRefused):  # who listens comes again, and is told why
            return False

    async def _open(self, name: str, answer_s: float) -> Pull:
        client = self._services.ledger
        js = client.jetstream(timeout=answer_s)
        made = made_in_s(await js.stream_info(ANSWERS))
        if made != self._after.made_in_s:
            self._after = Place(made)
        return await open_behind(
            client,
            stream=ANSWERS,
            name=name,
            sequence=self._after.sequence,
            subject=self._source.hears,
            answer_s=answer_s,
            most=_BATCH,
            most_bytes=_BATCH_BYTES,
        )

    async def _close(self, pull: Pull, name: str, answer_s: float) -> None:
        """Leave no consumer: who comes and goes many times a minute would have the server keep hundreds."""
        await pull.close()
        with suppress(NatsError, JetStreamError, OSError, TimeoutError):  # else it is forgotten after its time
            await self._services.ledger.jetstream(timeout=answer_s).delete_consumer(ANSWERS, name)


def _part(place: Place, event: bytes) -> bytes:
    lines = b"".join(b"data: %s\n" % line for line in event.splitlines())
    return b"id: %d-%d\n%s\n" % (place.made_in_s, place.sequence, lines)
