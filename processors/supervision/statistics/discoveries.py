"""Which of many tests found something: those that chance alone would have given are kept few."""

from collections.abc import Sequence

FALSE_DISCOVERIES = 0.05
"""The share of what is found that may be chance."""


def discoveries(p_values: Sequence[float], rate: float = FALSE_DISCOVERIES) -> list[bool]:
    """Whether each test found something, by Benjamini and Hochberg (1995): no more than ``rate`` of the found is
    chance. What ``scipy.stats.false_discovery_control`` says, whose package takes a second to load."""
    import numpy as np

    if not p_values:
        return []
    given = np.asarray(p_values, dtype=float)
    order = np.argsort(given)
    raised = given[order] * (len(given) / np.arange(1, len(given) + 1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum.accumulate(raised[::-1])[::-1]
    return [bool(each <= rate) for each in adjusted]


def excess_p(cases: int, of: int, share: float) -> float:
    """How likely ``cases`` or more ``of`` so many are, where each is one with the chance ``share`` (binomial,
    one-sided). The incomplete beta function is what ``scipy.stats.binom`` works it out by."""
    from scipy.special import betainc

    return float(betainc(cases, of - cases + 1, share)) if cases > 0 else 1.0


def normal_p(z: float) -> float:
    """How likely a standard normal is as large as ``z`` or larger."""
    from scipy.special import ndtr

    return float(ndtr(-z))


def welch_p(costs: Sequence[int], compared: Sequence[int]) -> float:
    """How likely costs are as much higher than those compared by chance: Welch's t of the logarithms, one-sided.

    All are above zero. 1 where one of the two has fewer than two costs, or none differ.
    """
    import numpy as np
    from scipy.special import stdtr

    if min(len(costs), len(compared)) < 2:
        return 1.0
    high, low = np.log(np.asarray(costs, dtype=float)), np.log(np.asarray(compared, dtype=float))
    if high.std() + low.std() < 1e-9:  # all equal: whether they differ is no matter of chance
        return 0.0 if high.mean() > low.mean() + 1e-9 else 1.0
    of_high, of_low = high.var(ddof=1) / len(high), low.var(ddof=1) / len(low)
    freedom = (of_high + of_low) ** 2 / (of_high**2 / (len(high) - 1) + of_low**2 / (len(low) - 1))
    return float(stdtr(freedom, (low.mean() - high.mean()) / np.sqrt(of_high + of_low)))
