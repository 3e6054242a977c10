"""Scorecards of hospitals: measures, points, totals, classes and ranks, each worked by hand."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from msgspec import structs

from policies.supervision.scorecard import ITEMS, ScorecardTerms
from policies.supervision.text import SupervisionTextError, built_in, load_supervision
from processors.supervision.claim import SupervisedClaim
from processors.supervision.scorecards.counts import AuditOfClaim, count_counties, count_hospitals
from processors.supervision.scorecards.listings import contract_months
from processors.supervision.scorecards.measures import Hits, ItemMeasure, Pairs, growth
from processors.supervision.scorecards.points import (
    RatedHospital,
    Scorecard,
    credit_class,
    percentile,
    points_of,
    score,
)
from tests.peer_claims import claim
from tests.unit.test_supervision_text import head

TERMS = built_in().scorecard


def terms_with(**weights: int) -> ScorecardTerms:
    """The built-in terms with the weights named, and 0 for every other item."""
    cited = "{value: %d, grade: assumed, cite: x}"
    lines = [f"  {name}: {{weight: {cited % weights.get(name, 0)}}}" for name in ITEMS]
    text = head() + "scorecard:\n" + "\n".join(lines) + "\n"
    return load_supervision(text.encode(), "county.yaml").scorecard


def mean(value: Fraction | int, n: int = 20, half: float = 0.0) -> ItemMeasure:
    value = Fraction(value)
    return ItemMeasure(value, value.numerator, value.denominator, n, float(value) - half, float(value) + half)


def scored(values: Mapping[str, Any], terms: ScorecardTerms, tier: int = 2, months: int = 12) -> list[Scorecard]:
    hospitals = [
        RatedHospital(name, tier, months, {"average_cost": each if isinstance(each, ItemMeasure) else mean(each)})
        for name, each in values.items()
    ]
    return score(hospitals, terms)


def test_a_rate_with_wilson_s_interval() -> None:
    """2 of 20: z² = 3.8415; centre (0.1 + 3.8415/40) / (1 + 3.8415/20) = 0.19604 / 1.19207 = 0.16445; half
    1.95996 · √(0.1·0.9/20 + 3.8415/1600) / 1.19207 = 1.95996 · 0.083073 / 1.19207 = 0.13659."""
    rate = Hits(2, 20).rate()
    assert rate is not None
    assert (rate.value, rate.numerator, rate.denominator, rate.n) == (Fraction(1, 10), 2, 20, 20)
    assert [rate.low, rate.high] == pytest.approx([0.02787, 0.30104], abs=1e-4)
    assert Hits().rate() is None


def test_a_mean_and_a_ratio_of_sums() -> None:
    """Mean of 1, 2, 3: 2; Σ(y − 2)² = 2; √(3/2 · 2) / 3 = 0.57735, · 1.95996 = 1.13159.

    Ratio of (10 of 100) and (30 of 100): 40/200 = 0.2; Σ(y − 0.2x)² = 100 + 100; √(2/1 · 200)/200 = 0.1, ·1.95996."""
    days = Pairs()
    for each in (1, 2, 3):
        days.add(each)
    found = days.ratio()
    assert found is not None
    assert (found.value, found.n) == (Fraction(2), 3)
    assert found.high == pytest.approx(2 + 1.13159, abs=1e-4)
    share = Pairs()
    share.add(10, 100)
    one = share.ratio()
    assert one is not None
    assert (one.value, one.low, one.high) == (Fraction(1, 10), None, None)
    share.add(30, 100)
    both = share.ratio()
    assert both is not None
    assert (both.value, both.numerator, both.denominator) == (Fraction(1, 5), 40, 200)
    assert both.high == pytest.approx(0.2 + 0.195996, abs=1e-5)
    # 100 of 100 and 0 of 100: 0.5 ± 1.95996 · √(2 · 5,000) / 200 = 0.98 would leave 0 to 1
    ends = Pairs()
    ends.add(100, 100)
    ends.add(0, 100)
    cut = ends.ratio()
    assert cut is not None
    assert (cut.low, cut.high) == (0.0, 1.0)
    assert Pairs().ratio() is None


def test_growth_of_a_mean() -> None:
    """120 over 100: +20%, n of the smaller side; both errors 10%: e^(1.95996 · √0.02) = e^0.27718 = 1.31940."""
    found = growth(mean(120, 30, 12 * 1.959964), mean(100, 15, 10 * 1.959964))
    assert found is not None
    assert (found.value, found.n) == (Fraction(1, 5), 15)
    assert [found.low, found.high] == pytest.approx([1.2 / 1.31940 - 1, 1.2 * 1.31940 - 1], rel=1e-4)
    assert growth(mean(1), None) is None
    assert growth(mean(1), mean(0)) is None


def test_percentiles_and_points() -> None:
    """Of 0, 10, … 100 P10 is 10 and P90 is 90; of 1, 2, 3 P10 is 1 + 0.2. Lower is better: 90 has 50 points, 10 has
    100, 50 has 75, 30 has 50 + 50·60/80 = 87.5; beyond both it is clipped."""
    tens = [Fraction(each) for each in range(0, 101, 10)]
    low, high = percentile(tens, Fraction(1, 10)), percentile(tens, Fraction(9, 10))
    assert (low, high) == (Fraction(10), Fraction(90))
    assert percentile([Fraction(3), Fraction(1), Fraction(2)], Fraction(1, 10)) == Fraction(6, 5)
    lower, higher = TERMS.average_cost, TERMS.paid_share
    points = [points_of(Fraction(each), low, high, lower, TERMS) for each in (0, 10, 30, 50, 90, 100)]
    assert points == [100, 100, Fraction(175, 2), 75, 50, 50]
    assert [points_of(Fraction(each), low, high, higher, TERMS) for each in (10, 30, 90)] == [50, Fraction(125, 2), 100]
    same = [points_of(Fraction(each), Fraction(5), Fraction(5), lower, TERMS) for each in (4, 5, 6)]
    assert same == [100, 100, 50]


@pytest.mark.parametrize(
    ("total", "named"),
    [("90.00", "A"), ("89.99", "B"), ("80.00", "B"), ("79.99", "C"), ("65.00", "C"), ("64.99", "D")],
)
def test_credit_classes_on_their_lines(total: str, named: str) -> None:
    assert credit_class(Decimal(total), TERMS) == named


def test_totals_and_ranks_and_who_shares_one() -> None:
    """Costs 10, 20, 20, 30, 40, 50, weight 10 alone. P10 at place 0.5: 15; P90 at place 4.5: 45. 20 has
    50 + 50·25/30 = 91.67, 30 has 75, 40 has 50 + 50·5/30 = 58.33."""
    terms = terms_with(average_cost=10)
    cards = scored({"A": 10, "B": 20, "C": 20, "D": 30, "E": 40, "F": 50}, terms)
    assert [(card.hospital_id, str(card.total), card.credit_class, card.rank) for card in cards] == [
        ("A", "100.00", "A", 1),
        ("B", "91.67", "A", 2),
        ("C", "91.67", "A", 2),
        ("D", "75.00", "C", 4),
        ("E", "58.33", "D", 5),
        ("F", "50.00", "D", 6),
    ]
    assert {card.ranked for card in cards} == {6}
    # exact measures: the rank is sure but for who shares it
    assert [(card.rank_low, card.rank_high) for card in cards[:3]] == [(1, 1), (2, 3), (2, 3)]


def test_a_wide_interval_widens_total_and_rank() -> None:
    """As before; B's 20 ± 6 has 100 points at 14 and 81.67 at 26: 91.67 ± 9.17 = 82.50 to 100: it may be first."""
    terms = terms_with(average_cost=10)
    cards = scored({"A": 10, "B": mean(20, half=6.0), "C": 20, "D": 30, "E": 40, "F": 50}, terms)
    wide = next(card for card in cards if card.hospital_id == "B")
    assert (wide.total_low, wide.total_high) == (Decimal("82.50"), Decimal("100.00"))
    assert (wide.rank, wide.rank_low, wide.rank_high) == (2, 1, 3)


