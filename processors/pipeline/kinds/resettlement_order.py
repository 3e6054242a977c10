"""The operator moves claims of some persons to the text of their scheme that is in force."""

from datetime import date

from msgspec.structs import replace

from events import refusal_details
from events.decisions import CLAIM_ACCEPTED
from events.facts import ResettlementOrdered
from events.store.journal import ACCEPTANCE_STAGE
from policies.claim import Claim, claim_json
from policies.engine import Schemes
from policies.scheme import Scheme
from processors.delivery.run import Cause
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys


def ask(keys: Keys, data: ResettlementOrdered) -> None:
    """All claims of the persons."""
    keys.histories.update(data.persons)


def decide(batch: IntakeBatch, event: IncomingEvent, data: ResettlementOrdered) -> None:
    """Pin the claims that the order moves to the text in force, and settle each person again from the first one moved.

    Of a person whom the ledger does not know, or whose claims have moved already, nothing is written.
    """
    scheme = _ordered_scheme(batch.pinned, data)
    cause = event.cause(batch.record(event))
    for person_id in data.persons:
        _move(batch, person_id, data, scheme, cause)


def moved_claim(schemes: Schemes, claim: Claim, scheme: Scheme, since: date) -> Claim:
    """A claim under the text that it moves to, or as it is where the change is not about it."""
    about = claim.date >= since and schemes[claim.scheme].name == scheme.name
    return replace(claim, scheme=scheme.content_hash) if about and claim.scheme != scheme.content_hash else claim


def _move(batch: IntakeBatch, person_id: str, data: ResettlementOrdered, scheme: Scheme, cause: Cause) -> None:
    state = batch.state
    run = state.next_run(person_id)
    moved = []
    for claim in sorted(state.by_person.get(person_id, {}).values(), key=lambda claim: claim.number):
        changed = moved_claim(batch.pinned.by_hash, claim, scheme, data.since)
        if changed == claim:
            continue
        batch.transaction.journal.append(
            CLAIM_ACCEPTED,
            {"claim": claim_json(changed), "instead_of": claim.scheme, "actor": data.actor},
            person_id=person_id,
            claim_id=claim.claim_id,
            claim_number=claim.number,
            run=run,
            stage=ACCEPTANCE_STAGE,
            year=claim.year,
            scheme=scheme.name,
        )
        state.put_claim(changed)
        moved.append(changed)
    batch.opener.reopen(moved, cause, predicted=run)


def _ordered_scheme(pinned: PinnedSchemes, data: ResettlementOrdered) -> Scheme:
    """The text that an order moves claims to; raises ``Refusal`` where another is in force by now."""
    for scheme in pinned.current:
        if (scheme.name, scheme.content_hash) == (data.scheme, data.scheme_hash):
            return scheme
    raise refusal_details.text_not_in_force(data.scheme, data.scheme_hash)


register(ResettlementOrdered, ask, decide)
