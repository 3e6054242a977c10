"""Ranges of days that a supervision text names, as holidays."""

from datetime import date
from typing import Annotated

from msgspec import Struct
from pydantic import BeforeValidator


class DayRange(Struct, frozen=True, order=True):
    """Days from ``first`` to ``last``, both within."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day lies within."""
        return self.first <= day <= self.last

    def __str__(self) -> str:
        """As a text states it."""
        return f"{self.first}/{self.last}"


def _day_range(text: str) -> DayRange:
    first, _, last = text.partition("/")
    try:
        found = DayRange(date.fromisoformat(first), date.fromisoformat(last or first))
    except ValueError:
        raise ValueError(f"{text[:40]!r} 不是日期范围 is no range of days: write 2024-10-01/2024-10-07") from None
    if found.last < found.first:
        raise ValueError(f"{text!r} 起日大于止日 the range ends before it begins")
    return found


def _day_ranges(value: object) -> tuple[DayRange, ...]:
    if not isinstance(value, list):
        raise ValueError("应为日期范围的列表 a list of ranges of days is wanted: [2024-10-01/2024-10-07]")
    return tuple(sorted(_day_range(str(each)) for each in value))


DayRanges = Annotated[tuple[DayRange, ...], BeforeValidator(_day_ranges)]
