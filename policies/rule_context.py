"""One claim's turn at one stage: all that a rule may read, and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from msgspec import Struct
from pydantic import Field

from policies.buckets import OpenBill
from policies.claim import Used
from policies.condition import Condition
from policies.trace import Trace
from policies.values import Circumstances, Strict


class RuleContext(Struct, frozen=True):
    """``used`` gives the layer's accumulation by track before this claim; ``whole`` the same over all tracks.

    ``credit`` gives the deductibles already applied along the claim's referral chain, in fen.
    """

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
    track: str = ""
    deductible: int = 0
    extra: int = 0
    over_cap: int = 0


class Rule(Strict, ABC):
    """A case of a stage: the condition under which it applies. Each rule kind adds its values and ``decide``."""

    when: Condition = Field(default_factory=Condition)
    unless: Condition | None = None

    @abstractmethod
    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
