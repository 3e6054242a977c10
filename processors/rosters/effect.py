"""What changes of rosters would do to claims that are settled: which would move, and by how much. Nothing is booked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.moved_claims import MovedClaim, moved_claims
from processors.pipeline.state import load_histories
from processors.rosters.list_comparison import ListChange
from processors.rosters.memberships import UNRECORDED
from projections.rosters import RosterChange, categories_on

PERSONS_AT_ONCE = 200


@dataclass(slots=True)
class ListEffect:
    """The claims that changes of a roster move; of premiums nothing is told here."""

    claims: list[MovedClaim] = field(default_factory=list)

    @property
    def persons(self) -> int:
        """How many persons they are of."""
        return len({claim.person_id for claim in self.claims})

    @property
    def patient(self) -> int:
        """By how many fen the persons' shares change, together."""
        return sum(claim.share_after - claim.share_before for claim in self.claims)

    def layers(self) -> dict[str, int]:
        """By how many fen what each layer pays changes."""
        sums: dict[str, int] = {}
        for claim in self.claims:
            for layer, amount in claim.layers.items():
                sums[layer] = sums.get(layer, 0) + amount
        return {layer: amount for layer, amount in sums.items() if amount}


async def effect_of(connection: AsyncConnection, changes: Iterable[ListChange]) -> ListEffect:
    """Settle the claims of the persons whom changes are about from scratch, without and with the changes.

    Claims whose runs are still on their way through the layers count as they will be booked.
    """
    by_person: dict[str, list[RosterChange]] = {}
    for number, change in enumerate(changes, start=UNRECORDED):
        said = RosterChange(number, change.person_id, change.category, change.change == "added", change.effective_on)
        by_person.setdefault(change.person_id, []).append(said)
    effect, pinned = ListEffect(), PinnedSchemes()
    for persons in _some_at_once(sorted(by_person), PERSONS_AT_ONCE):
        state = await load_histories(connection, set(persons))
        schemes = await pinned.require(connection, {claim.scheme for claim in state.claims.values()})
        for person_id in persons:
            before = list(state.by_person.get(person_id, {}).values())
            told = [*state.rosters.get(person_id, ()), *by_person[person_id]]
            after = [replace(claim, categories=categories_on(told, claim.date)) for claim in before]
            if before != after:
                effect.claims += moved_claims(schemes, before, after)
    return effect


def _some_at_once(persons: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    """Some at a time."""
    return (persons[first : first + size] for first in range(0, len(persons), size))
