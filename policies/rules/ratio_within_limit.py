"""ratio within limit: medical assistance, second basic reimbursement (docs/domain.md#ratio_within_limit)."""

from typing import Literal

from pydantic import model_validator

from policies.arithmetic import round_half_up, share
from policies.buckets import S, take
from policies.rule_context import Decision, Rule, RuleContext
from policies.trace import percent
from policies.values import Amount, Limit, Parameter, Ratio


class RatioWithinLimit(Rule):
    """pay = min(round(max(0, S left − deductible per claim) × ratio), limit − paid this year); base is S left.

    With ``deductible_per: year`` a claim bears what the year's claims before it have left of the deductible.
    In ``basic``, with a track, what the limit cuts off is over the cap (docs/domain.md#over_cap).
    """

    rule: Literal["ratio_within_limit"]
    ratio: Parameter[Ratio]
    deductible: Parameter[Amount] | None = None
    deductible_per: Literal["year"] | None = None
    limit: Parameter[Limit]

    @model_validator(mode="after")
    def _stated(self) -> "RatioWithinLimit":
        if self.deductible_per is not None and self.deductible is None:
            raise ValueError("按年度计算起付线须写 deductible deductible_per needs a deductible")
        return self

    @property
    def year_limit(self) -> Parameter[Limit]:
        """The limit."""
        return self.limit

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        trace, left = context.trace, context.bill.left[S]
        ratio = trace.use(self.ratio.at(context.circumstances))
        deductible = trace.use(self.deductible.at(context.circumstances)) if self.deductible else 0
        if self.deductible_per is not None:
            borne = self.used(context).deductible
            deductible = trace.step("deductible", min(left, max(0, deductible - borne)), _LESS, left, deductible, borne)
        beyond = max(0, left - deductible)
        wish = trace.step(
            "wish",
            share(beyond, ratio),
            "max(0, {} − {}) × {}",
            *(left, deductible, percent(ratio)),
        )
        limit = trace.use(self.limit.at(context.circumstances))
        pay = wish
        if limit is not None:
            used = self.used(context).paid
            pay = trace.step("within_limit", min(wish, max(0, limit - used)), "min({}, {} − {})", wish, limit, used)
        over_cap = 0
        if pay < wish and self.tells_over_cap(context.layer):
            over_cap = trace.step(
                "over_cap", beyond - round_half_up(pay / ratio), "{} − {} ÷ {}", beyond, pay, percent(ratio)
            )
        return Decision(
            base=left,
            paid=pay,
            taken=take(context.bill.left, pay, (S,)),
            deductible=0 if self.deductible_per is None else deductible,
            over_cap=over_cap,
        )

    def over_cap_at(self, context: RuleContext, decision: Decision, pay: int) -> int:
        """max(0, S left − deductible) − round(pay ÷ ratio), in basic on a track."""
        ratio = self.ratio.at(context.circumstances).value
        if not ratio or not self.tells_over_cap(context.layer):
            return decision.over_cap
        deductible = decision.deductible
        if self.deductible is not None and self.deductible_per is None:
            deductible = self.deductible.at(context.circumstances).value
        beyond = max(0, decision.base - deductible)
        return context.trace.step(
            "over_cap", beyond - round_half_up(pay / ratio), "{} − {} ÷ {}", beyond, pay, percent(ratio)
        )


_LESS = "min({}, max(0, {} − {}))"
