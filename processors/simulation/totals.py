"""What a simulation adds up over persons, in fen. Totals of parts add up to those of the whole in any order."""

from array import array
from collections.abc import Iterable

from msgspec import Struct, field

from processors.simulation.burdens import Burdens, HouseholdBurdens
from processors.simulation.groups import Groups
from projections.statements import StatementRow

MOST_NAMED = 20
"""Persons named whose books are not what settling anew gives."""


class SimulatedSums(Struct):
    """What layers pay of standing claims, of each year too, what patients and hospitals bear, and the grants."""

    paid: dict[str, int] = field(default_factory=dict)
    paid_in: dict[tuple[int, str], int] = field(default_factory=dict)
    patient_share: int = 0
    hospital_share: int = 0
    grants: int = 0

    def count(self, row: StatementRow, sign: int = 1) -> None:
        """Count a statement in, or out with ``sign=-1``."""
        for layer, paid in row.layers:
            self.paid[layer] = self.paid.get(layer, 0) + sign * paid
            year = row.year, layer
            self.paid_in[year] = self.paid_in.get(year, 0) + sign * paid
        self.patient_share += sign * row.patient_share
        self.hospital_share += sign * row.hospital_share

    def amounts(self) -> dict[str, int]:
        """All that are not nil, by the layer or the field's name."""
        named = {"patient_share": self.patient_share, "hospital_share": self.hospital_share, "grants": self.grants}
        return {name: amount for name, amount in (self.paid | named).items() if amount}

    def add(self, other: "SimulatedSums") -> None:
        """Add other sums."""
        for layer, paid in other.paid.items():
            self.paid[layer] = self.paid.get(layer, 0) + paid
        for year, paid in other.paid_in.items():
            self.paid_in[year] = self.paid_in.get(year, 0) + paid
        self.patient_share += other.patient_share
        self.hospital_share += other.hospital_share
        self.grants += other.grants

    def plus(self, other: "SimulatedSums") -> "SimulatedSums":
        """Both together."""
        both = SimulatedSums()
        both.add(self)
        both.add(other)
        return both


class VariantTotals(Struct):
    """What a variant changes: ``difference`` is it minus the baseline. Who gains bears less, grants counted.

    ``settled`` are the persons whose claims were settled a second time; of all others nothing can be another.
    ``figures`` are what the figure that was asked for comes to for each person whom it is of.
    """

    difference: SimulatedSums = field(default_factory=SimulatedSums)
    gain: int = 0
    lose: int = 0
    claims_changed: int = 0
    settled: int = 0
    figures: array = field(default_factory=lambda: array("q"))  # type: ignore[type-arg] # array[int] from 3.12 on

    def add(self, other: "VariantTotals") -> None:
        """Add those of other persons."""
        self.difference.add(other.difference)
        self.gain += other.gain
        self.lose += other.lose
        self.claims_changed += other.claims_changed
        self.settled += other.settled
        self.figures.extend(other.figures)


class AmountPersons(Struct):
    """Of how many persons an amount is, and of how many of them reforms make it another."""

    persons: int = 0
    changed: int = 0

    def add(self, other: "AmountPersons") -> None:
        """Add other persons."""
        self.persons += other.persons
        self.changed += other.changed


class Unlike(Struct, frozen=True):
    """A person whose books are not what settling anew gives: the first claim or grant where they differ."""

    person_id: str
    where: str
    expected: str
    booked: str


class SimulationTotals(Struct):
    """Of the persons with a standing claim that is counted: how many, what is booked for them, what variants change.

    Persons ``in_flight`` are among them, and were not held against the books. ``unlike`` are in the order of their ids,
    at most ``MOST_NAMED`` of ``unlike_count``. ``groups``, ``burdens`` and ``households`` are about the last variant,
    and so are ``amounts`` (layers, shares and grants) and ``persons_changed``, which are counted for publication.
    ``figures`` are of the same persons as each variant's, in the same order, under the law as it is.
    """

    variants: list[VariantTotals]
    baseline: SimulatedSums = field(default_factory=SimulatedSums)
    persons: int = 0
    claims: int = 0
    in_flight: int = 0
    unlike: list[Unlike] = field(default_factory=list)
    unlike_count: int = 0
    groups: Groups = field(default_factory=lambda: Groups({}))
    burdens: Burdens = field(default_factory=Burdens)
    households: HouseholdBurdens = field(default_factory=HouseholdBurdens)
    amounts: dict[str, AmountPersons] = field(default_factory=dict)
    persons_changed: int = 0
    figures: array = field(default_factory=lambda: array("q"))  # type: ignore[type-arg] # array[int] from 3.12 on

    def count_amounts(self, before: SimulatedSums, after: SimulatedSums, *, changed: bool) -> None:
        """Count whose amounts these are."""
        was, now = before.amounts(), after.amounts()
        for name in was.keys() | now.keys():
            differs = was.get(name) != now.get(name)
            self.amounts.setdefault(name, AmountPersons()).add(AmountPersons(int(name in was), int(differs)))
        self.persons_changed += changed

    def add(self, other: "SimulationTotals") -> None:
        """Add those of other persons."""
        for own, theirs in zip(self.variants, other.variants, strict=True):
            own.add(theirs)
        self.baseline.add(other.baseline)
        self.persons += other.persons
        self.claims += other.claims
        self.in_flight += other.in_flight
        self.unlike_count += other.unlike_count
        self.groups.add(other.groups)
        self.burdens.add(other.burdens)
        self.households.add(other.households)
        for name, persons in other.amounts.items():
            self.amounts.setdefault(name, AmountPersons()).add(persons)
        self.persons_changed += other.persons_changed
        self.figures.extend(other.figures)
        self.unlike = sorted([*self.unlike, *other.unlike], key=lambda each: each.person_id)[:MOST_NAMED]


def totals_of_nobody(variants: int, by: Iterable[str]) -> SimulationTotals:
    """Totals to add to, of so many variants, broken down by some of ``groups.KINDS``."""
    return SimulationTotals([VariantTotals() for _ in range(variants)], groups=Groups({kind: {} for kind in by}))
