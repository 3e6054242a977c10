"""Sends what a transaction decided: fenced, in order, all of a stream's messages at once.

A subject of RUNS has one writer. Each send states the sequence that the writer believes to be the subject's last, so
that a worker that was stopped and wakes up cannot send old after new (docs/concurrency.md).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import uuid4

import orjson
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import Header
from nats.js.errors import NotFoundError

from infra.messaging.streams import OlderDatabase
from processors.delivery.names import RUNS
from processors.delivery.transaction import Message, sent_behind

BATCH_LIMIT = 500
"""Messages of one atomic batch; the server's limit is 1,000."""
DUPLICATE_IN_BATCH = 10201
WRONG_LAST_SEQUENCE = 10071
"""The subject ends with another message than the sender believes."""
INCOMPLETE_BATCH = 10176
"""The server has given up an atomic batch before its end: it came too slowly, or the stream has a new leader."""
TOO_MANY_BATCHES = 10210
"""Others, perhaps on purpose, have begun as many batches on the stream as it takes at a time."""
TIMEOUT_S = 20.0
"""How long a publisher waits for the acknowledgement of what it sends once."""
LANE_TIMEOUT_S = 3.0
"""How long a lane waits: a leader that was lost answers nothing, and a lane finds out what has arrived and goes on."""
EVENT_TIMEOUTS_S = (LANE_TIMEOUT_S, 2 * LANE_TIMEOUT_S, TIMEOUT_S)
"""How long a publisher of events waits, the first time, the second, the last: an event sent again changes nothing."""
_TRY_AGAIN = (408, 429)
"""Statuses: a time-out, too many requests."""
_FIRST_OF_SERVER = 500
"""From this status on an error lies with the server: 500 no leader, stream offline, 503 unavailable, storage full."""

BATCH_ID, BATCH_SEQUENCE, BATCH_COMMIT = "Nats-Batch-Id", "Nats-Batch-Sequence", "Nats-Batch-Commit"


