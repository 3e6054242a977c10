"""How sure a share is that was counted from few cases."""


def wilson(cases: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of Wilson (1927) for a share: between which shares the truth lies, 0 to 1.

    Raises ValueError for no cases to count of, or more cases than that.
    """
    from scipy.stats import binomtest

    if not 0 <= cases <= of or of == 0:
        raise ValueError("cases must be part of a number above zero")
    interval = binomtest(cases, of).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
