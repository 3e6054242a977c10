"""What a poor person's preferences are worth: what the general rules would have paid, and what each preference adds.

Officials print it so: lower line, higher ratios, cap lifted, then each added layer. Each step settles all claims of the
year from scratch with one preference more, in that order, and is worth the difference to the step before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from policies.claim import Claim
from policies.engine import GENERAL_LAYERS, Lens, Schemes, settle

LINE = frozenset({"line"})
RATIOS = LINE | {"ratio", "bands", "over_cap_ratio", "upfront", "deductible", "referral_credit"}


@dataclass(frozen=True, slots=True)
class Uplift:
    """In fen: what the general rules would have paid for a claim, and what each preference adds, in order.

    ``general`` plus all ``steps`` is what the layers pay. A step may be negative for one claim: a higher payment early
    in the year leaves less under a cap or above a line later.
    """

    general: int
    steps: tuple[tuple[str, int], ...]


def uplift(schemes: Schemes, claims: Sequence[Claim]) -> dict[int, Uplift]:
    """The uplift of each of one person's standing claims, of whatever scheme, by claim number."""
    layers = tuple(
        dict.fromkeys(layer for claim in claims for layer in schemes[claim.scheme].path if layer not in GENERAL_LAYERS)
    )
    lenses: list[tuple[str, Lens | None]] = [
        ("general", Lens(frozenset(), frozenset())),
        ("line", Lens(frozenset(), LINE)),
        ("ratios", Lens(frozenset(), RATIOS)),
        ("cap", Lens(frozenset(), None)),
        *((layer, Lens(frozenset(layers[: place + 1]), None)) for place, layer in enumerate(layers)),
        ("other_rules", None),
    ]
    paid = [(name, _paid(schemes, claims, lens)) for name, lens in lenses]
    general = paid[0][1]
    return {
        number: Uplift(
            general[number],
            tuple(
                (name, now[number] - before[number])
                for (_, before), (name, now) in pairwise(paid)
                if now[number] != before[number]
            ),
        )
        for number in general
    }


def _paid(schemes: Schemes, claims: Sequence[Claim], lens: Lens | None) -> dict[int, int]:
    bills, _ = settle(schemes, claims, lens)
    return {number: bill.paid for number, bill in bills.items()}