class SendError(RuntimeError):
    """The server refused a message; ``code`` is JetStream's error code, ``status`` its class as HTTP numbers them."""

    def __init__(self, code: int, description: str, status: int = 0) -> None:
        super().__init__(f"JetStream error {code}: {description}")
        self.code = code
        self.status = status

    @property
    def is_transient(self) -> bool:
        """Whether the server could not do it now: it is short of something, not ready, or lost a batch half sent."""
        return (
            self.status in _TRY_AGAIN
            or self.status >= _FIRST_OF_SERVER
            or self.code in (TOO_MANY_BATCHES, INCOMPLETE_BATCH)
        )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish."""

    subject: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


async def publish_all(client: Client, messages: Sequence[Outgoing], *, timeout_s: float = TIMEOUT_S) -> list[int]:
    """Publish messages of one stream in order, in atomic batches; returns their sequences.

    Raises ``SendError``, and nats-py's ``TimeoutError`` where an acknowledgement takes longer than ``timeout_s``.
    """
    sequences: list[int] = []
    for start in range(0, len(messages), BATCH_LIMIT):
        sequences += await _publish_batch(client, messages[start : start + BATCH_LIMIT], timeout_s)
    return sequences


async def publish_events(client: Client, messages: Sequence[Outgoing]) -> list[int]:
    """Publish events as their source: those not acknowledged in time go again, as the same events; the ledger knows it.

    A leader that is lost between an event and its acknowledgement answers nothing for ever.
    """
    for timeout_s in EVENT_TIMEOUTS_S[:-1]:
        with suppress(NatsTimeout):
            return await publish_all(client, messages, timeout_s=timeout_s)
    return await publish_all(client, messages, timeout_s=EVENT_TIMEOUTS_S[-1])


async def _publish_batch(client: Client, messages: Sequence[Outgoing], timeout_s: float) -> list[int]:
    if len(messages) == 1:
        return await _publish_singly(client, messages, timeout_s)
    try:
        return await publish_whole(client, messages, timeout_s)
    except SendError as error:
        if error.code != TOO_MANY_BATCHES:
            raise
        return await _publish_singly(client, messages, timeout_s)


async def publish_whole(client: Client, messages: Sequence[Outgoing], timeout_s: float) -> list[int]:
    """Publish up to ``BATCH_LIMIT`` messages of one stream in order, all or none; returns their sequences.

    Raises ``SendError``, and nats-py's ``TimeoutError`` where it is not known whether they arrived.
    """
    if len(messages) == 1:
        return await _publish_singly(client, messages, timeout_s)
    batch = uuid4().hex
    answer: dict[str, Any] = {}
    for number, message in enumerate(messages, start=1):
        headers = {BATCH_ID: batch, BATCH_SEQUENCE: str(number)}
        if number == len(messages):
            answer = await _request(client, message, headers | {BATCH_COMMIT: "1"}, timeout_s)
        elif number == 1:
            await _request(client, message, headers, timeout_s)
        else:
            await client.publish(message.subject, message.body, headers=message.headers | headers)
    last = answer["seq"]
    return list(range(last - len(messages) + 1, last + 1))


async def _publish_singly(client: Client, messages: Sequence[Outgoing], timeout_s: float) -> list[int]:
    return [(await _request(client, message, {}, timeout_s))["seq"] for message in messages]


async def _request(
    client: Client, message: Outgoing, headers: dict[str, str], timeout_s: float = TIMEOUT_S
) -> dict[str, Any]:
    reply = await client.request(
        message.subject, message.body, timeout=timeout_s, headers=(message.headers | headers) or None
    )
    answer: dict[str, Any] = orjson.loads(reply.data) if reply.data else {}
    if "error" in answer:
        error = answer["error"]
        raise SendError(error.get("err_code", 0), error.get("description", ""), error.get("code", 0))
    return answer


def _check_not_ahead(subject: str, last_id: str | None, own_id: str) -> None:
    """Raise ``OlderDatabase`` where a subject ends with what this lane sent after what the database tells of."""
    last, own = sent_behind(last_id or ""), sent_behind(own_id)
    if last is not None and own is not None and last.journal == own.journal:
        if (last.era, last.place) <= (own.era, own.place):
            return
        raise OlderDatabase(f"{subject} ends with {last_id}, the database knows of {own_id}")


class Sender:
    """Sends one lane's outgoing messages."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last: dict[str, int] = {}

    async def resume(self, messages: Sequence[Message]) -> None:
        """Send again what the last transaction sent, leaving out what arrived; forgets what it believed before."""
        self._last = {}
        missing = []
        for subject, group in groupby(
            sorted(messages, key=lambda message: message.subject), key=lambda message: message.subject
        ):
            of_subject = list(group)
            if of_subject[0].stream == RUNS:
                last_id = await self._look_up(subject)
                ids = [message.id for message in of_subject]
                _check_not_ahead(subject, last_id, ids[-1])
                of_subject = of_subject[ids.index(last_id) + 1 :] if last_id in ids else of_subject
            missing += of_subject
        wanted = {id(message) for message in missing}
        await self.send([message for message in messages if id(message) in wanted])

    async def send(self, messages: Sequence[Message]) -> None:
        """Send messages, each stream's in order. Raises ``SendError``; the lane then starts again from the database."""
        for stream in dict.fromkeys(message.stream for message in messages):
            of_stream = [message for message in messages if message.stream == stream]
            if stream == RUNS:
                await self._send_fenced(of_stream)
            else:
                await self._send_once(of_stream)

    async def _send_fenced(self, messages: Sequence[Message]) -> None:
        outgoing = []
        begun: set[str] = set()
        for message in messages:
            headers = {Header.MSG_ID.value: message.id}
            if message.subject not in begun:
                if message.subject not in self._last:
                    _check_not_ahead(message.subject, await self._look_up(message.subject), message.id)
                headers[Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value] = str(self._last[message.subject])
                begun.add(message.subject)
            outgoing.append(Outgoing(message.subject, message.body, headers))
        sequences = await publish_all(self._client, outgoing, timeout_s=LANE_TIMEOUT_S)
        for message, sequence in zip(messages, sequences, strict=True):
            self._last[message.subject] = sequence

    async def _send_once(self, messages: Sequence[Message]) -> None:
        outgoing = [Outgoing(m.subject, m.body, {Header.MSG_ID.value: m.id}) for m in messages]
        try:
            await publish_all(self._client, outgoing, timeout_s=LANE_TIMEOUT_S)
        except SendError as error:
            if error.code != DUPLICATE_IN_BATCH:
                raise
            for message in outgoing:  # some arrived before: the rest go one by one, the server knows the others
                await _request(self._client, message, {}, LANE_TIMEOUT_S)

    async def _look_up(self, subject: str) -> str | None:
        """Learn a subject's last sequence; returns the id of its last message."""
        try:
            last = await self._client.jetstream(timeout=LANE_TIMEOUT_S).get_last_msg(RUNS, subject)
        except NotFoundError:
            self._last[subject] = 0
            return None
        self._last[subject] = last.seq or 0
        return (last.headers or {}).get(Header.MSG_ID.value)
