"""Follows the journals and publishes what they book on PAYOUTS, beside the lanes and without holding one up.

It is no lane: nothing is sent to it, for then intake, the layers and settlement would have to write for it in their
transactions, and wait for its stream. It reads what they have committed (docs/decisions/0017-payouts.md).
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.driver import connected
from infra.logs import Repeats
from infra.messaging.patience import Patience
from infra.messaging.payout_stream import Overtaken, PayoutStream
from infra.messaging.streams import KEPT_S, OlderDatabase
from infra.tasks import end
from infra.worker.failures import log_failure
from processors.delivery.names import PAYOUTS, PAYOUTS_CONSUMER
from processors.payouts.bookings import load_batches
from processors.payouts.events import payout_message
from processors.payouts.progress import (
    Reached,
    era_began,
    load_eras,
    load_heads,
    load_last_before,
    load_told,
    save_told,
)

log = structlog.get_logger(__name__)

POLL_S = 0.2
"""How often the journals are looked at: a booking is told so much after its commit at most, and a round trip."""
LOOKS_S = 5.0
"""How often it is asked, where nothing is booked, whether PAYOUTS is still what it was."""
NOTED_AFTER_S = 60.0
"""How often the database is told how far PAYOUTS is, where anything was published: needed after 30 days without."""
FINISHES_S = 5.0
"""How long a worker that ends goes on telling what is booked; the next one tells the rest."""
TOLD_AGAIN_AFTER_S = 10.0
KEPT = timedelta(seconds=KEPT_S)


class PayoutPublisher:
    """Publishes until it is stopped; what stops it is tried again."""

    def __init__(self, engine: AsyncEngine, client: Client, missing: Callable[[], None]) -> None:
        """``missing`` is called where PAYOUTS is not there."""
        self._engine = engine
        self._stream = PayoutStream(client)
        self._missing = missing
        self._finishing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._repeats = Repeats(TOLD_AGAIN_AFTER_S)

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self._task is not None

    def start(self) -> None:
        """Begin at what PAYOUTS holds."""
        self._finishing.clear()
        self._task = asyncio.create_task(self._run(), name=PAYOUTS_CONSUMER)

    async def stop(self) -> None:
        """Stop at once."""
        if self._task is not None:
            await end([self._task])
            self._task = None

    async def finish(self) -> None:
        """Tell what is booked so far, then stop."""
        self._finishing.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=FINISHES_S)
        await self.stop()

    async def _run(self) -> None:
        patience = Patience()
        while True:
            try:
                await self._follow(patience)
            except Overtaken:
                continue
            except Exception as error:  # noqa: BLE001 - a server may be away: it is tried again from what is stored
                patience.failed()
                if isinstance(error, NotFoundError | NoRespondersError):
                    self._missing()
                if (since := self._repeats.due(type(error).__name__)) is not None:
                    log_failure(log, "payouts not published", error, lane=PAYOUTS_CONSUMER, since=since)
                await asyncio.sleep(patience.pause_s)
            else:
                return

    async def _follow(self, patience: Patience) -> None:
        """Publish what comes until asked to finish; returns when nothing is left then."""
        stored = await self._stream.end()
        async with connected(self._engine) as connection:
            reached, eras = await begin_behind(connection, stored.reached), await load_eras(connection)
        last, looked, noted = stored.sequence, time.monotonic(), time.monotonic()
        saved = Reached("", {})
        while True:
            async with connected(self._engine) as connection:
                heads = await load_heads(connection)
                check_not_older(reached, heads)
                batches = await load_batches(connection, reached.numbers, heads.numbers)
            for batch in batches:
                reached = Reached(heads.era, batch.numbers)
                if batch.bookings:
                    messages = [payout_message(booking, eras) for booking in batch.bookings]
                    last = await self._stream.publish(messages, last, reached)
            patience.succeeded()
            if reached != saved and (time.monotonic() - noted >= NOTED_AFTER_S or self._finishing.is_set()):
                async with self._engine.begin() as connection:
                    await save_told(connection, reached)
                saved, noted = reached, time.monotonic()
            if not batches:
                if self._finishing.is_set():
                    return
                if time.monotonic() - looked > LOOKS_S:
                    looked = time.monotonic()
                    if (await self._stream.end()).sequence != last:
                        raise Overtaken("another has published, or the store is another one")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._finishing.wait(), POLL_S)


async def begin_behind(connection: AsyncConnection, stored: Reached | None) -> Reached:
    """How far the journals are told, as what PAYOUTS holds says.

    Where it holds nothing, for it is new, its store was lost, or nobody published for so long, it is filled with all
    that it would hold: what was booked in the time for which it keeps messages, and what was never told. After a
    restore what the backup holds is told already, as far as it was. Raises ``OlderDatabase``.
    """
    heads = await load_heads(connection)
    if stored is None:
        since = datetime.now(UTC) - KEPT
        numbers, told = await load_last_before(connection, heads.numbers, since), await load_told(connection)
        if told:
            numbers = {journal: min(number, told.get(journal, 0)) for journal, number in numbers.items()}
        return Reached(heads.era, numbers)
    later = [era for era in await load_eras(connection) if era > stored.era]
    if later and (began := era_began(later[0])):
        kept = await load_last_before(connection, heads.numbers, began)
        return Reached(heads.era, {journal: min(kept[journal], stored.numbers.get(journal, 0)) for journal in kept})
    check_not_older(stored, heads)
    return stored


def check_not_older(reached: Reached, heads: Reached) -> None:
    """Raise ``OlderDatabase`` where more is told than the database has."""
    ahead = {journal: number for journal, number in reached.numbers.items() if number > heads.numbers.get(journal, 0)}
    if reached.era != heads.era or ahead:
        raise OlderDatabase(f"{PAYOUTS} is told {reached.text()}, the journals end at {heads.text()}")
