"""What a lead says, made of what a rule finds: figures, facts with their event ids, parameters with their sources."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from msgspec import structs

from events.money import yuan
from policies.supervision.values import SEVERITIES
from processors.supervision.claim import LedgerFact, SupervisedClaim
from processors.supervision.loading import PersonFacts
from processors.supervision.rule import PeerStanding, RuleFinding
from projections.leads import LeadContent

MOST_CLAIMS = 50
"""So many claims are shown with their facts; of a hospital's whole year those with the most fund money."""
MOST_IDS = 500
THOUSAND = 1_000


def lead_id_of(finding: RuleFinding, year: int | None) -> str:
    """What names the lead for ever: a hash of the rule and of what makes it the same lead again."""
    told = orjson.dumps([finding.rule, finding.person_id, finding.hospital_id, year, *finding.key])
    return f"L{hashlib.sha256(told).hexdigest()[:20]}"


def lead_content(finding: RuleFinding, year: int | None, facts: Mapping[str, PersonFacts]) -> LeadContent:
    """The lead that a finding makes; ``year`` is that of a rule on all claims of a year."""
    money = {layer: amount for layer, amount in sorted(finding.fund_money.items()) if amount}
    if any(amount < 0 for amount in money.values()):
        raise AssertionError(f"{finding.rule} {finding.key}: less than nothing is at risk: {money}")
    return LeadContent(
        lead_id=lead_id_of(finding, year),
        rule=finding.rule,
        version=finding.terms.version,
        severity=finding.severity,
        region=finding.region,
        person_id=finding.person_id,
        hospital_id=finding.hospital_id,
        year=year,
        claims=[claim.claim_id for claim in finding.claims[:MOST_IDS]],
        dates=sorted(set(finding.dates) or {day for each in finding.claims for day in (each.starts_on, each.ends_on)}),
        at_risk=money,
        outlier=round(finding.outlier * THOUSAND),
        evidence=_evidence(finding, facts),
    )


def shown_claims(finding: RuleFinding) -> Sequence[SupervisedClaim]:
    """The claims that a lead shows with their facts."""
    if len(finding.claims) <= MOST_CLAIMS:
        return finding.claims
    most = sorted(finding.claims, key=lambda claim: (-claim.paid, claim.claim_id))[:MOST_CLAIMS]
    return sorted(most, key=lambda claim: claim.entry)


def _evidence(finding: RuleFinding, facts: Mapping[str, PersonFacts]) -> dict[str, Any]:
    shown = shown_claims(finding)
    text, terms = finding.text, finding.terms
    return {
        "clause": terms.clause,
        "text": {"name": text.name, "title": text.title, "version": text.version, "hash": text.content_hash},
        "parameters": terms.described(),
        "figures": dict(finding.evidence),
        "claims_total": len(finding.claims),
        "claims": [claim_evidence(claim) for claim in shown],
        "facts": _facts(shown, finding.facts, facts),
        "peers": None if finding.peers is None else _peers(finding.peers),
        "excluded": list(finding.excluded),
        "unchecked": list(finding.unchecked),
    }


def claim_evidence(claim: SupervisedClaim) -> dict[str, Any]:
    """A claim as evidence shows it, money in yuan."""
    bill = {name: yuan(amount) for name, amount in structs.asdict(claim.bill).items()}
    return {
        "claim_id": claim.claim_id,
        "person_id": claim.person_id,
        "hospital_id": claim.hospital_id,
        "hospital_region": claim.hospital_region,
        "tier": claim.tier,
        "setting": claim.setting,
        "starts_on": claim.starts_on.isoformat(),
        "ends_on": claim.ends_on.isoformat(),
        "days": claim.days,
        "diagnoses": list(claim.diagnoses),
        "disease": claim.disease,
        "bill": bill,
        "layers": {layer: yuan(amount) for layer, amount in claim.layers},
        "patient_share": yuan(claim.patient_share),
        "hospital_share": yuan(claim.hospital_share),
        "status": claim.status,
        "revision": claim.revision,
        "scheme": claim.scheme_name,
    }


def _facts(
    claims: Iterable[SupervisedClaim], further: Sequence[LedgerFact], known: Mapping[str, PersonFacts]
) -> list[dict[str, Any]]:
    found: dict[int, tuple[LedgerFact, str | None]] = {fact.number: (fact, None) for fact in further}
    for claim in claims:
        of_person = known.get(claim.person_id)
        for fact in of_person.of_claim(claim) if of_person is not None else ():
            found[fact.number] = (fact, claim.claim_id)
    return [
        {
            "number": fact.number,
            "type": fact.type,
            "source": fact.source,
            "event_id": fact.event_id,
            "recorded_at": fact.recorded_at.isoformat(),
            "claim_id": claim_id,
        }
        for _, (fact, claim_id) in sorted(found.items())
    ]


def _peers(peers: PeerStanding) -> dict[str, Any]:
    return structs.asdict(peers)


def graver(one: str, other: str) -> bool:
    """Whether one severity is graver than another."""
    order: list[str] = list(SEVERITIES)
    return order.index(one) > order.index(other)
