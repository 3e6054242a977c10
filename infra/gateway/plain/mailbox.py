"""A source's mailbox of plain HTTP: a durable consumer of ANSWERS that the gateway makes when it is first asked for.

The ledger's own user makes and reads it. So a source needs no right to make consumers, no pull crosses accounts, and
which answers are read is decided here, by the source that a key names.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, StreamInfo
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from infra.access.sources import Source
from infra.gateway.services import LedgerSilent
from infra.messaging.pull_consumer import sequences
from infra.messaging.streams import KEPT_S
from processors.delivery.names import ANSWERS

REPEATED_AFTER_S = 30.0
"""After how long an answer that was not acknowledged comes again."""
MOST_UNACKNOWLEDGED = 1_000
"""With so many handed out and not acknowledged no further one is."""
RECEIPT_PATTERN = r"^[0-9]{1,19}(\.[0-9]{1,19}){4}$"
"""Of what acknowledges one answer: how often it was handed out, its place in ANSWERS, and more of JetStream's own."""
_RECEIPT = re.compile(RECEIPT_PATTERN)
_TOKENS = 5
_ANSWERED_WITHIN_S = 3.0
_HEARTBEAT_S = 1.0
_SILENCE_S = 3.5
"""A pull that waits is confirmed each second; after so long without a word it is lost, and asked for again."""
_PAUSE_S = 0.2


class UnknownReceipt(ValueError):
    """A receipt is of no answer that was handed out; ``place`` is its own among those that came."""

    def __init__(self, place: int) -> None:
        super().__init__(f"receipt {place} is of no answer that was handed out")
        self.place = place


class _NoMailbox(Exception):
    """Nobody listens where the mailbox is asked: it is not there, or no server of it can be reached."""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """An answer; ``event`` is the CloudEvent's bytes, ``deliveries`` how often it was handed out, this time too."""

    receipt: str
    sequence: int
    deliveries: int
    event: bytes
    reply: str

    @classmethod
    def of(cls, message: Msg) -> "HandedOut":
        """As JetStream delivered it."""
        receipt = ".".join(message.reply.split(".")[-_TOKENS:])
        deliveries = int(receipt.partition(".")[0])
        return cls(receipt, sequences(message)[0], deliveries, message.data, message.reply)


def made_in_s(answers: StreamInfo) -> int:
    """When ANSWERS was made, in seconds since 1970: one that took the place of a lost one counts from 1 again."""
    return 0 if answers.created is None else int(answers.created.timestamp())


