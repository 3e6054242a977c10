"""Goals and assumptions as files, the search for a value, funds in the years to come, intervals."""

import asyncio
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import orjson
import pytest

from policies.assumptions import AssumedFund, Assumptions, course, lowest_months, read_assumptions
from policies.goal import read_goal
from policies.reform import ReformError
from processors.simulation.figures import PersonFigure
from processors.simulation.search import FoundPlace, boundary

RANGE = {"least": "0", "most": "1000", "step": "250"}
LINE = {"where": "2.critical_illness inpatient", "name": "line", "value": RANGE, "reason": "试"}
GOAL = {"paid": "basic", "at_most": "100"}


def goal(*changes: dict[str, Any], **wanted: Any) -> bytes:
    return orjson.dumps({"name": "求", "scheme": "shanggao", "changes": changes or [LINE], "goal": wanted or GOAL})


def found(places: int, met: Callable[[int], bool]) -> tuple[FoundPlace, list[int]]:
    """What is found where a goal is met at some places, and the places that were tried."""
    asked: list[int] = []

    async def tried(some: Sequence[int]) -> dict[int, bool]:
        asked.extend(some)
        return {place: met(place) for place in some}

    return asyncio.run(boundary(places, tried)), asked


def test_a_goal_is_a_reform_of_which_one_value_is_looked_for() -> None:
    file = read_goal(goal(LINE, {**LINE, "where": "x"}, {**LINE, "value": "7"}), "g.yaml")
    assert file.values == ("0.00", "250.00", "500.00", "750.00", "1000.00")
    assert file.ranged == (0, 1)
    assert [change.value for change in file.with_value("250.00").reform.changes] == ["250.00", "250.00", "7"]
    percentages = read_goal(goal({**LINE, "value": {"least": "50%", "most": "51%", "step": "0.5%"}}), "g.yaml")
    assert percentages.values == ("50%", "50.5%", "51%")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (goal(paid="basic"), "at_most、at_least 只能有一个"),
        (goal(paid="basic", months="大病", at_most="1"), "只能有一个"),
        (goal(reach="90%", at_least="0.9"), "不是百分比"),
        (goal(months="大病", at_least="一年"), "不是月数"),
        (goal(months="大病", year=2019, at_least="3"), "year 只用于 paid"),
        (goal({**LINE, "value": "3000"}), "没有要求解的值"),
        (goal(LINE, {**LINE, "value": {**RANGE, "most": "900"}}), "取值范围应相同"),
        (goal({**LINE, "value": {**RANGE, "step": "5%"}}), "同为金额或同为百分比"),
        (goal({**LINE, "value": {**RANGE, "step": "0"}}), "step 应大于 0"),
        (goal({**LINE, "value": {**RANGE, "most": "100000", "step": "1"}}), "最多 5000 个值"),
        (orjson.dumps({"name": "求", "scheme": "shanggao", "changes": [LINE]}), "goal: 缺少"),
    ],
)
def test_a_goal_that_cannot_be_used_is_named(text: bytes, said: str) -> None:
    with pytest.raises(ReformError, match=said) as caught:
        read_goal(text, "g.yaml")
    assert str(caught.value).startswith("g.yaml:")


@pytest.mark.parametrize("first", [1, 2, 60, 124, 125, 399, 400])
def test_the_place_where_a_goal_begins_to_be_met_is_found_from_either_side(first: int) -> None:
    rising, asked = found(401, lambda place: place >= first)
    assert (rising.met, rising.unmet, rising.turns) == (first, first - 1, 1)
    falling, _ = found(401, lambda place: place < first)
    assert (falling.met, falling.unmet) == (first - 1, first)
    assert len(asked) == len(set(asked)) < 25


def test_where_all_meet_it_or_none_does_there_is_no_such_place() -> None:
    for met in (set[int](), set(range(50))):
        assert found(50, met.__contains__) == (FoundPlace(None, None, 0), [0, 6, 12, 18, 24, 30, 36, 42, 49])
    assert found(2, bool) == (FoundPlace(1, 0, 1), [0, 1])


def test_a_goal_that_is_met_in_the_middle_alone_turns_twice() -> None:
    middle, _ = found(81, lambda place: 33 <= place < 58)
    assert middle == FoundPlace(33, 32, 2)


def test_a_fund_in_the_years_to_come_is_worked_by_hand() -> None:
    fund = AssumedFund("大病", ("critical_illness",), 600_00, 1_000_00)
    assumed = Assumptions(2019, 2, 1_000, -500, 0, (fund,))
    base, first, second = course(assumed, fund, 1_200_00)
    # 600 left at 100 a month
    assert [base.spending, base.balance, base.months] == [1_200_00, 600_00, 6]
    # 1,200 x 0.95 x 1.10 = 1,254; 1,000 x 0.95 = 950; 600 + 950 - 1,254 = 296
    assert [first.spending, first.balance, first.months] == [1_254_00, 296_00, Fraction(296 * 12, 1_254)]
    # 1,310.43 spent, 902.50 received: below nothing, which pays for no month
    assert [second.spending, second.balance, second.months] == [1_310_43, -111_93, 0]
    assert lowest_months([base, first, second]) == 0
    assert lowest_months(course(assumed, fund, 0)) is None


def test_assumptions_are_read_and_what_is_wrong_is_named() -> None:
    fund = {"name": "大病", "layers": ["critical_illness"], "balance": "3000000", "income": "5600000.50"}
    read = read_assumptions(orjson.dumps({"year": 2019, "growth": "8%", "funds": [fund]}), "a.yaml")
    assert read == Assumptions(
        2019, 3, 800, 0, 0, (AssumedFund("大病", ("critical_illness",), 300_000_000, 560_000_050),)
    )
    for said, wrong in (
        ("不是百分比", {"growth": "0.08"}),
        ("基金重名", {"funds": [fund, fund]}),
        ("没有这一项", {"inflation": "2%"}),
        ("a.yaml:1: years", {"years": 0}),
    ):
        with pytest.raises(ReformError, match=said):
            read_assumptions(orjson.dumps({"year": 2019, "funds": [fund], **wrong}), "a.yaml")


def test_an_interval_holds_the_whole_and_is_the_same_in_any_order() -> None:
    figures = [*range(0, 100_000, 100), *[5_000_000] * 3]
    money, part = PersonFigure(), PersonFigure(reach=9_000)
    found_ = money.interval(figures, 7)
    assert found_ is not None
    low, high = found_
    assert low < money.whole(figures) < high
    assert money.interval(figures[::-1], 7) == (low, high)
    assert money.interval(figures, 8) != (low, high)
    assert part.interval([1] * 90 + [0] * 10, 7) is not None
    assert part.whole([1] * 90 + [0] * 10) == Fraction(9, 10)
    assert part.interval([1] * 50, 7) == (Fraction(1), Fraction(1))
    assert money.interval([], 7) is None
