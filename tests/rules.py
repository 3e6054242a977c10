"""One rule on one made-up claim, without a scheme: what the tests of the rule kinds share. Money is in yuan."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from hypothesis import settings
from hypothesis import strategies as st

from events.money import parse_yuan, yuan
from policies.buckets import OpenBill, open_bill
from policies.claim import Payout, Used
from policies.rule_context import Decision, DeductibleCredits, Rule, RuleContext
from policies.trace import Trace
from policies.values import Circumstances
from tests.engine import claim

BOUNDED = settings(max_examples=150)
# fen: small ones cross deductibles and roundings, large ones caps and bands
FEN = st.one_of(st.integers(0, 300), st.integers(0, 2_000_00), st.integers(0, 500_000_00))

RuleT = TypeVar("RuleT", bound=Rule)


def always(value: object) -> list[dict[str, object]]:
    """The rows of a value that holds for everybody, everywhere, at all times."""
    return [row(value)]


def row(value: object, **circumstances: object) -> dict[str, object]:
    """One row of a value: whom and where it is for in a scheme's own words, e.g. ``tier=2``."""
    return {"value": value, "grade": "assumed", "cite": "made up for the test", **circumstances}


def rule(kind: type[RuleT], **given: object) -> RuleT:
    """A rule of a kind, its values given as rows."""
    (name,) = get_args(kind.model_fields["rule"].annotation)
    return kind.model_validate({"rule": name, **given})


def bill(
    s: str = "0",
    c: str = "0",
    o: str = "0",
    *,
    paid: str = "0",
    over_cap: str = "0",
    quota: str | None = None,
    **facts: Any,
) -> OpenBill:
    """A bill on which a layer before paid ``paid`` out of S: ``s``, ``c`` and ``o`` are what is left.

    ``over_cap`` is what that layer left over its cap; ``facts`` are those of ``tests.engine.claim``.
    """
    before = parse_yuan(paid)
    in_scope = yuan(parse_yuan(s) + before)
    opened = open_bill(claim("fusong", "2019-06-01", in_scope=in_scope, upfront_copay=c, self_funded=o, **facts))
    opened.quota = None if quota is None else parse_yuan(quota)
    if before or over_cap != "0":
        opened.apply(
            Payout(
                stage=0,
                layer="basic",
                track="",
                base=0,
                deductible=0,
                paid=before,
                extra=0,
                over_cap=parse_yuan(over_cap),
                taken=(before, 0, 0),
            )
        )
    return opened


def used(base: str = "0", paid: str = "0", extra: str = "0") -> Used:
    """What the year's claims before this one have used of the layer."""
    return Used(base=parse_yuan(base), paid=parse_yuan(paid), extra=parse_yuan(extra), claims=1)


def decide(
    kind: Rule,
    opened: OpenBill,
    year: Used | Mapping[str, Used] | None = None,
    *,
    credit: str = "0",
    groups: Sequence[str] = ("general",),
    layer: str = "assistance",
) -> Decision:
    """Let a rule decide, and take what it pays out of the bill, which refuses more than its buckets hold.

    ``year`` is what was used before, of the layer's only track or by track; ``credit`` the deductibles along the
    referral chain.
    """
    tracks = year if isinstance(year, Mapping) else {"": year or Used()}
    circumstances = _circumstances(opened, groups)
    decision = kind.decide(
        RuleContext(
            layer=layer,
            bill=opened,
            circumstances=circumstances,
            tracks=tracks,
            credits_=lambda: DeductibleCredits(referral=parse_yuan(credit), interim=0),
            trace=Trace(),
        )
    )
    assert decision.paid >= 0
    opened.apply(
        Payout(
            stage=1,
            layer=layer,
            track=kind.track_for(circumstances),
            base=decision.base,
            deductible=decision.deductible,
            paid=decision.paid,
            extra=decision.extra,
            over_cap=decision.over_cap,
            taken=decision.taken,
        )
    )
    return decision


def track(kind: Rule, opened: OpenBill) -> str:
    """The accumulation that a claim counts to under a rule."""
    return kind.track_for(_circumstances(opened, ("general",)))


def pays(
    kind: Rule,
    opened: OpenBill,
    year: Used | Mapping[str, Used] | None = None,
    *,
    credit: str = "0",
    groups: Sequence[str] = ("general",),
) -> str:
    """What a rule pays, in yuan."""
    return yuan(decide(kind, opened, year, credit=credit, groups=groups).paid)


def _circumstances(opened: OpenBill, groups: Sequence[str]) -> Circumstances:
    subject = opened.claim
    return Circumstances(
        day=subject.date,
        tier=subject.tier,
        place=None,
        card_class=subject.card_class,
        disease=subject.disease,
        groups=tuple(groups),
    )


def left(opened: OpenBill) -> tuple[str, str, str]:
    """What is left in S, C and O, in yuan."""
    s, c, o = opened.left
    return yuan(s), yuan(c), yuan(o)
