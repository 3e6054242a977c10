"""Intake: one ordered consumer that accepts or refuses every event, fixes what acceptance fixes, and opens runs.

What a kind of event needs loaded, is refused for, records and changes stands in its module of ``kinds``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from events import facts
from events.catalog import Fact, read
from events.county_time import county_day
from events.decisions import EVENT_REJECTED, EVENT_WAITING
from events.national_ids import redacted
from events.refusals import Refusal
from events.store.journal import identities, known_events
from processors.delivery.answers import answer
from processors.delivery.names import INTAKE_CONSUMER
from processors.delivery.run import open_runs, send_runs
from processors.delivery.transaction import Delivery, Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.duplicates import answer_accepted, answer_again
from processors.pipeline.incoming_event import IncomingEvent, read_batch, split_repeated
from processors.pipeline.known_events import refused_so, told_apart
from processors.pipeline.refused_body import refused_body
from processors.pipeline.run_opening import STAYS, RunOpener
from processors.pipeline.state import Keys, LedgerState, load_state
from projections.refusals import refusals
from projections.waiting_discharges import Waiting, load_waiting

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
        self.opener = RunOpener(self.state, self.pinned)

    def receive(self, event: IncomingEvent) -> None:
        """Decide one event: it goes into the books, is refused, or waits."""
        if event.fact is None:
            self.reject(event, event.refusal)
            return
        try:
            known_kinds()[type(event.fact.data)].decide(self, event, event.fact.data)
        except Refusal as refusal:
            self.reject(event, refusal)

    def record(
        self,
        event: IncomingEvent,
        *,
        person_id: str | None = None,
        claim_id: str | None = None,
        fixed: Mapping[str, object] | None = None,
    ) -> int:
        """Put an event into the books, with what taking it fixes; returns its number.

        Its source is answered that it was accepted; a claim is answered by its statement.
        """
        about = {"person_id": person_id, "claim_id": claim_id, "raw": event.raw}
        number = self._append(event, event.type, fixed or {}, **about)
        if not event.is_claim:
            answer_accepted(self.transaction, event, number, event.stream_seq)
        return number

    def wait(self, event: IncomingEvent, claim_id: str | None, admission_id: str) -> None:
        """Let an event about a claim or an admission wait until an admission is recorded, and answer its mailbox so."""
        row = {"source": event.source, "event_id": event.event_id, "waits_for": admission_id}
        number = self._append(event, EVENT_WAITING, row, claim_id=claim_id, raw=event.raw)
        self.state.wait(
            Waiting(number, event.stream_seq, event.source, event.event_id, claim_id or "", admission_id, event.raw)
        )
        told = row | {"seq": event.stream_seq}
        answer(self.transaction, event.mailbox, event.token, EVENT_WAITING, f"intake-{number}", told)

    def _append(self, event: IncomingEvent, type_: str, data: Mapping[str, object], **about: Any) -> int:
        source, event_id = event.identity
        journal = self.transaction.journal
        return journal.append(type_, data, source=source, event_id=event_id, stream_seq=event.stream_seq, **about)

    def reject(self, event: IncomingEvent, refusal: Refusal | None) -> None:
        """Refuse an event, and answer its mailbox why."""
        if refusal is None:
            raise AssertionError(f"event {event.stream_seq} has neither a fact nor a refusal")
        source, type_ = event.stated
        body = refused_body(event.raw, has_national_id=event.has_national_id)
        detail, detail_zh = refusal.detail, refusal.detail_zh
        if body.has_national_id:
            detail, detail_zh = redacted(detail), redacted(detail_zh)
        row: dict[str, object] = {"source": source, "event_id": event.event_id, "type": type_}
        row |= {"reason": refusal.reason, "detail": detail, "detail_zh": detail_zh}
        number = self._append(event, EVENT_REJECTED, row | body.told, claim_id=event.claim_id, raw=body.raw)
        place = {"number": number, "stream_seq": event.stream_seq, "mailbox": event.mailbox, "subject": event.token}
        identity = {"identity_source": event.identity[0], "identity_id": event.identity[1]}
        # of a body that is not kept whole, a rebuild could not tell whose claim it was
        claim = event.unenrolled(refusal) if not body.told else {"person_id": None, "day": None}
        self.refused.append(row | place | identity | claim)
        told = row | {"seq": event.stream_seq}
        answer(self.transaction, event.mailbox, event.token, EVENT_REJECTED, f"intake-{number}", told)

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


@cache
def known_kinds() -> Mapping[type[facts.FactData], Kind]:
    """The kinds of event, each registered."""
    from processors.pipeline import kinds  # here: its modules register with this one

    return kinds.KINDS


async def load_for(connection: AsyncConnection, batch: Iterable[Fact], *, histories: bool = False) -> LedgerState:
    """Load what the facts of a batch may need, and what waits for them.

    With ``histories`` that is all claims of their persons.
    """
    keys = Keys()
    for fact in batch:
        known_kinds()[type(fact.data)].ask(keys, fact.data)
    under = keys.touched | keys.claims
    waits = await load_waiting(connection, keys.arriving, under)
    if waits:  # a correction waits for whichever discharge of its claim goes on first, a change while any waits
        claimed = {entry.claim_id for entry in waits if entry.claim_id}  # a change of an admission is under no claim
        awaited = {entry.admission_id for entry in waits}
        waits = await load_waiting(connection, keys.arriving | awaited, under | claimed)
    for waited in (read(entry.raw, entry.source) for entry in waits):
        known_kinds()[type(waited.data)].ask(keys, waited.data)
    if histories:
        keys.histories |= keys.persons
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
        known = await identities(transaction.connection, identified)
        before = await known_events(transaction.connection, known)
        apart = told_apart(events, before)
        if reused := refused_so(events, apart):
            before |= await known_events(transaction.connection, reused)
        fresh, repeated = split_repeated(apart, before.keys())
        facts_ = [event.fact for event in fresh if event.fact is not None]
        state = await load_for(transaction.connection, facts_, histories=self.pinned.any_spans_layers)
        state.today = county_day(transaction.journal.recorded_at)
        pinned = {claim.scheme for claim in state.claims.values()}
        pinned |= {stay.scheme for stays in state.of(STAYS).values() for stay in stays}
        await self.pinned.require(transaction.connection, pinned)
        decided = IntakeBatch(transaction, state, self.pinned)
        for event in fresh:
            decided.receive(event)
        decided.save(self.partitions)
        if repeated:
            await answer_again(transaction, repeated, before)
        self._journal_hash = transaction.journal.hash
