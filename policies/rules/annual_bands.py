"""annual bands: critical illness (docs/domain.md#annual_bands), over-cap before it (docs/domain.md#over_cap)."""

from fractions import Fraction
from typing import Literal

from policies.arithmetic import Band, covered, marginal, round_half_up, share
from policies.buckets import S, take
from policies.rule_context import Decision, Rule, RuleContext
from policies.trace import percent
from policies.values import Amount, Bands, Limit, Parameter, Ratio


class AnnualBands(Rule):
    """pay = round(B(base_ytd + S) − B(base_ytd)), B the marginal bands above the line, within the year's cap.

    ``over_cap_ratio`` first pays a part of what basic left over its cap; what stays unpaid enters the bands.
    In ``basic``, with a track, what the cap cuts off is over the cap (docs/domain.md#over_cap).
    """

    rule: Literal["annual_bands"]
    line: Parameter[Amount]
    bands: Parameter[Bands]
    cap: Parameter[Limit]
    over_cap_ratio: Parameter[Ratio] | None = None

    @property
    def year_limit(self) -> Parameter[Limit]:
        """The cap."""
        return self.cap

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        trace, left, year = context.trace, context.bill.left[S], self.used(context)
        cap = trace.use(self.cap.at(context.circumstances))
        room = left if cap is None else max(0, cap - year.paid)
        extra = min(self._over_cap(context), room)
        base = left - extra
        line = trace.use(self.line.at(context.circumstances))
        bands = trace.use(self.bands.at(context.circumstances))
        before, after = year.base, year.base + base
        wish = trace.step(
            "bands",
            round_half_up(_between(before - line, after - line, bands)),
            "B({} − {}) − B({} − {})",
            *(after, line, before, line),
        )
        pay = wish
        if cap is not None:
            pay = trace.step(
                "within_cap", min(wish, max(0, room - extra)), "min({}, {} − {})", wish, cap, year.paid + extra
            )
        over_cap = 0
        if pay < wish and self.tells_over_cap(context.layer):
            paying, reached = covered(max(0, before - line), after - line, pay, bands)
            over_cap = trace.step("over_cap", paying - reached, "{} − {}", paying, reached)
        taken = take(context.bill.left, extra + pay, (S,))
        return Decision(base=base, paid=extra + pay, taken=taken, extra=extra, over_cap=over_cap)

    def over_cap_at(self, context: RuleContext, decision: Decision, pay: int) -> int:
        """What of the claim in bands that pay is not paid for, in basic on a track."""
        if not self.tells_over_cap(context.layer):
            return decision.over_cap
        line, bands = self.line.at(context.circumstances).value, self.bands.at(context.circumstances).value
        before = self.used(context).base
        paying, reached = covered(
            max(0, before - line), before + decision.base - line, max(0, pay - decision.extra), bands
        )
        return context.trace.step("over_cap", paying - reached, "{} − {}", paying, reached)

    def _over_cap(self, context: RuleContext) -> int:
        if self.over_cap_ratio is None or not context.bill.over_cap:
            return 0
        ratio = context.trace.use(self.over_cap_ratio.at(context.circumstances))
        over_cap = context.bill.over_cap
        pay = min(share(over_cap, ratio), context.bill.left[S])
        return context.trace.step("over_cap", pay, "{} × {}", over_cap, percent(ratio))


def _between(before: int, after: int, bands: tuple[Band, ...]) -> Fraction:
    return marginal(after, bands) - marginal(before, bands) if before > 0 else marginal(after, bands)