def test_two_items_by_weight() -> None:
    """B has 91.67 points of weight 30 and, of 0.1 … 0.6 with P10 0.15 and P90 0.55, for 0.35 75 of weight 10: 87.50."""
    terms = terms_with(average_cost=30, paid_share=10)
    costs, shares = (10, 20, 20, 30, 40, 50), tuple(map(Fraction, ("0.1", "0.35", "0.2", "0.4", "0.5", "0.6")))
    hospitals = [
        RatedHospital(name, 2, 12, {"average_cost": mean(cost), "paid_share": mean(part)})
        for name, cost, part in zip("ABCDEF", costs, shares, strict=True)
    ]
    by_name = {card.hospital_id: card for card in score(hospitals, terms)}
    item = by_name["B"].items["paid_share"]
    # 0.1 0.2 0.35 0.4 0.5 0.6: P10 0.15, P90 0.55
    assert (item.p10, item.p90, item.points) == (Fraction(15, 100), Fraction(55, 100), Fraction(75))
    assert by_name["B"].total == Decimal("87.50")


def test_few_cases_are_hidden_and_few_peers_are_widened() -> None:
    terms = terms_with(average_cost=10)
    few = scored({"A": mean(10, n=10), **dict.fromkeys("BCDEF", 20)}, terms)
    hidden = next(card for card in few if card.hospital_id == "A")
    assert (hidden.items["average_cost"].hidden, hidden.items["average_cost"].measure) == (True, None)
    assert (hidden.unrated, hidden.rank, hidden.total) == ("covered", None, None)
    assert few[0].ranked == 5
    # one hospital of tier 3 beside four of tier 2: no tier has five, all together do
    mixed = [RatedHospital(name, 2 + (name == "A"), 12, {"average_cost": mean(20)}) for name in "ABCDE"]
    items = [card.items["average_cost"] for card in score(mixed, terms)]
    assert {(item.among, item.peers, item.points) for item in items} == {("all", 5, Fraction(100))}
    # ranks stay within the tier
    assert [card.ranked for card in score(mixed, terms)] == [1, 4, 4, 4, 4]
    (alone,) = scored({"A": 10}, terms)
    assert (alone.items["average_cost"].points, alone.unrated) == (None, "covered")


