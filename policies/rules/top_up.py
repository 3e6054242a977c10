"""top-up: the fiscal backstop that lifts what was paid to a part of the bill (docs/domain.md#top_up)."""

from collections.abc import Sequence
from typing import Literal

from policies.arithmetic import share
from policies.buckets import take
from policies.rule_context import Decision, Reads, Rule, RuleContext
from policies.trace import percent
from policies.values import Parameter, Ratio


class TopUp(Rule):
    """pay = max(0, round(to × base) − paid so far); base is the total bill or its in-scope part.

    With ``reads`` only what those layers have paid counts.
    """

    rule: Literal["top_up"]
    to: Parameter[Ratio]
    base: Literal["total", "in_scope"] = "total"
    reads: Reads = None

    @property
    def read_layers(self) -> Sequence[str] | None:
        """Those whose payments it counts."""
        return self.reads

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        bill = context.bill
        ratio = context.trace.use(self.to.at(context.circumstances))
        whole = bill.total if self.base == "total" else bill.in_scope
        paid = context.paid(self.reads)
        pay = context.trace.step(
            "top_up",
            min(max(0, share(whole, ratio) - paid), sum(bill.left)),
            "max(0, {} × {} − {})",
            *(whole, percent(ratio), paid),
        )
        return Decision(base=sum(bill.left), paid=pay, taken=take(bill.left, pay))
