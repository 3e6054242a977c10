"""A bureau fines a hospital. The fine stands in a register of its own and changes no settlement (上高 三5)."""

from events import refusal_details
from events.facts import FineImposed
from processors.pipeline.acceptance import registered_hospital, require_past
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, Lookup
from projections.fines import KnownFines, fines, known_fines

KNOWN_FINES: Lookup[KnownFines] = Lookup(known_fines, KnownFines)
"""The fines that have been recorded."""


def ask(keys: Keys, data: FineImposed) -> None:
    """The hospital, whether the number is used, and the fine that this one replaces."""
    keys.hospitals.add(data.hospital_id)
    keys.look_up(KNOWN_FINES, data.fine_id)
    if data.replaces is not None:
        keys.look_up(KNOWN_FINES, data.replaces)


def decide(batch: IntakeBatch, event: IncomingEvent, data: FineImposed) -> None:
    """Enter a fine on a registered hospital, under a number of its own; it may replace one that stands."""
    registered_hospital(batch.state, data.hospital_id)
    known = batch.state.of(KNOWN_FINES)
    if data.fine_id in known.hospitals:
        raise refusal_details.duplicate_fine(data.fine_id)
    if data.replaces is not None and not known.stands(data.replaces, data.hospital_id):
        raise refusal_details.unknown_fine(data.replaces, data.hospital_id)
    require_past(batch.state, "data.imposed_on", data.imposed_on)
    number = batch.record(event)
    known.add(data.fine_id, data.hospital_id, data.replaces)
    row = {name: getattr(data, name) for name in _COLUMNS}
    batch.state.insert(fines, data.fine_id, row | {"number": number, "source": event.source})


_COLUMNS = ("fine_id", "hospital_id", "amount", "imposed_on", "reason", "clause", "replaces")

register(FineImposed, ask, decide)
