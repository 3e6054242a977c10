"""One claim's turn at one stage: all that a rule may read, and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, NamedTuple

from msgspec import Struct
from pydantic import BeforeValidator, Field

from policies.arithmetic import share
from policies.buckets import OpenBill
from policies.claim import Claim, Used
from policies.claim_facts import as_list
from policies.condition import Condition
from policies.trace import Trace, percent
from policies.tracks import TRACK, track_parts
from policies.values import Circumstances, Layer, Limit, Parameter, Ratio, Strict


class DeductibleCredits(NamedTuple):
    """Deductibles that a claim's own may be lowered by, in fen: those of the stays that it was referred from, and those
    of its own stay's bills on 31 December."""

    referral: int
    interim: int


class RuleContext(Struct, frozen=True):
    """``used`` gives the layer's accumulation by track before this claim; ``whole`` the same over all tracks.

    ``layer`` is the one that the rule decides for, ``fine`` whether its track is kept apart by disease, month or day.
    ``credits_`` finds the claim's credits: few rules ask for them.
    """

    layer: str
    bill: OpenBill
    circumstances: Circumstances
    tracks: Mapping[str, Used]
    credits_: Callable[[], DeductibleCredits]
    trace: Trace
    fine: bool = False

    def paid(self, reads: Sequence[str] | None) -> int:
        """What the layers that a rule reads have paid of the claim so far; all before it where it names none."""
        if reads is None:
            return self.bill.paid
        counted = sum(payout.paid for payout in self.bill.payouts if payout.layer in reads)
        return self.trace.step("counted", counted, "{}", " + ".join(reads))

    def used(self, track: str) -> Used:
        """The accumulation of one track."""
        return self._sum_of(track) if self.fine else self.tracks.get(track) or Used()

    def _sum_of(self, track: str) -> Used:
        whole = Used()
        for name, used in self.tracks.items():
            if track_parts(name).whole == track:
                whole.merge(used)
        return whole

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


Reads = Annotated[list[Layer] | None, Field(min_length=1)]
"""Layers before a rule whose payments of the claim count for it; None: all before it."""


def _conditions(value: object) -> object:
    """``unless`` without a value exempts from nothing: adopted texts may say so from when it was one condition."""
    return [] if value is None else as_list(value)


class Rule(Strict, ABC):
    """A case of a stage: the condition under which it applies. Each rule kind adds its values and ``decide``.

    ``track`` names the accumulation that the case counts to and reads; without one it counts to the layer's own and
    reads all that the layer has paid in the year (docs/domain.md#tracks). With a ``ceiling`` it pays at most what
    brings all layers up to that part of the claim's bill (docs/domain.md#ceiling).
    """

    when: Condition = Field(default_factory=Condition)
    unless: Annotated[list[Condition], BeforeValidator(_conditions)] = Field(default_factory=list)
    track: str | None = Field(default=None, pattern=TRACK)
    ceiling: Parameter[Ratio] | None = None
    ceiling_of: Literal["total", "in_scope"] = "total"

    keeps_own_ceiling: ClassVar[bool] = False

    @property
    def read_layers(self) -> Sequence[str] | None:
        """The layers whose payments of the claim it counts, where its kind counts any and it names them."""
        return None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """``when``, and those under ``unless``."""
        return self.when, *self.unless

    def applies(self, claim: Claim, *, poor: bool, quota: bool) -> bool:
        """Whether ``when`` holds for a claim, of a poor person or not, under the quota or not, and no ``unless``."""
        return self.when.holds(claim, poor=poor, quota=quota) and not (
            self.unless and any(condition.holds(claim, poor=poor, quota=quota) for condition in self.unless)
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

    def over_cap_at(self, context: RuleContext, decision: Decision, pay: int) -> int:  # noqa: ARG002 - kinds read them
        """What of a claim lies over its limits where one beside the rule lets it pay ``pay`` only, in fen."""
        return decision.over_cap

    @abstractmethod
    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""


def under_ceiling(context: RuleContext, ceiling: Fraction, of: str, pay: int, paid: int) -> int:
    """``pay``, at most what lifts all layers, with the ``paid`` of this rule so far, to the ceiling; all in fen."""
    whole, before = context.bill.total if of == "total" else context.bill.in_scope, context.bill.paid + paid
    return context.trace.step(
        "under_ceiling",
        min(pay, max(0, share(whole, ceiling) - before)),
        "min({}, max(0, {} × {} − {}))",
        *(pay, whole, percent(ceiling), before),
    )
