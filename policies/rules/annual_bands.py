"""annual bands: critical-illness insurance, with the over-cap payment that may come before (DOMAIN 4)."""

from fractions import Fraction
from typing import Literal

from policies.arithmetic import Band, marginal, round_half_up, share
from policies.buckets import S, take
from policies.rule_context import Decision, Rule, Turn
from policies.trace import percent
from policies.values import Amount, Bands, Limit, Parameter, Ratio


class AnnualBands(Rule):
    """pay = round(B(base_ytd + S) − B(base_ytd)), B the marginal bands above the line, within the year's cap.

    ``over_cap_ratio`` first pays a part of what basic left over its cap; what stays unpaid enters the bands.
    """

    rule: Literal["annual_bands"]
    line: Parameter[Amount]
    bands: Parameter[Bands]
    cap: Parameter[Limit]
    over_cap_ratio: Parameter[Ratio] | None = None

    def decide(self, turn: Turn) -> Decision:
        """Decide one claim."""
        trace, left, whole = turn.trace, turn.bill.left[S], turn.whole
        cap = trace.use(self.cap.at(turn.circumstances))
        room = left if cap is None else max(0, cap - whole.paid)
        extra = min(self._over_cap(turn), room)
        base = left - extra
        line = trace.use(self.line.at(turn.circumstances))
        bands = trace.use(self.bands.at(turn.circumstances))
        before, after = whole.base, whole.base + base
        wish = trace.step(
            "bands",
            round_half_up(_between(before - line, after - line, bands)),
            "B({} − {}) − B({} − {})",
            *(after, line, before, line),
        )
        pay = wish
        if cap is not None:
            pay = trace.step(
                "within_cap", min(wish, max(0, room - extra)), "min({}, {} − {})", wish, cap, whole.paid + extra
            )
        return Decision(base=base, paid=extra + pay, taken=take(turn.bill.left, extra + pay, (S,)), extra=extra)

    def _over_cap(self, turn: Turn) -> int:
        if self.over_cap_ratio is None or not turn.bill.over_cap:
            return 0
        ratio = turn.trace.use(self.over_cap_ratio.at(turn.circumstances))
        over_cap = turn.bill.over_cap
        pay = min(share(over_cap, ratio), turn.bill.left[S])
        return turn.trace.step("over_cap", pay, "{} × {}", over_cap, percent(ratio))


def _between(before: int, after: int, bands: tuple[Band, ...]) -> Fraction:
    return marginal(after, bands) - marginal(before, bands) if before > 0 else marginal(after, bands)
