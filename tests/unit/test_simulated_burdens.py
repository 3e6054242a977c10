"""What persons and households bear under two laws: ranks, ties, households across years and persons."""

from msgspec import structs

from policies.claim import Claim
from processors.simulation.burdens import MOST_MOVED, Burdens, HouseholdBurdens, HouseholdsAbove, quantile
from processors.simulation.burdens_json import burdens_json
from processors.simulation.groups import GroupTotals
from tests import engine


def burdens(*borne: tuple[int, int]) -> Burdens:
    """Those of some persons, one claim each."""
    found = Burdens()
    for number, (before, after) in enumerate(borne):
        changed = int(before != after)
        whole = GroupTotals(claims=1, changed=changed, patient_share=before, patient_difference=after - before)
        found.count(f"P{number:03d}", before, after, whole)
    return found


def claim(person: str, day: str, household: str | None) -> Claim:
    return structs.replace(engine.claim("shanggao", day, household_id=household), person_id=person)


def test_a_quantile_is_the_nearest_rank() -> None:
    values = list(range(1, 102))
    assert [quantile(values, percent) for percent in (1, 50, 99, 100)] == [2, 51, 100, 101]
    assert [quantile([7], percent) for percent in (1, 50, 100)] == [7, 7, 7]


def test_who_bears_the_same_is_in_the_same_decile() -> None:
    deciles = burdens(*((0, 0) for _ in range(25)), *((each, each + 1) for each in range(1, 76))).deciles()
    assert list(deciles) == ["01", "03", "04", "05", "06", "07", "08", "09", "10"]
    assert [each.persons for each in deciles.values()] == [25, 5, *[10] * 7]
    assert sum(each.persons_changed for each in deciles.values()) == 75
    assert sum(each.patient_difference for each in deciles.values()) == 75
    assert Burdens().deciles() == {}


def test_small_changes_count_as_none() -> None:
    told = burdens((10_000, 10_100), (10_000, 10_101), (10_000, 9_899), (0, 1), (1_000_000, 990_001))
    assert burdens_json(told)["within"] == {
        "1 yuan": {"gain": 2, "lose": 1, "same": 2},
        "1%": {"gain": 1, "lose": 2, "same": 2},
    }


def test_the_mean_is_rounded_to_the_fen() -> None:
    assert burdens_json(burdens((1, 1), (2, 4)))["baseline"]["mean"] == "0.02"
    assert burdens_json(burdens((-1, 0), (0, 0), (0, 0)))["baseline"]["mean"] == "0.00"
    assert burdens_json(Burdens())["reform"] == dict.fromkeys(("mean", "p50", "p90", "p99", "largest"))


def test_those_moved_most_are_named_whatever_part_they_are_in() -> None:
    first = burdens(*((each, 0) for each in range(60)))
    second = Burdens()
    second.count("X", 5, 1_000, GroupTotals())
    second.count("A", 59, 0, GroupTotals())
    for one, other in ((first, second), (second, first)):
        both = Burdens()
        both.add(one)
        both.add(other)
        assert both.gain[:3] == [(-59, "A"), (-59, "P059"), (-58, "P058")]
        assert len(both.gain) == MOST_MOVED
        assert both.lose == [(-995, "X")]


def test_households_bear_together_and_a_year_at_a_time() -> None:
    one, other = HouseholdBurdens(), HouseholdBurdens()
    one.count(claim("P1", "2019-03-01", "F1"), 600, 300)
    other.count(claim("P2", "2019-04-01", "F1"), 500, 500)
    other.count(claim("P2", "2020-04-01", "F1"), 500, 2_000)
    other.count(claim("F1", "2019-04-01", None), 1_001, 1_000)
    one.add(other)
    assert one.above(1_000) == {2019: HouseholdsAbove(2, 2, 0), 2020: HouseholdsAbove(1, 0, 1)}
