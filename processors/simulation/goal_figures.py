"""What a goal is about, worked out of a simulation's totals, and in words and numbers for its result."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from msgspec import Struct

from events.money import yuan
from policies.assumptions import AssumedFund, Assumptions, course, lowest_months
from policies.goal import ALL_LAYERS, Goal
from policies.reform import ReformError
from processors.simulation.figures import PersonFigure
from processors.simulation.totals import SimulatedSums, SimulationTotals

Whole = Fraction | None
"""A goal's figure: fen, months, or a part; None for the months of a fund that spends nothing."""


class GoalFigure(Struct, frozen=True):
    """The ``figure`` of each person that a goal adds up; of a fund with what is assumed of it."""

    goal: Goal
    figure: PersonFigure
    assumptions: Assumptions | None = None
    fund: AssumedFund | None = None

    def whole(self, totals: SimulationTotals, variant: int | None) -> Whole:
        """The goal's figure under a variant, under the law as it is where it is None."""
        if self.goal.reach is not None:
            return self.figure.whole(totals.figures if variant is None else totals.variants[variant].figures)
        sums = totals.baseline
        if variant is not None:
            sums = sums.plus(totals.variants[variant].difference)
        return self._of(Fraction(_paid(sums, self.figure)))

    def interval(self, figures: Sequence[int], seed: int) -> tuple[Whole, Whole] | None:
        """Where nine tenths of it lie if persons are drawn anew, the lower bound first."""
        found = self.figure.interval(figures, seed)
        if found is None:
            return None
        low, high = self._of(found[0]), self._of(found[1])
        return (high, low) if self.fund is not None else (low, high)

    def _of(self, amount: Fraction) -> Whole:
        if self.fund is None or self.assumptions is None:
            return amount
        return lowest_months(course(self.assumptions, self.fund, int(amount)))

    def told(self, whole: Whole) -> str | None:
        """The figure as the result has it: yuan, months with two decimals, or a percentage with two."""
        if whole is None:
            return None
        if self.goal.paid is not None:
            return yuan(int(whole))
        return _decimals(whole) if self.goal.months is not None else f"{_decimals(whole * 100)}%"


def figure_of(goal: Goal, assumptions: Assumptions | None) -> GoalFigure:
    """What a goal adds up. Raises ``ReformError`` for a fund that nothing is assumed of."""
    if goal.months is None:
        layers = () if goal.paid in (None, ALL_LAYERS) else (str(goal.paid),)
        return GoalFigure(goal, PersonFigure(layers, goal.year, goal.reach, goal.persons == "poor"))
    funds = {} if assumptions is None else {fund.name: fund for fund in assumptions.funds}
    fund = funds.get(goal.months)
    if fund is None or assumptions is None:
        known = "、".join(funds) or "无 none"
        told = f"goal: months: 假设文件中没有基金“{goal.months}”，有：{known} --assumptions has no such fund"
        raise ReformError([told])
    return GoalFigure(goal, PersonFigure(fund.layers, assumptions.year), assumptions, fund)


def funds_json(assumptions: Assumptions, before: SimulatedSums, after: SimulatedSums) -> list[dict[str, Any]]:
    """Each fund's spending, balance and months payable in the base year and those that follow, under both laws."""
    return [
        {
            "fund": fund.name,
            "layers": list(fund.layers),
            **{
                side: [
                    {
                        "year": each.year,
                        "spending": yuan(round(each.spending)),
                        "balance": yuan(round(each.balance)),
                        "months": None if each.months is None else _decimals(each.months),
                    }
                    for each in course(assumptions, fund, _paid(sums, PersonFigure(fund.layers, assumptions.year)))
                ]
                for side, sums in (("baseline", before), ("reform", after))
            },
        }
        for fund in assumptions.funds
    ]


def _paid(sums: SimulatedSums, figure: PersonFigure) -> int:
    return sum(
        paid
        for (year, layer), paid in sums.paid_in.items()
        if figure.year in (None, year) and (not figure.layers or layer in figure.layers)
    )


def _decimals(value: Fraction) -> str:
    """Two decimals, half up."""
    hundredths = (value * 200 + 1) // 2
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"