def test_a_contract_of_less_than_six_months_is_not_rated() -> None:
    terms = terms_with(average_cost=10)
    assert {card.unrated for card in scored(dict.fromkeys("ABCDE", 20), terms, months=5)} == {"contract"}
    assert {card.unrated for card in scored(dict.fromkeys("ABCDE", 20), terms, months=6)} == {None}
    assert contract_months(date(2019, 7, 1), None, 2019) == 6
    assert contract_months(date(2019, 7, 2), None, 2019) == 5
    assert contract_months(date(2019, 1, 1), date(2019, 4, 1), 2019) == 3
    assert contract_months(date(2020, 1, 1), None, 2019) == 0


def test_a_text_whose_lines_are_out_of_order_is_refused() -> None:
    wrong = "scorecard:\n  class_b: {value: 95, grade: seed, cite: x}\n"
    with pytest.raises(SupervisionTextError, match="class_a"):
        load_supervision((head() + wrong).encode(), "county.yaml")
    assert sum(TERMS.item(name).weight.value for name in ITEMS) == 100


def counted(claims: list[SupervisedClaim], audits: Mapping[str, AuditOfClaim] | None = None, **more: Any) -> Any:
    hospitals = {each.hospital_id for each in claims}
    terms = dict.fromkeys(hospitals, TERMS)
    return count_hospitals(claims, audits or {}, 2019, terms, more.get("as_of", date(2021, 1, 1)))


def test_items_of_two_stays_and_a_visit() -> None:
    """3,000 in 7 days with 300 out of catalog, 5,000 in 9 days with 100: 8,000 in two discharges of one person. 70%
    paid: 5,600 of 8,000, and of the in-scope 7,600."""
    claims = [
        claim(on="2019-05-10", yuan=3000, self_funded=300),
        claim(on="2019-08-10", yuan=5000, days=9, self_funded=100),
        claim(setting="general", yuan=100),
        claim(on="2018-08-10", yuan=3200),
        claim(on="2019-09-10", yuan=9999, standing=False, status="reversed"),
    ]
    measures = counted(claims)["H1"].measures()
    got = {name: (each.numerator, each.denominator, each.n) for name, each in measures.items() if each is not None}
    assert got["average_cost"] == (8_000_00, 2, 2)
    assert got["average_days"] == (16, 2, 2)
    assert got["stays_per_person"] == (2, 1, 1)
    assert got["visits_per_person"] == (1, 1, 1)
    assert got["out_of_catalog"] == (400_00, 8_000_00, 2)
    assert got["paid_share"] == (5_600_00, 8_000_00, 2)
    assert got["in_scope_paid_share"] == (5_600_00, 7_600_00, 2)
    # two stays and a visit stand, one of four bills was reversed
    assert got["reversal_rate"] == (1, 4, 4)
    # 4,000 against 3,200
    growth_of_cost = measures["cost_growth"]
    assert growth_of_cost is not None
    assert (growth_of_cost.value, growth_of_cost.n) == (Fraction(1, 4), 1)


def again(*claims: SupervisedClaim, hospital: str = "H1", as_of: date = date(2021, 1, 1)) -> dict[str, tuple[int, int]]:
    """Of each re-admission rate: how many of how many."""
    measures = counted(list(claims), as_of=as_of)[hospital].measures()
    rates = {name: each for name, each in measures.items() if name.startswith("readmission")}
    return {name.removeprefix("readmission_"): (each.numerator, each.n) for name, each in rates.items() if each}


