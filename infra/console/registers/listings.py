"""A register of the office as a listing: its columns, what narrows it, and the query that both are about."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Numeric,
    Select,
    Text,
    case,
    cast,
    column,
    select,
    table,
    type_coerce,
)

from infra.console.listing import Listing
from infra.console.listing_columns import CellKind, FilterKind, ListColumn, ListFilter, Row
from infra.console.pages import query_text
from infra.files.region_names import region_named
from infra.words.names import NamedBy
from infra.words.registers import REGISTER_CODES, REGISTER_LISTS, WANT_NAMES
from processors.finance.reports import Field, Kind
from processors.registers.register import Filter, Register
from processors.registers.registers import ADVANCES, REFERRALS, REGISTERS

ALL_REGISTERS: Mapping[str, Register] = {each.name: each for each in (*REGISTERS, REFERRALS, ADVANCES)}
"""By name, as the address has it."""
_REGIONS = NamedBy(region_named)
_TYPES: Mapping[Kind, Any] = {
    "text": Text(),
    "count": BigInteger(),
    "money": Numeric(16, 2),
    "share": Numeric(12, 4),
    "flag": Boolean(),
    "day": Date(),
    "texts": ARRAY(Text()),
}
_CELLS: Mapping[Kind, CellKind] = {
    "text": "text",
    "count": "count",
    "money": "yuan",
    "share": "share",
    "flag": "flag",
    "day": "day",
    "texts": "texts",
}
_FILTERS: Mapping[str, FilterKind] = {
    "equal": "text",
    "region": "region",
    "from": "from",
    "to": "until",
    "month": "month",
    "has": "has",
    "flag": "choice",
    "some": "choice",
    "above": "least",
}
_ENGLISH = re.compile(r".*[\u4e00-\u9fff] ")
"""What stands before the English words of a help text."""
_SWITCH = {"yes": "是", "no": "否"}


def register_listing(register: Register, hospitals: Mapping[str, str]) -> Listing:
    """The listing of a register; ``hospitals`` are names by id."""
    names = {field.name for field in register.fields}
    by = next((name for name in register.by if name in names), register.fields[0].name)
    return Listing(
        register.name,
        register.title,
        tuple(_column(register, field, hospitals) for field in register.fields),
        tuple(_filter(register, each) for each in register.filters),
        order=by,
        key=tuple(f"by_{name}" for name in register.by),
        counted=register.summed_up,
        personal=register.personal,
    )


def register_query(register: Register) -> Select[Any]:
    """A register's rows, with what its filters narrow as ``of_<option>`` and what orders it as ``by_<column>``."""
    types = {field.name: _type_of(field) for field in register.fields}
    wanted = [*types, *(each.column for each in register.filters), *register.by, *(name for name, _ in register.fixed)]
    view = table(register.view, *(column(name, types.get(name)) for name in dict.fromkeys(wanted)), schema="finance")
    return select(
        *(view.c[name].label(name) for name in types),
        *(_narrowed(view.c[each.column], each).label(f"of_{each.option}") for each in register.filters),
        *(view.c[name].label(f"by_{name}") for name in register.by),
    ).where(*(view.c[name] == value for name, value in register.fixed))


def _type_of(field: Field) -> Any:
    if field.name == "recorded_at":
        return DateTime(timezone=True)
    return BigInteger() if field.name == "year" else _TYPES[field.kind]


def _narrowed(held: Any, asked: Filter) -> Any:
    """What a filter narrows, in a form that a listing's filter compares."""
    match asked.match:
        case "flag":
            return case((held.is_(True), "yes"), else_="no")
        case "some":
            return case((held > 0, "yes"), else_="no")
        case "above":  # above 3 is 4 at least
            return type_coerce(held, BigInteger) - 1
        case "equal" if asked.column != "year":
            return cast(held, Text)
        case _:
            return held


def _column(register: Register, field: Field, hospitals: Mapping[str, str]) -> ListColumn:
    named: Mapping[Any, str] | None = REGISTER_CODES.get(field.name) or REGISTER_LISTS.get(field.name)
    kind: CellKind = "text" if field.name == "year" else _CELLS[field.kind]
    if field.name in ("region", "to_region"):
        named = _REGIONS
    elif field.name in ("hospital_id", "to_hospital") and all(each.name != "name" for each in register.fields):
        named = hospitals
    elif register.view == "missing_cards" and field.name == "reason":
        named = WANT_NAMES
    if field.name == "recorded_at":
        kind = "moment"
    english = field.name.replace("_", " ")
    summed = field.name in register.summed
    return ListColumn(
        field.name, field.title, english, kind, _link(field.name), named, summed, sortable=field.kind != "texts"
    )


def _link(name: str) -> Any:
    """What is behind a cell, by the column's name."""

    def to_household(row: Row) -> str:
        asked = {"household": row["household_id"], "year": row.get("year"), "region": row.get("region")}
        return f"/registers/households?{query_text(asked)}"

    def to_measures(kind: str) -> Any:
        return lambda row: f"/registers/measures?{query_text({'hospital': row['hospital_id'], 'measure': kind})}"

    return {
        "person_id": lambda row: f"/persons/{row['person_id']}",
        "hospital_id": lambda row: f"/hospitals/{row['hospital_id']}",
        "to_hospital": lambda row: f"/hospitals/{row['to_hospital']}",
        "name": lambda row: f"/hospitals/{row['hospital_id']}" if row.get("hospital_id") else None,
        "household_id": to_household,
        "suspensions": to_measures("suspended"),
        "fines": to_measures("fined"),
        "fined": to_measures("fined"),
    }.get(name)


def _filter(register: Register, asked: Filter) -> ListFilter:
    chinese = asked.help.partition(" ")[0]
    english = _ENGLISH.split(asked.help)[-1].partition(";")[0] or asked.option
    kind, choices = _FILTERS[asked.match], None
    if kind == "choice":
        choices, chinese = _SWITCH, chinese.partition("，或")[0].removeprefix("只看")
    elif asked.codes:
        known = REGISTER_CODES.get(asked.column) or REGISTER_LISTS.get(asked.column) or {}
        if register.view == "missing_cards" and asked.column == "reason":
            known = WANT_NAMES
        choices = {code: known.get(code, code) for code in asked.codes}
        kind = "has" if asked.match == "has" else "choice"
    elif asked.column == "year":
        kind = "year"
    return ListFilter(asked.option, chinese, english, kind, choices, column=f"of_{asked.option}")
