"""An event that makes intake fail is refused as malformed and stored whole; nothing in it is believed."""

from collections.abc import Sequence

from events import refusal_details
from events.store.journal import known_events
from processors.delivery.names import INTAKE_CONSUMER
from processors.delivery.transaction import Delivery, Transaction
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.duplicates import answer_again
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.state import LedgerState


class UnreadableEvents:
    """Stands in for ``Intake`` where a single event can't be taken in."""

    consumer = INTAKE_CONSUMER

    async def handle(self, transaction: Transaction, batch: Sequence[Delivery]) -> None:
        """Refuse every event of a batch; one that was refused before is answered again."""
        refusal = refusal_details.can_not_be_taken()
        events = {event.identity: event for event in (IncomingEvent.unnamed(each, refusal) for each in batch)}
        known = await known_events(transaction.connection, events)
        refused = IntakeBatch(transaction, LedgerState(), PinnedSchemes())
        for identity, event in events.items():
            if identity not in known:
                refused.receive(event)
        refused.save(partitions=1)  # no runs are opened
        await answer_again(transaction, [events[identity] for identity in known], known)
