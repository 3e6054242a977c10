"""What a charity decides of a claim, or who grants 临时救助; and that it is taken back (辽宁 二(三))."""

from msgspec.structs import replace

from events import scheme_refusals
from events.aid_facts import AidDecided, AidWithdrawn
from events.codes import covers
from policies.claim import Aid, Claim
from policies.engine import open_claim
from policies.rules.decision import Decided
from policies.scheme import Scheme
from processors.pipeline.acceptance import changed_claim, require_past
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, LedgerState, Lookup
from projections.aids import AidDecision, aids, load_decisions

DECISIONS: Lookup[dict[tuple[str, str], AidDecision]] = Lookup(load_decisions, dict)
"""Decisions by region and number."""


def ask(keys: Keys, data: AidDecided | AidWithdrawn) -> None:
    """The claim with all claims of its person, and whether the number is used."""
    keys.touched.add(data.claim_id)
    keys.look_up(DECISIONS, data.decision_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: AidDecided) -> None:
    """Enter a decision; its claim is settled again with it."""
    state, region = batch.state, _region(event)
    claim = changed_claim(state, event.source, data.claim_id)
    _require_own_region(event, claim)
    known = state.of(DECISIONS)
    if (region, data.decision_id) in known:
        raise scheme_refusals.duplicate_decision(region, data.decision_id)
    require_past(state, "data.decided_on", data.decided_on)
    if data.decided_on < claim.date:
        raise scheme_refusals.decided_too_early(data.decided_on, claim.date)
    _require_decided_layer(batch.pinned.by_hash[claim.scheme], batch.opener.numbered(claim), data.layer)
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    decision = AidDecision(
        region, data.decision_id, number, claim.claim_id, data.layer, data.amount, data.decided_on, withdrawn=False
    )
    _keep(state, decision)
    aided = replace(claim, aids=(*claim.aids, Aid(number, data.layer, data.amount)))
    state.keep_claim(aided)
    batch.opener.reopen([aided], event.cause(number))


def withdraw(batch: IntakeBatch, event: IncomingEvent, data: AidWithdrawn) -> None:
    """Take a decision back; a claim that stands is settled again without it. A second time has no effect."""
    state, region = batch.state, _region(event)
    decision = state.of(DECISIONS).get((region, data.decision_id))
    if decision is None or decision.claim_id != data.claim_id:
        raise scheme_refusals.unknown_decision(region, data.decision_id, data.claim_id)
    require_past(state, "data.withdrawn_on", data.withdrawn_on)
    if data.withdrawn_on < decision.decided_on:
        raise scheme_refusals.withdrawn_too_early(data.withdrawn_on, decision.decided_on)
    claim = state.claims[decision.claim_id]
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    if decision.withdrawn:
        return
    _keep(state, decision._replace(withdrawn=True))
    left = replace(claim, aids=tuple(aid for aid in claim.aids if aid.number != decision.number))
    state.keep_claim(left)
    if claim.standing:
        batch.opener.reopen([left], event.cause(number))


def _keep(state: LedgerState, decision: AidDecision) -> None:
    key = decision.region, decision.decision_id
    state.of(DECISIONS)[key] = decision
    state.upsert(aids, key, decision._asdict())


def _region(event: IncomingEvent) -> str:
    return event.source.partition("/")[2]


def _require_own_region(event: IncomingEvent, claim: Claim) -> None:
    if not covers(_region(event), claim.region):
        raise scheme_refusals.not_of_the_region(event.source, claim.claim_id)


def _require_decided_layer(scheme: Scheme, claim: Claim, layer: str) -> None:
    """Refuse a layer of which the claim's text leaves nothing on such a claim to a decision."""
    quota = open_claim(scheme, claim).quota is not None
    by_decision = [
        stage.layer
        for number, stage in enumerate(scheme.stages)
        if isinstance(scheme.case(number, claim, quota=quota), Decided)
    ]
    if layer not in by_decision:
        raise scheme_refusals.no_decided_layer(claim.claim_id, scheme.name, layer, by_decision)


register(AidDecided, ask, decide)
register(AidWithdrawn, ask, withdraw)
