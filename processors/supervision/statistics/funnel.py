"""Funnel limits: which hospitals' rates differ from all by more than chance, where their numbers of cases differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

WINSORISED = 0.1
"""The tenth of the scores at each end is pulled in before they tell how much the hospitals differ (Spiegelhalter
2005)."""


class FunnelPoint(Struct, frozen=True, gc=False):
    """A hospital in a funnel. Rates and limits lie from 0 to 1; ``z`` and ``p`` (one-sided, above) allow for τ²."""

    cases: int
    of: int
    rate: float
    z: float
    p: float
    warning: tuple[float, float]
    control: tuple[float, float]

    @property
    def above(self) -> bool:
        """Whether it lies above the control limit."""
        return self.rate > self.control[1]


class Funnel(Struct, frozen=True):
    """``target`` is the rate of all; ``tau_squared`` the variance between hospitals, on the arcsine scale."""

    target: float
    dispersion: float
    tau_squared: float
    points: tuple[FunnelPoint, ...]


def funnel(counts: Sequence[tuple[int, int]]) -> Funnel:
    """The funnel of hospitals' ``(cases, of)``: limits that hold 95% (``warning``) and 99.8% (``control``) of them.

    D. J. Spiegelhalter, Funnel plots for comparing institutional performance, Statistics in Medicine 24 (2005)
    1185-1202: rates on the arcsine scale y = asin √(r/n) with s = 1/(2√n), z = (y - y₀)/s, the z winsorised by a
    tenth at each end, φ = Σz²/I. Where I·φ > I - 1 the hospitals differ by more than chance, and τ² = (I·φ - (I - 1))
    / (Σw - Σw²/Σw) with w = 1/s² is added to s². FunnelPlotR does the same for proportions. The target is the rate of
    all cases together.
    Raises ValueError for a hospital without cases to count of, or with more cases than that.
    """
    import numpy as np
    from scipy.special import ndtr, ndtri

    if any(not 0 <= cases <= of or of == 0 for cases, of in counts):
        raise ValueError("cases must be part of a number above zero")
    if not counts:
        return Funnel(0.0, 0.0, 0.0, ())
    cases, of = (np.asarray(column, dtype=float) for column in zip(*counts, strict=True))
    target = float(cases.sum() / of.sum())
    centre = np.arcsin(np.sqrt(target))
    distance, variance = np.arcsin(np.sqrt(cases / of)) - centre, 1 / (4 * of)
    dispersion, tau_squared = _between(distance / np.sqrt(variance), variance)
    spread = np.sqrt(variance + tau_squared)
    scores = distance / spread
    limits = {
        share: [_rate(centre + sign * ndtri((1 + share) / 2) * spread) for sign in (-1, 1)] for share in (0.95, 0.998)
    }
    points = tuple(
        FunnelPoint(
            counts[index][0],
            counts[index][1],
            float(cases[index] / of[index]),
            float(scores[index]),
            float(ndtr(-scores[index])),
            (float(limits[0.95][0][index]), float(limits[0.95][1][index])),
            (float(limits[0.998][0][index]), float(limits[0.998][1][index])),
        )
        for index in range(len(counts))
    )
    return Funnel(target, dispersion, tau_squared, points)


def _between(scores: FloatArray, variance: FloatArray) -> tuple[float, float]:
    import numpy as np

    hospitals = len(scores)
    pulled = np.clip(scores, *np.quantile(scores, (WINSORISED, 1 - WINSORISED)))
    dispersion = float((pulled**2).sum() / hospitals)
    weights = 1 / variance
    room = float(weights.sum() - (weights**2).sum() / weights.sum())
    excess = hospitals * dispersion - (hospitals - 1)
    return dispersion, max(0.0, excess / room) if hospitals > 1 else 0.0


def _rate(angle: FloatArray) -> FloatArray:
    import numpy as np

    return np.asarray(np.sin(np.clip(angle, 0, np.pi / 2)) ** 2)
