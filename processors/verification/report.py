"""What a verification found."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_PROBLEMS = 50

Progress = Callable[[str, int], None]
"""Told what was checked and how many more of it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the books do not hold: which check, where, and the two sides that differ."""

    check: str
    where: str
    expected: str
    found: str


@dataclass(slots=True)
class VerifyReport:
    """How much was checked, how many problems there are, and the first of them.

    ``skipped`` persons had runs in flight or parked: their figures are on the way.
    """

    entries: int = 0
    journals: int = 0
    schemes: int = 0
    seals: int = 0
    persons: int = 0
    skipped: int = 0
    claims: int = 0
    statements: int = 0
    accumulations: int = 0
    grants: int = 0
    clearings: int = 0
    premiums: int = 0
    found: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return self.found == 0

    def problem(self, check: str, where: str, expected: object, found: object) -> None:
        """Note a problem; beyond the first fifty they are only counted."""
        self.found += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(check, where, str(expected), str(found)))

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self) | {"holds": self.holds}
