"""A person is given a card for a chronic disease, or every earlier card for the disease ends."""

from msgspec.structs import asdict

from events.facts import ChronicCardIssued, ChronicCardRevoked
from processors.pipeline.acceptance import require_known_disease
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys
from projections.cards import CardChange, cards


def ask(keys: Keys, data: ChronicCardIssued | ChronicCardRevoked) -> None:
    """The person's cards: later claims of the batch are decided by them."""
    keys.persons.add(data.person_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: ChronicCardIssued | ChronicCardRevoked) -> None:
    """Record the change; claims that were accepted before keep what acceptance fixed."""
    terms = batch.pinned.terms_of(event.region)
    require_known_disease(batch.state, data.person_id, data.disease, event.source, terms)
    number = batch.record(event, person_id=data.person_id)
    issued = isinstance(data, ChronicCardIssued)
    change = CardChange(number, data.person_id, data.disease, data.disease_class, issued, data.effective_on)
    batch.state.cards.setdefault(data.person_id, []).append(change)
    batch.state.insert(cards, number, asdict(change))


register(ChronicCardIssued, ask, decide)
register(ChronicCardRevoked, ask, decide)
