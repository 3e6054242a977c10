"""What a result for publication hides: nothing of few persons is told, nor left over where the rest is taken away."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from processors.simulation.publication import FEWEST, hidden, published
from processors.simulation.totals import AmountPersons, SimulationTotals

COUNTS = st.dictionaries(st.text(min_size=1, max_size=2), st.integers(0, 40), max_size=8)
SUMS = {"paid": {"basic": "1", "backstop": "2"}, "patient_share": "3", "hospital_share": "0", "grants": "4"}
MANY = AmountPersons(100, 100)


@given(COUNTS)
def test_what_is_left_over_is_not_of_few(persons: Mapping[str, int]) -> None:
    without = hidden(persons)
    assert all(key in without for key, count in persons.items() if 0 < count < FEWEST)
    left = [persons[key] for key in without]
    if left and any(count >= FEWEST for count in persons.values()):
        assert max(left) >= FEWEST
        assert len(left) > 1
    # no more than one is hidden for the others' sake, and none where nothing is of few
    assert sum(count >= FEWEST for count in left) == min(len(left), int(max(persons.values(), default=0) >= FEWEST))


@given(st.dictionaries(st.text(min_size=1, max_size=2), st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8))
def test_what_is_hidden_already_serves_where_it_is_of_many(persons: Mapping[str, tuple[int, int]]) -> None:
    was = hidden({key: count for key, (count, _) in persons.items()})
    changed = {key: min(both) for key, both in persons.items()}
    now = hidden(changed, was)
    assert was <= now
    left = [changed[key] for key in now]
    assert not any(0 < count < FEWEST for key, count in changed.items() if key not in now)
    assert max(left, default=0) in {0, *range(FEWEST, 41)} or all(count < FEWEST for count in changed.values())


def group(key: str, persons: int, changed: int) -> dict[str, Any]:
    return {
        "key": key,
        "persons": {"all": persons, "changed": changed},
        "claims": {"all": persons, "changed": changed},
        "baseline": {"paid": "1", "patient_share": "2"},
        "difference": {"paid": "3", "patient_share": "4"},
    }


def told(**more: Any) -> dict[str, Any]:
    persons = {"all": 200, "gain": 100, "lose": 0, "same": 100}
    sides = dict.fromkeys(("baseline", "reform", "difference"), SUMS)
    return {**sides, "persons": persons, "claims": {"all": 300, "changed": 100}, "moved": {}, "reforms": [], **more}


def totals(changed: int = 100, **amounts: AmountPersons) -> SimulationTotals:
    known = dict.fromkeys(("basic", "backstop", "patient_share"), MANY)
    return SimulationTotals([], persons=200, persons_changed=changed, amounts={**known, **amounts})


def test_what_is_of_many_is_all_told_but_for_persons_and_single_reforms() -> None:
    said = told(by={"year": [group("2019", 150, 60), group("2020", 50, 40)]})
    assert published(said, totals()) == {key: said[key] for key in said if key not in ("moved", "reforms")}


def test_a_layer_of_few_is_hidden_with_another_that_would_tell_it() -> None:
    shown = published(told(), totals(backstop=AmountPersons(10, 0)))
    assert shown["baseline"]["paid"] == {"basic": None, "backstop": None}
    assert shown["difference"]["paid"] == {"basic": None, "backstop": None}
    assert shown["baseline"]["patient_share"] == "3"
    shown = published(told(), totals(backstop=AmountPersons(50, 10)))
    assert shown["baseline"] == SUMS
    assert shown["reform"]["paid"] == {"basic": None, "backstop": None}
    shown = published(told(), totals(grants=AmountPersons(50, 1)))
    assert [shown[side]["grants"] for side in ("baseline", "reform", "difference")] == ["4", None, None]
    assert shown["difference"]["paid"] == SUMS["paid"]


def test_where_few_are_moved_no_difference_is_told() -> None:
    spread = dict.fromkeys(("mean", "p50", "p90", "p99", "largest"), "1.00")
    few = {"gain": 10, "lose": 0, "same": 190}
    burdens = {"persons": 200, "baseline": spread, "reform": spread, "within": {"1%": few}}
    said = told(by={"year": [group("2019", 150, 10), group("2020", 50, 0)]}, burdens=burdens)
    shown = published({**said, "persons": {"all": 200, **few}}, totals(10))
    assert shown["persons"] == {"all": 200, "gain": None, "lose": 0, "same": None}
    assert shown["claims"] == {"all": 300, "changed": None}
    assert shown["baseline"] == SUMS
    for side in ("reform", "difference"):
        assert shown[side] == {**dict.fromkeys(SUMS), "paid": dict.fromkeys(SUMS["paid"])}
    for each in shown["by"]["year"]:
        assert each["baseline"] == {"paid": "1", "patient_share": "2"}
        assert each["difference"] == {"paid": None, "patient_share": None}
    assert shown["burdens"]["baseline"] == spread | {"p99": None, "largest": None}
    assert set(shown["burdens"]["reform"].values()) == {None}
    assert shown["burdens"]["within"]["1%"] == {"gain": None, "lose": 0, "same": None}


def test_a_group_of_few_is_hidden_and_the_smallest_of_the_others() -> None:
    groups = [group("A", 10, 0), group("B", 120, 100), group("C", 70, 0)]
    shown = published(told(by={"hospital": groups}), totals())["by"]["hospital"]
    hidden_group = {"paid": None, "patient_share": None}
    assert [each["baseline"] == hidden_group for each in shown] == [True, False, True]
    assert shown[0]["persons"] == shown[0]["claims"] == {"all": None, "changed": None}
    assert shown[1] == groups[1]


def test_households_on_either_side_of_the_line_and_those_that_cross_it_are_not_few() -> None:
    years = [
        {"year": 2018, "households": 100, "baseline": 50, "reform": 30},
        {"year": 2019, "households": 100, "baseline": 95, "reform": 30},
        {"year": 2020, "households": 100, "baseline": 50, "reform": 45},
        {"year": 2021, "households": 10, "baseline": 0, "reform": 0},
    ]
    shown = published(told(households={"line": "1.00", "years": years}), totals())["households"]["years"]
    assert shown == [
        years[0],
        {**years[1], "baseline": None},
        {**years[2], "reform": None},
        {"year": 2021, "households": None, "baseline": None, "reform": None},
    ]
