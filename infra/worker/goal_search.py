"""Looks for the value at which a goal is met: everybody is settled under some values at once, at one moment."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from msgspec import structs

from events.money import yuan
from infra.worker.simulations import Settling, simulator
from policies.assumptions import Assumptions
from policies.goal import ALL_LAYERS, GoalFile
from policies.reform import ReformError
from policies.vocabulary import in_layer_order
from processors.law.terms import LAYER_NAMES
from processors.simulation.figures import DRAWS
from processors.simulation.goal_figures import GoalFigure, figure_of
from processors.simulation.plan import Asked, Simulation
from processors.simulation.search import FoundPlace, Tried, boundary
from processors.simulation.totals import SimulationTotals, VariantTotals


class GoalSought(NamedTuple):
    """What looking for a goal's value came to: its result (docs/whatif.md#budget), and the totals of one round.

    Where the books are not what settling anew gives (``totals.unlike_count``), ``told`` is not to be shown.
    """

    told: dict[str, Any]
    totals: SimulationTotals


class _Point(NamedTuple):
    told: dict[str, Any]
    figures: Sequence[int]


async def seek(database_url: str, file: GoalFile, asked: Asked, settling: Settling) -> GoalSought:
    """Look for the value. Raises ``ReformError`` for a reform or a goal that can't be used, and what a ``Simulator``
    raises."""
    wanted = figure_of(file.goal, asked.assumptions)
    asked = structs.replace(asked, breakdown=structs.replace(asked.breakdown, figure=wanted.figure))
    points: dict[int, _Point] = {}
    first: list[tuple[Simulation, SimulationTotals]] = []

    async with simulator(database_url, settling) as simulating:

        async def tried(places: Sequence[int]) -> Tried:
            reforms = [file.with_value(file.values[place]) for place in places]
            done = await simulating.settled(await simulating.planned(reforms, asked, apart=True))
            first.append((done.simulation, done.totals))
            for number, place in enumerate(places):
                points[place] = _point(file.values[place], wanted, done.totals, number)
            return {place: points[place].told["met"] for place in places}

        found = await boundary(len(file.values), tried)
    simulation, totals = first[0]
    return GoalSought(_told(file, wanted, simulation, totals, found, points), totals)


def _point(value: str, wanted: GoalFigure, totals: SimulationTotals, number: int) -> _Point:
    variant: VariantTotals = totals.variants[number]
    whole = wanted.whole(totals, number)
    sums = totals.baseline.plus(variant.difference)
    return _Point(
        {
            "value": value,
            "figure": wanted.told(whole),
            "met": wanted.goal.met(whole),
            "paid": {layer: yuan(sums.paid[layer]) for layer in in_layer_order(sums.paid)},
            "patient_share": yuan(sums.patient_share),
            "gain": variant.gain,
            "lose": variant.lose,
        },
        variant.figures,
    )


def _told(
    file: GoalFile,
    wanted: GoalFigure,
    simulation: Simulation,
    totals: SimulationTotals,
    found: FoundPlace,
    points: dict[int, _Point],
) -> dict[str, Any]:
    goal = file.goal.model_dump(exclude_defaults=True)
    said = orjson.dumps([simulation.identity, goal, file.values, list(file.ranged)], option=orjson.OPT_SORT_KEYS)
    identity = hashlib.sha256(said).hexdigest()
    answer = None if found.met is None else points[found.met]
    seed = int(identity[:16], 16)
    interval = None if answer is None else wanted.interval(answer.figures, seed)
    return {
        "identity": identity,
        "ledger": {"position": simulation.ledger.position, "hash": simulation.ledger.hash},
        "goal": goal,
        "value": None if answer is None else answer.told["value"],
        "next": None if found.unmet is None else file.values[found.unmet],
        "figure": None if answer is None else answer.told["figure"],
        "interval": None if interval is None else {"draws": DRAWS, "of": [wanted.told(each) for each in interval]},
        "baseline": wanted.told(wanted.whole(totals, None)),
        "turns": found.turns,
        "persons": totals.persons,
        "curve": [points[place].told for place in sorted(points)],
    }


def require_layers(file: GoalFile | None, assumptions: Assumptions | None) -> None:
    """Refuse a goal or assumptions that name a layer that the law does not have: nothing would be counted for it.

    Raises ``ReformError``.
    """
    named = {layer for fund in (() if assumptions is None else assumptions.funds) for layer in fund.layers}
    if file is not None and file.goal.paid is not None:
        named.add(file.goal.paid)
    unknown = sorted(named - {ALL_LAYERS, *LAYER_NAMES})
    if unknown:
        there = "、".join(LAYER_NAMES)
        raise ReformError(
            [f"没有保障线 {'、'.join(unknown)}，有：{there} there is no such layer; there are those listed"]
        )
