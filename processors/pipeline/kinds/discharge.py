"""A hospital discharges a person and claims the bill of the stay. It waits for an admission that is not known."""

from events.decisions import EVENT_WAITING
from events.facts import DischargeRecorded
from events.refusals import Refusal
from policies.claim import Claim
from processors.delivery.answers import answer
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.acceptance import accept_claim, book_claim, require_new_claim, require_own, require_sum
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, LedgerState
from projections.waiting_discharges import Waiting


class WaitsFor(Exception):
    """A discharge whose admission is not known yet."""

    def __init__(self, admission_id: str) -> None:
        super().__init__(admission_id)
        self.admission_id = admission_id


def ask(keys: Keys, data: DischargeRecorded) -> None:
    """The admission, whether the claim id is used, and the person."""
    keys.admissions.add(data.admission_id)
    keys.claims.add(data.claim_id)
    keys.persons.add(data.person_id)


def accept_discharge(
    state: LedgerState, pinned: PinnedSchemes, source: str, data: DischargeRecorded, run: int
) -> Claim:
    """The claim of an inpatient stay; raises ``Refusal`` or ``WaitsFor``."""
    admission = state.admissions.get(data.admission_id)
    if admission is not None:
        require_own(source, admission.hospital_id, f"admission {admission.admission_id}")
    require_new_claim(state, data.claim_id)
    require_sum(data.bill)
    if admission is None:
        raise WaitsFor(data.admission_id)
    if admission.discharged_by is not None:
        raise Refusal("already_discharged", f"admission {admission.admission_id} has claim {admission.discharged_by}")
    if admission.cancelled:
        raise Refusal("admission_cancelled", f"admission {admission.admission_id} was cancelled")
    if admission.person_id != data.person_id:
        raise Refusal(
            "person_mismatch", f"admission {admission.admission_id} is of another person than {data.person_id}"
        )
    if data.discharged_on < admission.admitted_on:
        raise Refusal("date_order", f"discharged on {data.discharged_on}, before admission on {admission.admitted_on}")
    return accept_claim(
        state,
        pinned,
        source,
        data,
        hospital_id=admission.hospital_id,
        day=data.discharged_on,
        setting="inpatient",
        admission=admission,
        run=run,
    )


def decide(batch: IntakeBatch, event: IncomingEvent, data: DischargeRecorded) -> None:
    """Accept the claim and open its first run, or let the discharge wait."""
    try:
        run = batch.state.next_run(data.person_id)
        claim = accept_discharge(batch.state, batch.pinned, event.source, data, run)
    except WaitsFor:
        wait_for_admission(batch, event, data.claim_id, data.admission_id)
        return
    book_claim(batch, event, claim)


def wait_for_admission(batch: IntakeBatch, event: IncomingEvent, claim_id: str, admission_id: str) -> None:
    """Let an event about a claim wait until an admission is recorded, and answer that it waits."""
    row = {"source": event.source, "event_id": event.event_id, "waits_for": admission_id}
    number = batch.record(event, claim_id=claim_id, fixed=row, type_=EVENT_WAITING)
    batch.state.wait(Waiting(number, event.stream_seq, event.source, event.event_id, claim_id, admission_id, event.raw))
    answer(batch.transaction, event.mailbox, event.token, EVENT_WAITING, f"intake-{number}", row)


register(DischargeRecorded, ask, decide)
