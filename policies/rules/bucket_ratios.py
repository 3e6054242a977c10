"""bucket ratios with a guarantee: supplementary insurance (docs/domain.md#bucket_ratios)."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policies.arithmetic import share
from policies.buckets import BUCKETS, take
from policies.rule_context import Decision, Reads, Rule, RuleContext, under_ceiling
from policies.trace import percent
from policies.values import Parameter, Ratio, Strict, Tier

Buckets = Annotated[list[Literal["S", "C", "O"]], Field(min_length=1)]


class Group(Strict):
    """Buckets paid at one ratio on their sum; ``tiers`` / ``prescriber_tiers`` limit it to such hospitals."""

    buckets: Buckets
    ratio: Parameter[Ratio]
    tiers: list[Tier] | None = None
    prescriber_tiers: list[Tier] | None = None

    def serves(self, context: RuleContext) -> bool:
        """Whether the group pays on this claim."""
        claim = context.bill.claim
        return (self.tiers is None or claim.tier in self.tiers) and (
            self.prescriber_tiers is None or claim.prescriber_tier in self.prescriber_tiers
        )


class BucketRatios(Rule):
    """For each group round(sum × ratio), taken in the order S, C, O; then the guarantee tops up to g × total.

    With ``reads`` the guarantee counts what those layers have paid, and this rule. With a ``ceiling`` no group lifts
    what all layers have paid over ceiling × total (上高 二2: 控制在90%左右).
    """

    rule: Literal["bucket_ratios"]
    groups: Annotated[list[Group], Field(min_length=1)]
    guarantee: Parameter[Ratio] | None = None
    reads: Reads = None

    keeps_own_ceiling = True

    @model_validator(mode="after")
    def _guarantee_reads(self) -> "BucketRatios":
        if self.reads is not None and self.guarantee is None:
            raise ValueError("reads 只用于 guarantee reads says what the guarantee counts: there is none")
        return self

    @property
    def read_layers(self) -> Sequence[str] | None:
        """Those whose payments it counts."""
        return self.reads

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        trace, left = context.trace, list(context.bill.left)
        serving = [group for group in self.groups if group.serves(context)]
        base = sum(left[BUCKETS[bucket]] for bucket in {bucket for group in serving for bucket in group.buckets})
        ceiling = None if self.ceiling is None or not serving else trace.use(self.ceiling.at(context.circumstances))
        for group in serving:
            buckets = tuple(BUCKETS[bucket] for bucket in group.buckets)
            amount = sum(left[bucket] for bucket in buckets)
            ratio = trace.use(group.ratio.at(context.circumstances))
            label = "+".join(group.buckets)
            pay = trace.step(f"bucket_{label}", share(amount, ratio), "{} × {}", amount, percent(ratio))
            if ceiling is not None:
                pay = under_ceiling(context, ceiling, self.ceiling_of, pay, sum(context.bill.left) - sum(left))
            for bucket, taken in enumerate(take(left, pay, buckets)):
                left[bucket] -= taken
        if not serving:
            claim = context.bill.claim
            trace.step("not_served", 0, "tier {}, prescriber {}", str(claim.tier), str(claim.prescriber_tier))
        paid = sum(context.bill.left) - sum(left)
        if self.guarantee is not None:
            ratio = trace.use(self.guarantee.at(context.circumstances))
            goal, before = share(context.bill.total, ratio), context.paid(self.reads) + paid
            top = trace.step(
                "guarantee",
                min(max(0, goal - before), sum(left)),
                "max(0, {} × {} − {})",
                *(context.bill.total, percent(ratio), before),
            )
            for bucket, taken in enumerate(take(left, top)):
                left[bucket] -= taken
        taken3 = (context.bill.left[0] - left[0], context.bill.left[1] - left[1], context.bill.left[2] - left[2])
        return Decision(base=base, paid=sum(taken3), taken=taken3)
