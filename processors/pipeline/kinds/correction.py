"""Who claimed a bill replaces it, also while the claim's discharge waits for its admission."""

from msgspec.structs import replace

from events.facts import ClaimCorrected
from policies.claim import Claim
from processors.pipeline.acceptance import own_claim, require_sum
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.same_treatment import require_corrected_unclaimed
from processors.pipeline.state import Keys, LedgerState, with_bill


def ask(keys: Keys, data: ClaimCorrected) -> None:
    """The claim with all claims of its person, and whose number its id begins with."""
    keys.touched.add(data.claim_id)
    keys.begin_with_hospital(data.claim_id)


def accept_correction(state: LedgerState, source: str, data: ClaimCorrected) -> Claim:
    """The claim with its new bill; raises ``Refusal``."""
    claim = own_claim(state, source, data.claim_id)
    require_sum(data.bill)
    corrected = with_bill(claim, data.bill)
    require_corrected_unclaimed(state, corrected)
    return corrected


def decide(batch: IntakeBatch, event: IncomingEvent, data: ClaimCorrected) -> None:
    """Settle the claim again with the new bill, between the funds and its payee (docs/domain.md#3.8).

    Where the claim's discharge waits for its admission, the correction waits with it.
    """
    waits = [each for each in batch.state.waiting if (each.claim_id, each.source) == (data.claim_id, event.source)]
    if waits and data.claim_id not in batch.state.claims:
        require_sum(data.bill)
        batch.wait(event, data.claim_id, waits[0].admission_id)
        return
    corrected = accept_correction(batch.state, event.source, data)
    number = batch.record(event, person_id=corrected.person_id, claim_id=corrected.claim_id)
    batch.state.put_claim(corrected)
    batch.opener.reopen([corrected], replace(event.cause(number), corrected_claim=corrected.claim_id))


register(ClaimCorrected, ask, decide)
