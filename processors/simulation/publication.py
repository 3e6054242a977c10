"""Hides in a result that is meant for publication what is of few persons, and what would give it away."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from processors.simulation.burdens_json import QUANTILES
from processors.simulation.totals import SimulationTotals

FEWEST = 11
"""Cells of fewer persons are hidden."""
_ALONE = ("patient_share", "hospital_share", "grants")
_SIDES = ("baseline", "reform", "difference")


class Cells(Struct, frozen=True):
    """Which cells of a table are hidden: of the law as it is, and of what the reforms make of it."""

    baseline: set[str]
    reform: set[str]

    def on(self, side: str) -> set[str]:
        """Those of a side of the result."""
        return self.baseline if side == "baseline" else self.reform


def hidden(persons: Mapping[str, int], already: Collection[str] = ()) -> set[str]:
    """The cells of a table that are hidden, by how many persons each is of, with those that are ``already``.

    Where all of them are of few, so is the smallest of the others: whoever knows the sum learns that of two or more
    cells with at least ``FEWEST`` persons. A cell of nobody tells of nobody, and stays.
    """
    without = {*already, *(key for key, count in persons.items() if is_few(count))}
    largest = max((persons[key] for key in without), default=0)
    if is_few(largest):
        others = ((count, key) for key, count in persons.items() if count >= FEWEST)
        without |= {key for _, key in sorted(others)[:1]}
    return without


def is_few(persons: int) -> bool:
    """Whether so many persons are somebody, and too few to be told of."""
    return 0 < persons < FEWEST


def published(told: Mapping[str, Any], totals: SimulationTotals) -> dict[str, Any]:
    """A result (``result_json``) with null where it is hidden. Those who are moved most are left out, and so are funds
    and several reforms one by one, whose differences from each other may be of few.

    It takes that all persons are not few.
    """
    changed_few = is_few(totals.persons_changed)
    shown = {key: value for key, value in told.items() if key not in ("moved", "reforms", "funds")}
    amounts = _amounts(totals, changed_few=changed_few)
    for side in _SIDES:
        shown[side] = _sums(told[side], amounts.on(side))
    shown["persons"] = _counts(told["persons"], ("gain", "lose", "same"))
    if changed_few:
        shown["claims"] = {**told["claims"], "changed": None}
    if "by" in told:
        shown["by"] = {kind: _groups(groups, changed_few=changed_few) for kind, groups in told["by"].items()}
    if "burdens" in told:
        shown["burdens"] = _burdens(told["burdens"], changed_few=changed_few)
    if "households" in told:
        households = told["households"]
        shown["households"] = {**households, "years": [_households(year) for year in households["years"]]}
    return shown


def _amounts(totals: SimulationTotals, *, changed_few: bool) -> Cells:
    """Layers and shares add up to the bills; grants stand alone."""
    known = totals.amounts
    bills, grants = {name: each for name, each in known.items() if name != "grants"}, known.get("grants")
    was = hidden({name: each.persons for name, each in bills.items()})
    now = hidden({name: each.changed for name, each in bills.items()}, was)
    if grants is not None and is_few(grants.persons):
        was, now = was | {"grants"}, now | {"grants"}
    if grants is not None and is_few(grants.changed):
        now = now | {"grants"}
    return Cells(was, {*known, *_ALONE} if changed_few else now)


def _sums(sums: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    paid = {layer: None if layer in without else paid for layer, paid in sums["paid"].items()}
    return {name: None if name in without else amount for name, amount in sums.items()} | {"paid": paid}


def _counts(counts: Mapping[str, int], parts: Sequence[str]) -> dict[str, Any]:
    without = hidden({part: counts[part] for part in parts})
    return {name: None if name in without else count for name, count in counts.items()}


def _groups(groups: Sequence[Mapping[str, Any]], *, changed_few: bool) -> list[dict[str, Any]]:
    was = hidden({group["key"]: group["persons"]["all"] for group in groups})
    now = hidden({group["key"]: group["persons"]["changed"] for group in groups}, was)
    if changed_few:
        now = {group["key"] for group in groups}
    return [_group(group, known=group["key"] not in was, compared=group["key"] not in now) for group in groups]


def _group(group: Mapping[str, Any], *, known: bool, compared: bool) -> dict[str, Any]:
    def of(name: str, key: str, *, shown: bool) -> Any:
        return group[name][key] if shown else None

    return {
        "key": group["key"],
        **{
            name: {"all": of(name, "all", shown=known), "changed": of(name, "changed", shown=compared)}
            for name in ("persons", "claims")
        },
        "baseline": {key: of("baseline", key, shown=known) for key in group["baseline"]},
        "difference": {key: of("difference", key, shown=compared) for key in group["difference"]},
    }


def _burdens(burdens: Mapping[str, Any], *, changed_few: bool) -> dict[str, Any]:
    """A quantile is hidden where few persons bear as much or more."""
    persons = burdens["persons"]
    few = {name for name, percent in QUANTILES.items() if persons - persons * percent // 100 < FEWEST}
    reform = {*burdens["reform"]} if changed_few else few
    return {
        "persons": persons,
        "baseline": {name: None if name in few else amount for name, amount in burdens["baseline"].items()},
        "reform": {name: None if name in reform else amount for name, amount in burdens["reform"].items()},
        "within": {name: _counts(moved, ("gain", "lose", "same")) for name, moved in burdens["within"].items()},
    }


def _households(year: Mapping[str, int]) -> dict[str, Any]:
    """Neither those beyond the line nor the others may be few, nor those who cross it."""
    households, before, after = year["households"], year["baseline"], year["reform"]

    def told(count: int) -> int | None:
        return None if is_few(count) or is_few(households - count) else count

    return {
        "year": year["year"],
        "households": None if is_few(households) else households,
        "baseline": told(before),
        "reform": None if is_few(abs(after - before)) else told(after),
    }
