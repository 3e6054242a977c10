"""A hospital or pharmacy claims the bill of one visit."""

from events.facts import OutpatientRecorded
from policies.claim import Claim
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.acceptance import accept_claim, book_claim, require_new_claim, require_sum
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, LedgerState


def ask(keys: Keys, data: OutpatientRecorded) -> None:
    """The hospital and the one that prescribed, whether the claim id is used, and the person."""
    keys.hospitals.add(data.hospital_id)
    if data.prescribed_by is not None:
        keys.hospitals.add(data.prescribed_by)
    keys.claims.add(data.claim_id)
    keys.persons.add(data.person_id)


def accept_outpatient(
    state: LedgerState, pinned: PinnedSchemes, source: str, data: OutpatientRecorded, run: int
) -> Claim:
    """The claim of an outpatient visit; raises ``Refusal``."""
    require_new_claim(state, data.claim_id)
    require_sum(data.bill)
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
