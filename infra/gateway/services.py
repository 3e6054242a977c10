"""What transactions and routes of the gateway work with: the database, the ledger's answers, trial settlements."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.store.driver import transaction as begun
from infra.access.sources import QUOTE, Source
from infra.gateway.answers import Answer, AnswerReader
from infra.gateway.hospitals import KnownHospitals
from infra.gateway.locks import TransactionLocks
from infra.gateway.sources import SourceConnections
from infra.messaging.publisher import subject_of
from infra.messaging.sender import Outgoing, SendError, publish_all
from processors.offices.keys import KeyRing
from processors.visits.transactions import SentEvent, keep_sent

ANSWERED_WITHIN_S = 15.0
"""How long a call waits for the ledger in all: hospitals' programs wait 20 s at least."""
SENT_AGAIN_AFTER_S = 6.0
"""After how long without an answer the event is sent again, once: the ledger answers it again."""
ACKNOWLEDGED_WITHIN_S = 3.0
"""How long one try to publish takes at most: a leader that was lost answers nothing."""
QUOTED_WITHIN_S = 10.0
_PAUSE_S = 0.2


class LedgerSilent(Exception):
    """The ledger did not answer in time. What was sent may be in the books or get there: send the same again."""


@dataclass(eq=False, slots=True)
class Services:
    """One for the whole program; ``engine`` connects under the program's own login, ``keys`` seal what it keeps.

    ``persons`` are the keys of the persons' register, None on a machine that has none. ``ending`` is set when the
    gateway takes no further calls, for those that wait. ``autocommit`` is the same database without transactions, for
    what is one question: BEGIN and COMMIT would cost more than it does.
    """

    engine: AsyncEngine
    hospitals: KnownHospitals
    ledger: Client
    answers: AnswerReader
    sources: SourceConnections
    keys: KeyRing
    locks: TransactionLocks
    persons: KeyRing | None = None
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    autocommit: AsyncEngine = field(init=False)

    def __post_init__(self) -> None:
        self.autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which all within the block is one transaction, the driver's own."""
        async with self.autocommit.connect() as connection, begun(connection):
            yield connection

    async def send(self, source: Source, event: Mapping[str, Any], waits_for: str, *, transaction: int = 0) -> Answer:
        """Publish an event as a hospital, and wait for the ledger's answer.

        ``waits_for`` is the claim that the event bills, whose statement is the answer; else the event's own id. A
        refusal, and that the event waits for another, is an answer too. With ``transaction``, a call's number, the
        event is kept before it is sent, and one that was kept before under the same id is sent in its place: however
        often the transaction is done, the ledger hears one and the same event. Raises ``LedgerSilent``.
        """
        sent = SentEvent(str(event["id"]), waits_for, orjson.dumps(event))
        if transaction:
            async with self.transaction() as connection:
                sent = await keep_sent(connection, transaction, sent)
        return await self.send_again(source, sent)

    async def send_again(self, source: Source, sent: SentEvent) -> Answer:
        """Publish an event that was kept, and wait for the ledger's answer. Raises ``LedgerSilent``."""
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                await self.answers.listening()
                with self.answers.expected(source, sent.event_id, sent.waits_for) as answered:
                    await self.publish(source, sent.body)
                    await asyncio.wait({answered}, timeout=SENT_AGAIN_AFTER_S)
                    if not answered.done():
                        await self.publish(source, sent.body)
                    return await answered
        except TimeoutError:
            raise LedgerSilent(f"no answer to {sent.event_id} of {source.user}") from None

    async def quote(self, event: bytes) -> Mapping[str, Any]:
        """What an event that bills a claim, as JSON, would settle to: ``{"statement": …}`` or ``{"refused": …}``.

        The ledger itself asks, in the name of the event's source, so that no open admission is needed. Raises
        ``LedgerSilent``.
        """
        try:
            reply = await self.ledger.request(QUOTE, event, timeout=QUOTED_WITHIN_S)
        except (NatsError, TimeoutError) as error:
            raise LedgerSilent(f"no trial settlement: {type(error).__name__}") from None
        quoted: Mapping[str, Any] = orjson.loads(reply.data)
        return quoted

    async def publish(self, source: Source, body: bytes) -> int:
        """Publish as a source until it is acknowledged, the caller bounds how long; returns the place in INTAKE."""
        message = Outgoing(subject_of(body), body)
        while True:
            try:
                client = await self.sources.client(source, self._password(source))
                [sequence] = await publish_all(client, [message], timeout_s=ACKNOWLEDGED_WITHIN_S)
            except SendError as error:
                if not error.is_transient:
                    raise
            except (NatsError, JetStreamError, OSError, TimeoutError):  # also refused: the user may be made meanwhile
                pass
            else:
                return sequence
            await asyncio.sleep(_PAUSE_S)

    def _password(self, source: Source) -> str:
        hospital = self.hospitals.find(source.id)
        return "" if hospital is None else hospital.secrets.password
