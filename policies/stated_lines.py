"""The lines that a scheme's text states, each with its place in the text's tree and the days on which it holds."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from policies.describe import Location, located_lines
from policies.scheme import Scheme
from policies.values import Dated


class StatedLine(NamedTuple):
    """One line as ``describe`` shows it. It holds from ``begins`` to ``ends`` (exclusive), ``date.max`` for no end.

    ``place`` is that of the mapping that states it, empty where what the line says is no single value.
    """

    where: str
    name: str
    for_: str
    value: str
    cite: str
    place: Location
    begins: date
    ends: date

    @property
    def decides_claims(self) -> bool:
        """Whether it is a value by which claims are settled or grants are made: premiums and targets are not."""
        return bool(self.place) and self.place[0] not in ("premiums", "targets")


def stated_lines(scheme: Scheme) -> Iterator[StatedLine]:
    """Every line of a scheme, in the order of its text."""
    valid = scheme.valid
    for place, line in located_lines(scheme):
        dated = _dated(scheme, place) if place else None
        begins = dated.from_ if dated is not None else None
        ends = dated.until if dated is not None else None
        # the days of a line that has no place are part of what it says
        for_ = line["for"] if place else " ".join(part for part in (line["for"], line["dates"]) if part)
        said = line["where"], line["name"], for_, str(line["value"]), line["cite"]
        yield StatedLine(*said, place, begins or valid.from_, ends or valid.until or date.max)


def _dated(scheme: Scheme, place: Location) -> Dated:
    found: Any = scheme
    for part in place:
        found = getattr(found, "root", found)[part] if isinstance(part, int) else getattr(found, part)
    if not isinstance(found, Dated):
        raise AssertionError(f"{place} is no dated value")
    return found
