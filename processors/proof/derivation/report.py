"""What a rebuild found and did."""

from dataclasses import dataclass, field
from typing import Any

MOST_SHOWN = 20
"""Differing rows of one projection that are shown whole; the rest are counted."""


@dataclass(frozen=True, slots=True)
class ProjectionDifference:
    """One row: ``missing`` in the table, ``surplus`` there, or ``different``.

    ``columns`` gives what the ledger says and what the table says, by column, of a different row; of the others the
    whole row, with None on the side that has none. Values are those of JSON; money is in fen.
    """

    kind: str
    key: dict[str, Any]
    columns: dict[str, tuple[Any, Any]]


@dataclass(slots=True)
class ProjectionComparison:
    """One projection compared with what the ledger says: ``rows`` by the ledger, and how the table differs from them.

    ``mended`` counts the rows that were put right, which beside running processors may be fewer.
    """

    projection: str
    rows: int
    missing: int = 0
    surplus: int = 0
    different: int = 0
    mended: int = 0
    first: list[ProjectionDifference] = field(default_factory=list)

    @property
    def found(self) -> int:
        """How many rows differ."""
        return self.missing + self.surplus + self.different


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """All projections asked for; ``entries`` is the length of the ledger, ``seconds`` how long it all took."""

    projections: list[ProjectionComparison]
    entries: int
    seconds: float

    @property
    def found(self) -> int:
        """How many rows differ in all."""
        return sum(compared.found for compared in self.projections)
