"""What the correction or reversal of a claim would move: decided as intake would, and nothing is booked."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import read
from events.facts import ClaimCorrected, ClaimReversed
from policies.claim import Claim
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.intake import load_for
from processors.pipeline.kinds.correction import accept_correction
from processors.pipeline.kinds.reversal import accept_reversal
from processors.pipeline.moved_claims import MovedClaim, moved_claims
from processors.pipeline.state import LedgerState


async def foresee_change(connection: AsyncConnection, raw: bytes, source: str) -> list[MovedClaim]:
    """The claims of the person that a claim.corrected or claim.reversed event moves, its own and later ones, now.

    Claims whose runs are still on their way through the layers count as they will be booked. Raises ``Refusal`` as
    acceptance refuses the event.
    """
    fact = read(raw, source, arriving=True)
    state = await load_for(connection, [fact], histories=True)
    changed = _changed(state, fact.source, fact.data)
    before = list(state.by_person[changed.person_id].values())
    after = [changed if claim.claim_id == changed.claim_id else claim for claim in before]
    schemes = await PinnedSchemes().require(connection, {claim.scheme for claim in before})
    return list(moved_claims(schemes, before, after))


def _changed(state: LedgerState, source: str, data: Any) -> Claim:
    if isinstance(data, ClaimCorrected):
        return accept_correction(state, source, data)
    if isinstance(data, ClaimReversed):
        return accept_reversal(state, source, data)
    raise TypeError(f"{type(data).__name__} changes no claim")
