"""Stays as rules compare them: a stay billed on 31 December is one stay with the discharge behind it."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from policies.supervision.icd import block_of, category_of
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim


class SupervisedStay(Struct, frozen=True, gc=False):
    """One stay with its standing claims, in ledger order; ``claim`` is the last, its discharge where there is one."""

    claims: tuple[SupervisedClaim, ...]
    claim: SupervisedClaim
    starts_on: date
    ends_on: date

    @property
    def hospital_id(self) -> str:
        """Where it was."""
        return self.claim.hospital_id

    @property
    def days(self) -> int:
        """Days between admission and discharge, 1 at least."""
        return max(1, (self.ends_on - self.starts_on).days)

    @property
    def paid_by_layer(self) -> dict[str, int]:
        """What each layer pays of its claims, in fen."""
        return paid_by_layer(self.claims)


def stays_of(claims: Iterable[SupervisedClaim]) -> list[SupervisedStay]:
    """The standing stays among one person's claims, in the order of their days."""
    by_stay: dict[tuple[str, str], list[SupervisedClaim]] = {}
    for claim in claims:
        if claim.standing and claim.setting == "inpatient":
            key = ("stay", claim.admission_id) if claim.admission_id is not None else ("claim", claim.claim_id)
            by_stay.setdefault(key, []).append(claim)
    if not by_stay:
        return []
    found = []
    for own in by_stay.values():
        own.sort(key=lambda claim: (claim.ends_on, claim.number))
        starts_on = min(claim.starts_on for claim in own)
        found.append(SupervisedStay(tuple(own), own[-1], starts_on, own[-1].ends_on))
    return sorted(found, key=lambda stay: (stay.starts_on, stay.ends_on, stay.claim.claim_id))


def paid_by_layer(claims: Iterable[SupervisedClaim]) -> dict[str, int]:
    """What each layer pays of some claims, in fen."""
    sums: dict[str, int] = {}
    for claim in claims:
        for layer, amount in claim.layers:
            sums[layer] = sums.get(layer, 0) + amount
    return sums


def likeness(one: SupervisedClaim, other: SupervisedClaim) -> str | None:
    """How alike the main diagnoses of two stays are: ``category`` (three characters) or the scheme's ``disease``,
    ``block`` of ICD-10, None for neither or where a diagnosis is missing."""
    if one.disease is not None and one.disease == other.disease:
        return "disease"
    if not one.diagnoses or not other.diagnoses:
        return None
    first, second = one.diagnoses[0], other.diagnoses[0]
    if category_of(first) == category_of(second):
        return "category"
    return "block" if block_of(first) == block_of(second) else None


_SIZES: dict[Severity, float] = {"hint": 1.0, "suspicious": 2.0, "violation": 3.0}


def outlier_size(severity: Severity, beyond: float = 0.0) -> float:
    """How far a lead of a rule without peers stands out: 1, 2, 3 by severity, and up to 1 more."""
    return _SIZES[severity] + min(1.0, max(0.0, beyond))


def milder(severity: Severity) -> Severity:
    """The next milder severity."""
    return "suspicious" if severity == "violation" else "hint"


def gap_days(one: SupervisedStay, other: SupervisedStay) -> int:
    """Days from a discharge to a later admission; less than 0 where they overlap."""
    return (other.starts_on - one.ends_on).days


def by_person(claims: Sequence[SupervisedClaim]) -> dict[str, list[SupervisedClaim]]:
    """Claims by person."""
    found: dict[str, list[SupervisedClaim]] = {}
    for claim in claims:
        found.setdefault(claim.person_id, []).append(claim)
    return found
