"""The pure engine: folds the stages of a scheme over claims. No input or output; the same code settles live, settles
again, replays, quotes and verifies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from policies.buckets import OpenBill, open_bill
from policies.claim import Claim, CountedStay, Payout, Used
from policies.limits import UNBOUNDED, Books, Tracks, within
from policies.rule_context import DeductibleCredits, RuleContext
from policies.rules.deductible_ratio_cap import DeductibleRatioCap
from policies.scheme import Scheme
from policies.trace import Trace
from policies.tracks import WHOLE_YEAR, fine_track

Schemes = Mapping[str, Scheme]

GENERAL_LAYERS = ("basic", "critical_illness")
"""The layers that serve residents who are not poor."""


@dataclass(frozen=True, slots=True)
class Lens:
    """Settles as if a person were not poor, but for the ``layers`` named and, in the general layers, the ``values``
    named (all where it is None)."""

    layers: frozenset[str]
    values: frozenset[str] | None


def open_claim(scheme: Scheme, claim: Claim) -> OpenBill:
    """A claim before its first layer: audits laid on the bill, the case quota found."""
    bill = open_bill(claim)
    if scheme.case_quota is not None and claim.setting == "inpatient" and scheme.is_poor(claim.categories):
        tariff = scheme.case_quota.tariff.find(scheme.circumstances(claim))
        if tariff is not None:
            bill.tariff, bill.quota = tariff, min(tariff.value, bill.total)
    return bill


def decide(
    schemes: Schemes,
    stage: int,
    bill: OpenBill,
    books: Books,
    chain: Mapping[str, Sequence[Claim]],
    lens: Lens | None = None,
) -> Payout | None:
    """Let one stage decide one standing claim after ``books``; None where its layer does not run on it.

    Takes the payout out of the bill's buckets and counts it into the books. These hold the stage's own layer, all years
    where the scheme ``spans_years``, and all layers where it ``spans_layers``. ``chain`` gives the standing claims of
    the person's admissions, for referral credits.
    """
    claim, scheme = bill.claim, schemes[bill.claim.scheme]
    if bill.circumstances is None:
        bill.circumstances = scheme.circumstances(claim)
    circumstances = bill.circumstances
    if lens is not None and scheme.path[stage] in GENERAL_LAYERS:
        case = scheme.case(stage, structs.replace(claim, categories=()), quota=False)
        circumstances = structs.replace(circumstances, own=lens.values)
    elif lens is not None and scheme.path[stage] not in lens.layers:
        return None
    else:
        case = scheme.case(stage, claim, quota=bill.quota is not None)
    if case is None or not case.serves(scheme.path[stage], claim):
        return None
    trace, layer = Trace(), scheme.path[stage]
    tracks = books.setdefault(layer, {}).setdefault(claim.year, {})
    limits, grain = scheme.bounds[stage][case.track] if scheme.limits else UNBOUNDED
    context = RuleContext(
        layer=layer,
        bill=bill,
        circumstances=circumstances,
        tracks=tracks,
        credits_=lambda: deductible_credits(schemes, claim, chain),
        trace=trace,
        fine=grain is not WHOLE_YEAR,
    )
    decision = case.decide(context)
    if limits or case.ceiling is not None:
        decision = within(limits, case, context, books, decision)
    payout = Payout(
        stage=stage,
        layer=layer,
        track=fine_track(case.track_for(circumstances), grain, claim),
        base=decision.base,
        deductible=decision.deductible,
        paid=decision.paid,
        extra=decision.extra,
        over_cap=decision.over_cap,
        taken=decision.taken,
        trace=tuple(trace.entries),
    )
    if payout.paid < 0:
        raise AssertionError(f"claim {claim.claim_id}: {payout.layer} decides {payout.paid} fen")
    bill.apply(payout)
    tracks.setdefault(payout.track, Used()).add(payout)
    return payout


def deductible_credits(schemes: Schemes, claim: Claim, chain: Mapping[str, Sequence[Claim]]) -> DeductibleCredits:
    """What earlier standing claims of the admissions that a claim was referred from have borne, and of its own stay."""
    applied: dict[int, int] = {}
    earlier = [
        other
        for admission in dict.fromkeys((*claim.referral, claim.admission_id))
        for other in chain.get(admission or "", ())
        if other.standing and other.number < claim.number
    ]
    for other in sorted(earlier, key=lambda other: other.number):
        applied[other.number] = _applied_deductible(schemes, other, earlier, applied)
    interim = sum(applied[other.number] for other in earlier if other.admission_id == claim.admission_id)
    return DeductibleCredits(sum(applied.values()) - interim, interim)


def _applied_deductible(schemes: Schemes, claim: Claim, chain: Sequence[Claim], applied: Mapping[int, int]) -> int:
    scheme = schemes[claim.scheme]
    bill = open_claim(scheme, claim)
    case = scheme.case(0, claim, quota=bill.quota is not None)
    if not isinstance(case, DeductibleRatioCap) or case.deductible_per is not None:
        return 0
    before = [other for other in chain if other.number in applied and other.number < claim.number]
    credits_ = DeductibleCredits(
        referral=sum(applied[other.number] for other in before if other.admission_id in claim.referral),
        interim=sum(applied[other.number] for other in before if other.admission_id == claim.admission_id),
    )
    context = RuleContext(
        layer=scheme.path[0],
        bill=bill,
        circumstances=scheme.circumstances(claim),
        tracks={},
        credits_=lambda: credits_,
        trace=Trace(),
    )
    return case.applied_deductible(context)


def standing_by_admission(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    """Standing inpatient claims by their admission."""
    chain: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.standing and claim.admission_id is not None:
            chain.setdefault(claim.admission_id, []).append(claim)
    return chain


def stay_numbers(schemes: Schemes, stays: Iterable[Claim | CountedStay]) -> dict[int, int]:
    """The number of each of a person's stays among those that stand in its year and scheme, by its place in ledger
    order.

    A reversed stay has none: the next one takes its place.
    """
    numbers: dict[int, int] = {}
    counted: dict[tuple[int, str], int] = {}
    for stay in sorted(stays, key=lambda stay: stay.number):
        if stay.standing:
            group = stay.year, schemes[stay.scheme].name
            numbers[stay.number] = counted[group] = counted.get(group, 0) + 1
    return numbers


def with_stay_numbers(claims: Iterable[Claim], numbers: Mapping[int, int]) -> list[Claim]:
    """Claims in ledger order, each with its number of a stay, 0 where it has none."""
    return [
        claim
        if claim.stay_number == (number := numbers.get(claim.number, 0))
        else structs.replace(claim, stay_number=number)
        for claim in sorted(claims, key=lambda claim: claim.number)
    ]


def settle(
    schemes: Schemes,
    claims: Sequence[Claim],
    lens: Lens | None = None,
    chain: Mapping[str, Sequence[Claim]] | None = None,
) -> tuple[dict[int, OpenBill], dict[tuple[int, str, str], Tracks]]:
    """Settle one person's claims from scratch, in ledger order, reversed ones left out (docs/domain.md#3.6).

    ``chain`` gives the standing claims of the admissions they were referred from, where these may not be among them.
    Returns the settled bills by claim number and the accumulations by (year, scheme name, layer).
    """
    if any(schemes[claim.scheme].counts_stays for claim in claims):
        claims = with_stay_numbers(claims, stay_numbers(schemes, (claim for claim in claims if claim.is_stay)))
    else:
        claims = sorted(claims, key=lambda claim: claim.number)
    chain = standing_by_admission(claims) if chain is None else chain
    bills: dict[int, OpenBill] = {}
    books: dict[str, Books] = {}
    for claim in claims:
        if not claim.standing:
            continue
        scheme = schemes[claim.scheme]
        bill = open_claim(scheme, claim) if lens is None else open_bill(claim)
        for stage in range(len(scheme.path)):
            decide(schemes, stage, bill, books.setdefault(scheme.name, {}), chain, lens)
        bill.shares()
        bills[claim.number] = bill
    return bills, {
        (year, name, layer): tracks
        for name, layers in books.items()
        for layer, years in layers.items()
        for year, tracks in years.items()
        if tracks
    }