def next_stay(gap: int, **more: Any) -> SupervisedClaim:
    """A stay of two days that begins so many days after 10 May."""
    return claim(on=f"{date.fromordinal(date(2019, 5, 12).toordinal() + gap)}", days=2, **more)


@pytest.mark.parametrize(
    ("gap", "hits"), [(0, (1, 1)), (15, (1, 1)), (16, (0, 1)), (30, (0, 1)), (31, (0, 0))], ids=str
)
def test_readmission_on_the_line_and_behind_it(gap: int, hits: tuple[int, int]) -> None:
    rates = again(claim(on="2019-05-10"), next_stay(gap))
    assert (rates["short"], rates["long"]) == ((hits[0], 2), (hits[1], 2))
    assert rates["short_same"] == rates["short"]


def test_what_is_no_readmission() -> None:
    base = claim(on="2019-05-10")
    # another disease counts as any, not as the same; without a diagnosis nothing is said of the same
    assert again(base, next_stay(3, diagnoses=("K35.8",)))["short_same"] == (0, 2)
    assert again(structs.replace(base, diagnoses=()), next_stay(3))["short_same"] == (0, 1)
    # at another hospital it counts, but not on the day of the discharge, nor along a referral
    assert again(base, next_stay(3, hospital="H2"))["short"] == (1, 1)
    assert again(base, next_stay(0, hospital="H2"))["short"] == (0, 1)
    assert again(base, next_stay(3, hospital="H2", referral=(base.admission_id,)))["short"] == (0, 1)
    # chemotherapy in turns; a reversed stay
    assert again(base, next_stay(3, diagnoses=("Z51.1",)))["short"] == (0, 2)
    assert again(base, next_stay(3, standing=False))["short"] == (0, 1)
    # who was discharged dead is not among the living
    assert "short" not in again(structs.replace(base, died_on=date(2019, 5, 10)))
    assert again(structs.replace(base, died_on=date(2019, 5, 11)))["short"] == (0, 1)
    # thirty days are not over: fifteen are
    fresh = again(base, as_of=date(2019, 5, 25))
    assert (fresh.get("short"), fresh.get("long")) == ((0, 1), None)
    # in January of the next year
    assert again(claim(on="2019-12-30"), claim(on="2020-01-07"))["short"] == (1, 1)


def test_a_stay_over_new_year_is_one_discharge_of_the_later_year() -> None:
    parts = [
        claim(on="2018-12-31", yuan=1000, days=10, admission_id="A9", interim=True),
        claim(on="2019-01-05", yuan=500, days=15, admission_id="A9"),
        claim(on="2019-12-31", yuan=700, admission_id="A10", interim=True),
    ]
    measures = counted(parts)["H1"].measures()
    cost, days = measures["average_cost"], measures["average_days"]
    assert cost is not None
    assert days is not None
    assert (cost.numerator, cost.n, days.numerator) == (1_500_00, 1, 15)
    assert measures["cost_growth"] is None


def test_referred_out_and_within_the_county() -> None:
    """H1 discharges two and refers one of them to H9 outside: 1 of 3. Of three stays two are in the county, of the
    funds' 2,100 + 2,100 + 7,000 = 11,200 in it 4,200."""
    first, second = claim("P1", "2019-05-10"), claim("P2", "2019-05-10")
    away = claim("P1", "2019-05-20", 10_000, hospital="H9", hospital_region="990000", referral=(first.admission_id,))
    measures = counted([first, second, away])["H1"].measures()
    rate = measures["referral_rate"]
    assert rate is not None
    assert (rate.numerator, rate.denominator) == (1, 3)
    county = count_counties([first, second, away], 2019)["990101"].measures()
    stays, fund = county["in_county_stays"], county["in_county_fund"]
    assert stays is not None
    assert fund is not None
    assert (stays.numerator, stays.denominator) == (2, 3)
    assert (fund.numerator, fund.denominator) == (4_200_00, 11_200_00)


def test_violations_and_refunds_are_held_against_what_was_paid_before() -> None:
    """1,000 found of a bill of 10,000: 7,000 were paid, 6,300 stand, 700 came back. 1,000/7,000 and 700/7,000; a second
    bill without a finding adds 700 to what was paid."""
    one, other = claim(yuan=9_000), claim("P2", yuan=1_000)
    audits = {one.claim_id: AuditOfClaim(1_000_00, 700_00)}
    measures = counted([one, other], audits)["H1"].measures()
    found, refunded = measures["violation_rate"], measures["refund_rate"]
    assert found is not None
    assert refunded is not None
    assert (found.numerator, found.denominator, found.n) == (1_000_00, 7_700_00, 2)
    assert (refunded.numerator, refunded.denominator) == (700_00, 7_700_00)
