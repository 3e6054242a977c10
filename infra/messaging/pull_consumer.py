"""One uninterrupted reading of a durable consumer, from the sequence it was reset to."""

import asyncio
import json
import math
import time
from collections import deque
from contextlib import suppress

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

_EXPIRES_S = 30.0
_HEARTBEAT_S = 1.0
# An idle server says so each second; silence means that it has forgotten us: its leader was lost, or it was drained.
_SILENCE_S = 3.5
# How often an idle reading looks for a reconnect or silence; messages wake it at once.
_LOOK_S = 0.25


def sequences(message: Msg) -> tuple[int, int]:
    """A delivery's place in its stream and its number at its consumer.

    nats-py's ``metadata`` reads the rest of the reply subject too, a moment with its zone among it, at ten times the
    cost; every event of every claim is asked.
    """
    tokens = message.reply.split(".")
    first = 5 if len(tokens) == _TOKENS_WITHOUT_DOMAIN else 7
    return int(tokens[first]), int(tokens[first + 1])


_TOKENS_WITHOUT_DOMAIN = 9
"""``$JS.ACK.<stream>.<consumer>.<delivered>.<place>.<delivery>.<time>.<pending>``; a domain and an account come before
the stream on servers that have them."""


_IDLE_HEARTBEAT = "100"


class Interrupted(Exception):
    """Deliveries are no longer known to be complete and in order."""


class Pull:
    """Keeps between N and 2N messages stocked or asked for, and hands them out in batches of at most N.

    Every delivery of a consumer carries the next consumer sequence, counted from 1 after a reset, so a lost one shows
    as a gap. A redelivery carries a new consumer sequence and a stream sequence we have seen: it is dropped, because
    its first copy was handed out or is in stock.
    """

    def __init__(self, connection: Client, *, stream: str, durable: str, max_messages: int, max_bytes: int) -> None:
        self._connection = connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._inbox = connection.new_inbox()
        self._subscription: Subscription | None = None
        self._reconnects = connection.stats["reconnects"]
        self._stock: deque[Msg] = deque()
        self._asked = 0
        self._heard_at = self._waiting_since = time.monotonic()
        self._was_away = False
        self._consumer_sequence = 0
        self._stream_sequence = 0
        self._interruption: str | None = None
        self._arrived = asyncio.Event()

    async def open(self) -> Subscription:
        """Subscribe the inbox; its limits are off because what we ask for bounds it."""
        self._subscription = await self._connection.subscribe(
            self._inbox, cb=self._receive, pending_msgs_limit=0, pending_bytes_limit=0
        )
        return self._subscription

    async def close(self) -> None:
        if self._subscription is not None:
            with suppress(NatsError):  # unsubscribed already, or the connection is gone
                await self._subscription.unsubscribe()

    async def batch(self, within_s: float = math.inf) -> list[Msg]:
        """Wait for the first message, return what is there up to the limits; nothing where none came ``within_s``.

        Raises Interrupted.
        """
        begun = time.monotonic()
        if self._was_away:  # while a batch was handled nobody listened
            self._waiting_since, self._was_away = begun, False
        self._check()
        await self._ask()
        while not self._stock:
            if time.monotonic() - begun >= within_s:
                return []
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._arrived.wait()
            self._check()
            await self._ask()
        return self._take()

    def _take(self) -> list[Msg]:
        self._was_away = True
        batch = [self._stock.popleft()]
        size = len(batch[0].data)
        while self._stock and len(batch) < self._max_messages:
            size += len(self._stock[0].data)
            if size > self._max_bytes:
                break
            batch.append(self._stock.popleft())
        return batch

    def _check(self) -> None:
        if self._interruption is None and self._connection.stats["reconnects"] != self._reconnects:
            self._interruption = "reconnected"
        silent_since = max(self._heard_at, self._waiting_since)
        if self._interruption is None and self._asked and time.monotonic() - silent_since > _SILENCE_S:
            self._interruption = "no answer to a pull"
        if self._interruption is not None:
            raise Interrupted(self._interruption)

    async def _ask(self) -> None:
        expected = len(self._stock) + self._asked
        if expected > self._max_messages:
            return
        wanted = 2 * self._max_messages - expected
        request = {
            "batch": wanted,
            "expires": int(_EXPIRES_S * 1e9),
            "idle_heartbeat": int(_HEARTBEAT_S * 1e9),
            # Bounds our memory; a single message of the server's limit must still fit, or it would never come.
            "max_bytes": 2 * max(self._max_bytes, self._connection.max_payload),
        }
        self._asked += wanted
        self._heard_at = time.monotonic()
        await self._connection.publish(self._subject, json.dumps(request).encode(), reply=self._inbox)

    async def _receive(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        if message.reply:
            self._receive_delivery(message)
        else:
            self._receive_status(message.headers or {})
        self._arrived.set()

    def _receive_delivery(self, message: Msg) -> None:
        self._asked = max(0, self._asked - 1)
        place, delivery = sequences(message)
        self._consumer_sequence += 1
        if delivery != self._consumer_sequence:
            self._interruption = f"delivery {delivery} came instead of {self._consumer_sequence}"
        elif place > self._stream_sequence:
            self._stream_sequence = place
            self._stock.append(message)

    def _receive_status(self, headers: dict[str, str]) -> None:
        if headers.get("Status") == _IDLE_HEARTBEAT:
            return
        # A pull that ended (expired, out of bytes) tells how many of its messages will not come; any other status
        # (consumer deleted, no responders, leader gone) tells nothing we could go on with.
        unfilled = headers.get("Nats-Pending-Messages")
        if unfilled is None:
            self._interruption = f"{headers.get('Status')} {headers.get('Description')}"
        else:
            self._asked = max(0, self._asked - int(unfilled))
