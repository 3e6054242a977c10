"""Section ``warning`` of a supervision text: when a fund is yellow or red, and how its course is reckoned."""

from policies.supervision.values import CitedCount, CitedRatio, CitedSection


class WarningLines(CitedSection):
    """Lines of a fund's early warning (基金运行预警).

    Months are counts, the others shares or points of them. A fund is yellow, or red, where it is under
    ``months_payable_*`` or ``run_out_*``, or over the others; ``months_surplus`` is where it holds more than it needs.
    ``growth_gap_quarters`` is in how many quarters running spending may grow faster than income. ``forecast_*`` say how
    its course is reckoned: ``spread`` is added to and taken from the growth, ``growth_bound`` is the most of it,
    ``least_months`` of history are wanted, and ``horizon`` is how many months are looked ahead.
    """

    months_payable_yellow: CitedCount
    months_payable_red: CitedCount
    months_surplus: CitedCount
    payment_rate_yellow: CitedRatio
    payment_rate_red: CitedRatio
    time_progress_yellow: CitedRatio
    time_progress_red: CitedRatio
    budget_deviation_yellow: CitedRatio
    budget_deviation_red: CitedRatio
    growth_gap_quarters: CitedCount
    run_out_yellow: CitedCount
    run_out_red: CitedCount
    forecast_spread: CitedRatio
    forecast_growth_bound: CitedRatio
    forecast_least_months: CitedCount
    forecast_horizon: CitedCount
