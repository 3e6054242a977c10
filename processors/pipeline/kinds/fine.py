"""A bureau fines a hospital. The fine stands in a register of its own and changes no settlement (上高 三5)."""

from events import refusal_details
from events.facts import FineImposed
from processors.pipeline.acceptance import registered_hospital, require_past
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, Lookup
from projections.fines import fines, known_fines

KNOWN_FINES: Lookup[set[str]] = Lookup(known_fines, set)
"""The numbers of fines that have been recorded."""


def ask(keys: Keys, data: FineImposed) -> None:
    """The hospital, and whether the number is used."""
    keys.hospitals.add(data.hospital_id)
    keys.look_up(KNOWN_FINES, data.fine_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: FineImposed) -> None:
    """Enter a fine on a registered hospital, under a number of its own."""
    registered_hospital(batch.state, data.hospital_id)
    known = batch.state.of(KNOWN_FINES)
    if data.fine_id in known:
        raise refusal_details.duplicate_fine(data.fine_id)
    require_past(batch.state, "data.imposed_on", data.imposed_on)
    number = batch.record(event)
    known.add(data.fine_id)
    row = {name: getattr(data, name) for name in ("fine_id", "hospital_id", "amount", "imposed_on", "reason", "clause")}
    batch.state.insert(fines, data.fine_id, row | {"number": number, "source": event.source})


register(FineImposed, ask, decide)
