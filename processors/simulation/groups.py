"""What a simulation's sums are broken down by: each claim belongs to one group of a kind."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from policies.claim import Claim
from projections.statements import StatementRow

NONE = "none"
UNKNOWN = "unknown"
YEARS_OF_AGE = 10


def _age(claim: Claim) -> str:
    if claim.age is None:
        return UNKNOWN
    begin = claim.age // YEARS_OF_AGE * YEARS_OF_AGE
    return f"{begin:02d}-{begin + YEARS_OF_AGE - 1:02d}"


KINDS: Mapping[str, Callable[[Claim], str]] = {
    "year": lambda claim: str(claim.year),
    "category": lambda claim: claim.categories[0] if claim.categories else NONE,
    "hospital": lambda claim: claim.hospital_id,
    "tier": lambda claim: str(claim.tier),
    "disease": lambda claim: claim.disease or NONE,
    "age": _age,
}
"""By what sums can be broken down. The category is the one that is chosen first of those held on the claim's date."""


class GroupTotals(Struct):
    """The claims of a group: how many, what all layers pay and patients bear, in fen, and what reforms change of it."""

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

    def at(self, kind: str, claim: Claim) -> GroupTotals:
        """The group of a claim."""
        return self.of[kind].setdefault(KINDS[kind](claim), GroupTotals())

    def add(self, other: "Groups") -> None:
        """Add those of other persons."""
        for kind, groups in other.of.items():
            for key, totals in groups.items():
                self.of[kind].setdefault(key, GroupTotals()).add(totals)
