"""A month's lists as files, by recipient, and the departments' comparison: CSV for programs, workbooks for people.

A spreadsheet that opens a bare CSV file makes the number 42 of the id 00042; in a workbook ids are text.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.files.atomic import PRIVATE, write_atomically
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, columns_of
from infra.files.text_file import csv_bytes
from infra.files.workbook import workbook
from processors.law.terms import CATEGORY_NAMES
from processors.registers.deliveries import RosterDeliveryOrder
from processors.rosters.month_changes import MonthChange, MonthRoster, Residence
from processors.rosters.region_roster import KIND_NAMES, RegionRoster

CHANGE_NAMES = {"added": "新增", "removed": "减少", "changed": "类别变动"}
UNPLACED = "unplaced"
"""In the name of the list of changes of whom no enrolment says a township."""
_MEMBERS = "参保人编号 person,救助对象类别 categories,生效日期 since:day,参保状态 enrolled"
_PLACES = "乡镇 township,村 village,户编号 household"
_CHANGES = "变动 change,参保人编号 person,户编号 household,村 village,本月类别 categories,上月类别 categories before"
_DIFFERENCES = "差异 kind,参保人编号 person,民政部门类别 civil affairs,扶贫部门类别 poverty office,账本类别 ledger"
_NOWHERE = Residence(None, None, None)


@dataclass(slots=True)
class RosterBook:
    """The files of a month by name, and what of them goes to whom; what nobody gets is not among ``sent``."""

    files: dict[str, bytes] = field(default_factory=dict)
    sent: list[RosterDeliveryOrder] = field(default_factory=list)


def roster_book(month: MonthRoster, hospitals: Sequence[str]) -> RosterBook:
    """Each recipient's list and the comparison, twice each; they name persons.

    Hospitals and the health bureau get who is on the roster, each township its changes since the month before.
    """
    drawn_up, period, region = month.roster, month.roster.period, month.roster.region
    place = f"{region_named(region).name} {region} {period}".strip()
    due = str(period.due_out)
    came, left = (sum(change.kind == kind for change in month.changes) for kind in ("added", "removed"))
    counts = (len(drawn_up.members), came, left)
    book = RosterBook()

    def order(kind: str, recipient: str, counted: tuple[int, int, int], digest: str) -> None:
        book.sent.append(RosterDeliveryOrder(kind, recipient, *counted, digest, month.known_until))

    members = Sheet(f"困难群众花名册 {place}", columns_of(_MEMBERS), list(_member_rows(drawn_up)))
    if hospitals:
        digest = _add(book, [f"roster-{period}-{hospital_id}" for hospital_id in hospitals], members, due)
        for hospital_id in hospitals:
            order("hospital", hospital_id, counts, digest)
    placed = Sheet(f"困难群众花名册（卫健局） {place}", columns_of(f"{_MEMBERS},{_PLACES}"), list(_placed_rows(month)))
    order("health_bureau", region, counts, _add(book, [f"health-{period}-{region}"], placed, due))
    for township, changes in _by_township(month).items():
        name = township or UNPLACED
        title = f"困难群众变动名单 {name} {place}"
        digest = _add(
            book, [f"changes-{period}-{name}"], Sheet(title, columns_of(_CHANGES), _change_rows(month, changes)), due
        )
        if township is not None:
            there = sum(month.township_of(member.person_id) == township for member in drawn_up.members)
            came, left = (sum(change.kind == kind for change in changes) for kind in ("added", "removed"))
            order("township", township, (there, came, left), digest)
    differences = Sheet(f"部门比对 {place}", columns_of(_DIFFERENCES), list(_difference_rows(drawn_up)))
    _add(book, [f"comparison-{period}-{region}"], differences, due)
    return book


def write_book(out: Path, book: RosterBook) -> None:
    """Write a month's files into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in book.files.items():
        write_atomically(out / name, content, PRIVATE)


def _by_township(month: MonthRoster) -> dict[str | None, list[MonthChange]]:
    """Changes by township: of each where somebody rostered lives, also where nothing changed."""
    lives = {month.township_of(member.person_id) for member in month.roster.members} - {None}
    found: dict[str | None, list[MonthChange]] = {township: [] for township in sorted(filter(None, lives))}
    for change in month.changes:
        found.setdefault(month.township_of(change.person_id), []).append(change)
    return found


def _add(book: RosterBook, names: Sequence[str], listing: Sheet, as_of: str) -> str:
    """Add a list under each name; returns the sha256 of its CSV file, hex."""
    rows = (["" if cell is None else str(cell) for cell in row] for row in listing.rows)
    contents = {
        ".csv": csv_bytes([column.chinese for column in listing.columns], rows),
        ".xlsx": workbook([listing], as_of),
    }
    for name in names:
        book.files |= {f"{name}{ending}": content for ending, content in contents.items()}
    return hashlib.sha256(contents[".csv"]).hexdigest()


def _member_rows(drawn_up: RegionRoster) -> Iterator[tuple[Any, ...]]:
    for member in drawn_up.members:
        insured = "已参保" if member.enrolled else "未参保"
        yield member.person_id, _names(member.categories), member.since, insured


def _placed_rows(month: MonthRoster) -> Iterator[tuple[Any, ...]]:
    for row in _member_rows(month.roster):
        lives = month.residences.get(row[0], _NOWHERE)
        yield (*row, lives.township, lives.village, lives.household_id)


def _change_rows(month: MonthRoster, changes: Sequence[MonthChange]) -> list[tuple[Any, ...]]:
    rows = []
    for change in changes:
        lives = month.residences.get(change.person_id, _NOWHERE)
        where = (lives.household_id, lives.village)
        categories = (_names(change.after), _names(change.before))
        rows.append((CHANGE_NAMES[change.kind], change.person_id, *where, *categories))
    return rows


def _difference_rows(drawn_up: RegionRoster) -> Iterator[tuple[Any, ...]]:
    for found in drawn_up.differences:
        listed = (_names(found.civil_affairs), _names(found.poverty_office), _names(found.ledger))
        yield KIND_NAMES[found.kind], found.person_id, *listed


def _names(categories: Sequence[str]) -> str:
    return "、".join(CATEGORY_NAMES[category] for category in categories)
