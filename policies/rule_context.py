"""One claim's turn at one stage: all that a rule may read, and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated

from msgspec import Struct
from pydantic import BeforeValidator, Field

from policies.buckets import OpenBill
from policies.claim import Claim, Used
from policies.claim_facts import as_list
from policies.condition import Condition
from policies.trace import Trace
from policies.values import Circumstances, Limit, Parameter, Strict


class RuleContext(Struct, frozen=True):
    """``used`` gives the layer's accumulation by track before this claim; ``whole`` the same over all tracks.

    ``layer`` is the one that the rule decides for. ``credit`` gives the deductibles already applied along the claim's
    referral chain, in fen.
    """

    layer: str
    bill: OpenBill
    circumstances: Circumstances
    tracks: Mapping[str, Used]
    credit: Callable[[], int]
    trace: Trace

    def used(self, track: str) -> Used:
        """The accumulation of one track."""
        return self.tracks.get(track) or Used()

    @property
    def whole(self) -> Used:
        """The accumulation over all tracks of the layer."""
        whole = Used()
        for used in self.tracks.values():
            whole.merge(used)
        return whole


class Decision(Struct, frozen=True, gc=False):
    """What a rule decided, in fen; the fields are those of ``policies.claim.Payout``."""

    base: int
    paid: int
    taken: tuple[int, int, int]
    deductible: int = 0
    extra: int = 0
    over_cap: int = 0


TRACK = r"^[a-z]+$"


def _conditions(value: object) -> object:
    """``unless`` without a value exempts from nothing: adopted texts may say so from when it was one condition."""
    return [] if value is None else as_list(value)


class Rule(Strict, ABC):
    """A case of a stage: the condition under which it applies. Each rule kind adds its values and ``decide``.

    ``track`` names the accumulation that the case counts to and reads; without one it counts to the layer's own and
    reads all that the layer has paid in the year (docs/domain.md#tracks).
    """

    when: Condition = Field(default_factory=Condition)
    unless: Annotated[list[Condition], BeforeValidator(_conditions)] = Field(default_factory=list)
    track: str | None = Field(default=None, pattern=TRACK)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """``when``, and those under ``unless``."""
        return self.when, *self.unless

    def applies(self, claim: Claim, *, poor: bool, quota: bool) -> bool:
        """Whether ``when`` holds for a claim, of a poor person or not, under the quota or not, and no ``unless``."""
        return self.when.holds(claim, poor=poor, quota=quota) and not any(
            condition.holds(claim, poor=poor, quota=quota) for condition in self.unless
        )

    def serves(self, layer: str, claim: Claim) -> bool:  # noqa: ARG002 - most run on every claim that they apply to
        """Whether the rule, a case of ``layer``, runs on a claim that it applies to."""
        return True

    @property
    def year_limit(self) -> Parameter[Limit] | None:
        """What the rule pays at most in a year, where its kind has such a value."""
        return None

    def track_for(self, circumstances: Circumstances) -> str:
        """The accumulation that a claim counts to: where the year's limit is by class, each class has its own."""
        if self.track is None:
            return ""
        limit = self.year_limit
        return f"{self.track}:{circumstances.card_class}" if limit is not None and limit.by_class else self.track

    def used(self, context: RuleContext) -> Used:
        """What the claims before this one have used of what the rule reads."""
        return context.whole if self.track is None else context.used(self.track_for(context.circumstances))

    def tells_over_cap(self, layer: str) -> bool:
        """Whether the rule says of a claim what lies over its limit: in basic, on a track of its own."""
        return layer == "basic" and self.track is not None

    @abstractmethod
    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
