"""Trial settlements over NATS: tells which source asks, and answers each request."""

import asyncio
import json

import orjson
import structlog
from faststream.message import StreamMessage
from faststream.nats import NatsBroker
from faststream.nats.subscriber.usecases import ConcurrentCoreSubscriber
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncEngine

from events.refusals import Refusal
from infra.access.sources import QUOTE, NotASource, Source
from infra.worker.failures import error_line
from processors.person.quote import Quotes

WORKERS = "quote"
"""Queue group: one of all workers answers."""
AT_ONCE = 4
"""How many a worker answers at once: each takes a connection of those it settles with."""
PENDING = 1_000
"""How many requests may wait for that; one beyond them gets no answer, and its client asks again."""
ANSWERED_WITHIN_S = 5.0
UNAVAILABLE = "unavailable"
"""Reason of a reply that says nothing about the event: the ledger could not settle it on trial."""
_ASKER = "Nats-Request-Info"
_log = structlog.get_logger(__name__)


def answer_quotes(broker: NatsBroker, engine: AsyncEngine) -> ConcurrentCoreSubscriber:
    """A subscriber of ``claims.quote``, not started."""
    quotes = Quotes(engine)

    async def answer(message: Msg) -> bytes:
        return orjson.dumps(await _answered(quotes, message))

    subscriber = broker.subscriber(
        QUOTE,
        queue=WORKERS,
        decoder=_as_it_came,
        max_workers=AT_ONCE,
        pending_msgs_limit=PENDING,
        title="quote",
        description="预结算 trial settlement: a discharge or outpatient event in, its statement or a refusal back",
    )
    subscriber(answer)
    return subscriber


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


async def _answered(quotes: Quotes, message: Msg) -> dict[str, object]:
    """A reply whatever happens: an error would reach the asker as a timeout only."""
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            return await quotes.quote(asker_of(message), message.data)
    except Refusal as refusal:
        return {"refused": {"reason": refusal.reason, "detail": refusal.detail, "detail_zh": refusal.detail_zh}}
    except Exception as error:  # noqa: BLE001 - a server that is away, a person's claims that can't be settled
        _log.warning("no trial settlement", error=error_line(error))
        detail, detail_zh = "no trial settlement at the moment: ask again later", "暂时不能预结算：请稍后再问"
        return {"refused": {"reason": UNAVAILABLE, "detail": detail, "detail_zh": detail_zh}}


async def _as_it_came(message: StreamMessage[Msg]) -> Msg:
    return message.raw_message
