"""What treatment costs: lognormal bills, a heavy tail, and how a bill splits into its parts.

Every number here is set by hand so that the settled sums come near the published ones; none is an observation.
"""

from dataclasses import dataclass
from random import Random

from events.money import yuan

Parts = dict[str, int]
"""A bill's parts in fen, its total not among them."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A lognormal cost: median in yuan, the logarithm's standard deviation, and no less or more than these yuan."""

    median: float
    sigma: float
    least: int
    most: int

    def draw_fen(self, rng: Random) -> int:
        """One cost in fen."""
        drawn = self.median * rng.lognormvariate(0.0, self.sigma)
        return round(min(max(drawn, self.least), self.most) * 100)


STAY_COST = {
    0: Cost(median=2_750, sigma=0.45, least=300, most=8_000),
    1: Cost(median=2_200, sigma=0.45, least=400, most=10_000),
    2: Cost(median=3_750, sigma=0.60, least=600, most=40_000),
    3: Cost(median=7_000, sigma=0.70, least=1_500, most=80_000),
}
SEVERE_YEAR_COST = Cost(median=158_000, sigma=0.60, least=40_000, most=600_000)
CHRONIC_COST = Cost(median=160, sigma=0.50, least=30, most=1_500)
DIALYSIS_COST = Cost(median=420, sigma=0.20, least=300, most=700)
GENERAL_COST = Cost(median=55, sigma=0.40, least=12, most=300)

OUT_OF_CATALOG_STAYS = 0.043
"""Stays with an implant or drug that no catalog lists: nearly all that reaches the fiscal backstop."""


def split(rng: Random, total_fen: int, *, mostly_out_of_catalog: bool = False) -> Parts:
    """Split a cost into the parts of a bill."""
    copay = round(total_fen * rng.uniform(0.005, 0.03))
    over_limit = round(total_fen * rng.uniform(0.0, 0.01))
    self_funded = round(total_fen * (rng.uniform(0.5, 0.9) if mostly_out_of_catalog else rng.uniform(0.04, 0.09)))
    return {
        "in_scope": total_fen - copay - over_limit - self_funded,
        "upfront_copay": copay,
        "over_limit": over_limit,
        "self_funded": self_funded,
    }


def scaled(parts: Parts, factor: float) -> Parts:
    """The parts of a bill that is larger or smaller by a factor."""
    return {name: round(fen * factor) for name, fen in parts.items()}


def bill(parts: Parts) -> dict[str, str]:
    """A bill as an event carries it: yuan, with its total."""
    return {"total": yuan(sum(parts.values()))} | {name: yuan(fen) for name, fen in parts.items()}
