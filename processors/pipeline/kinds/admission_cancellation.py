"""A hospital takes back an admission."""

from msgspec.structs import replace

from events import refusal_details, scheme_refusals
from events.facts import AdmissionCancelled
from processors.pipeline.acceptance import may_speak_of, require_own_id
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys


def ask(keys: Keys, data: AdmissionCancelled) -> None:
    """The admission, and whose number its id begins with."""
    keys.admissions.add(data.admission_id)
    keys.begin_with_hospital(data.admission_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: AdmissionCancelled) -> None:
    """Cancel a known admission that no standing claim has."""
    admission = batch.state.admissions.get(data.admission_id)
    if admission is None or not may_speak_of(event.source, admission.hospital_id):
        require_own_id(batch.state, event.source, data.admission_id)
        raise refusal_details.unknown_admission(data.admission_id)
    if admission.discharged_by is not None:
        raise refusal_details.discharged_not_cancelled(admission.discharged_by)
    if admission.interim_by is not None:
        raise scheme_refusals.billed_not_changed(admission.interim_by)
    batch.record(event, person_id=admission.person_id)
    batch.state.put_admission(replace(admission, cancelled=True))


register(AdmissionCancelled, ask, decide)
