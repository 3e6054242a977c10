"""A hospital takes back an admission."""

from msgspec.structs import replace

from events.facts import AdmissionCancelled
from events.refusals import Refusal
from processors.pipeline.acceptance import require_own
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys


def ask(keys: Keys, data: AdmissionCancelled) -> None:
    """The admission."""
    keys.admissions.add(data.admission_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: AdmissionCancelled) -> None:
    """Cancel a known admission that no standing claim has."""
    admission = batch.state.admissions.get(data.admission_id)
    if admission is None:
        raise Refusal("unknown_admission", f"admission {data.admission_id} was never recorded")
    require_own(event.source, admission.hospital_id, f"admission {admission.admission_id}")
    if admission.discharged_by is not None:
        raise Refusal("already_discharged", f"claim {admission.discharged_by} stands: reverse it first")
    batch.record(event, person_id=admission.person_id)
    batch.state.put_admission(replace(admission, cancelled=True))


register(AdmissionCancelled, ask, decide)
