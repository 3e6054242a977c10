"""转诊未备案 unfiled_full_rate: treatment away from home paid as filed, though no bureau has filed it.

Definition: a standing stay outside the person's prefecture that its hospital called filed, or said nothing of; for it
neither a filing of a bureau that insures the person covers the day of admission, nor a referral led there. The right
amount is worked out by the engine that settles: the person's whole history again, this stay as not filed.
Parameters: ``at_risk_over``: what too much is at least.
Exclusions: emergencies; a stay referred from another; bills on paper, whose bureau says itself that they are filed; a
filing of later that covers the day.
False alarms: a bureau that keeps its filings elsewhere: where the region has filed nothing at all it is a hint.
Law: the scheme's own values for treatment that is not filed.
At risk: what all funds together paid too much, in the layers that did; ``evidence`` also says which layer would have
paid more.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from events.codes import covers
from events.money import yuan
from policies.claim import Claim, Payout
from policies.engine import settle
from policies.explain import line, render
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim, SupervisedPerson, is_away_as_filed
from processors.supervision.rule import RuleFinding, SupervisionContext, SupervisionRule
from processors.supervision.stays import milder, outlier_size

CODE = "unfiled_full_rate"
NOBODY_FILES = "本统筹区从未登记备案，备案或另有台账 this region has filed nothing here: it may file elsewhere"


def find(person: SupervisedPerson, context: SupervisionContext) -> Iterator[RuleFinding]:
    """Stays away from home that nobody filed, and were paid more for it."""
    for claim in person.claims:
        if is_away_as_filed(claim) and not claim.emergency and not claim.referral and not _is_covered(claim, person):
            finding = _finding(claim, person, context)
            if finding is not None:
                yield finding


def _is_covered(claim: SupervisedClaim, person: SupervisedPerson) -> bool:
    day = claim.starts_on
    return any(
        covers(filing.region, claim.region)
        and filing.effective_on <= day
        and (filing.until is None or day < filing.until)
        and (filing.to_hospital is None or filing.to_hospital == claim.hospital_id)
        and (filing.to_region is None or covers(filing.to_region, claim.hospital_region))
        for filing in person.filings
    )


def _finding(claim: SupervisedClaim, person: SupervisedPerson, context: SupervisionContext) -> RuleFinding | None:
    text = context.text(claim.starts_on, claim.region)
    terms = text.rules.unfiled_full_rate
    as_filed, as_unfiled = (_payouts(person.ledger_claims, claim, context, filed=filed) for filed in (True, False))
    paid, due = _by_layer(as_filed), _by_layer(as_unfiled)
    layers = list(dict.fromkeys([*paid, *due]))
    over = {layer: paid.get(layer, 0) - due.get(layer, 0) for layer in layers}
    net = sum(over.values())
    if net <= 0 or net < terms.at_risk_over.value:
        return None
    files = any(covers(region, claim.region) for region in context.filing_regions)
    severity: Severity = terms.severity if files else milder(terms.severity)
    scheme = context.schemes[claim.scheme]
    return RuleFinding(
        rule=CODE,
        severity=severity,
        text=text,
        terms=terms,
        key=(claim.claim_id,),
        claims=(claim,),
        evidence={
            "paid_as_filed": {layer: yuan(paid.get(layer, 0)) for layer in layers},
            "due_as_unfiled": {layer: yuan(due.get(layer, 0)) for layer in layers},
            "overpaid": yuan(net),
            "worked_out": [
                line(each) for payout in as_unfiled if over[payout.layer] for each in render(scheme, payout.trace)
            ],
            "region_files": files,
            "filings_of_the_person": [filing.filing_id for filing in person.filings],
        },
        region=claim.region,
        person_id=claim.person_id,
        hospital_id=claim.hospital_id,
        dates=(claim.starts_on, claim.ends_on),
        at_risk=_at_risk(over, net),
        outlier=outlier_size(severity, net / max(1, claim.paid)),
        excluded=(
            "急诊 emergencies",
            "转诊而来 stays that were referred",
            "医保局手工报销 bills on paper",
            "事后补备案 filings of later that cover the day",
        ),
        unchecked=() if files else (NOBODY_FILES,),
    )


def _at_risk(over: Mapping[str, int], net: int) -> dict[str, int]:
    """What the funds together paid too much, in the layers that did: another layer would have paid more."""
    found, left = {}, net
    for layer, amount in over.items():
        taken = min(max(0, amount), left)
        if taken:
            found[layer] = taken
            left -= taken
    return found


def _payouts(
    history: tuple[Claim, ...], claim: SupervisedClaim, context: SupervisionContext, *, filed: bool
) -> list[Payout]:
    """What the layers decide of a claim when the person's history is settled from scratch."""
    claims = [replace(each, filed=filed) if each.claim_id == claim.claim_id else each for each in history]
    bills, _ = settle(context.schemes, claims)
    return bills[claim.number].payouts


def _by_layer(payouts: Sequence[Payout]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for payout in payouts:
        sums[payout.layer] = sums.get(payout.layer, 0) + payout.paid
    return sums


RULE = SupervisionRule(code=CODE, logic=1, name="未备案按备案支付", of_person=find)
