"""What a verification found."""

from bisect import bisect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from typing import Any

from events.money import yuan
from policies.funds import BookedFund

MOST_PROBLEMS = 50

Progress = Callable[[str, int], None]
"""Called with what was checked, and how many more of it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the books do not hold: the check, the place, what should stand there and what stands there.

    ``expected`` is what the ledger recorded or what follows from it, ``found`` what is there now; money is in yuan.
    ``person_id`` and ``claim_id`` tell whom a broken entry is about, where it is about somebody.
    """

    check: str
    where: str
    expected: str
    found: str
    person_id: str | None = None
    claim_id: str | None = None


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

    def problem(
        self,
        check: str,
        where: str,
        expected: object,
        found: object,
        *,
        person_id: str | None = None,
        claim_id: str | None = None,
    ) -> None:
        """Note a problem; beyond the first fifty they are only counted."""
        self.found += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(check, where, str(expected), str(found), person_id, claim_id))

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self) | {"holds": self.holds}


def funds_text(sums: Mapping[BookedFund, int]) -> str:
    """What each fund pays, for people; ``sums`` in fen."""
    named = (f"{' '.join(filter(None, fund))} {yuan(amount)}" for fund, amount in sorted(sums.items(), key=str))
    return ", ".join(named) or "nothing"


class Section(IntEnum):
    """The sections of a report, in its order."""

    SCHEMES, CHAINS, SEALS, CLEARINGS, PERSONS = range(5)


Place = tuple[Section, int]
"""The place of a part's findings in the report: a section, and a number in it."""


class Findings:
    """Collects the reports of parts into one, its problems in the order of the parts, whichever was checked first."""

    def __init__(self) -> None:
        self.report = VerifyReport()
        self._places: list[Place] = []

    def take(self, place: Place, part: VerifyReport) -> None:
        """Count a part's findings in."""
        for name in _COUNTS:
            setattr(self.report, name, getattr(self.report, name) + getattr(part, name))
        at = bisect(self._places, place)
        self._places[at:at] = [place] * len(part.problems)
        self.report.problems[at:at] = part.problems
        del self._places[MOST_PROBLEMS:], self.report.problems[MOST_PROBLEMS:]


_COUNTS = tuple(each.name for each in fields(VerifyReport) if each.name != "problems")
