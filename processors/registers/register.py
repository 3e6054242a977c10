"""A register: a view of schema ``finance`` that an office keeps and reads, with what it can be narrowed by."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, any_, column, literal, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import region_prefix
from events.county_time import COUNTY_TIME
from processors.finance.reports import Field

Match = Literal["equal", "region", "from", "to", "month", "has", "flag", "some", "above"]
"""How a value narrows a column: the same; the region or one within it; days from or up to it; its month; a list that
has it; yes or no; a count above 0 or of 0; above a number."""


@dataclass(frozen=True, slots=True)
class Filter:
    """An option that narrows a register: ``--township`` on column ``township``; ``codes`` are all that it takes."""

    option: str
    column: str
    match: Match
    help: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """A view as a register; ``by`` orders it, ``summed`` are the columns whose sum means something.

    ``summed_up`` says that the view reads the sums of finance, which are moved forward first.
    """

    name: str
    title: str
    help: str
    view: str
    fields: tuple[Field, ...]
    filters: tuple[Filter, ...]
    by: tuple[str, ...]
    summed: tuple[str, ...] = ()
    summed_up: bool = False
    fixed: tuple[tuple[str, str], ...] = ()
    """Columns and the one value of each that the register is about, where its view holds several registers."""

    @property
    def personal(self) -> bool:
        """Whether it names persons."""
        return any(field.name in ("person_id", "household_id") for field in self.fields)


Wanted = Mapping[str, Any]
"""By a filter's option what is asked for; nothing else narrows."""


async def register_rows(engine: AsyncEngine, register: Register, wanted: Wanted) -> AsyncIterator[dict[str, Any]]:
    """A register's rows by the names of its fields: days and moments as ISO 8601, money and shares as texts."""
    view = table(register.view, *(column(name) for name in _columns(register)), schema="finance")
    filters = {each.option: each for each in register.filters}
    conditions = [_condition(view.c[filters[name].column], filters[name], value) for name, value in wanted.items()]
    conditions += [view.c[name] == value for name, value in register.fixed]
    fields = [view.c[field.name] for field in register.fields]
    query = select(*fields).where(*conditions).order_by(*(view.c[name] for name in register.by))
    async with engine.connect() as connection:
        async for row in await connection.stream(query):
            yield {field.name: _plain(value) for field, value in zip(register.fields, row, strict=True)}


def _columns(register: Register) -> Sequence[str]:
    named = [field.name for field in register.fields]
    asked = [each.column for each in register.filters]
    return list(dict.fromkeys([*named, *asked, *register.by, *(name for name, _ in register.fixed)]))


def _condition(column_: ColumnElement[Any], asked: Filter, value: Any) -> ColumnElement[bool]:
    narrowed: ColumnElement[bool]
    match asked.match:
        case "region":
            narrowed = column_.startswith(region_prefix(value))
        case "from":
            narrowed = column_ >= value
        case "to":
            narrowed = column_ <= value
        case "above":
            narrowed = column_ > value
        case "some":
            narrowed = column_ > 0 if value else column_ == 0
        case "has":
            narrowed = literal(value) == any_(column_)
        case _:
            narrowed = column_ == value
    return narrowed


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(COUNTY_TIME).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value
