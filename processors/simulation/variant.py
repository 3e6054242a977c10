"""A variant of the law to settle persons under: which texts stand in place of those that claims are pinned to."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct, structs

from events.codes import covers
from policies.claim import Claim
from policies.engine import Schemes


class SimulationScope(Struct, frozen=True, array_like=True):
    """Which claims a simulation counts: those under the ``schemes`` of these names of a region's people, of all people
    where it is None. A reform moves of them those dated from ``since`` until ``until`` (exclusive)."""

    schemes: frozenset[str]
    since: date = date.min
    until: date = date.max
    region: str | None = None

    def counts(self, claim: Claim, schemes: Schemes) -> bool:
        """Whether a claim is counted, where it stands."""
        return self.within(claim.region) and schemes[claim.scheme].name in self.schemes

    def within(self, region: str) -> bool:
        """Whether a region is the one that is asked for, or lies in it."""
        return self.region is None or covers(self.region, region)

    def moves(self, claim: Claim) -> bool:
        """Whether a reform is about a claim of its scheme."""
        return self.since <= claim.date < self.until and self.within(claim.region)


class Variant(Struct, frozen=True, array_like=True):
    """``texts`` gives for the hash of a text that of the one in its place; the name says which reforms these are."""

    name: str
    texts: dict[str, str]

    def moved(self, claims: Sequence[Claim], scope: SimulationScope) -> list[Claim]:
        """A person's claims, each under the text that it would be settled under."""
        return [
            structs.replace(claim, scheme=after)
            if (after := self.texts.get(claim.scheme, claim.scheme)) != claim.scheme and scope.moves(claim)
            else claim
            for claim in claims
        ]
