"""Months of clearing: what is booked now is booked in the county's current month."""

from datetime import date, datetime

from events.county_time import COUNTY_TIME, month_end


def months_from_now() -> tuple[date, date]:
    """The first days of this month and the next, as the county counts them."""
    this = datetime.now(COUNTY_TIME).date().replace(day=1)
    return this, month_end(this).date()
