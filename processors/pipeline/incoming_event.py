"""A delivered event with all that can be known of it before the ledger is asked."""

import hashlib
from collections.abc import Sequence

from msgspec import Struct

from events import facts
from events.catalog import Fact, Unreadable, read
from events.codes import is_id
from events.refusals import Refusal
from processors.delivery.answers import mailbox_of
from processors.delivery.transaction import Delivery


class Envelope(Struct, frozen=True):
    """Either ``fact`` or ``refusal`` is there.

    ``identity`` is what the ledger knows the event by: its source and id where the source is the mailbox's own, else
    the mailbox and the hash of the bytes, so that nobody can use up another's ids. ``said`` is the source and type as
    far as they could be read. ``event_id`` is the id, or the place in INTAKE where none can be read.
    """

    stream_seq: int
    mailbox: str
    raw: bytes
    fact: Fact | None
    refusal: Refusal | None
    identity: tuple[str, str]
    said: tuple[str | None, str | None]
    event_id: str

    @classmethod
    def of(cls, stream_seq: int, mailbox: str, raw: bytes) -> "Envelope":
        """Read an event that came through a mailbox."""
        try:
            fact = read(raw, mailbox)
        except Unreadable as unreadable:
            identity = (mailbox, f"sha256:{hashlib.sha256(raw).hexdigest()}")
            if unreadable.identified and unreadable.source and unreadable.event_id:
                identity = (unreadable.source, unreadable.event_id)
            said = (unreadable.source, unreadable.type)
            event_id = unreadable.event_id or str(stream_seq)
            return cls(stream_seq, mailbox, raw, None, unreadable, identity, said, event_id)
        return cls(stream_seq, mailbox, raw, fact, None, (fact.source, fact.id), (fact.source, fact.type), fact.id)

    @classmethod
    def unnamed(cls, delivery: Delivery, refusal: Refusal) -> "Envelope":
        """An event of which nothing is believed but its mailbox, if that has a name: known by its bytes."""
        nameless = f"unknown/{hashlib.sha256(delivery.subject.encode(errors='replace')).hexdigest()[:16]}"
        mailbox = mailbox_of(delivery.subject) or nameless
        identity = (mailbox, f"sha256:{hashlib.sha256(delivery.body).hexdigest()}")
        seq = delivery.stream_seq
        return cls(seq, mailbox, delivery.body, None, refusal, identity, (None, None), str(seq))

    @property
    def claim_id(self) -> str | None:
        """The claim that the event is about, if it names one."""
        claim_id = getattr(self.fact.data, "claim_id", None) if self.fact else None
        return str(claim_id) if claim_id is not None else None

    @property
    def is_claim(self) -> bool:
        """Whether the event itself claims a bill."""
        return self.fact is not None and isinstance(self.fact.data, facts.DischargeRecorded | facts.OutpatientRecorded)

    @property
    def token(self) -> str:
        """What ends the subject of an answer: the claim id, else the event id, else the place in INTAKE."""
        return self.claim_id or (self.event_id if is_id(self.event_id) else str(self.stream_seq))


def read_batch(batch: Sequence[Delivery]) -> list[Envelope]:
    """Read every delivery of a batch."""
    return [_read(delivery) for delivery in batch]


def _read(delivery: Delivery) -> Envelope:
    mailbox = mailbox_of(delivery.subject)
    if mailbox is not None:
        return Envelope.of(delivery.stream_seq, mailbox, delivery.body)
    return Envelope.unnamed(delivery, Refusal("malformed", "the subject names no source: letters, digits, - and _"))
