"""What persons bear themselves under two laws: each one's own share, who gains and loses most, and households."""

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

from msgspec import Struct, field, structs

from policies.claim import Claim
from processors.simulation.figures import PersonFigure
from processors.simulation.groups import GroupTotals

MOST_MOVED = 50
"""Persons named who gain most, and as many who lose most."""
DECILES = 10
HUNDRED = 100
_KEPT = ("claims", "changed", "paid", "patient_share", "paid_difference", "patient_difference")
_WIDTH = 2 + len(_KEPT)


class Breakdown(Struct, frozen=True):
    """What is told beside the sums: groups ``by`` these kinds, what ``persons`` bear, and the households that bear
    more than ``household_line`` fen in a year; of each person a ``figure``. Where it is ``public``, what is of few
    persons is hidden."""

    by: tuple[str, ...] = ()
    persons: bool = False
    household_line: int | None = None
    figure: PersonFigure | None = None
    public: bool = False


class Burdens(Struct):
    """What each person bears under the law as it is and under the reforms, grants counted: 64 bytes a person.

    ``gain`` and ``lose`` name those who are moved most, as (minus the fen, person), most first.
    """

    rows: array = field(default_factory=lambda: array("q"))  # type: ignore[type-arg] # array[int] from 3.12 on
    gain: list[tuple[int, str]] = field(default_factory=list)
    lose: list[tuple[int, str]] = field(default_factory=list)

    def count(self, person_id: str, before: int, after: int, whole: GroupTotals) -> None:
        """Count a person with all claims that are counted."""
        self.rows.extend((before, after, *(getattr(whole, name) for name in _KEPT)))
        if after != before:
            most = self.gain if after < before else self.lose
            insort(most, (-abs(after - before), person_id))
            del most[MOST_MOVED:]

    def add(self, other: "Burdens") -> None:
        """Add those of other persons."""
        self.rows.extend(other.rows)
        self.gain = sorted([*self.gain, *other.gain])[:MOST_MOVED]
        self.lose = sorted([*self.lose, *other.lose])[:MOST_MOVED]

    def before(self) -> Sequence[int]:
        """What each bears under the law as it is, in fen."""
        return self.rows[::_WIDTH]

    def after(self) -> Sequence[int]:
        """What each bears under the reforms, in fen, in the same order."""
        return self.rows[1::_WIDTH]

    def moved_persons(self) -> list[str]:
        """Who gain and who lose most."""
        return [person for _, person in (*self.gain, *self.lose)]

    def deciles(self) -> dict[str, GroupTotals]:
        """Tenths of the persons by what they bear as the law is, from the least on; who bear the same are in one."""
        ordered = sorted(self.before())
        ends = [quantile(ordered, each * HUNDRED // DECILES) for each in range(1, DECILES)] if ordered else []
        groups: dict[str, GroupTotals] = {}
        for before, kept in self._persons():
            group = groups.setdefault(f"{bisect_left(ends, before) + 1:02d}", GroupTotals())
            group.add(kept)
        return groups

    def _persons(self) -> Iterator[tuple[int, GroupTotals]]:
        for start in range(0, len(self.rows), _WIDTH):
            before, _, *kept = self.rows[start : start + _WIDTH]
            whole = dict(zip(_KEPT, kept, strict=True))
            yield before, GroupTotals(persons=1, persons_changed=int(whole["changed"] > 0), **whole)


def quantile(ordered: Sequence[int], percent: int) -> int:
    """The least of some ordered values that so many percent of them do not exceed (nearest rank)."""
    return ordered[max(-(-len(ordered) * percent // HUNDRED), 1) - 1]


class HouseholdBurdens(Struct):
    """What the households bear in a year under both laws, in fen, by (year, household)."""

    of: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)

    def count(self, claim: Claim, before: int, after: int) -> None:
        """Count what is borne of a claim. Who has stated no household is one by himself."""
        # a household's id is its region's; persons' ids begin with no slash
        name = f"/{claim.person_id}" if claim.household_id is None else f"{claim.region}/{claim.household_id}"
        was, now = self.of.get((claim.year, name), (0, 0))
        self.of[claim.year, name] = was + before, now + after

    def add(self, other: "HouseholdBurdens") -> None:
        """Add those of other persons, who may be of the same households."""
        for key, (before, after) in other.of.items():
            was, now = self.of.get(key, (0, 0))
            self.of[key] = was + before, now + after

    def above(self, line: int) -> dict[int, "HouseholdsAbove"]:
        """By year how many bear more than so many fen."""
        years: dict[int, HouseholdsAbove] = {}
        for (year, _), (before, after) in sorted(self.of.items()):
            found = years.get(year, HouseholdsAbove(0, 0, 0))
            years[year] = structs.replace(
                found,
                households=found.households + 1,
                before=found.before + (before > line),
                after=found.after + (after > line),
            )
        return years


class HouseholdsAbove(Struct, frozen=True):
    """Of so many households those beyond a line as the law is, and under the reforms."""

    households: int
    before: int
    after: int
