"""Months of the county begin and end by its own clock, eight hours before that of Greenwich."""

from datetime import UTC, date, datetime

from events.county_time import month_end, month_start


def test_a_month_ends_where_the_next_begins() -> None:
    assert month_start(date(2019, 3, 1)) == datetime(2019, 2, 28, 16, tzinfo=UTC)
    assert month_end(date(2019, 3, 1)) == month_start(date(2019, 4, 1))


def test_december_ends_with_the_year() -> None:
    assert month_end(date(2019, 12, 1)) == month_start(date(2020, 1, 1)) == datetime(2019, 12, 31, 16, tzinfo=UTC)
