"""The county's time: its days and months begin and end by this clock, whatever clock the server has."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

COUNTY_TIME = ZoneInfo("Asia/Shanghai")


def county_day(moment: datetime) -> date:
    """The county's day at a moment."""
    return moment.astimezone(COUNTY_TIME).date()


def month_start(month: date) -> datetime:
    """The first moment of a month; ``month`` is its first day."""
    return datetime(month.year, month.month, 1, tzinfo=COUNTY_TIME)


def month_end(month: date) -> datetime:
    """The first moment after a month; ``month`` is its first day."""
    year, following = (month.year + 1, 1) if month.month == 12 else (month.year, month.month + 1)
    return datetime(year, following, 1, tzinfo=COUNTY_TIME)


def day_start(day: date) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=COUNTY_TIME)


def day_end(day: date) -> datetime:
    """The first moment after a day."""
    return day_start(day + timedelta(days=1))


def county_second(at: str) -> str:
    """A moment in ISO 8601 as the county's clocks show it: ``2019-03-31 09:05:07``."""
    return f"{datetime.fromisoformat(at).astimezone(COUNTY_TIME):%Y-%m-%d %H:%M:%S}"
