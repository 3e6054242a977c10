"""Finance's reports as people read them: codes by their names, the annual report in parts that fit a screen."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from infra.cli.names import Names
from infra.cli.output import table
from infra.cli.row_output import cell_text
from infra.files.sheet import Sheet, SheetColumn, coded
from infra.words.reports import REPORT_CODES
from processors.finance.reports import ANNUAL, Field, Report, shown
from processors.law.terms import CATEGORY_NAMES, SETTING_NAMES

Rows = Sequence[Mapping[str, Any]]

_KNOWN = frozenset(field.name for field in ANNUAL.fields)
_FIGURES = ("claims", "persons", "total", "paid", "paid_share", "patient_share", "hospital_share")
_FOLDED = {"paid_share": "实际报销\n比例"}
_SHORT = {"patient_share": "patient", "hospital_share": "hospital", "paid_share": "share"}


def report_sheet(report: Report, rows: Rows, names: Names) -> Sheet:
    """A report as a list for people."""
    report = shown(report, rows)
    cells = [[_cell(field, row[field.name], names, report.fields) for field in report.fields] for row in rows]
    return Sheet(report.title, tuple(_column(report, field) for field in report.fields), cells, report.personal)


def _column(report: Report, field: Field) -> SheetColumn:
    return SheetColumn(field.title, field.name, field.kind, field.name in report.summed)


def _cell(field: Field, value: Any, names: Names, fields: Sequence[Field]) -> Any:
    if value is None:
        return None
    known: dict[str, Callable[[Any], Any]] = {
        "region": names.region,
        "scheme": names.scheme,
    }
    if not any(each.name == "name" for each in fields):
        known["hospital_id"] = names.hospital
    if field.name in known:
        return known[field.name](value)
    if field.name in REPORT_CODES:
        return coded(REPORT_CODES[field.name], value)
    if field.kind == "texts":
        return [CATEGORY_NAMES[category] for category in CATEGORY_NAMES if category in value]
    return value


def print_annual(rows: Rows, names: Names) -> None:
    """The annual report on a screen of 100 columns: of each region's year two tables, what was billed and who paid it.

    A layer that paid nothing in the year has no column.
    """
    if not rows:
        table(ANNUAL.title, (), [])
    for (year, region, scheme), part in groupby(rows, lambda row: (row["year"], row["region"], row["scheme"])):
        kept = list(part)
        where = f"{year} {names.region(region)} · {names.scheme(scheme)}"
        _part(f"{ANNUAL.title}（元 yuan） {where}", kept, _FIGURES)
        layers = [field.name for field in shown(ANNUAL, kept).fields if field.name not in _KNOWN]
        paying = tuple(layer for layer in layers if any(row[layer] for row in kept))
        if paying:
            _part("其中各保障线支付 of it paid by each layer（元 yuan）", kept, paying)


def _part(title: str, rows: Rows, fields: Sequence[str]) -> None:
    report = shown(ANNUAL, rows)
    by_name = {field.name: _column(report, field) for field in report.fields}
    columns = [by_name[name] for name in fields]
    headings = [
        f"{_FOLDED.get(name, column.chinese)}\n{_SHORT.get(name, name).replace('_', chr(10))}"
        for name, column in zip(fields, columns, strict=True)
    ]
    cells = [
        (
            SETTING_NAMES[row["setting"]],
            "是" if row["poor"] else "否",
            *(cell_text(column, row[name]) for name, column in zip(fields, columns, strict=True)),
        )
        for row in rows
    ]
    right = range(2, 2 + len(columns))
    table(title, ("就医类型\nsetting", "贫困\npoor", *headings), cells, right=right, narrow=True)
