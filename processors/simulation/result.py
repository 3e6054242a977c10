"""A simulation's result as ``claims whatif --json`` prints it (docs/whatif.md#result)."""

from collections.abc import Mapping
from typing import Any

from events.money import yuan
from policies.vocabulary import in_layer_order
from processors.simulation.burdens_json import burdens_json, households_json
from processors.simulation.goal_figures import funds_json
from processors.simulation.groups import DECILE, GroupTotals
from processors.simulation.plan import Simulation
from processors.simulation.publication import published
from processors.simulation.totals import SimulatedSums, SimulationTotals, VariantTotals


def result_json(simulation: Simulation, totals: SimulationTotals, moved: Mapping[str, Any]) -> dict[str, Any]:
    """The one object, but for the seconds that it took: amounts in yuan. Of several reforms ``reforms`` tells each
    alone, and on top of those before.

    ``moved`` are those who gain and lose most, each as ``side_by_side`` tells it. Where it is public, what is hidden
    (``published``) is null.
    """
    together = totals.variants[-1]
    layers = _layers(totals)
    told = {
        "identity": simulation.identity,
        "ledger": {"position": simulation.ledger.position, "hash": simulation.ledger.hash},
        "baseline": _sums(totals.baseline, layers),
        "reform": _sums(totals.baseline.plus(together.difference), layers),
        **_variant(together, totals, layers),
    }
    breakdown = simulation.plan.breakdown
    if breakdown.by:
        known = {**totals.groups.of, DECILE: totals.burdens.deciles()}
        told["by"] = {kind: [_group(key, known[kind][key]) for key in sorted(known[kind])] for kind in breakdown.by}
    if breakdown.persons:
        told["burdens"] = burdens_json(totals.burdens)
        told["moved"] = moved
    if breakdown.household_line is not None:
        told["households"] = households_json(totals.households, breakdown.household_line)
    if simulation.assumptions is not None:
        after = totals.baseline.plus(together.difference)
        told["funds"] = funds_json(simulation.assumptions, totals.baseline, after)
    if simulation.stacks:
        told["reforms"] = [
            {
                "name": stack.name,
                "alone": _variant(totals.variants[stack.alone], totals, layers),
                "stacked": _variant(totals.variants[stack.stacked], totals, layers),
            }
            for stack in simulation.stacks
        ]
    return published(told, totals) if breakdown.public else told


def _group(key: str, group: GroupTotals) -> dict[str, Any]:
    return {
        "key": key,
        "persons": {"all": group.persons, "changed": group.persons_changed},
        "claims": {"all": group.claims, "changed": group.changed},
        "baseline": {"paid": yuan(group.paid), "patient_share": yuan(group.patient_share)},
        "difference": {"paid": yuan(group.paid_difference), "patient_share": yuan(group.patient_difference)},
    }


def _layers(totals: SimulationTotals) -> list[str]:
    named = {*totals.baseline.paid, *(layer for variant in totals.variants for layer in variant.difference.paid)}
    return in_layer_order(named)


def _variant(variant: VariantTotals, totals: SimulationTotals, layers: list[str]) -> dict[str, Any]:
    same = totals.persons - variant.gain - variant.lose
    return {
        "difference": _sums(variant.difference, layers),
        "persons": {"all": totals.persons, "gain": variant.gain, "lose": variant.lose, "same": same},
        "claims": {"all": totals.claims, "changed": variant.claims_changed},
    }


def _sums(sums: SimulatedSums, layers: list[str]) -> dict[str, Any]:
    return {
        "paid": {layer: yuan(sums.paid.get(layer, 0)) for layer in layers},
        "patient_share": yuan(sums.patient_share),
        "hospital_share": yuan(sums.hospital_share),
        "grants": yuan(sums.grants),
    }
