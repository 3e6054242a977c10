"""Working days of the state's calendar (国务院办公厅 holidays and the weekends worked for them)."""

from datetime import date, timedelta
from functools import lru_cache


@lru_cache(maxsize=4096)  # lists ask the same of thousands of rows, and of few days
def add_working_days(day: date, count: int) -> date:
    """The day that is so many working days behind another, which does not count.

    Of a year whose holidays are not published yet, Saturdays and Sundays alone are free.
    """
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """Whether offices work that day; of a year whose holidays are not in the tables yet, Monday to Friday."""
    import chinese_calendar  # here: its tables take time to load, and most commands need none

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5
