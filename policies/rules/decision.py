"""decided: a layer whose amount somebody decides claim by claim (docs/domain.md#decided): charity in 辽宁."""

from typing import Literal

from policies.buckets import take
from policies.claim import Claim
from policies.rule_context import Decision, Rule, RuleContext
from policies.values import Parameter


class Decided(Rule):
    """pay = min(sum of the decisions that stand, what is left to the person); takes S, C, O in turn.

    It runs on claims that have a decision for its layer. ``granted`` cites the clause that leaves the amount to one.
    """

    rule: Literal["decided"]
    granted: Parameter[bool]

    def serves(self, layer: str, claim: Claim) -> bool:
        """Whether anything was decided of the claim for the layer."""
        return any(aid.layer == layer for aid in claim.aids)

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        trace, bill = context.trace, context.bill
        granted = trace.use(self.granted.at(context.circumstances))
        amounts = [aid.amount for aid in bill.claim.aids if aid.layer == context.layer]
        decided = trace.step("decided", sum(amounts), " + ".join("{}" for _ in amounts), *amounts)
        left = bill.left_to_person
        pay = trace.step("within_left", min(decided, left), "min({}, {})", decided, left) if granted else 0
        return Decision(base=left, paid=pay, taken=take(bill.left, pay))
