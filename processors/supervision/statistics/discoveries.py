"""Which of many tests found something: those that chance alone would have given are kept few."""

from collections.abc import Sequence

FALSE_DISCOVERIES = 0.05
"""The share of what is found that may be chance."""


def discoveries(p_values: Sequence[float], rate: float = FALSE_DISCOVERIES) -> list[bool]:
    """Whether each test found something, by Benjamini and Hochberg (1995): no more than ``rate`` of the found is
    chance."""
    from scipy.stats import false_discovery_control

    if not p_values:
        return []
    return [bool(adjusted <= rate) for adjusted in false_discovery_control(p_values, method="bh")]


def excess_p(cases: int, of: int, share: float) -> float:
    """How likely ``cases`` or more ``of`` so many are, where each is one with the chance ``share`` (binomial,
    one-sided)."""
    from scipy.stats import binom

    return float(binom.sf(cases - 1, of, share))


def normal_p(z: float) -> float:
    """How likely a standard normal is as large as ``z`` or larger."""
    from scipy.special import ndtr

    return float(ndtr(-z))


def welch_p(costs: Sequence[int], compared: Sequence[int]) -> float:
    """How likely costs are as much higher than those compared by chance: Welch's t of the logarithms, one-sided.

    All are above zero. 1 where one of the two has fewer than two costs, or none differ.
    """
    import numpy as np
    from scipy.stats import ttest_ind

    if min(len(costs), len(compared)) < 2:
        return 1.0
    high, low = np.log(np.asarray(costs, dtype=float)), np.log(np.asarray(compared, dtype=float))
    if high.std() + low.std() < 1e-9:  # all equal: whether they differ is no matter of chance
        return 0.0 if high.mean() > low.mean() + 1e-9 else 1.0
    return float(ttest_ind(high, low, equal_var=False, alternative="greater").pvalue)
