"""The month that a roster is for."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

DUE_IN, DUE_OUT = 10, 20
"""Days of the month by which departments' lists, and then hospitals' lists, are due (抚医保联〔2019〕2号 四(五))."""

_FORM = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A month of the calendar."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read YYYY-MM. Raises ValueError."""
        match = _FORM.fullmatch(text)
        if match is None or not 2000 <= int(match[1]) <= 2099 or not 1 <= int(match[2]) <= 12:
            raise ValueError(f"{text} is no month: write 2019-06")
        return cls(int(match[1]), int(match[2]))

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def due_in(self) -> date:
        """The day by which the departments' lists are due."""
        return date(self.year, self.month, DUE_IN)

    @property
    def due_out(self) -> date:
        """The day by which the hospitals' lists are due, and for which they hold."""
        return date(self.year, self.month, DUE_OUT)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
