"""top-up: the fiscal backstop that lifts what was paid to a part of the bill (docs/domain.md#top_up)."""

from typing import Literal

from policies.arithmetic import share
from policies.buckets import take
from policies.rule_context import Decision, Rule, RuleContext
from policies.trace import percent
from policies.values import Parameter, Ratio


class TopUp(Rule):
    """pay = max(0, round(to × base) − paid so far); base is the total bill or its in-scope part."""

    rule: Literal["top_up"]
    to: Parameter[Ratio]
    base: Literal["total", "in_scope"] = "total"

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        bill = context.bill
        ratio = context.trace.use(self.to.at(context.circumstances))
        whole = bill.total if self.base == "total" else bill.in_scope
        pay = context.trace.step(
            "top_up",
            min(max(0, share(whole, ratio) - bill.paid), sum(bill.left)),
            "max(0, {} × {} − {})",
            *(whole, percent(ratio), bill.paid),
        )
        return Decision(base=sum(bill.left), paid=pay, taken=take(bill.left, pay))
