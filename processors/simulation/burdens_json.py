"""What persons and households bear under both laws, as ``claims whatif --persons --json`` tells it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from events.money import yuan
from processors.simulation.burdens import HUNDRED, Burdens, HouseholdBurdens, quantile

YUAN = 100
QUANTILES: Mapping[str, int] = {"p50": 50, "p90": 90, "p99": 99, "largest": 100}
SAME: Mapping[str, Callable[[int, int], bool]] = {
    "1 yuan": lambda before, after: abs(after - before) <= YUAN,
    "1%": lambda before, after: abs(after - before) * HUNDRED <= before,
}
"""Who counts as unchanged, by what is borne before and after in fen."""


def burdens_json(burdens: Burdens) -> dict[str, Any]:
    """How what persons bear is spread, and who gains and loses where small changes count as none; yuan."""
    before, after = burdens.before(), burdens.after()
    return {
        "persons": len(before),
        "baseline": _spread(before),
        "reform": _spread(after),
        "within": {name: _moved(before, after, same) for name, same in SAME.items()},
    }


def households_json(households: HouseholdBurdens, line: int) -> dict[str, Any]:
    """By year how many households bear more than so many fen."""
    return {
        "line": yuan(line),
        "years": [
            {"year": year, "households": found.households, "baseline": found.before, "reform": found.after}
            for year, found in households.above(line).items()
        ],
    }


def _spread(borne: Sequence[int]) -> dict[str, str | None]:
    if not borne:
        return dict.fromkeys(("mean", *QUANTILES))
    ordered = sorted(borne)
    mean = (2 * sum(ordered) + len(ordered)) // (2 * len(ordered))  # half a fen goes up
    return {"mean": yuan(mean), **{name: yuan(quantile(ordered, percent)) for name, percent in QUANTILES.items()}}


def _moved(before: Sequence[int], after: Sequence[int], same: Callable[[int, int], bool]) -> dict[str, int]:
    moved = [now - was for was, now in zip(before, after, strict=True) if not same(was, now)]
    gain = sum(change < 0 for change in moved)
    return {"gain": gain, "lose": len(moved) - gain, "same": len(before) - len(moved)}
