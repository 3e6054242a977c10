"""A bureau claims a bill that its insured paid and brought on paper (手工报销): a stay or visit of any hospital.

An invoice is paid once, and so is a stay or visit: the hospital's own claim of it and the bureau's shut each other out,
whichever comes first, until one is reversed.
"""

from events import paper_refusals, refusal_details
from events.codes import covers
from events.facts import BillSubmitted
from policies.claim import Claim
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.acceptance import (
    FILINGS,
    accept_claim,
    book_claim,
    require_new_claim,
    require_past,
    require_sum,
)
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.run_opening import STAYS
from processors.pipeline.same_treatment import Treatment, require_unclaimed
from processors.pipeline.state import Keys, LedgerState, hospital_numbers


def ask(keys: Keys, data: BillSubmitted) -> None:
    """The hospitals, the person with all claims and filings, whether claim id and invoice are used."""
    keys.hospitals.add(data.hospital_id)
    if data.prescribed_by is not None:
        keys.hospitals.add(data.prescribed_by)
    if data.referred_from is not None:
        keys.admissions.add(data.referred_from)
    keys.claims.add(data.claim_id)
    keys.begin_with_hospital(data.claim_id)
    keys.invoices.add(data.invoice)
    keys.stays.add(data.person_id)
    keys.histories.add(data.person_id)
    keys.look_up(FILINGS, data.person_id)
    keys.look_up(STAYS, data.person_id)


def accept_paper_bill(state: LedgerState, pinned: PinnedSchemes, source: str, data: BillSubmitted, run: int) -> Claim:
    """The claim of a bill on paper; raises ``Refusal``."""
    _require_own_insured(state, source, data)
    if any(number in state.hospitals for number in hospital_numbers(data.claim_id)):
        raise paper_refusals.hospitals_id(source, data.claim_id)
    require_new_claim(state, source, data.claim_id)
    _require_new_invoice(state, source, data.invoice)
    require_sum(data.bill)
    require_past(state, "data.served_on", data.served_on)
    if data.admitted_on is not None and data.served_on < data.admitted_on:
        raise refusal_details.date_order(data.served_on, data.admitted_on)
    treatment = Treatment(data.person_id, data.hospital_id, data.admitted_on, data.served_on, data.bill.total)
    require_unclaimed(state, treatment, on_paper=True)
    return accept_claim(
        state,
        pinned,
        source,
        data,
        hospital_id=data.hospital_id,
        day=data.served_on,
        setting=data.setting,
        admission=None,
        run=run,
    )


def decide(batch: IntakeBatch, event: IncomingEvent, data: BillSubmitted) -> None:
    """Accept the claim and open its first run."""
    run = batch.state.next_run(data.person_id)
    book_claim(batch, event, accept_paper_bill(batch.state, batch.pinned, event.source, data, run))


def _require_own_insured(state: LedgerState, source: str, data: BillSubmitted) -> None:
    """Refuse a person whom another region insures in that year; of one whom none insures a later check tells."""
    enrolment = state.enrolments.get((data.person_id, data.served_on.year))
    if enrolment is not None and not covers(_region(source), enrolment.region):
        raise paper_refusals.not_insured_here(source, data.person_id)


def _require_new_invoice(state: LedgerState, source: str, invoice: str) -> None:
    """Refuse an invoice that a standing claim has; another region's claim is not named."""
    for claim in state.claims.values():
        if claim.invoice == invoice and claim.standing:
            raise paper_refusals.duplicate_invoice(
                invoice, claim.claim_id if covers(_region(source), claim.region) else None
            )


def _region(source: str) -> str:
    return source.partition("/")[2]


register(BillSubmitted, ask, decide)
