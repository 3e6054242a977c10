"""Where each value stands among all of them: median, percentile, robust z."""

from collections.abc import Sequence

from msgspec import Struct

NORMAL_QUARTILE = 0.6745
"""The standard normal's third quartile: it makes the median absolute deviation a standard deviation."""
OUTLYING_Z = 3.5
"""Iglewicz and Hoaglin (1993): a value whose robust z is larger is an outlier."""
OUTLYING_PERCENTILE = 99.0
"""Where half of the values are equal there is no z, and a value above this percentile is an outlier."""
MOST_DISTANT = 10.0


class RelativePlace(Struct, frozen=True, gc=False):
    """Where a value stands. ``median``, ``quartiles`` are of values as given; ``z`` is None where half are equal."""

    n: int
    median: float
    quartiles: tuple[float, float]
    percentile: float
    z: float | None

    @property
    def outlies_above(self) -> bool:
        """Whether it is far above the others."""
        return self.percentile > OUTLYING_PERCENTILE if self.z is None else self.z > OUTLYING_Z

    @property
    def distance(self) -> float:
        """How far above the others, for an order of leads: the robust z, or the place in the highest percentile.

        ``MOST_DISTANT`` at most: where peers hardly differ a z has no bound, and would outweigh any money.
        """
        return min(MOST_DISTANT, max(0.0, (self.percentile - 50) / 50 * OUTLYING_Z if self.z is None else self.z))


def places(values: Sequence[float], *, logarithmic: bool = True) -> list[RelativePlace]:
    """The place of each value among all, itself with them.

    z = 0.6745 · (x - median) / MAD (Iglewicz and Hoaglin 1993), of the logarithms where ``logarithmic``: costs are
    skewed to the right. The percentile is the share of smaller values and of half of the equal ones, in percent.
    Raises ValueError where a logarithm is asked of what is not above zero.
    """
    import numpy as np

    if not values:
        return []
    given = np.asarray(values, dtype=float)
    if logarithmic and given.min() <= 0:
        raise ValueError("a logarithm needs values above zero")
    scaled = np.log(given) if logarithmic else given
    centre = np.median(scaled)
    deviation = float(np.median(np.abs(scaled - centre)))
    ordered = np.sort(scaled)
    below, upto = np.searchsorted(ordered, scaled, "left"), np.searchsorted(ordered, scaled, "right")
    percentiles = (below + upto) / 2 / len(given) * 100
    # costs that are equal but for the last bit of their logarithms do not deviate
    scores = NORMAL_QUARTILE * (scaled - centre) / deviation if deviation > 1e-12 else None
    lower, median, upper = map(float, np.percentile(given, (25, 50, 75)))
    told = [None] * len(given) if scores is None else scores.tolist()
    return [
        RelativePlace(len(given), median, (lower, upper), percentile, score)
        for percentile, score in zip(percentiles.tolist(), told, strict=True)
    ]


def percentile_of(values: Sequence[float], percent: float) -> float:
    """The value below which so many percent of the values lie, between two of them where needed."""
    import numpy as np

    return float(np.percentile(np.asarray(values, dtype=float), percent))
