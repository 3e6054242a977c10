"""A hospital changes what it said of a stay before its discharge: day, diagnoses, filing, emergency, kind of stay.

It changes what the discharge will fix. Where the admission is not known yet and a discharge of the hospital's waits for
it, the change waits too, and goes on before the discharge.
"""

from msgspec.structs import replace

from events import refusal_details, scheme_refusals
from events.facts import AdmissionChanged, DischargeRecorded
from processors.pipeline.acceptance import may_speak_of, require_own_id, require_past
from processors.pipeline.incoming_event import IncomingEvent, states
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys

CHANGED = ("admitted_on", "filed", "emergency", "stay_kind")
"""What of an admission is kept beside its facts; diagnoses stand in these alone."""


def ask(keys: Keys, data: AdmissionChanged) -> None:
    """The admission, what waits for it, and whose number its id begins with."""
    keys.admissions.add(data.admission_id)
    keys.arriving.add(data.admission_id)
    keys.begin_with_hospital(data.admission_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: AdmissionChanged) -> None:
    """Change a known admission that no standing claim has, or wait beside a discharge."""
    state = batch.state
    admission = state.admissions.get(data.admission_id)
    if admission is None or not may_speak_of(event.source, admission.hospital_id):
        require_own_id(state, event.source, data.admission_id)
        if admission is None and _discharge_waits(batch, event, data.admission_id):
            batch.wait(event, None, data.admission_id)
            return
        raise refusal_details.unknown_admission(data.admission_id)
    if data.admitted_on is not None:
        require_past(state, "data.admitted_on", data.admitted_on)
    if admission.discharged_by is not None:
        raise refusal_details.discharged_not_changed(admission.discharged_by)
    if admission.interim_by is not None:
        raise scheme_refusals.billed_not_changed(admission.interim_by)
    if admission.cancelled:
        raise refusal_details.admission_cancelled(admission.admission_id)
    batch.record(event, person_id=admission.person_id)
    said = {name: getattr(data, name) for name in CHANGED}
    state.put_admission(replace(admission, **{name: value for name, value in said.items() if value is not None}))


def _discharge_waits(batch: IntakeBatch, event: IncomingEvent, admission_id: str) -> bool:
    return any(
        entry.admission_id == admission_id
        and entry.source == event.source
        and states(IncomingEvent.that_waited(entry), DischargeRecorded)
        for entry in batch.state.waiting
    )


register(AdmissionChanged, ask, decide)
