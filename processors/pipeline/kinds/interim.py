"""A hospital claims the bill of a stay on 31 December, where the scheme says so; its discharge claims what came after.

It never waits for its admission: that was recorded when the stay began.
"""

from events import refusal_details, scheme_refusals
from events.facts import InterimRecorded
from policies.claim import Claim
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.acceptance import (
    accept_claim,
    ask_about_stay,
    book_claim,
    require_new_claim,
    require_own_id,
    require_past,
    require_sum,
    require_usable_admission,
)
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.same_treatment import Treatment, require_unclaimed
from processors.pipeline.state import LedgerState


def accept_interim(state: LedgerState, pinned: PinnedSchemes, source: str, data: InterimRecorded, run: int) -> Claim:
    """The claim of a stay as far as it has come; raises ``Refusal``."""
    require_usable_admission(state, source, data.admission_id)
    require_own_id(state, source, data.claim_id)
    admission = state.admissions.get(data.admission_id)
    require_new_claim(state, source, data.claim_id)
    require_sum(data.bill)
    require_past(state, "data.billed_on", data.billed_on)
    if admission is None:
        raise refusal_details.unknown_admission(data.admission_id)
    if admission.discharged_by is not None:
        raise refusal_details.already_discharged(admission.admission_id, admission.discharged_by)
    if admission.interim_by is not None and data.billed_on <= state.claims[admission.interim_by].date:
        raise scheme_refusals.already_billed(admission.interim_by)
    if admission.cancelled:
        raise refusal_details.admission_cancelled(admission.admission_id)
    if admission.person_id != data.person_id:
        raise refusal_details.person_mismatch(admission.admission_id, data.person_id)
    if data.billed_on < admission.admitted_on:
        raise scheme_refusals.billed_before_admission(data.billed_on, admission.admitted_on)
    treatment = Treatment(data.person_id, admission.hospital_id, admission.admitted_on, data.billed_on, data.bill.total)
    require_unclaimed(state, treatment, on_paper=False)
    return accept_claim(
        state,
        pinned,
        source,
        data,
        hospital_id=admission.hospital_id,
        day=data.billed_on,
        setting="inpatient",
        admission=admission,
        run=run,
    )


def decide(batch: IntakeBatch, event: IncomingEvent, data: InterimRecorded) -> None:
    """Accept the claim and open its first run; the stay goes on."""
    run = batch.state.next_run(data.person_id)
    book_claim(batch, event, accept_interim(batch.state, batch.pinned, event.source, data, run))


register(InterimRecorded, ask_about_stay, decide)
