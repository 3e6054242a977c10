"""The emergency fund lends a person money before treatment, to be repaid from the settlement (上高 二5)."""

from events import refusal_details
from events.facts import AdvanceIssued
from processors.pipeline.acceptance import require_past
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, Lookup
from projections.advances import Advance, advances, known_advances

KNOWN_ADVANCES: Lookup[set[tuple[str, str]]] = Lookup(known_advances, set)
"""Region and number of the advances that have been recorded."""


def ask(keys: Keys, data: AdvanceIssued) -> None:
    """In which regions the number has been used."""
    keys.look_up(KNOWN_ADVANCES, data.advance_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: AdvanceIssued) -> None:
    """Enter a loan under a number that its region has not used, whichever office states it."""
    region = event.source.partition("/")[2]
    known = batch.state.of(KNOWN_ADVANCES)
    if (region, data.advance_id) in known:
        raise refusal_details.duplicate_advance(region, data.advance_id)
    require_past(batch.state, "data.issued_on", data.issued_on)
    if data.filed_on is not None:
        require_past(batch.state, "data.filed_on", data.filed_on)
    number = batch.record(event, person_id=data.person_id)
    known.add((region, data.advance_id))
    advance = Advance(
        region=region,
        advance_id=data.advance_id,
        number=number,
        person_id=data.person_id,
        amount=data.amount,
        issued_on=data.issued_on,
        lent_by=data.lender(event.source),
        filed_on=data.filed_on,
    )
    batch.state.insert(advances, (region, data.advance_id), advance._asdict())


register(AdvanceIssued, ask, decide)
