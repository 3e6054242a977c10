"""case quota: a ceiling per case that basic, critical illness and supplementary share (DOMAIN 4; 安义 三(十一))."""

from typing import Annotated, Literal

from policies.arithmetic import share
from policies.buckets import take
from policies.rule_context import Decision, Rule, Turn
from policies.rules.deductible_ratio_cap import DeductibleRatioCap
from policies.trace import percent
from policies.values import Amount, Parameter, Ratio, Strict

Tariff = Annotated[Parameter[Amount], "yuan by disease and tier"]


class CaseQuota(Strict):
    """Which diseases have a quota at which tier; Q = min(tariff, total after audits)."""

    tariff: Tariff


def _quota(turn: Turn) -> int:
    if turn.bill.quota is None:
        raise AssertionError(f"claim {turn.bill.claim.claim_id} is under no case quota")
    return turn.bill.quota


class QuotaBasic(DeductibleRatioCap):
    """Basic as usual on S, at most Q."""

    rule: Literal["quota_basic"]  # type: ignore[assignment]

    def decide(self, turn: Turn) -> Decision:
        """Decide one claim."""
        quota = _quota(turn)
        if turn.bill.tariff is not None:
            tariff = turn.trace.use(turn.bill.tariff)
            turn.trace.step("quota", quota, "min({}, {})", tariff, turn.bill.total)
        return self.within(turn, quota)


class QuotaFill(Rule):
    """Critical illness fills up to a × Q: max(0, round(a × Q) − basic). Enters no annual base."""

    rule: Literal["quota_fill"]
    to: Parameter[Ratio]

    def decide(self, turn: Turn) -> Decision:
        """Decide one claim."""
        quota, before = _quota(turn), turn.bill.paid
        to = turn.trace.use(self.to.at(turn.circumstances))
        pay = turn.trace.step(
            "quota_fill", max(0, share(quota, to) - before), "max(0, {} × {} − {})", quota, percent(to), before
        )
        return Decision(base=0, paid=pay, taken=take(turn.bill.left, pay))


class QuotaShare(Rule):
    """Supplementary pays b × Q, at most what lifts all three to (a + b) × Q."""

    rule: Literal["quota_share"]
    to: Parameter[Ratio]
    share: Parameter[Ratio]

    def decide(self, turn: Turn) -> Decision:
        """Decide one claim."""
        quota, before = _quota(turn), turn.bill.paid
        to = turn.trace.use(self.to.at(turn.circumstances))
        part = turn.trace.use(self.share.at(turn.circumstances))
        pay = turn.trace.step(
            "quota_share",
            min(share(quota, part), max(0, share(quota, to + part) - before)),
            "min({} × {}, max(0, {} × {} − {}))",
            *(quota, percent(part), quota, percent(to + part), before),
        )
        return Decision(base=sum(turn.bill.left), paid=pay, taken=take(turn.bill.left, pay))
