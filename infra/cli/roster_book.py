"""Hospitals' lists and the departments' comparison as files: CSV for programs, workbooks for people.

A spreadsheet that opens a bare CSV file makes the number 42 of the id 00042; in a workbook ids are text.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from infra.files.atomic import PRIVATE, write_atomically
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, columns_of
from infra.files.text_file import csv_bytes
from infra.files.workbook import workbook
from processors.law.terms import CATEGORY_NAMES
from processors.rosters.region_roster import KIND_NAMES, RegionRoster

_MEMBERS = "参保人编号 person,救助对象类别 categories,生效日期 since:day,参保状态 enrolled"
_DIFFERENCES = "差异 kind,参保人编号 person,民政部门类别 civil affairs,扶贫部门类别 poverty office,账本类别 ledger"


def write_rosters(out: Path, drawn_up: RegionRoster, hospitals: Sequence[str]) -> None:
    """Write each hospital's list and the comparison into a folder, twice each; they name persons."""
    out.mkdir(parents=True, exist_ok=True)
    month, region = drawn_up.period, drawn_up.region
    place = f"{region_named(region).name} {region} {month}".strip()
    members = Sheet(f"困难群众花名册 {place}", columns_of(_MEMBERS), list(_member_rows(drawn_up)))
    names = [f"roster-{month}-{hospital_id}" for hospital_id in hospitals]
    if names:
        _write(out, names, members, str(month.due_out))
    differences = Sheet(f"部门比对 {place}", columns_of(_DIFFERENCES), list(_difference_rows(drawn_up)))
    _write(out, [f"comparison-{month}-{region}"], differences, str(month.due_out))


def _write(out: Path, names: Sequence[str], listing: Sheet, as_of: str) -> None:
    rows = ([str(cell) for cell in row] for row in listing.rows)
    contents = {
        ".csv": csv_bytes([column.chinese for column in listing.columns], rows),
        ".xlsx": workbook([listing], as_of),
    }
    for name in names:
        for ending, content in contents.items():
            write_atomically(out / f"{name}{ending}", content, PRIVATE)


def _member_rows(drawn_up: RegionRoster) -> Iterator[tuple[Any, ...]]:
    for member in drawn_up.members:
        insured = "已参保" if member.enrolled else "未参保"
        yield member.person_id, _names(member.categories), member.since, insured


def _difference_rows(drawn_up: RegionRoster) -> Iterator[tuple[Any, ...]]:
    for found in drawn_up.differences:
        listed = (_names(found.civil_affairs), _names(found.poverty_office), _names(found.ledger))
        yield KIND_NAMES[found.kind], found.person_id, *listed


def _names(categories: Sequence[str]) -> str:
    return "、".join(CATEGORY_NAMES[category] for category in categories)
