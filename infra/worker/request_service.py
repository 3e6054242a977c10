"""Requests of sources over NATS: tells which source asks, and answers each, the same of each source."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import orjson
import structlog
from faststream.nats import NatsBroker
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from events.refusals import Refusal
from infra.access.sources import EVENT_BYTES, NotASource, Source
from infra.worker.failures import error_line

AT_ONCE = 4
"""How many a service answers at once: each takes a connection of those it reads with."""
OF_ONE_SOURCE_AT_ONCE = 2
"""How many of these may be of one source: however much it asks, others find a turn free."""
OF_ONE_SOURCE = 20
"""How many requests of one source a service holds, those in work among them; one beyond is refused at once."""
IN_ALL = 1_000
"""How many requests a service holds."""
_PENDING = 100_000
"""How many requests may lie unseen: to look at one and refuse it takes far less than to answer it."""
ANSWERED_WITHIN_S = 5.0
UNAVAILABLE = "unavailable"
"""Reason of a reply that says nothing about what was asked: the ledger could not look."""
_ASKER = "Nats-Request-Info"
_log = structlog.get_logger(__name__)

Answer = Callable[[str | None, bytes], Awaitable[dict[str, object]]]
"""Takes who asks ("hospital/H1", None for the ledger's own user) and the body. Raises ``Refusal``."""


@dataclass(frozen=True, slots=True)
class ServiceWords:
    """What a service calls itself: its queue group, what is asked in both languages, and the reason of too many."""

    queue: str
    asked: str
    asked_zh: str
    too_many: str


class RequestService:
    """Answers subjects: no source waits behind more of another's requests than are in work."""

    def __init__(self, broker: NatsBroker, words: ServiceWords, answers: Mapping[str, Answer]) -> None:
        self._broker = broker
        self._words = words
        self._answers = answers
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._turns_of: dict[str | None, asyncio.Semaphore] = {}
        self._held: Counter[str | None] = Counter()
        self._work: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._subscriptions: list[Subscription] = []

    async def start(self) -> None:
        """Listen; the broker is connected."""
        self._stopping = False
        self._subscriptions = [
            await self._broker.connection.subscribe(
                subject, queue=self._words.queue, cb=self._take, pending_msgs_limit=_PENDING
            )
            for subject in self._answers
        ]

    async def stop(self) -> None:
        """Listen no more; what is being answered is, and what still waits for its turn is told to ask again."""
        self._stopping = True
        for subscription in self._subscriptions:
            with suppress(NatsError):  # the connection is gone
                await subscription.unsubscribe()
        self._subscriptions.clear()
        await asyncio.gather(*self._work, return_exceptions=True)

    @property
    def held(self) -> int:
        """How many requests are held."""
        return self._held.total()

    async def _take(self, message: Msg) -> None:
        """Hold a request, or refuse it at once; its own work never holds up the next one."""
        try:
            asker = asker_of(message)
        except Refusal as refusal:
            await send_reply(message, refused_reply(refusal.reason, refusal.detail, refusal.detail_zh))
            return
        if len(message.data) > EVENT_BYTES:
            at_most = f"it has at most {EVENT_BYTES} bytes", f"请求至多 {EVENT_BYTES} 字节"
            await send_reply(message, refused_reply("malformed", *at_most))
            return
        if asker is not None and self._held[asker] >= OF_ONE_SOURCE:
            detail = f"{asker} has {OF_ONE_SOURCE} requests open: wait for their replies, then ask again"
            detail_zh = f"{asker} 已有 {OF_ONE_SOURCE} 个{self._words.asked_zh}请求未答复：请等答复后再问"
            await send_reply(message, refused_reply(self._words.too_many, detail, detail_zh))
            return
        if self.held >= IN_ALL:
            too_many = "too many ask at the moment: ask again later", "当前请求过多：请稍后再问"
            await send_reply(message, refused_reply(UNAVAILABLE, *too_many))
            return
        self._held[asker] += 1
        task = asyncio.create_task(self._answer(asker, message))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _answer(self, asker: str | None, message: Msg) -> None:
        of_one = AT_ONCE if asker is None else OF_ONE_SOURCE_AT_ONCE
        turns = self._turns_of.setdefault(asker, asyncio.Semaphore(of_one))
        try:
            async with turns, self._turns:
                reply = self._later() if self._stopping else await self._answered(asker, message)
            await send_reply(message, reply)
        finally:
            self._held[asker] -= 1
            if not self._held[asker]:
                del self._held[asker], self._turns_of[asker]

    async def _answered(self, asker: str | None, message: Msg) -> dict[str, object]:
        """A reply whatever happens: an error would reach the asker as a timeout only."""
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                return await self._answers[message.subject](asker, message.data)
        except Refusal as refusal:
            return refused_reply(refusal.reason, refusal.detail, refusal.detail_zh)
        except Exception as error:  # noqa: BLE001 - a server that is away, a person's claims that can't be settled
            _log.warning(f"no {self._words.asked}", error=error_line(error))
            return self._later()

    def _later(self) -> dict[str, object]:
        detail = f"no {self._words.asked} at the moment: ask again later"
        return refused_reply(UNAVAILABLE, detail, f"暂时不能{self._words.asked_zh}：请稍后再问")


def asker_of(message: Msg) -> str | None:
    """The source whose user asks ("hospital/H1"), None for the ledger's own. Raises ``Refusal``.

    The server writes the asker into each message that comes from the account of the sources, and replaces what a client
    put there. Within the ledger's own account it writes nothing; only the ledger uses that account.
    """
    told = (message.headers or {}).get(_ASKER)
    if told is None:
        return None
    try:
        source = Source.named(json.loads(told)["user"])
    except (NotASource, ValueError, KeyError, TypeError, AttributeError):
        raise Refusal(
            "source_not_allowed",
            "only hospitals and bureaus may ask, each as its own user",
            "只有医疗机构和医保经办机构可以询问，且须用各自的用户",
        ) from None
    return f"{source.kind}/{source.id}"


def refused_reply(reason: str, detail: str, detail_zh: str) -> dict[str, object]:
    """A reply that says why a request brings nothing, in English and Chinese."""
    return {"refused": {"reason": reason, "detail": detail, "detail_zh": detail_zh}}


async def send_reply(message: Msg, reply: dict[str, object]) -> None:
    """Reply to a request, as far as somebody waits for it."""
    if message.reply:  # else nobody waits for it
        with suppress(NatsError):  # the connection is gone, and the asker asks again
            await message.respond(orjson.dumps(reply))
