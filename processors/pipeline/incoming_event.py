"""A delivered event with all that can be known of it before the ledger is asked."""

import hashlib
from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from events import facts, refusal_details
from events.catalog import Fact, Unreadable, read
from events.codes import is_id
from events.national_ids import holds_national_id
from events.refusals import Refusal
from processors.delivery.run import Cause
from processors.delivery.transaction import Delivery
from projections.waiting_discharges import Waiting

Identity = tuple[str, str]
"""Source and id that the ledger knows an event by."""


class IncomingEvent(Struct, frozen=True):
    """Either ``fact`` or ``refusal`` is there.

    ``identity`` is what the ledger knows the event by: its source and id where the source is the mailbox's own, else
    the mailbox and the hash of the bytes, so that no sender can use up another's ids. ``stated`` is the source and
    type as far as they could be read. ``event_id`` is the id, or the place in INTAKE where none can be read.
    ``has_national_id`` says that it is refused for one, so that nothing of it may be kept that holds one.
    """

    stream_seq: int
    mailbox: str
    raw: bytes
    fact: Fact | None
    refusal: Refusal | None
    identity: Identity
    stated: tuple[str | None, str | None]
    event_id: str
    has_national_id: bool = False

    @classmethod
    def of(cls, stream_seq: int, mailbox: str, raw: bytes) -> "IncomingEvent":
        """Read an event that came through a mailbox."""
        try:
            fact = read(raw, mailbox, arriving=True)
        except Unreadable as unreadable:
            identity = _by_bytes(mailbox, raw)
            if unreadable.identified and unreadable.source and unreadable.event_id:
                identity = (unreadable.source, unreadable.event_id)
            stated = (unreadable.source, unreadable.type)
            event_id = unreadable.event_id or str(stream_seq)
            found = unreadable.has_national_id
            return cls(stream_seq, mailbox, raw, None, unreadable, identity, stated, event_id, found)
        return cls(stream_seq, mailbox, raw, fact, None, (fact.source, fact.id), (fact.source, fact.type), fact.id)

    @classmethod
    def that_waited(cls, entry: Waiting) -> "IncomingEvent":
        """A discharge that waited for its admission, as it came."""
        return cls.of(entry.stream_seq, entry.source, entry.raw)

    @classmethod
    def unnamed(cls, delivery: Delivery, refusal: Refusal) -> "IncomingEvent":
        """An event of which nothing is believed but its mailbox, if that has a name: known by its bytes."""
        nameless = f"unknown/{hashlib.sha256(delivery.subject.encode(errors='replace')).hexdigest()[:16]}"
        mailbox = mailbox_of(delivery.subject) or nameless
        identity = _by_bytes(mailbox, delivery.body)
        seq = delivery.stream_seq
        return cls(seq, mailbox, delivery.body, None, refusal, identity, (None, None), str(seq))

    def under_its_bytes(self) -> "IncomingEvent":
        """The same event, known by its bytes, for its source has used the id for another: it is refused."""
        refusal = self.refusal or refusal_details.event_id_reused(*self.identity)
        return replace(self, fact=None, refusal=refusal, identity=_by_bytes(self.mailbox, self.raw))

    @property
    def source(self) -> str:
        """The source that the ledger knows the event by: of a fact, the one that states it."""
        return self.identity[0]

    @property
    def region(self) -> str:
        """The region that its source serves, where that is a bureau or a department."""
        return self.source.partition("/")[2]

    @property
    def type(self) -> str:
        """The type of the fact that it states; raises ``AssertionError`` where it states none."""
        if self.fact is None:
            raise AssertionError(f"event {self.stream_seq} states no fact")
        return self.fact.type

    def cause(self, number: int) -> Cause:
        """The fact that it states, recorded under a number, as the cause of what follows from it."""
        source, event_id = self.identity
        return Cause(number, source, event_id, self.type)

    @property
    def claim_id(self) -> str | None:
        """The claim that the event is about, if it names one."""
        claim_id = getattr(self.fact.data, "claim_id", None) if self.fact else None
        return str(claim_id) if claim_id is not None else None

    @property
    def is_claim(self) -> bool:
        """Whether the event itself claims a bill."""
        return self.fact is not None and isinstance(self.fact.data, facts.ClaimFact)

    def unenrolled(self, refusal: Refusal) -> dict[str, object]:
        """Whose claim it is and of which day, where it is refused because the person was not enrolled."""
        data = self.fact.data if self.fact else None
        if refusal.reason == "not_enrolled" and isinstance(data, facts.DischargeRecorded):
            return {"person_id": data.person_id, "day": data.discharged_on}
        if refusal.reason == "not_enrolled" and isinstance(data, facts.OutpatientRecorded | facts.BillSubmitted):
            return {"person_id": data.person_id, "day": data.served_on}
        if refusal.reason == "not_enrolled" and isinstance(data, facts.InterimRecorded):
            return {"person_id": data.person_id, "day": data.billed_on}
        return {"person_id": None, "day": None}

    @property
    def token(self) -> str:
        """What ends the subject of an answer: the claim id, else the event id, else the place in INTAKE."""
        return self.claim_id or (self.event_id if is_id(self.event_id) else str(self.stream_seq))


def states(event: IncomingEvent, model: type[facts.FactData]) -> bool:
    """Whether an event states a fact of a kind."""
    return event.fact is not None and isinstance(event.fact.data, model)


def mailbox_of(subject: str) -> str | None:
    """The source that an intake subject names: ``claims.intake.<kind>.<id>.…`` → ``kind/id``, None where none is."""
    _, _, kind, id_, _ = subject.split(".")
    return f"{kind}/{id_}" if is_id(kind) and is_id(id_) and not holds_national_id(id_) else None


def read_batch(batch: Sequence[Delivery]) -> list[IncomingEvent]:
    """Read every delivery of a batch."""
    return [_read(delivery) for delivery in batch]


def split_repeated(
    events: Sequence[IncomingEvent], known: Collection[tuple[str, str]]
) -> tuple[list[IncomingEvent], list[IncomingEvent]]:
    """The events that are new, and those that repeat one that is known or came before them in the batch."""
    fresh: list[IncomingEvent] = []
    repeated: list[IncomingEvent] = []
    seen: set[tuple[str, str]] = set()
    for event in events:
        (repeated if event.identity in known or event.identity in seen else fresh).append(event)
        seen.add(event.identity)
    return fresh, repeated


def _by_bytes(mailbox: str, raw: bytes) -> Identity:
    return mailbox, f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _read(delivery: Delivery) -> IncomingEvent:
    mailbox = mailbox_of(delivery.subject)
    if mailbox is not None:
        return IncomingEvent.of(delivery.stream_seq, mailbox, delivery.body)
    return IncomingEvent.unnamed(delivery, refusal_details.nameless_subject())
