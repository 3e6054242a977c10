"""What a simulation's sums are broken down by: each claim belongs to one group of a kind."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from events.codes import covers
from policies.claim import Claim
from processors.simulation.facts import SimulatedPerson
from projections.statements import StatementRow

NONE = "none"
UNKNOWN = "unknown"
YEARS_OF_AGE = 10
_COUNTY = 6
"""Digits of a township's code that are its county's."""


def _age(claim: Claim, _: SimulatedPerson) -> str:
    if claim.age is None:
        return UNKNOWN
    begin = claim.age // YEARS_OF_AGE * YEARS_OF_AGE
    return f"{begin:02d}-{begin + YEARS_OF_AGE - 1:02d}"


def _township(claim: Claim, person: SimulatedPerson) -> str:
    """Where the person is enrolled in the claim's year; none of another county, where he has moved since."""
    township = dict(person.townships).get(claim.year)
    return township if township is not None and covers(claim.region, township[:_COUNTY]) else UNKNOWN


BY_CLAIM: Mapping[str, Callable[[Claim, SimulatedPerson], str]] = {
    "year": lambda claim, _: str(claim.year),
    "category": lambda claim, _: claim.categories[0] if claim.categories else NONE,
    "hospital": lambda claim, _: claim.hospital_id,
    "tier": lambda claim, _: str(claim.tier),
    "disease": lambda claim, _: claim.disease or NONE,
    "age": _age,
    "township": _township,
}
"""The groups that a claim tells. The category is the one that is chosen first of those held on the claim's date."""
DECILE = "decile"
"""A tenth of the persons, by what they bear under the law as it is: known when everybody is settled."""
KINDS = (*BY_CLAIM, DECILE)
"""By what sums can be broken down."""


class GroupTotals(Struct):
    """The persons and claims of a group: how many, what all layers pay and patients bear, in fen, and what reforms
    change of it."""

    persons: int = 0
    persons_changed: int = 0
    claims: int = 0
    changed: int = 0
    paid: int = 0
    patient_share: int = 0
    paid_difference: int = 0
    patient_difference: int = 0

    def count(self, row: StatementRow) -> None:
        """Count a claim as it is."""
        self.claims += 1
        self.paid += _paid(row)
        self.patient_share += row.patient_share

    def compare(self, old: StatementRow, new: StatementRow) -> None:
        """Count what a claim becomes."""
        self.changed += 1
        self.paid_difference += _paid(new) - _paid(old)
        self.patient_difference += new.patient_share - old.patient_share

    def add(self, other: "GroupTotals") -> None:
        """Add those of other persons."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def _paid(row: StatementRow) -> int:
    return sum(paid for _, paid in row.layers)


class Groups(Struct):
    """Groups by kind and key."""

    of: dict[str, dict[str, GroupTotals]]

    def count_person(self, own: Mapping[tuple[str, str], GroupTotals]) -> None:
        """Count a person's claims in, which were added up by kind and key."""
        for (kind, key), totals in own.items():
            totals.persons, totals.persons_changed = 1, int(totals.changed > 0)
            self.of[kind].setdefault(key, GroupTotals()).add(totals)

    def add(self, other: "Groups") -> None:
        """Add those of other persons."""
        for kind, groups in other.of.items():
            for key, totals in groups.items():
                self.of[kind].setdefault(key, GroupTotals()).add(totals)
