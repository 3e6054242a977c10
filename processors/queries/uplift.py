"""The uplift of poor persons' statements, computed when asked for, not while settling."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from policies.claim import Claim
from policies.engine import Schemes
from policies.uplift import uplift
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.state import load_histories


async def load_uplifts(engine: AsyncEngine, person_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """``uplifts_of`` some persons' claims as they stand."""
    async with engine.connect() as connection:
        state = await load_histories(connection, set(person_ids))
        schemes = await PinnedSchemes().require(connection, {claim.scheme for claim in state.claims.values()})
    found: dict[str, dict[str, Any]] = {}
    for history in state.by_person.values():
        found |= uplifts_of(list(history.values()), schemes)
    return found


def uplifts_of(claims: Sequence[Claim], schemes: Schemes) -> dict[str, dict[str, Any]]:
    """By claim id, of one person's standing claims dated while he was poor: what the general rules would have paid, and
    what each preference adds, in yuan."""
    by_number = {claim.number: claim for claim in claims}
    return {
        by_number[number].claim_id: {
            "general": yuan(worth.general),
            "steps": [{"step": step, "amount": yuan(amount)} for step, amount in worth.steps],
        }
        for number, worth in uplift(schemes, claims).items()
        if schemes[by_number[number].scheme].is_poor(by_number[number].categories)
    }
