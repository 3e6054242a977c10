"""The methods that rules on peers reckon with, against published numbers or numbers reckoned by hand."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.supervision.statistics.discoveries import discoveries, excess_p, normal_p, welch_p
from processors.supervision.statistics.funnel import funnel
from processors.supervision.statistics.growth_parts import Cases, GrowthParts, growth_parts
from processors.supervision.statistics.heaps import heap
from processors.supervision.statistics.intervals import wilson
from processors.supervision.statistics.outliers import percentile_of, places
from processors.supervision.statistics.peer_groups import Peer, disease_group, peer_places


def test_a_robust_z_counts_deviations_from_the_median() -> None:
    # median 3; deviations 2 1 0 1 97, their median 1; 0.6745 · 97 = 65.4265
    *ordinary, outlier = places([1, 2, 3, 4, 100], logarithmic=False)
    assert outlier.z == pytest.approx(65.4265)
    assert outlier.outlies_above
    assert (outlier.median, outlier.quartiles) == (3, (2, 4))
    assert [place.z for place in ordinary] == pytest.approx([-1.349, -0.6745, 0, 0.6745])
    assert not any(place.outlies_above for place in ordinary)


def test_costs_are_compared_by_their_logarithms() -> None:
    # logarithms 1 2 3 4 7 to the base 10: median 3, deviations 2 1 0 1 4, their median 1; the base cancels
    place = places([10, 100, 1_000, 10_000, 10_000_000])[-1]
    assert place.z == pytest.approx(0.6745 * 4)
    assert place.median == 1_000
    assert not place.outlies_above  # 2.698, where the plain amounts would have said 6,812
    with pytest.raises(ValueError, match="above zero"):
        places([0, 1])


def test_where_half_are_equal_the_percentile_speaks() -> None:
    place = places([500.0] * 150 + [900.0])[-1]
    assert place.z is None
    assert place.percentile == pytest.approx(150.5 / 151 * 100)  # 99.67
    assert place.outlies_above
    few = places([500.0] * 6 + [900.0])[-1]
    assert few.percentile == pytest.approx(6.5 / 7 * 100)  # 92.9: the highest of seven is no outlier by its place alone
    assert not few.outlies_above
    assert places([500.0] * 7)[0].percentile == 50


def test_a_percentile_lies_between_its_neighbours() -> None:
    assert percentile_of([10, 20, 30, 40, 50], 90) == pytest.approx(46)  # 0.9 · 4 = 3.6: 40 + 0.6 · 10


def test_peers_are_the_group_or_the_whole_tier() -> None:
    many = [Peer(2, "I63", 2019, 1_000.0 + index) for index in range(20)]
    few = [Peer(2, "K35", 2019, 5_000.0)]
    elsewhere = [Peer(0, "I63", 2019, 400.0), Peer(2, "I63", 2018, 700.0)]
    found = peer_places([*many, *few, *elsewhere])
    assert {(place.disease_group, place.n, place.fell_back) for place in found[:20]} == {("I63", 20, False)}
    # the one with appendicitis is compared with all 21 bills of the tier and year, and says so
    assert (found[20].disease_group, found[20].n, found[20].fell_back) == (None, 21, True)
    assert found[20].place is not None
    assert found[20].place.percentile == pytest.approx(20.5 / 21 * 100)
    # of another tier, and of another year, there is one bill: nothing is said
    assert [(place.n, place.place) for place in found[21:]] == [(1, None), (1, None)]


def test_nineteen_are_too_few() -> None:
    group = [Peer(2, "I63", 2019, 1_000.0 + index) for index in range(19)]
    assert {place.place for place in peer_places(group)} == {None}


def test_a_disease_group_is_three_characters_of_the_main_diagnosis() -> None:
    assert disease_group(("I63.902", "I10")) == "I63"
    assert disease_group((), "renal_dialysis") == "renal_dialysis"
    assert disease_group(()) == "unknown"


def test_funnel_limits_of_hospitals_that_do_not_differ() -> None:
    # y₀ = asin √0.1 = 0.3217506, s = 1 / (2 √100) = 0.05
    # 95%: sin²(0.3217506 ± 1.959964 · 0.05) = 0.04924 and 0.16608; 99.8%: ± 3.090232 · 0.05 = 0.02771 and 0.21019
    drawn = funnel([(10, 100)] * 5)
    assert (drawn.target, drawn.tau_squared) == (0.1, 0.0)
    assert drawn.points[0].warning == pytest.approx((0.04924, 0.16608), abs=5e-5)
    assert drawn.points[0].control == pytest.approx((0.02771, 0.21019), abs=5e-5)
    assert drawn.points[0].z == pytest.approx(0)
    assert drawn.points[0].p == pytest.approx(0.5)


def test_a_small_hospital_needs_a_higher_rate_to_stand_out() -> None:
    drawn = funnel([(100, 1_000)] * 8 + [(4, 20), (200, 1_000)])
    small, large = drawn.points[-2:]
    assert small.rate == large.rate == 0.2
    assert not small.above
    assert large.above


def test_limits_widen_where_hospitals_differ_anyway() -> None:
    """Eleven hospitals of 400 cases: the second and tenth of them are the winsorised ends."""
    angles = [math.asin(math.sqrt(0.5)) + score * 0.025 for score in range(-5, 6)]
    cases = [round(400 * math.sin(angle) ** 2) for angle in angles]
    drawn = funnel([(case, 400) for case in cases])
    # scores -5 … 5; winsorised -4 -4 -3 -2 -1 0 1 2 3 4 4: Σ = 2 · (16 + 16 + 9 + 4 + 1) = 92, φ = 92 / 11 = 8.36
    # τ² = (92 - 10) / (11 w - w) with w = 4 · 400: 82 / 16,000 = 0.005125; rounding to whole cases moves it a little
    assert drawn.dispersion == pytest.approx(92 / 11, rel=0.02)
    assert drawn.tau_squared == pytest.approx(0.005125, rel=0.02)
    # √(s² + τ²) = √(0.000625 + 0.005125) = 0.07583: the highest is 5 · 0.025 / 0.07583 = 1.65 off, not 5
    assert drawn.points[-1].z == pytest.approx(1.65, abs=0.03)
    assert not any(point.above for point in drawn.points)


def test_a_funnel_refuses_what_is_no_part() -> None:
    with pytest.raises(ValueError, match="part of"):
        funnel([(5, 4)])
    assert funnel([]).points == ()
    assert funnel([(1, 4)]).tau_squared == 0


def test_false_discoveries_are_kept_few() -> None:
    # the 15 tests of Benjamini and Hochberg (1995), section 4: four are found, where 0.05 alone would say nine
    tests = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    tests += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert discoveries(tests) == [True] * 4 + [False] * 11
    assert discoveries([]) == []


def test_a_binomial_excess_is_one_sided() -> None:
    assert excess_p(9, 10, 0.5) == pytest.approx(11 / 1024)  # 9 or 10 heads: (10 + 1) / 2^10
    assert excess_p(0, 10, 0.5) == 1


def test_a_normal_tail() -> None:
    assert normal_p(1.959964) == pytest.approx(0.025)


def test_dearer_by_more_than_chance() -> None:
    # logarithms to the base 10 are 3 4 5 against 1 2 3: means 2 apart, variances 1; t = 2 ÷ √(2 ÷ 3) = 2.449, 4 degrees
    # of freedom, one-sided 0.0352; the base cancels
    assert welch_p([1_000, 10_000, 100_000], [10, 100, 1_000]) == pytest.approx(0.0352, abs=1e-4)
    assert welch_p([10, 100, 1_000], [1_000, 10_000, 100_000]) == pytest.approx(0.9648, abs=1e-4)
    assert welch_p([500], [10, 20]) == 1
    assert welch_p([500, 500], [400, 400]) == 0
    assert welch_p([500, 500], [500, 500]) == 1


def test_the_tests_are_those_of_scipy_stats() -> None:
    """Which is not loaded for them: it takes a second."""
    from scipy.stats import binom, false_discovery_control, ttest_ind

    for cases, of, share in ((1, 1, 0.5), (7, 60, 1 / 12), (400, 5_000, 0.07), (5_000, 5_000, 0.999), (3, 9, 0.0)):
        assert excess_p(cases, of, share) == binom.sf(cases - 1, of, share)
    tested = [0.04, 0.001, 1.0, 0.03, 0.001, 0.2, 0.0]
    for rate in (0.001, 0.01, 0.05, 0.06, 0.3):
        assert discoveries(tested, rate) == [bool(p <= rate) for p in false_discovery_control(tested, method="bh")]
    high, low = [310_000, 290_500, 402_300, 377_700], [280_100, 301_000, 299_000]
    logarithms = [[math.log(cost) for cost in costs] for costs in (high, low)]
    expected = ttest_ind(*logarithms, equal_var=False, alternative="greater").pvalue
    assert welch_p(high, low) == pytest.approx(float(expected), rel=1e-12)


def test_a_heap_under_a_line() -> None:
    # 30 in [970, 1000], 10 in (1000, 1030]; P(X ≥ 30 of 40) = 0.00111
    found = heap([990] * 29 + [1_000] + [1_001] * 10 + [500, 2_000], 1_000, 30)
    assert (found.left, found.right, found.expected, found.sloped) == (30, 10, 0.5, False)
    assert found.share == 0.75
    assert found.p == pytest.approx(0.00111, abs=1e-5)


def test_bills_that_thin_out_are_no_heap() -> None:
    # farther out 80 and 10: over three widths the bills become an eighth, so over one a half; left 2 of 3 are expected
    bills = [950] * 80 + [990] * 40 + [1_010] * 20 + [1_050] * 10
    found = heap(bills, 1_000, 30)
    assert found.sloped
    assert found.expected == pytest.approx(2 / 3)
    assert found.p == pytest.approx(0.5594, abs=0.01)  # against a half: 0.0067
    assert heap([], 1_000, 30).p == 1
    with pytest.raises(ValueError, match="width"):
        heap([], 1_000, 0)


def test_growth_is_split_into_volume_price_and_mix() -> None:
    before = {"I63": Cases(10, 1_000), "K35": Cases(10, 3_000)}
    after = {"I63": Cases(10, 1_200), "K35": Cases(20, 6_000)}
    # volume: 10 more at 4,000 / 20 = 200; price: 1,200 - 10 · 100 and 6,000 - 20 · 300; mix: the ten more are dear ones
    assert growth_parts(before, after) == GrowthParts(growth=3_200, volume=2_000, price=200, mix=1_000)


def test_a_new_kind_of_case_is_mix() -> None:
    # one case more at 100; what the new one costs beyond that
    assert growth_parts({"I63": Cases(10, 1_000)}, {"I63": Cases(10, 1_000), "C34": Cases(1, 900)}) == GrowthParts(
        900, volume=100, price=0, mix=800
    )
    with pytest.raises(ValueError, match="no cases"):
        growth_parts({}, {"I63": Cases(1, 1)})


counted = st.dictionaries(
    st.sampled_from("ABCDE"), st.builds(Cases, st.integers(1, 9_999), st.integers(0, 10**10)), min_size=1
)


@given(counted, counted)
def test_the_parts_add_up_to_the_fen(before: dict[str, Cases], after: dict[str, Cases]) -> None:
    parts = growth_parts(before, after)
    assert parts.volume + parts.price + parts.mix == parts.growth
    assert parts.growth == sum(c.cost for c in after.values()) - sum(c.cost for c in before.values())


@given(counted, st.integers(2, 7))
def test_more_of_the_same_is_volume_alone(before: dict[str, Cases], times: int) -> None:
    after = {name: Cases(kind.number * times, kind.cost * times) for name, kind in before.items()}
    parts = growth_parts(before, after)
    assert parts.volume == parts.growth
    assert (parts.price, parts.mix) == (0, 0)


@given(counted, st.integers(2, 7))
def test_the_same_at_a_higher_price_is_price_alone(before: dict[str, Cases], times: int) -> None:
    parts = growth_parts(before, {name: Cases(kind.number, kind.cost * times) for name, kind in before.items()})
    assert (parts.volume, parts.price, parts.mix) == (0, parts.growth, 0)


@pytest.mark.parametrize(
    ("cases", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe(cases: int, of: int, low: float, high: float) -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
    assert wilson(cases, of) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="part of"):
        wilson(0, 0)


def test_statistics_load_no_heavy_package_before_they_reckon() -> None:
    names = ["funnel", "outliers", "discoveries", "heaps", "intervals", "growth_parts", "peer_groups"]
    imports = ";".join(f"import processors.supervision.statistics.{name}" for name in names)
    asked = f"{imports};import sys;print('numpy' in sys.modules or 'scipy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
