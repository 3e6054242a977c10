"""The whole file, and what must be found in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from tests.tricks.catalog import SPARE_PERSONS, TRICKS, Planter, Trick
from tests.tricks.county import YEAR, YEARS, EventFile, houses, persons
from tests.tricks.ordinary import Ordinary


@dataclass(frozen=True)
class PlantedFile:
    """``events`` in the order of sending; ``ordinary`` claims among them, and the tricks."""

    events: Sequence[dict[str, Any]]
    ordinary: int
    tricks: Sequence[Trick]


def planted_file(claims: int = 20_000, years: range = YEARS, seed: int = 12) -> PlantedFile:
    """A file with so many ordinary claims of some years, and in the last of them every trick once."""
    rng = Random(seed)
    file, known, people = EventFile(), houses(), persons(rng)
    file.open(known)
    ordinary = Ordinary(rng, known, people[:-SPARE_PERSONS], file, dear={"H23": date(YEAR, 10, 1)}, years=years)
    ordinary.write(claims)
    planter = Planter(ordinary, iter(people[-SPARE_PERSONS:]))
    written = file.claims
    tricks = [plant(planter) for plant in TRICKS.values()]
    return PlantedFile(list(file), written - len(ordinary.dearer), tricks)
