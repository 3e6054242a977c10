"""A hospital replaces the bill of its claim, also while the claim's discharge waits for its admission."""

from events.facts import ClaimCorrected
from processors.pipeline.acceptance import changed_claim, require_sum
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.kinds.discharge import wait_for_admission
from processors.pipeline.state import Keys, with_bill


def ask(keys: Keys, data: ClaimCorrected) -> None:
    """The claim with all claims of its person."""
    keys.touched.add(data.claim_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: ClaimCorrected) -> None:
    """Settle the claim again with the new bill; where the claim's discharge waits, the correction waits with it."""
    waits = [each for each in batch.state.waiting if (each.claim_id, each.source) == (data.claim_id, event.source)]
    if waits and data.claim_id not in batch.state.claims:
        require_sum(data.bill)
        wait_for_admission(batch, event, data.claim_id, waits[0].admission_id)
        return
    claim = changed_claim(batch.state, event.source, data.claim_id)
    require_sum(data.bill)
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    corrected = with_bill(claim, data.bill)
    batch.state.put_claim(corrected)
    batch.opener.reopen([corrected], event.cause(number))


register(ClaimCorrected, ask, decide)
