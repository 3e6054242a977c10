"""Points of measures among peers, a hospital's total with its interval, its credit class and its rank."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from msgspec import Struct, structs

from policies.supervision.scorecard import ITEMS, ItemTerms, ScorecardTerms
from processors.supervision.scorecards.measures import ItemMeasure

Peers = Literal["tier", "all"]
_HUNDREDTH = Decimal("0.01")


class ScoredItem(Struct, frozen=True):
    """An item of one hospital: ``hidden`` where too few cases lie behind it, and then it has no value and no points.

    ``p10`` and ``p90``, the text's two percentiles, are of ``peers`` hospitals ``among`` its tier, or all.
    ``half_width`` is half of what its interval comes to in points.
    """

    measure: ItemMeasure | None
    hidden: bool
    points: Fraction | None = None
    half_width: float = 0.0
    p10: Fraction | None = None
    p90: Fraction | None = None
    peers: int = 0
    among: Peers = "tier"


class RatedHospital(Struct, frozen=True):
    """What is scored: its tier, its measures by item, and for how many months of the year's end it had a contract."""

    hospital_id: str
    tier: int
    contract_months: int
    measures: Mapping[str, ItemMeasure | None]


class Scorecard(Struct, frozen=True):
    """A hospital's items with its total, to the hundredth of a point; ``unrated`` says why there is none.

    ``covered`` is the share of the weights for which it has points. Rank 1 is the best of the ``ranked`` hospitals of
    its tier; ``rank_low`` to ``rank_high`` are the places that those with an interval apart from its own leave.
    """

    hospital_id: str
    tier: int
    items: Mapping[str, ScoredItem]
    covered: Fraction
    total: Decimal | None = None
    total_low: Decimal | None = None
    total_high: Decimal | None = None
    credit_class: str | None = None
    unrated: Literal["contract", "covered"] | None = None
    rank: int | None = None
    ranked: int = 0
    rank_low: int | None = None
    rank_high: int | None = None


def percentile(values: Sequence[Fraction], part: Fraction) -> Fraction:
    """A percentile by linear interpolation between ordered values, as spreadsheets have it (PERCENTILE.INC)."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def points_of(value: Fraction, p10: Fraction, p90: Fraction, item: ItemTerms, terms: ScorecardTerms) -> Fraction:
    """Linear from the worse percentile (least points) to the better one (most points), clipped at both.

    Where both are the same: the most points for who is as good as that or better, else the least.
    """
    least, most = terms.least_points.value, terms.most_points.value
    worse, better = (p90, p10) if item.better.value == "lower" else (p10, p90)
    if worse == better:
        as_good = value <= better if item.better.value == "lower" else value >= better
        return Fraction(most if as_good else least)
    part = (value - worse) / (better - worse)
    return least + (most - least) * min(Fraction(1), max(Fraction(0), part))


def score(hospitals: Sequence[RatedHospital], terms: ScorecardTerms) -> list[Scorecard]:
    """Scorecards of hospitals under one text; ranked within each tier, the best first."""
    items: dict[str, dict[str, ScoredItem]] = {hospital.hospital_id: {} for hospital in hospitals}
    for name in ITEMS:
        known = [
            (hospital, found)
            for hospital in hospitals
            if (found := hospital.measures.get(name)) is not None and found.n >= terms.least_cases.value
        ]
        for hospital in hospitals:
            measure = hospital.measures.get(name)
            items[hospital.hospital_id][name] = (
                _scored(measure, hospital.tier, [(each.tier, found.value) for each, found in known], name, terms)
                if measure is not None and measure.n >= terms.least_cases.value
                else ScoredItem(None, hidden=measure is not None)
            )
    return _ranked([_card(hospital, items[hospital.hospital_id], terms) for hospital in hospitals])


def _scored(
    measure: ItemMeasure, tier: int, known: Sequence[tuple[int, Fraction]], name: str, terms: ScorecardTerms
) -> ScoredItem:
    item, values = terms.item(name), [value for own, value in known if own == tier]
    among: Peers = "tier"
    if len(values) < terms.least_peers.value:
        among, values = "all", [value for _, value in known]
    if item.weight.value == 0 or len(values) < terms.least_peers.value:
        return ScoredItem(measure, hidden=False, peers=len(values), among=among)
    p10 = percentile(values, terms.low_percentile.value)
    p90 = percentile(values, terms.high_percentile.value)

    def points(value: Fraction) -> Fraction:
        return points_of(value, p10, p90, item, terms)

    half = _half_width(measure, points)
    return ScoredItem(measure, False, points(measure.value), half, p10, p90, len(values), among)


def _half_width(measure: ItemMeasure, points: Callable[[Fraction], Fraction]) -> float:
    if measure.low is None or measure.high is None:
        return 0.0
    return abs(float(points(Fraction(measure.high)) - points(Fraction(measure.low)))) / 2


def _card(hospital: RatedHospital, items: Mapping[str, ScoredItem], terms: ScorecardTerms) -> Scorecard:
    weights = {name: terms.item(name).weight.value for name in items}
    have = {name: item.points for name, item in items.items() if item.points is not None}
    whole, held = sum(weights.values()), sum(weights[name] for name in have)
    covered = Fraction(held, whole) if whole else Fraction(0)
    card = Scorecard(hospital.hospital_id, hospital.tier, items, covered)
    if hospital.contract_months < terms.contract_months.value:
        return structs.replace(card, unrated="contract")
    if not held or covered < terms.least_covered.value:
        return structs.replace(card, unrated="covered")
    total = sum((weights[name] * points for name, points in have.items()), Fraction(0)) / held
    half = math.sqrt(sum((weights[name] * items[name].half_width) ** 2 for name in have)) / held
    rounded = _hundredths(total)
    return structs.replace(
        card,
        total=rounded,
        total_low=max(_hundredths(terms.least_points.value), _hundredths(float(total) - half)),
        total_high=min(_hundredths(terms.most_points.value), _hundredths(float(total) + half)),
        credit_class=credit_class(rounded, terms),
    )


def _hundredths(value: float | Fraction) -> Decimal:
    exact = Fraction(value)
    return (Decimal(exact.numerator) / exact.denominator).quantize(_HUNDREDTH, ROUND_HALF_UP)


def credit_class(total: Decimal, terms: ScorecardTerms) -> str:
    """The class of a total: A from its line on, then B and C, else D."""
    lines = {"A": terms.class_a, "B": terms.class_b, "C": terms.class_c}
    return next((name for name, line in lines.items() if total >= line.value), "D")


def _ranked(cards: Sequence[Scorecard]) -> list[Scorecard]:
    """The cards with ranks within their tiers; same totals share a rank, and the next rank is left out."""
    found = []
    for card in cards:
        if card.total is None or card.total_low is None or card.total_high is None:
            found.append(card)
            continue
        rated = [each for each in cards if each.tier == card.tier and each.total is not None]
        better = sum(1 for each in rated if (each.total or 0) > card.total)
        surely_better = sum(1 for each in rated if (each.total_low or 0) > card.total_high)
        surely_worse = sum(1 for each in rated if (each.total_high or 0) < card.total_low)
        found.append(
            structs.replace(
                card,
                rank=better + 1,
                ranked=len(rated),
                rank_low=surely_better + 1,
                rank_high=len(rated) - surely_worse,
            )
        )
    return sorted(found, key=lambda card: (-card.tier, card.rank is None, card.rank or 0, card.hospital_id))
