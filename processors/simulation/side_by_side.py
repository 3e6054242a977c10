"""A person under the law as it is and under the reforms: each claim that moves, with both traces."""

from typing import Any

from events.money import yuan
from policies.explain import render
from processors.person.recalculation import Recalculation
from processors.simulation.facts import SimulatedPerson
from processors.simulation.fold import Fold
from projections.statements import StatementRow


def side_by_side(fold: Fold, facts: SimulatedPerson) -> dict[str, Any]:
    """What a person bears and is granted under both laws, and the claims that are settled otherwise, with the steps of
    each layer as ``policies.explain.render`` words them. Amounts in yuan."""
    settled = fold.settled(facts.claims)
    before, after = settled.baseline, settled.variants[-1] or settled.baseline
    pairs = zip(before.statements, after.statements, strict=True)
    counted = [(old, new) for old, new in pairs if fold.counts(old)]
    was = sum(old.patient_share for old, _ in counted) - fold.granted(before)
    now = sum(new.patient_share for _, new in counted) - fold.granted(after)
    return {
        "person_id": facts.person_id,
        "baseline": {"borne": yuan(was), "granted": yuan(fold.granted(before))},
        "reform": {"borne": yuan(now), "granted": yuan(fold.granted(after))},
        "difference": yuan(now - was),
        "claims": [
            {
                "claim_id": old.claim_id,
                "date": old.date.isoformat(),
                "total": yuan(old.total),
                "baseline": _claim(fold, before, old),
                "reform": _claim(fold, after, new),
            }
            for old, new in counted
            if old.layers != new.layers or old.patient_share != new.patient_share
        ],
    }


def _claim(fold: Fold, settled: Recalculation, row: StatementRow) -> dict[str, Any]:
    text = fold.schemes[row.scheme_hash]
    return {
        "patient_share": yuan(row.patient_share),
        "layers": [
            {"layer": payout.layer, "paid": yuan(payout.paid), "steps": render(text, payout.trace)}
            for payout in settled.payouts[row.number]
        ],
    }
