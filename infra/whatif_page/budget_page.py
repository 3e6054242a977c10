"""Renders what looking for a goal's value came to as one page for A4, with the curve of what each value would cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from infra.cli.scheme_text import place_text, value_name_text
from infra.whatif_page.page import own_environment
from infra.words.simulations import goal_answer, goal_text
from policies.goal import Goal, GoalFile

WIDTH, HEIGHT = 1000, 300
"""The plot's own units."""
_ROOM = 0.08
"""Of the plot's height left empty above and below."""


class Dot(Struct, frozen=True):
    """A value that was tried: its place in the plot, and what it came to."""

    x: float
    y: float
    point: Mapping[str, Any]


class Curve(Struct, frozen=True):
    """The dots from the least value to the most, and the height of the goal; None where it lies outside of the plot."""

    dots: Sequence[Dot]
    goal: float | None
    low: str
    high: str

    @property
    def path(self) -> str:
        """The line through the dots."""
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)


def budget_page(file: GoalFile, told: Mapping[str, Any]) -> str:
    """The page of what ``infra.worker.goal_search.seek`` tells."""
    return own_environment().get_template("budget.html").render(goal_values(file, told))


def goal_values(file: GoalFile, told: Mapping[str, Any]) -> dict[str, Any]:
    """What ``budget_effect.html`` shows, by the names of the template; it has the filters of ``FILTERS`` too."""
    return {
        "file": file,
        "told": told,
        "goal": goal_text(file.goal),
        "goal_answer": goal_answer(file.goal, told),
        "curve": curve(file.goal, told),
        "place_text": place_text,
        "value_name_text": value_name_text,
        "plot_width": WIDTH,
        "plot_height": HEIGHT,
    }


def curve(goal: Goal, told: Mapping[str, Any]) -> Curve:
    """Places of the values that were tried; those without a figure, whose fund spends nothing, are left out."""
    points = [point for point in told["curve"] if point["figure"] is not None]
    xs, ys = [_number(point["value"]) for point in points], [_number(point["figure"]) for point in points]
    bound = _number(str(goal.at_least if goal.at_most is None else goal.at_most))
    if not points:
        return Curve([], None, "", "")
    low, high = min(*ys, bound), max(*ys, bound)
    room = (high - low or 1) * _ROOM
    low, high = low - room, high + room

    def height(value: float) -> float:
        return HEIGHT * (high - value) / (high - low)

    span = xs[-1] - xs[0] or 1
    dots = [Dot(WIDTH * (x - xs[0]) / span, height(y), point) for x, y, point in zip(xs, ys, points, strict=True)]
    return Curve(dots, height(bound), points[0]["value"], points[-1]["value"])


def _number(text: str) -> float:
    return float(text.removesuffix("%"))
