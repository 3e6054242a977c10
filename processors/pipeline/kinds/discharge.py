"""A hospital discharges a person and claims the bill of the stay. It waits for an admission that is not known."""

from events import refusal_details, scheme_refusals
from events.facts import DischargeRecorded
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
from processors.pipeline.state import Keys, LedgerState


class WaitsFor(Exception):
    """A discharge whose admission is not known yet."""

    def __init__(self, admission_id: str) -> None:
        super().__init__(admission_id)
        self.admission_id = admission_id


def ask(keys: Keys, data: DischargeRecorded) -> None:
    """What is behind the stay, and what waits for its admission."""
    ask_about_stay(keys, data)
    keys.arriving.add(data.admission_id)


def accept_discharge(
    state: LedgerState, pinned: PinnedSchemes, source: str, data: DischargeRecorded, run: int
) -> Claim:
    """The claim of an inpatient stay; raises ``Refusal`` or ``WaitsFor``."""
    require_usable_admission(state, source, data.admission_id)
    require_own_id(state, source, data.claim_id)
    admission = state.admissions.get(data.admission_id)
    require_new_claim(state, source, data.claim_id)
    require_sum(data.bill)
    require_past(state, "data.discharged_on", data.discharged_on)
    if admission is None:
        raise WaitsFor(data.admission_id)
    if admission.discharged_by is not None:
        raise refusal_details.already_discharged(admission.admission_id, admission.discharged_by)
    if admission.cancelled:
        raise refusal_details.admission_cancelled(admission.admission_id)
    if admission.person_id != data.person_id:
        raise refusal_details.person_mismatch(admission.admission_id, data.person_id)
    if data.discharged_on < admission.admitted_on:
        raise refusal_details.date_order(data.discharged_on, admission.admitted_on)
    if admission.interim_by is not None and data.discharged_on <= (billed := state.claims[admission.interim_by].date):
        raise scheme_refusals.discharged_before_bill(data.discharged_on, billed)
    treatment = Treatment(
        data.person_id, admission.hospital_id, admission.admitted_on, data.discharged_on, data.bill.total
    )
    require_unclaimed(state, treatment, on_paper=False)
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
        batch.wait(event, data.claim_id, data.admission_id)
        return
    book_claim(batch, event, claim)


register(DischargeRecorded, ask, decide)
