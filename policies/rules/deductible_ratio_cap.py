"""deductible-ratio-cap: basic insurance (docs/domain.md#deductible_ratio_cap)."""

from typing import Literal

from pydantic import Field, model_validator

from policies.arithmetic import covered, marginal, round_half_up, share
from policies.buckets import S, take
from policies.rule_context import Decision, Rule, RuleContext
from policies.trace import percent
from policies.tracks import TRACK
from policies.values import Amount, Bands, Limit, Parameter, Ratio


class DeductibleRatioCap(Rule):
    """pay = min(round((S − upfront − deductible) × ratio), cap − paid this year on the track); takes S.

    ``upfront`` is the part of S that the person bears before anything else (先自付), with ``upfront_of: total`` that
    part of the whole bill, at most S. With ``deductible_per: year`` a
    claim bears what the year's claims before it on the track have left of the deductible.

    A deductible is reduced by what the referral chain has already borne, where ``referral_credit`` grants it, and by
    what the stay's bills on 31 December have, where ``interim_credit`` does. With ``bands`` in place of ``ratio`` the
    claim's base is paid by them, from the deductible upwards, each claim anew.
    """

    rule: Literal["deductible_ratio_cap"]
    track: str = Field(pattern=TRACK)
    upfront: Parameter[Ratio] | None = None
    upfront_of: Literal["total"] | None = None
    deductible: Parameter[Amount] | None = None
    deductible_per: Literal["year"] | None = None
    ratio: Parameter[Ratio] | None = None
    bands: Parameter[Bands] | None = None
    cap: Parameter[Limit]
    referral_credit: Parameter[bool] | None = None
    interim_credit: Parameter[bool] | None = None

    @model_validator(mode="after")
    def _one_scale(self) -> "DeductibleRatioCap":
        if (self.ratio is None) == (self.bands is None):
            raise ValueError("ratio 与 bands 须择其一 exactly one of ratio and bands is stated")
        if self.upfront_of is not None and self.upfront is None:
            raise ValueError("upfront_of 须与 upfront 同写 upfront_of needs an upfront share")
        return self

    @model_validator(mode="after")
    def _one_deductible(self) -> "DeductibleRatioCap":
        if self.deductible_per is not None and (self.deductible is None or self._counts_on):
            raise ValueError(
                "按年度计算起付线须写 deductible，且不再连续计算 deductible_per needs a deductible, and no "
                "referral_credit or interim_credit: over the year it goes on by itself"
            )
        return self

    @property
    def _counts_on(self) -> bool:
        return self.referral_credit is not None or self.interim_credit is not None

    @property
    def year_limit(self) -> Parameter[Limit]:
        """The cap."""
        return self.cap

    def decide(self, context: RuleContext) -> Decision:
        """Decide one claim."""
        return self.within(context, None)

    def within(self, context: RuleContext, quota: int | None) -> Decision:
        """Decide one claim; under a case quota basic pays at most the quota and leaves nothing over its cap."""
        trace, rest = context.trace, self._after_upfront(context)
        deductible = self._deductible(context, rest)
        base = trace.step("base", rest - deductible, "{} − {}", rest, deductible)
        wish = pay = self._wish(context, base)
        cap = trace.use(self.cap.at(context.circumstances))
        if cap is not None:
            used = self.used(context).paid
            pay = trace.step("within_cap", min(wish, max(0, cap - used)), "min({}, {} − {})", wish, cap, used)
        if quota is not None:
            pay = trace.step("within_quota", min(pay, quota), "min({}, {})", pay, quota)
        over_cap = 0
        if pay < wish and quota is None:
            over_cap = self._over_cap(context, base, pay)
        return Decision(
            base=base,
            paid=pay,
            taken=take(context.bill.left, pay, (S,)),
            deductible=deductible,
            over_cap=over_cap,
        )

    def _wish(self, context: RuleContext, base: int) -> int:
        trace = context.trace
        if self.bands is not None:
            bands = trace.use(self.bands.at(context.circumstances))
            return trace.step("wish", round_half_up(marginal(base, bands)), "B({})", base)
        ratio = trace.use(self._ratio.at(context.circumstances))
        return trace.step("wish", share(base, ratio), "{} × {}", base, percent(ratio))

    def _over_cap(self, context: RuleContext, base: int, pay: int) -> int:
        if self.bands is not None:
            paying, reached = covered(0, base, pay, self.bands.at(context.circumstances).value)
            return context.trace.step("over_cap", paying - reached, "{} − {}", paying, reached)
        ratio = self._ratio.at(context.circumstances).value
        return context.trace.step(
            "over_cap", base - round_half_up(pay / ratio), "{} − {} ÷ {}", base, pay, percent(ratio)
        )

    @property
    def _ratio(self) -> Parameter[Ratio]:
        if self.ratio is None:
            raise AssertionError(f"{self.rule} states neither a ratio nor bands")
        return self.ratio

    def over_cap_at(self, context: RuleContext, decision: Decision, pay: int) -> int:
        """What lies over a cap that leaves ``pay``; under a case quota nothing."""
        return decision.over_cap if context.bill.quota is not None else self._over_cap(context, decision.base, pay)

    def applied_deductible(self, context: RuleContext) -> int:
        """The deductible that this claim bears, in fen: min(S − upfront, max(0, deductible − credits))."""
        return self._deductible(context, self._after_upfront(context))

    def _after_upfront(self, context: RuleContext) -> int:
        in_scope = context.bill.left[S]
        if self.upfront is None:
            return in_scope
        trace, total = context.trace, context.bill.total
        ratio = trace.use(self.upfront.at(context.circumstances))
        if self.upfront_of is None:
            return in_scope - trace.step("upfront", share(in_scope, ratio), "{} × {}", in_scope, percent(ratio))
        borne = min(in_scope, share(total, ratio))
        return in_scope - trace.step("upfront", borne, "min({}, {} × {})", in_scope, total, percent(ratio))

    def _deductible(self, context: RuleContext, rest: int) -> int:
        if self.deductible is None:
            return 0
        trace = context.trace
        full = trace.use(self.deductible.at(context.circumstances))
        borne = [self.used(context).deductible] if self.deductible_per is not None else self._borne_before(context)
        if not borne:
            return trace.step("deductible", min(rest, full), "min({}, {})", rest, full)
        less = f"min({{}}, max(0, {{}}{' − {}' * len(borne)}))"
        return trace.step("deductible", min(rest, max(0, full - sum(borne))), less, rest, full, *borne)

    def _borne_before(self, context: RuleContext) -> list[int]:
        """What is counted on: along the referral chain, and of the stay's own bills on 31 December, where granted."""
        borne = []
        referral = self.referral_credit.find(context.circumstances) if self.referral_credit else None
        if referral is not None and referral.value and context.bill.claim.referral:
            context.trace.use(referral)
            borne.append(context.credits_().referral)
        interim = self.interim_credit.find(context.circumstances) if self.interim_credit else None
        if interim is not None and interim.value and (credit := context.credits_().interim):
            context.trace.use(interim)
            borne.append(credit)
        return borne
