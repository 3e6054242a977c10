"""A claim is taken back whole. Before it is accepted, what waits under its id is taken back."""

from collections.abc import Sequence

from msgspec.structs import replace

from events import refusal_details
from events.catalog import HOSPITAL
from events.facts import ClaimReversed
from policies.claim import Claim
from processors.pipeline.acceptance import changed_claim
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, LedgerState
from processors.pipeline.waiting_claims import refuse_lone_changes
from projections.waiting_discharges import Waiting


def ask(keys: Keys, data: ClaimReversed) -> None:
    """The claim with all claims of its person, what waits under its id, and whose number the id begins with."""
    keys.touched.add(data.claim_id)
    keys.begin_with_hospital(data.claim_id)


def accept_reversal(state: LedgerState, source: str, data: ClaimReversed) -> Claim:
    """The claim as it stands no longer; raises ``Refusal``."""
    return replace(changed_claim(state, source, data.claim_id), standing=False)


def decide(batch: IntakeBatch, event: IncomingEvent, data: ClaimReversed) -> None:
    """Reverse a standing claim: it nets to zero and its admission is free again."""
    state = batch.state
    waits = [entry for entry in state.waiting if entry.claim_id == data.claim_id]
    if event.source.startswith(f"{HOSPITAL}/"):
        waits = [entry for entry in waits if entry.source == event.source]
    if waits and data.claim_id not in state.claims:
        _reverse_waiting(batch, event, data, waits)
        return
    claim = accept_reversal(state, event.source, data)
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    state.put_claim(claim)
    if claim.admission_id is not None:
        admission = state.admissions.get(claim.admission_id)
        if admission is None:
            raise AssertionError(f"admission {claim.admission_id} of claim {claim.claim_id} was not loaded")
        left = {"interim_by": _bill_before(state, claim)} if claim.interim else {"discharged_by": None}
        state.put_admission(replace(admission, **left))
    batch.opener.reopen([claim], event.cause(number))


def _bill_before(state: LedgerState, claim: Claim) -> str | None:
    """The last bill of a stay on a 31 December that stands once a claim does not."""
    of_stay = [
        other
        for other in state.by_person[claim.person_id].values()
        if other.interim and other.standing and other.admission_id == claim.admission_id
    ]
    return max(of_stay, key=lambda other: other.number).claim_id if of_stay else None


def _reverse_waiting(batch: IntakeBatch, event: IncomingEvent, data: ClaimReversed, waits: Sequence[Waiting]) -> None:
    """A bureau reverses all that waits under the claim id, a hospital what waits of its own."""
    batch.record(event, claim_id=data.claim_id)
    for entry in waits:
        batch.state.stop_waiting(entry)
        refusal = refusal_details.reversed_while_waiting(data.claim_id, entry.admission_id)
        batch.reject(IncomingEvent.that_waited(entry), refusal)
    for admission_id, source in dict.fromkeys((entry.admission_id, entry.source) for entry in waits):
        refuse_lone_changes(batch, admission_id, source)


register(ClaimReversed, ask, decide)
