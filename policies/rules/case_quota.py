"""case quota: a ceiling per case that basic, critical illness and supplementary share (docs/domain.md#case_quota)."""

from typing import Annotated, Literal

from policies.arithmetic import share
from policies.buckets import take
from policies.rule_context import Decision, Rule, RuleContext
from policies.rules.deductible_ratio_cap import DeductibleRatioCap
from policies.trace import percent
from policies.values import Amount, Parameter, Ratio, Strict

Tariff = Annotated[Parameter[Amount], "yuan by disease and tier"]


class CaseQuota(Strict):
    """Which diseases have a quota at which tier; Q = min(tariff, total after audits)."""

    tariff: Tariff


def _quota(context: RuleContext) -> int:
    if context.bill.quota is None:
        raise AssertionError(f"claim {context.bill.claim.claim_id} is under no case quota")
    return context.bill.quota


class QuotaBasic(DeductibleRatioCap):
    """Basic as usual on S, at most Q."""

    rule: Literal["quota_basic"]  # type: ignore[assignment] # decides as its base does, under a name of its own

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        quota = _quota(context)
        if context.bill.tariff is not None:
            tariff = context.trace.use(context.bill.tariff)
            context.trace.step("quota", quota, "min({}, {})", tariff, context.bill.total)
        return self.within(context, quota)


class QuotaFill(Rule):
    """Critical illness fills up to a × Q: max(0, round(a × Q) − basic). Enters no annual base."""

    rule: Literal["quota_fill"]
    to: Parameter[Ratio]

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        quota, before = _quota(context), context.bill.paid
        to = context.trace.use(self.to.at(context.circumstances))
        pay = context.trace.step(
            "quota_fill", max(0, share(quota, to) - before), "max(0, {} × {} − {})", quota, percent(to), before
        )
        return Decision(base=0, paid=pay, taken=take(context.bill.left, pay))


class QuotaShare(Rule):
    """Supplementary pays b × Q, at most what lifts all three to (a + b) × Q."""

    rule: Literal["quota_share"]
    to: Parameter[Ratio]
    share: Parameter[Ratio]

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        quota, before = _quota(context), context.bill.paid
        to = context.trace.use(self.to.at(context.circumstances))
        part = context.trace.use(self.share.at(context.circumstances))
        pay = context.trace.step(
            "quota_share",
            min(share(quota, part), max(0, share(quota, to + part) - before)),
            "min({} × {}, max(0, {} × {} − {}))",
            *(quota, percent(part), quota, percent(to + part), before),
        )
        return Decision(base=sum(context.bill.left), paid=pay, taken=take(context.bill.left, pay))


class QuotaResidual(Rule):
    """Pays all that the layers before it leave of Q (安义 二(六): 全额救助). Enters no annual base."""

    rule: Literal["quota_residual"]
    granted: Parameter[bool]

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        quota, before = _quota(context), context.bill.paid
        granted = context.trace.use(self.granted.at(context.circumstances))
        left = max(0, quota - before) if granted else 0
        pay = context.trace.step("quota_residual", left, "max(0, {} − {})", quota, before)
        return Decision(base=0, paid=pay, taken=take(context.bill.left, pay))
