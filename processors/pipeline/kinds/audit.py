"""A bureau finds an amount on a claim that the funds do not bear, or takes back what it had found."""

from msgspec.structs import replace

from events import audit_refusals
from events.facts import AuditFound, AuditWithdrawn
from policies.claim import Audit, Claim, with_less_found
from processors.pipeline.acceptance import known_claim
from processors.pipeline.incoming_event import IncomingEvent
from processors.pipeline.intake import IntakeBatch, register
from processors.pipeline.state import Keys, LedgerState, Lookup
from projections.audits import AuditFinding, audits, load_findings

FINDINGS: Lookup[dict[str, AuditFinding]] = Lookup(load_findings, dict)
"""Findings by number."""


def ask(keys: Keys, data: AuditFound | AuditWithdrawn) -> None:
    """The claim with all claims of its person, and the finding."""
    keys.touched.add(data.claim_id)
    keys.look_up(FINDINGS, data.finding_id)


def decide(batch: IntakeBatch, event: IncomingEvent, data: AuditFound) -> None:
    """Take the amount from the bill; a claim that stands is settled again without it."""
    state = batch.state
    claim = known_claim(state, event.source, data.claim_id)
    if data.finding_id in state.of(FINDINGS):
        raise audit_refusals.duplicate_finding(data.finding_id)
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    audit = Audit(data.amount, data.borne_by, data.part)
    place = len(claim.audits)
    finding = AuditFinding(data.finding_id, number, claim.claim_id, data.amount, data.borne_by, data.part, place)
    _keep(state, finding)
    _settle_again(batch, event, number, replace(claim, audits=(*claim.audits, audit)), finding)


def withdraw(batch: IntakeBatch, event: IncomingEvent, data: AuditWithdrawn) -> None:
    """Give the amount back to the bill; a claim that stands is settled again with it."""
    state = batch.state
    finding = state.of(FINDINGS).get(data.finding_id)
    if finding is None or finding.claim_id != data.claim_id:
        raise audit_refusals.unknown_finding(data.finding_id, data.claim_id)
    if data.amount > finding.amount:
        raise audit_refusals.exceeds_finding(data.finding_id, data.amount, finding.amount)
    claim = state.claims[finding.claim_id]
    number = batch.record(event, person_id=claim.person_id, claim_id=claim.claim_id)
    _keep(state, finding._replace(amount=finding.amount - data.amount))
    _settle_again(batch, event, number, with_less_found(claim, finding.place, data.amount), finding)


def _keep(state: LedgerState, finding: AuditFinding) -> None:
    row = finding._asdict()
    del row["place"]  # its number says it
    write = state.upsert if finding.finding_id in state.of(FINDINGS) else state.insert
    state.of(FINDINGS)[finding.finding_id] = finding
    write(audits, finding.finding_id, row)


def _settle_again(batch: IntakeBatch, event: IncomingEvent, number: int, claim: Claim, finding: AuditFinding) -> None:
    batch.state.keep_claim(claim)
    if claim.standing:
        laid_on = claim.claim_id if finding.borne_by == "hospital" else None
        batch.opener.reopen([claim], replace(event.cause(number), laid_on_hospital=laid_on))


register(AuditFound, ask, decide)
register(AuditWithdrawn, ask, withdraw)
