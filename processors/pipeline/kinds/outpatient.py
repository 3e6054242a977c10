"""A hospital or pharmacy claims the bill of one visit."""

from events.facts import OutpatientRecorded
from policies.claim import Claim
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.acceptance import (
    accept_claim,
    book_claim,
    require_new_claim,
    require_own_id,
    require_past,
    require_sum,
)
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.same_treatment import Treatment, require_unclaimed
from processors.pipeline.state import Keys, LedgerState


def ask(keys: Keys, data: OutpatientRecorded) -> None:
    """The hospital, the one that prescribed, the person, whether the claim id is used, whose number it begins with."""
    keys.hospitals.add(data.hospital_id)
    if data.prescribed_by is not None:
        keys.hospitals.add(data.prescribed_by)
    keys.claims.add(data.claim_id)
    keys.begin_with_hospital(data.claim_id)
    keys.persons.add(data.person_id)
    keys.papers.add(data.person_id)


def accept_outpatient(
    state: LedgerState, pinned: PinnedSchemes, source: str, data: OutpatientRecorded, run: int
) -> Claim:
    """The claim of an outpatient visit; raises ``Refusal``."""
    require_own_id(state, source, data.claim_id)
    require_new_claim(state, source, data.claim_id)
    require_sum(data.bill)
    require_past(state, "data.served_on", data.served_on)
    treatment = Treatment(data.person_id, data.hospital_id, None, data.served_on, data.bill.total)
    require_unclaimed(state, treatment, on_paper=False)
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


def decide(batch: IntakeBatch, event: IncomingEvent, data: OutpatientRecorded) -> None:
    """Accept the claim and open its first run."""
    run = batch.state.next_run(data.person_id)
    book_claim(batch, event, accept_outpatient(batch.state, batch.pinned, event.source, data, run))


register(OutpatientRecorded, ask, decide)
