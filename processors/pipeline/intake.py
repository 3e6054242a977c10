"""Intake: one ordered consumer that accepts or refuses every event, fixes what acceptance fixes, and opens runs.

What a kind of event needs loaded, is refused for, records and changes stands in its module of ``kinds``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from events import facts
from events.catalog import Fact, read
from events.decisions import EVENT_REJECTED
from events.refusals import Refusal
from events.store.journal import identities
from processors.delivery.answers import answer
from processors.delivery.names import INTAKE_CONSUMER
from processors.delivery.run import open_runs, send_runs
from processors.delivery.transaction import Delivery, Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.duplicates import answer_again
from processors.pipeline.incoming_event import IncomingEvent, read_batch, split_repeated
from processors.pipeline.run_opening import RunOpener
from processors.pipeline.state import Keys, LedgerState, load_state
from projections.refusals import refusals
from projections.waiting_discharges import load_waiting

T = TypeVar("T", bound=facts.FactData)


@dataclass(slots=True)
class IntakeBatch:
    """Decides the events of one batch, one after the other, over what the ledger knows."""

    transaction: Transaction
    state: LedgerState
    pinned: PinnedSchemes
    refused: list[dict[str, object]] = field(default_factory=list)
    opener: RunOpener = field(init=False)

    def __post_init__(self) -> None:
        self.opener = RunOpener(self.state, self.pinned.by_hash)

    def receive(self, event: IncomingEvent) -> None:
        """Decide one event: it goes into the books, is refused, or waits."""
        if event.fact is None:
            self.reject(event, event.refusal)
            return
        try:
            KINDS[type(event.fact.data)].decide(self, event, event.fact.data)
        except Refusal as refusal:
            self.reject(event, refusal)

    def record(
        self,
        event: IncomingEvent,
        *,
        person_id: str | None = None,
        claim_id: str | None = None,
        fixed: Mapping[str, object] | None = None,
        type_: str | None = None,
    ) -> int:
        """Put an event into the journal under its type or ``type_``, with what taking it fixes; returns its number."""
        return self.transaction.journal.append(
            type_ or event.type,
            fixed or {},
            source=event.identity[0],
            event_id=event.identity[1],
            stream_seq=event.stream_seq,
            person_id=person_id,
            claim_id=claim_id,
            raw=event.raw,
        )

    def reject(self, event: IncomingEvent, refusal: Refusal | None) -> None:
        """Refuse an event, and answer its mailbox why."""
        if refusal is None:
            raise AssertionError(f"event {event.stream_seq} has neither a fact nor a refusal")
        source, type_ = event.stated
        row = {"source": source, "event_id": event.event_id, "type": type_}
        row |= {"reason": refusal.reason, "detail": refusal.detail}
        number = self.record(event, claim_id=event.claim_id, fixed=row, type_=EVENT_REJECTED)
        place = {"number": number, "stream_seq": event.stream_seq, "mailbox": event.mailbox, "subject": event.token}
        identity = {"identity_source": event.identity[0], "identity_id": event.identity[1]}
        self.refused.append(row | place | identity | event.unenrolled(refusal))
        answer(self.transaction, event.mailbox, event.token, EVENT_REJECTED, f"intake-{number}", row)

    def save(self, partitions: int) -> None:
        """Write what was decided, and send the runs that it opened."""
        self.state.save(self.transaction.writes)
        self.transaction.writes.upsert(refusals, self.refused)
        open_runs(self.transaction.writes, self.opener.runs, self.transaction.journal.recorded_at)
        send_runs(self.transaction, INTAKE_CONSUMER, [("basic", run) for run in self.opener.runs], partitions)


class Kind(NamedTuple):
    """A kind of event: asks for what it needs loaded, and decides. Both take the fact's data."""

    ask: Callable[[Keys, Any], None]
    decide: Callable[[IntakeBatch, IncomingEvent, Any], None]


KINDS: dict[type[facts.FactData], Kind] = {}
"""Every kind of event by the model of its data; ``kinds`` fills it."""


def register(
    model: type[T], ask: Callable[[Keys, T], None], decide: Callable[[IntakeBatch, IncomingEvent, T], None]
) -> None:
    """Register a kind of event. ``decide`` raises ``Refusal`` before it records or changes anything."""
    KINDS[model] = Kind(ask, decide)


async def load_for(connection: AsyncConnection, batch: Iterable[Fact]) -> LedgerState:
    """Load what the facts of a batch may need, and what waits for them."""
    keys = Keys()
    for fact in batch:
        KINDS[type(fact.data)].ask(keys, fact.data)
    waits = await load_waiting(connection, keys.arriving, keys.touched)
    for waited in (read(entry.raw, entry.source) for entry in waits):
        KINDS[type(waited.data)].ask(keys, waited.data)
    return await load_state(connection, keys, waits)


class Intake:
    """The handler of consumer ``intake``."""

    consumer = INTAKE_CONSUMER

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.pinned = PinnedSchemes()
        self._journal_hash = b""

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Handle a batch of events in the order of INTAKE."""
        if transaction.journal.hash != self._journal_hash:  # schemes are adopted in this journal alone
            await self.pinned.refresh(transaction.connection)
        events = read_batch(batch)
        identified = [event.identity for event in events]
        fresh, repeated = split_repeated(events, await identities(transaction.connection, identified))
        state = await load_for(transaction.connection, [event.fact for event in fresh if event.fact is not None])
        await self.pinned.require(transaction.connection, {claim.scheme for claim in state.claims.values()})
        decided = IntakeBatch(transaction, state, self.pinned)
        for event in fresh:
            decided.receive(event)
        decided.save(self.partitions)
        if repeated:
            await answer_again(transaction, repeated)
        self._journal_hash = transaction.journal.hash
