"""What a listing is made of: columns that show a row's values, and filters that narrow the rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from sqlalchemy import ColumnElement, any_, literal

from events.codes import is_region, region_prefix
from events.county_time import day_start
from events.money import yuan
from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.pages import NOTHING, count_text, day_text, moment_text, share_text, yuan_text

Row = Mapping[str, Any]
CellKind = Literal["text", "id", "count", "fen", "yuan", "share", "day", "moment", "flag", "texts"]
"""``fen`` are whole fen, shown as yuan; ``yuan`` a Decimal or a text of one; ``share`` a fraction of 1."""
FilterKind = Literal["text", "contains", "choice", "year", "month", "region", "from", "until", "least", "has", "source"]
"""How a filter narrows: ``text`` equals, ``has`` is one of a list, ``contains`` a part of it, ``region`` also those
within it, ``source`` is a sender with its kind or by its code alone, ``from`` and ``until`` are days that count
themselves, ``least`` is an amount in yuan, ``month`` is ``2019-06``."""

FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_YUAN = 10**13
FIGURES = frozenset({"count", "fen", "yuan", "share"})


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column: ``name`` is the value's in a row; ``names`` are those of its codes; ``link`` is what is behind it.

    ``total_link`` is what is behind its sum, by the filters as they were typed.
    """

    name: str
    chinese: str
    english: str
    kind: CellKind = "text"
    link: Callable[[Row], str | None] | None = None
    names: Mapping[Any, str] | None = None
    summed: bool = False
    sortable: bool = True
    total_link: Callable[[Mapping[str, str]], str | None] | None = None

    @property
    def figures(self) -> bool:
        """Whether it holds figures, which stand right."""
        return self.kind in FIGURES

    def shown(self, value: Any) -> str:
        """A value as the page shows it."""
        if value is None or value == "":
            return NOTHING
        match self.kind:
            case "fen":
                return yuan_text(yuan(int(value)))
            case "yuan":
                return yuan_text(value)
            case "share":
                return share_text(value)
            case "count":
                return count_text(value)
            case "day":
                return day_text(value)
            case "moment":
                return moment_text(value)
            case "flag":
                return "是" if value else "否"
            case "texts":
                return "、".join(self.named(each) for each in value) or NOTHING
            case _:
                return self.named(value)

    def named(self, code: Any) -> str:
        """A code by its name, where it has one."""
        return str(code) if self.names is None else str(self.names.get(code, code))


@dataclass(frozen=True, slots=True)
class ListFilter:
    """A filter: ``name`` stands in the address; ``column`` is what it narrows, where that is called otherwise."""

    name: str
    chinese: str
    english: str
    kind: FilterKind = "text"
    choices: Mapping[str, str] | None = None
    column: str | None = None
    shared: bool = False
    """It narrows all listings of its page, so that its name in the address has no prefix."""

    @property
    def narrows(self) -> str:
        """The name of the value that it narrows."""
        return self.column or self.name

    def shown(self, text: str) -> str:
        """What was asked for, as an export prints it."""
        return text if self.choices is None else self.choices.get(text, text)

    def read(self, text: str) -> Any:
        """What was typed, as a value. Raises ``Unprocessable``."""
        try:
            return self._value(text)
        except (ValueError, InvalidOperation):
            raise Unprocessable(FieldTrouble(self.chinese, f"“{text}”不可用", f"{self.english}: unusable")) from None

    def _value(self, text: str) -> Any:
        match self.kind:
            case "choice":
                if self.choices is not None and text not in self.choices:
                    raise ValueError(text)
                return text
            case "year":
                return _in_range(date.fromisoformat(f"{int(text):04d}-01-01")).year
            case "month":
                return _in_range(date.fromisoformat(f"{text}-01"))
            case "from" | "until":
                return _in_range(date.fromisoformat(text))
            case "least":
                amount = Decimal(text)
                if not amount.is_finite() or abs(amount) > MOST_YUAN:
                    raise ValueError(text)
                return amount
            case "region":
                if not is_region(text):
                    raise ValueError(text)
                return text
            case _:
                if "\0" in text:
                    raise ValueError(text)
                return text

    def where(self, column: ColumnElement[Any], kind: CellKind | None, value: Any) -> Any:
        """The condition in SQL; ``kind`` is that of the column which it narrows."""
        match self.kind:
            case "contains":
                return column.icontains(value, autoescape=True)
            case "has":
                return literal(value) == any_(column)
            case "source":
                return (column == value) | column.endswith(f"/{value}", autoescape=True)
            case "region":
                return column == value if region_prefix(value) == value else column.startswith(region_prefix(value))
            case "month":
                if kind not in ("day", "moment"):
                    return column == f"{value:%Y-%m}"
                return (column >= _begin(value, kind)) & (column < _begin(_next_month(value), kind))
            case "from":
                return column >= _begin(value, kind)
            case "until":
                return column < _begin(value + timedelta(days=1), kind)
            case "least":
                return column >= (int(value * 100) if kind == "fen" else value)
            case _:
                return column == value

    def holds(self, held: Any, kind: CellKind | None, value: Any) -> bool:
        """The same of a row that is in memory."""
        if held is None:
            return False
        match self.kind:
            case "contains":
                return str(value).casefold() in str(held).casefold()
            case "region":
                return str(held).startswith(region_prefix(value))
            case "source":
                return str(held) == value or str(held).endswith(f"/{value}")
            case "month":
                return day_text(held)[:7] == f"{value:%Y-%m}"
            case "from":
                return bool(day_text(held) >= value.isoformat())
            case "until":
                return bool(day_text(held) <= value.isoformat())
            case "least":
                return bool(Decimal(held) >= (value * 100 if kind == "fen" else value))
            case _:
                return value in held if isinstance(held, list | tuple) else str(held) == str(value)


def _in_range(day: date) -> date:
    """A day whose neighbours are days too, and moments in county time. Raises ``ValueError``."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(day)
    return day


def _begin(day: date, kind: CellKind | None) -> date | datetime:
    """A day as a column of days or moments is compared with it."""
    return day_start(day) if kind == "moment" else day


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
