"""An accumulation through a year as a step chart: a column a claim, the bound that held for it across the column."""

from dataclasses import dataclass

from processors.person.file_model import Growth

MOST_LABELS = 6
LAST_LABEL_AT = 86
"""In percent: one that begins later would be cut off."""


@dataclass(frozen=True, slots=True)
class Column:
    """One claim's column; places and heights in percent of the chart, ``limit`` None where nothing bounded it.

    ``label`` is the claim's day, empty where columns stand too close.
    """

    claim_id: str
    start: float
    width: float
    height: float
    limit: float | None
    label: str


@dataclass(frozen=True, slots=True)
class StepChart:
    """A chart, with the accumulation's last value and last bound for its heading, in fen."""

    growth: Growth
    columns: list[Column]
    value: int
    limit: int | None

    @property
    def share(self) -> float | None:
        """The last value in percent of the last bound."""
        return self.value * 100 / self.limit if self.limit else None


def step_chart(growth: Growth) -> StepChart:
    """Lay out a growth, its highest value or bound at nine tenths of the height."""
    steps = growth.steps
    highest = max(max(step.value, step.limit or 0) for step in steps) or 1
    width, every = 100 / len(steps), -(-len(steps) // MOST_LABELS)
    columns = [
        Column(
            claim_id=step.claim_id,
            start=index * width,
            width=width,
            height=step.value * 90 / highest,
            limit=None if step.limit is None else step.limit * 90 / highest,
            label=f"{step.day:%m-%d}" if index % every == 0 and index * width <= LAST_LABEL_AT else "",
        )
        for index, step in enumerate(steps)
    ]
    return StepChart(growth, columns, steps[-1].value, steps[-1].limit)
