"""How big the county is: the report's own figures, and what goes with them in proportion."""

from dataclasses import dataclass

ROSTER = 9_619
INPATIENT = 7_383


@dataclass(frozen=True, slots=True)
class Size:
    """``persons`` on the roster in the year, ``inpatient`` standing claims of theirs."""

    persons: int
    inpatient: int

    def __post_init__(self) -> None:
        if self.persons < 100 or not self.persons // 2 <= self.inpatient <= self.persons:
            raise ValueError("a county needs 100 persons or more, and from half as many stays to as many")

    def part(self, of_the_whole: int) -> int:
        """What a number of the whole county becomes in one of this size; at least 1."""
        return max(1, round(of_the_whole * self.persons / ROSTER))
