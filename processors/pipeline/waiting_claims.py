"""Discharges that waited for an admission go on, and what waited with them: changes of the admission, corrections."""

from events import refusal_details
from events.facts import AdmissionChanged, ClaimCorrected, DischargeRecorded
from processors.pipeline.incoming_event import IncomingEvent, states
from processors.pipeline.intake import IntakeBatch
from projections.waiting_discharges import Waiting


def decide_waiting(batch: IntakeBatch, admission_id: str) -> None:
    """Decide the discharges that waited for an admission as if they came now, first come first served.

    Several may wait under one claim id, each for an admission of its own. A correction is of those that came before it:
    it is applied behind the one that is accepted, and refused once none of them is left. Changes of the admission go
    before them all: they came before any claim was accepted.
    """
    waits = [entry for entry in batch.state.waiting if entry.admission_id == admission_id]
    for change in (entry for entry in waits if states(IncomingEvent.that_waited(entry), AdmissionChanged)):
        batch.state.stop_waiting(change)
        batch.receive(IncomingEvent.that_waited(change))
    discharges = [entry for entry in waits if states(IncomingEvent.that_waited(entry), DischargeRecorded)]
    for discharge in discharges:
        was_known = discharge.claim_id in batch.state.claims
        batch.state.stop_waiting(discharge)
        batch.receive(IncomingEvent.that_waited(discharge))
        accepted = not was_known and discharge.claim_id in batch.state.claims
        _decide_corrections(batch, discharge, accepted=accepted)


def refuse_lone_changes(batch: IntakeBatch, admission_id: str, source: str) -> None:
    """Refuse a hospital's changes of an admission that is not known, once no discharge of its own waits with them.

    Left alone they would keep the admission's id from every other hospital for ever.
    """
    waits = [entry for entry in batch.state.waiting if (entry.admission_id, entry.source) == (admission_id, source)]
    changes = [entry for entry in waits if states(IncomingEvent.that_waited(entry), AdmissionChanged)]
    if any(states(IncomingEvent.that_waited(entry), DischargeRecorded) for entry in waits):
        return
    for change in changes:
        batch.state.stop_waiting(change)
        batch.reject(IncomingEvent.that_waited(change), refusal_details.unknown_admission(admission_id))


def _decide_corrections(batch: IntakeBatch, discharge: Waiting, *, accepted: bool) -> None:
    named = discharge.claim_id, discharge.source
    of_claim = [entry for entry in batch.state.waiting if (entry.claim_id, entry.source) == named]
    first_left = min((entry.number for entry in of_claim if not _is_correction(entry)), default=None)
    for entry in of_claim:
        if not _is_correction(entry) or entry.number < discharge.number:
            continue
        if accepted:
            batch.state.stop_waiting(entry)
            batch.receive(IncomingEvent.that_waited(entry))
        elif first_left is None or entry.number < first_left:
            # the claim may be in the books by another discharge, which this does not correct
            batch.state.stop_waiting(entry)
            batch.reject(IncomingEvent.that_waited(entry), refusal_details.unknown_claim(entry.claim_id))


def _is_correction(entry: Waiting) -> bool:
    return states(IncomingEvent.that_waited(entry), ClaimCorrected)
