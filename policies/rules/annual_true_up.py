"""annual true-up: medical assistance in 长治 (docs/domain.md#annual_true_up, 长民发〔2017〕142号 三(六)).

Its out-of-catalog part is docs/domain.md#out_of_catalog, 三(三)1.
"""

from fractions import Fraction
from typing import Literal

from pydantic import model_validator

from policies.arithmetic import marginal, round_half_up
from policies.buckets import O, S, take
from policies.rule_context import Decision, Rule, RuleContext
from policies.trace import percent
from policies.values import Amount, Bands, Limit, Parameter, Ratio


class AnnualTrueUp(Rule):
    """Assistance on the year's accumulated S left, less what the true-up has paid: insurance first, assistance after.

    due = min(limit, round(marginal tiers(base_ytd + S left − deductible))); pay = due − true-up paid this year.
    Then, within what is left of the limit, ``ratio`` of the out-of-catalog cost up to ``control`` of the total, where
    the scheme states both.
    """

    rule: Literal["annual_true_up"]
    tiers: Parameter[Bands]
    deductible: Parameter[Amount]
    limit: Parameter[Limit]
    out_of_catalog_control: Parameter[Ratio] | None = None
    out_of_catalog_ratio: Parameter[Ratio] | None = None

    @property
    def year_limit(self) -> Parameter[Limit]:
        """The limit."""
        return self.limit

    @model_validator(mode="after")
    def _both_or_neither(self) -> "AnnualTrueUp":
        if (self.out_of_catalog_control is None) != (self.out_of_catalog_ratio is None):
            raise ValueError(
                "out_of_catalog_control 与 out_of_catalog_ratio 须同时给出 out_of_catalog_control and "
                "out_of_catalog_ratio are stated together"
            )
        return self

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        trace, left, year = context.trace, context.bill.left, self.used(context)
        tiers = trace.use(self.tiers.at(context.circumstances))
        deductible = trace.use(self.deductible.at(context.circumstances))
        limit = trace.use(self.limit.at(context.circumstances))
        accumulated = trace.step("accumulated", year.base + left[S], "{} + {}", year.base, left[S])
        due = trace.step(
            "due",
            round_half_up(marginal(accumulated - deductible, tiers)),
            "tiers({} − {})",
            *(accumulated, deductible),
        )
        if limit is not None:
            due = trace.step("due_within_limit", min(due, limit), "min({}, {})", due, limit)
        room = sum(left) if limit is None else max(0, limit - year.paid)
        trued_up = year.paid - year.extra
        pay = trace.step(
            "true_up",
            max(0, min(due - trued_up, left[S], room)),
            "min({} − {}, {}, {})",
            *(due, trued_up, left[S], room),
        )
        extra = self._out_of_catalog(context, room - pay)
        taken = take(left, pay, (S,))
        beside = take(left, extra, (O,))
        return Decision(base=left[S], paid=pay + extra, taken=(taken[0], 0, beside[2]), extra=extra)

    def _out_of_catalog(self, context: RuleContext, room: int) -> int:
        outside = context.bill.left[O]
        if not outside or self.out_of_catalog_control is None or self.out_of_catalog_ratio is None:
            return 0
        control = context.trace.use(self.out_of_catalog_control.at(context.circumstances))
        ratio = context.trace.use(self.out_of_catalog_ratio.at(context.circumstances))
        total = context.bill.total
        return context.trace.step(
            "out_of_catalog",
            min(round_half_up(min(Fraction(outside), control * total) * ratio), room),
            "min({}, {} × {}) × {}, at most {}",
            *(outside, percent(control), total, percent(ratio), room),
        )
