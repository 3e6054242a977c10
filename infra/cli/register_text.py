"""Registers as clerks read them: codes by their names."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from events.county_time import county_second
from infra.cli.names import Names
from infra.cli.row_output import Row
from infra.files.sheet import Sheet, SheetColumn, coded
from infra.words.registers import REGISTER_CODES, REGISTER_LISTS, WANT_NAMES
from processors.finance.reports import Field
from processors.registers.register import Register


def register_sheet(register: Register, rows: Sequence[Row], names: Names) -> Sheet:
    """A register as a list for people."""
    columns = tuple(
        SheetColumn(field.title, field.name.replace("_", " "), field.kind, field.name in register.summed)
        for field in register.fields
    )
    cells = [[_cell(register, field, row[field.name], names) for field in register.fields] for row in rows]
    return Sheet(register.title, columns, cells, personal=register.personal)


def without_empty_columns(sheet: Sheet) -> Sheet:
    """A list for a screen: without the columns that hold nothing in any row."""
    held = [place for place in range(len(sheet.columns)) if any(row[place] not in (None, []) for row in sheet.rows)]
    columns = tuple(sheet.columns[place] for place in held)
    rows = [[row[place] for place in held] for row in sheet.rows]
    return replace(sheet, columns=columns, rows=rows) if held else sheet


def _cell(register: Register, field: Field, value: Any, names: Names) -> Any:
    if value is None:
        return None
    known: dict[str, Callable[[Any], Any]] = {
        "region": names.region,
        "scheme": names.scheme,
        "to_region": names.region,
        "to_hospital": names.hospital,
    }
    if not any(each.name == "name" for each in register.fields):
        known["hospital_id"] = names.hospital
    if field.name in known:
        return known[field.name](value)
    if register.view == "missing_cards" and field.name == "reason":
        return coded(WANT_NAMES, value)
    if field.name in REGISTER_CODES:
        return coded(REGISTER_CODES[field.name], value)
    if field.name in REGISTER_LISTS:
        return [coded(REGISTER_LISTS[field.name], each) for each in value]
    if field.name == "recorded_at":
        return county_second(value)
    return value