class HttpMailbox:
    """The mailbox of one source. It has what the source was told in the last 30 days and did not acknowledge."""

    def __init__(self, ledger: Client, source: Source) -> None:
        self._ledger = ledger
        self._source = source
        self.name = f"http-{source.kind}-{source.id}"

    async def take(self, most: int, wait_s: float) -> list[HandedOut]:
        """What waits, the oldest first, at most ``most``; where nothing waits, what comes within ``wait_s``.

        Raises ``LedgerSilent`` where NATS did not answer in all that time.
        """
        until = time.monotonic() + wait_s
        while not self._ledger.is_connected:  # what is asked meanwhile is sent later, when nobody waits for it any more
            if time.monotonic() >= until:
                raise LedgerSilent(f"NATS is away: the mailbox {self.name} can't be read")
            await asyncio.sleep(_PAUSE_S)
        inbox = self._ledger.new_inbox()
        subscription = await self._ledger.subscribe(inbox)
        try:
            while True:
                heard = False
                with suppress(NatsError, JetStreamError, OSError, TimeoutError):
                    taken = await self._taken(subscription, most, until - time.monotonic())
                    heard = True
                    if taken:
                        return [HandedOut.of(message) for message in taken]
                left_s = until - time.monotonic()
                if left_s <= 0:
                    if heard or await self._is_full():
                        return []
                    raise LedgerSilent(f"the mailbox {self.name} does not answer")
                await asyncio.sleep(min(_PAUSE_S, left_s))
        finally:
            with suppress(NatsError, OSError):
                await subscription.unsubscribe()

    async def acknowledge(self, receipts: Sequence[str]) -> None:
        """Hand out these answers no more; which were acknowledged before stay so.

        Raises ``UnknownReceipt``, then nothing was acknowledged; and ``LedgerSilent``, then some may have been.
        """
        for place, receipt in enumerate(receipts):
            if _RECEIPT.fullmatch(receipt) is None:
                raise UnknownReceipt(place)
        try:
            made, last = await self._handed_out()
            for place, receipt in enumerate(receipts):
                _, sequence, _, stored_ns, _ = map(int, receipt.split("."))
                stored_s = stored_ns // 10**9
                if not 1 <= sequence <= last or (stored_s < made and not await self._is_stored(sequence, stored_s)):
                    raise UnknownReceipt(place)
            await asyncio.gather(*(self._acknowledge(receipt) for receipt in dict.fromkeys(receipts)))
        except (NatsError, JetStreamError, OSError, TimeoutError) as error:
            raise LedgerSilent(f"not acknowledged: {type(error).__name__}") from None

    async def give_back(self, answers: Sequence[HandedOut]) -> None:
        """Hand these out again at once: who asked for them is gone. Where that fails they come after their time."""
        with suppress(NatsError, OSError):
            for answer in answers:
                await self._ledger.publish(answer.reply, b"-NAK")

    async def _taken(self, subscription: Subscription, most: int, wait_s: float) -> list[Msg]:
        """What waits now, else the first that comes within ``wait_s`` and what is behind it."""
        try:
            return await self._pull(subscription, most, wait_s)
        except _NoMailbox:
            await self._make()
            return await self._pull(subscription, most, 0)

    async def _pull(self, subscription: Subscription, most: int, wait_s: float) -> list[Msg]:
        """Raises ``_NoMailbox``, and ``TimeoutError`` where nothing answers.

        JetStream ends such a pull with what it has once it has anything: none is left over that would hand more to who
        has gone on. One that may not wait gets no answer from a mailbox that is full.
        """
        if not self._ledger.is_connected:
            raise TimeoutError("NATS is away")
        bound = self._ledger.max_payload + 65_536  # a single answer of the server's limit still fits
        asked: dict[str, int | bool] = {"batch": most, "max_bytes": bound, "no_wait": True}
        if wait_s > 0:
            asked["expires"] = int(max(wait_s, _PAUSE_S) * 1e9)
        if wait_s > 2 * _HEARTBEAT_S:
            asked["idle_heartbeat"] = int(_HEARTBEAT_S * 1e9)
        await self._ledger.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{ANSWERS}.{self.name}", msgspec.json.encode(asked), reply=subscription.subject
        )
        taken: list[Msg] = []
        while len(taken) < most:
            try:
                message = await subscription.next_msg(_HEARTBEAT_S if taken else _SILENCE_S)
            except TimeoutError:
                if taken:
                    break
                raise
            if message.reply:
                taken.append(message)
                continue
            status = (message.headers or {}).get("Status")
            if status == "503":
                raise _NoMailbox
            if status != "100" or taken:  # a pull that has some and goes on has filled the mailbox
                break
        return taken

    async def _is_full(self) -> bool:
        """Whether as many answers are handed out and not acknowledged as may be."""
        js = self._ledger.jetstream(timeout=_ANSWERED_WITHIN_S)
        with suppress(NatsError, JetStreamError, OSError, TimeoutError):
            return ((await js.consumer_info(ANSWERS, self.name)).num_ack_pending or 0) >= MOST_UNACKNOWLEDGED
        return False

    async def _handed_out(self) -> tuple[int, int]:
        """When ANSWERS was made, and the last place in it of which this mailbox has handed the answer out."""
        js = self._ledger.jetstream(timeout=_ANSWERED_WITHIN_S)
        made = made_in_s(await js.stream_info(ANSWERS))
        try:
            delivered = (await js.consumer_info(ANSWERS, self.name)).delivered
        except NotFoundError:
            return made, 0
        return made, 0 if delivered is None else delivered.stream_seq

    async def _is_stored(self, sequence: int, stored_s: int) -> bool:
        """Whether ANSWERS has nothing else at this place: a receipt of a lost stream is of another answer here."""
        try:
            stands = await self._ledger.jetstream(timeout=_ANSWERED_WITHIN_S).get_msg(ANSWERS, sequence)
        except NotFoundError:
            return True
        return stands.time is not None and int(stands.time.timestamp()) == stored_s

    async def _acknowledge(self, receipt: str) -> None:
        await self._ledger.request(f"$JS.ACK.{ANSWERS}.{self.name}.{receipt}", b"+ACK", timeout=_ANSWERED_WITHIN_S)

    async def _make(self) -> None:
        await self._ledger.jetstream(timeout=_ANSWERED_WITHIN_S).add_consumer(
            ANSWERS,
            ConsumerConfig(
                durable_name=self.name,
                filter_subject=self._source.hears,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=REPEATED_AFTER_S,
                max_ack_pending=MOST_UNACKNOWLEDGED,
                # by then ANSWERS has nothing any more that was there at its last use: no answer is lost with it
                inactive_threshold=KEPT_S,
            ),
        )
