"""A list as people see it: its columns with their kinds, its rows; on a terminal, in a workbook, as a CSV file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from processors.finance.reports import Kind

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a text of a CSV file for a formula by."""


SIGNATURES = "制表：____________    复核：____________    负责人：____________    日期：____________"


@dataclass(frozen=True, slots=True)
class Named:
    """A code or id with its name. The code of a list of ours is for programs; an id stays beside its name in a file."""

    name: str
    code: str
    is_id: bool = False

    def __str__(self) -> str:
        """As a terminal shows it."""
        return f"{self.name} {self.code}" if self.name and self.name != self.code else self.code

    def chinese(self) -> str:
        """As a file for people shows it."""
        return str(self) if self.is_id else self.name or self.code


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column: its heading in Chinese and English, what it holds, and whether its sum means something."""

    chinese: str
    english: str
    kind: Kind = "text"
    summed: bool = False

    @property
    def heading(self) -> str:
        """The heading on a terminal."""
        return f"{self.chinese} {self.english}"

    @property
    def figures(self) -> bool:
        """Whether it holds figures, which stand right."""
        return self.kind in ("count", "money", "share")


def columns_of(text: str) -> tuple[SheetColumn, ...]:
    """Columns from ``结算单 claim,总额 total:money+``: a kind behind the colon, ``+`` where the sum means something."""
    columns = []
    for each in text.split(","):
        heading, _, kind = each.partition(":")
        chinese, _, english = heading.partition(" ")
        known: Any = kind.rstrip("+") or "text"
        columns.append(SheetColumn(chinese, english, known, summed=kind.endswith("+")))
    return tuple(columns)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A titled table; a cell is None, a text, a ``Named``, a list of them, or a number of its column's kind.

    Money is yuan: a Decimal, or a text of digits with a point; an int in its column is a number of something else.
    """

    title: str
    columns: tuple[SheetColumn, ...]
    rows: Sequence[Sequence[Any]]
    personal: bool = False
    """Whether it names persons: then its file is for its writer alone."""
    signatures: str = SIGNATURES
    """The last line of its page in a workbook."""
    empty: str = ""
    """Where it has no rows: why, and what fills it."""

    def sums(self) -> list[Decimal | int | None]:
        """The sum of each column whose sum means something, else None."""
        return [
            sum((number(row[place]) or 0 for row in self.rows), Decimal(0) if column.kind == "money" else 0)
            if column.summed
            else None
            for place, column in enumerate(self.columns)
        ]


def number(value: Any) -> Any:
    """A cell as a number, None where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | Decimal):
        return value
    try:
        return Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        return None


def coded(names: Mapping[Any, str], code: Any) -> Named | None:
    """A code of a list of ours with its name; None where there is none."""
    return None if code is None else Named(names.get(code, ""), str(code))


def plain(value: Any) -> Any:
    """A cell as a file for people holds it: a text, a number, a day, or None."""
    match value:
        case None:
            return None
        case bool():
            return "是" if value else "否"
        case Named():
            return value.chinese()
        case list() | tuple():
            return "、".join(str(plain(each)) for each in value)
        case int() | Decimal() | date() | datetime():
            return value
        case _:
            return str(value)
