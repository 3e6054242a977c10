"""A bureau finds an amount on a claim that the funds do not bear."""

from msgspec.structs import asdict, replace

from events import refusal_details
from events.facts import AuditFound
from policies.claim import Audit
from processors.pipeline.acceptance import known_claim
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, Lookup
from projections.audits import audits, known_findings

KNOWN_FINDINGS: Lookup[set[str]] = Lookup(known_findings, set)
"""The numbers of findings that have been recorded."""


def ask(keys: Keys, data: AuditFound) -> None:
    """The claim with all claims of its person, and whether the number is used."""
    keys.touched.add(data.claim_id)
    keys.look_up(KNOWN_FINDINGS, data.finding_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: AuditFound) -> None:
    """Take the amount from the bill; a claim that stands is settled again without it."""
    state = batch.state
    claim = known_claim(state, event.source, data.claim_id)
    known = state.of(KNOWN_FINDINGS)
    if data.finding_id in known:
        raise refusal_details.duplicate_finding(data.finding_id)
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    known.add(data.finding_id)
    audit = Audit(data.amount, data.borne_by, data.part)
    row = {"finding_id": data.finding_id, "number": number, "claim_id": claim.claim_id} | asdict(audit)
    state.insert(audits, data.finding_id, row)
    audited = replace(claim, audits=(*claim.audits, audit))
    state.keep_claim(audited)
    if claim.standing:
        laid_on = claim.claim_id if data.borne_by == "hospital" else None
        batch.opener.reopen([audited], replace(event.cause(number), laid_on_hospital=laid_on))


register(AuditFound, ask, decide)
