"""residual: a layer that pays all that is left (docs/domain.md#residual): public_health in 安义, backstop in 长治."""

from typing import Literal

from policies.buckets import BUCKETS, take
from policies.rule_context import Decision, Rule, RuleContext
from policies.rules.bucket_ratios import Buckets
from policies.values import Parameter


class Residual(Rule):
    """pay = all of the buckets that it names; ``granted`` cites the clause that says so."""

    rule: Literal["residual"]
    buckets: Buckets
    granted: Parameter[bool]

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        buckets = tuple(BUCKETS[bucket] for bucket in self.buckets)
        left = context.bill.left
        granted = context.trace.use(self.granted.at(context.circumstances))
        pay = sum(left[bucket] for bucket in buckets) if granted else 0
        context.trace.step("residual", pay, " + ".join(self.buckets))
        return Decision(base=sum(left[bucket] for bucket in buckets), paid=pay, taken=take(left, pay, buckets))
