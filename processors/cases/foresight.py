"""What a finding would take back from each layer, worked out by the engine without booking anything."""

from collections.abc import Mapping, Sequence

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.claim import Audit, Claim
from policies.engine import Schemes, settle
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.state import LedgerState
from projections.cases import FindingClaim


async def foresee(
    connection: AsyncConnection, state: LedgerState, found: Sequence[FindingClaim], person_of: Mapping[str, str]
) -> dict[str, int]:
    """Fen that each layer would pay less, by layer; other claims of the persons are decided again too.

    ``person_of`` names the person of each claim; ``state`` holds all their claims. A layer that would pay more stands
    below 0.
    """
    by_claim = {each.claim_id: each for each in found}
    schemes = await PinnedSchemes().require(connection, {claim.scheme for claim in state.claims.values()})
    layers: dict[str, int] = {}
    for person_id in sorted(set(person_of.values())):
        history = list(state.by_person[person_id].values())
        changed = [_with_finding(claim, by_claim.get(claim.claim_id)) for claim in history]
        before, after = _paid(schemes, history), _paid(schemes, changed)
        for layer in before.keys() | after.keys():
            layers[layer] = layers.get(layer, 0) + before.get(layer, 0) - after.get(layer, 0)
    return {layer: fen for layer, fen in sorted(layers.items()) if fen}


def _with_finding(claim: Claim, found: FindingClaim | None) -> Claim:
    if found is None:
        return claim
    if found.reverse:
        return structs.replace(claim, standing=False)
    audit = Audit(found.amount, found.borne_by, found.part)
    return structs.replace(claim, audits=(*claim.audits, audit))


def _paid(schemes: Schemes, history: Sequence[Claim]) -> dict[str, int]:
    bills, _ = settle(schemes, history)
    paid: dict[str, int] = {}
    for bill in bills.values():
        for payout in bill.payouts:
            paid[payout.layer] = paid.get(payout.layer, 0) + payout.paid
    return paid
