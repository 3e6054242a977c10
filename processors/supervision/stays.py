"""Stays as rules compare them: a stay billed on 31 December is one stay with the discharge behind it."""

from collections.abc import Sequence

from policies.supervision.icd import block_of, category_of
from policies.supervision.values import Severity
from processors.supervision.claim import SupervisedClaim
from processors.supervision.claim import SupervisedStay as SupervisedStay
from processors.supervision.claim import paid_by_layer as paid_by_layer
from processors.supervision.claim import stays_of as stays_of


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
