"""A hospital admits a person; discharges that waited for the admission go on."""

from events import refusal_details
from events.codes import ORDINARY
from events.facts import AdmissionRecorded
from processors.pipeline.acceptance import (
    referral_chain,
    registered_hospital,
    require_own_id,
    require_past,
    require_unreserved,
)
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, LedgerState
from processors.pipeline.waiting_claims import decide_waiting
from projections.admissions import Admission


def ask(keys: Keys, data: AdmissionRecorded) -> None:
    """The hospital, whose number the id begins with, the admission referred from, and what waits for the admission."""
    keys.hospitals.add(data.hospital_id)
    keys.begin_with_hospital(data.admission_id)
    keys.admissions.add(data.admission_id)
    keys.arriving.add(data.admission_id)
    if data.referred_from is not None:
        keys.admissions.add(data.referred_from)
        keys.histories.add(data.person_id)


def accept_admission(state: LedgerState, source: str, data: AdmissionRecorded) -> Admission:
    """An admission with its referral chain; raises ``Refusal``."""
    require_own_id(state, source, data.admission_id)
    require_unreserved(state, source, data.admission_id)
    known = state.admissions.get(data.admission_id)
    if known is not None:
        raise refusal_details.duplicate_admission(data.admission_id, own=known.hospital_id == data.hospital_id)
    require_past(state, "data.admitted_on", data.admitted_on)
    registered_hospital(state, data.hospital_id)
    referral = referral_chain(state, data.person_id, data.referred_from)
    return Admission(
        admission_id=data.admission_id,
        person_id=data.person_id,
        hospital_id=data.hospital_id,
        admitted_on=data.admitted_on,
        filed=data.filed,
        referral=list(referral),
        emergency=data.emergency,
        stay_kind=data.stay_kind or ORDINARY,
    )


def decide(batch: IntakeBatch, event: IncomingEvent, data: AdmissionRecorded) -> None:
    """Record the admission, and decide what waited for it."""
    state = batch.state
    admission = accept_admission(state, event.source, data)
    batch.record(event, person_id=data.person_id)
    state.put_admission(admission)
    decide_waiting(batch, data.admission_id)


register(AdmissionRecorded, ask, decide)
