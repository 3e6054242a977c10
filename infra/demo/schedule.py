"""The schedule of a county's events: each with the moment at which its source sends it, read in that order."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from random import Random
from typing import Any

REGION = "360923"
YEAR = 2019
BUREAU = f"bureau/{REGION}"
CIVIL_AFFAIRS = f"civil-affairs/{REGION}"
POVERTY_OFFICE = f"poverty-office/{REGION}"

Event = dict[str, Any]
Line = Event | bytes
"""An event, or the bytes of what its sender took for one."""

_CHINA = timezone(timedelta(hours=8))


def office_hours(rng: Random, day: date) -> datetime:
    """A moment of a day between 08:00 and 17:59, in China's time."""
    return datetime.combine(day, time(8), _CHINA) + timedelta(seconds=rng.randrange(10 * 3600))


def some_days_after(rng: Random, moment: datetime, first: int, last: int) -> datetime:
    """A moment ``first`` to ``last`` days later, in office hours."""
    return office_hours(rng, moment.date() + timedelta(days=rng.randint(first, last)))


class EventSchedule:
    """Gathers what the sources send; event ids rise in the order of writing, which is not that of sending."""

    def __init__(self) -> None:
        self._lines: list[tuple[datetime, int, Line]] = []

    def add(self, moment: datetime, source: str, type_: str, data: Mapping[str, Any]) -> Event:
        """Add one event; returns it, so that it can be sent again."""
        event = self.write(moment, source, type_, data)
        self.add_line(moment, event)
        return event

    def write(self, moment: datetime, source: str, type_: str, data: Mapping[str, Any]) -> Event:
        """An event that is not added."""
        return {
            "specversion": "1.0",
            "id": f"E{len(self._lines) + 1:06d}",
            "source": source,
            "type": type_,
            "time": moment.isoformat(),
            "data": dict(data),
        }

    def add_line(self, moment: datetime, line: Line) -> None:
        """Add a line as it is."""
        self._lines.append((moment, len(self._lines), line))

    def in_order(self) -> Iterator[Line]:
        """Every line in the order of sending; of one moment in the order of writing."""
        for _, _, line in sorted(self._lines, key=lambda scheduled: scheduled[:2]):
            yield line
