"""What a suite of ``make chaos`` came to: a line for people, build/chaos.json for programs."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.harness import Figures

REPORT = Path("build/chaos.json")


@dataclass
class Outcome:
    """What a suite came to."""

    name: str
    seed: int
    figures: Figures
    faults: dict[str, int]
    """By kind, those alone that came about."""
    seconds: float
    lost_with_a_store: int = 0
    problem: str = ""
    measured: dict[str, float] = field(default_factory=dict)
    not_come_about: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return self.figures.hold and not self.problem

    @property
    def faults_count(self) -> int:
        return sum(self.faults.values())

    def __str__(self) -> str:
        figures = self.figures
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        return (
            f"{self.name}: {figures.events} events, {self.faults_count} faults ({kinds}), "
            f"lost {figures.lost}, doubled {figures.doubled}, out of order {figures.out_of_order}, "
            f"differing views {figures.differing}; {self.lost_with_a_store} sent again after a lost store, "
            f"{sum(self.not_come_about.values())} faults drawn that did not come about, "
            f"{self.seconds:.0f} s{''.join(f', {name} {value:g}' for name, value in self.measured.items())}"
            f"{' PROBLEM ' + self.problem if self.problem else ''}"
        )


def report(outcomes: list[Outcome]) -> Outcome:
    """Write all outcomes as JSON, and give their sum."""
    total = sum((outcome.figures for outcome in outcomes), Figures())
    faults = _sum(outcome.faults for outcome in outcomes)
    not_come_about = _sum(outcome.not_come_about for outcome in outcomes)
    again = sum(outcome.lost_with_a_store for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    holds = all(outcome.holds for outcome in outcomes)
    told = {
        "holds": holds,
        "seeds": [outcome.seed for outcome in outcomes],
        "figures": asdict(total),
        "faults": faults,
        "not_come_about": not_come_about,
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(told, indent=1, ensure_ascii=False))
    return Outcome(f"all {len(outcomes)}", 0, total, faults, seconds, again, not_come_about=not_come_about)


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    return dict(sum(map(Counter, counts), Counter[str]()))
