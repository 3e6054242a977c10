"""Lists and histories of rosters as tests write them."""

import io
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from openpyxl import Workbook

from infra.files.roster_file import RosterFile, read_file
from processors.rosters.histories import add_records
from processors.rosters.imports import ImportRecord
from processors.rosters.list_comparison import ListReceipt, compare_list
from processors.rosters.lists import ListRow, Membership, RosterList, read_list
from processors.rosters.memberships import DepartmentStatement, held_on, ledger_changes
from processors.rosters.period import Period
from processors.rosters.region_roster import draw_up_roster

CIVIL, POVERTY = "civil-affairs/220621", "poverty-office/220621"
JUNE = Period(2019, 6)
FIRST = date(2019, 6, 1)
OURS = ListReceipt(CIVIL, JUNE, date(2019, 6, 8), FIRST)
HEADINGS = "参保人编号,救助对象类别,生效日期\n"


def said(number: int, on: str, *, added: bool = True, source: str = CIVIL) -> DepartmentStatement:
    return DepartmentStatement(number, source, added, date.fromisoformat(on))


def listing(*rows: tuple[Any, ...]) -> RosterList:
    return read_list(ListRow(f"row {number}", *row) for number, row in enumerate(rows, start=2))


def changes(
    read: RosterList, histories: dict[Membership, list[DepartmentStatement]], receipt: ListReceipt = OURS
) -> list[tuple[str, ...]]:
    found = compare_list(read, histories, receipt)
    return [(each.person_id, each.change, each.effective_on.isoformat()) for each in found.changes]


TITLES = ["姓名", "参保人编号", "救助对象类别", "生效日期"]


def packed(book: Workbook) -> bytes:
    """A workbook's file."""
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def book_of(rows: Iterable[Any], change: Callable[[Any], None] = lambda _: None) -> bytes:
    """A workbook of one sheet with these rows, changed as wanted."""
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    change(book.worksheets[0])
    return packed(book)


def read_of(content: bytes) -> tuple[RosterFile, RosterList]:
    """A file and the list of June in it."""
    file = read_file(content)
    return file, read_list(file.rows, JUNE.last)


def standing(*persons: str) -> dict[Membership, list[DepartmentStatement]]:
    """Persons who are under dibao by the department's word."""
    return {(person_id, "dibao"): [said(number, "2018-01-01")] for number, person_id in enumerate(persons, start=1)}


def refusals(read: RosterList) -> list[tuple[str, str, str | None]]:
    """Where a list's refused rows stand, why, and whom they name."""
    return [(row.place, row.reason, row.person_id) for row in read.refused]


class Offices:
    """Two departments over months, as a ledger that had everybody of ``before`` from both, and their lists' records."""

    def __init__(self, before: set[str]) -> None:
        self.changes: list[tuple[str, DepartmentStatement]] = []
        self.records: list[ImportRecord] = []
        for source in (CIVIL, POVERTY):
            for person_id in before:
                self.report(source, "2018-01-01", person_id)

    def report(self, source: str, on: str, person_id: str = "P1", *, added: bool = True) -> None:
        self.changes.append((person_id, said(len(self.changes) + 1, on, added=added, source=source)))

    def histories(self) -> dict[Membership, list[DepartmentStatement]]:
        found: dict[Membership, list[DepartmentStatement]] = {}
        for person_id, change in self.changes:
            found.setdefault((person_id, "dibao"), []).append(change)
        add_records(found, self.records)
        return found

    def take(self, source: str, month: int, people: set[str]) -> list[tuple[str, ...]]:
        period = Period(2019, month)
        receipt = ListReceipt(source, period, period.first, period.first)
        read = listing(*((person_id, "dibao") for person_id in sorted(people)))
        found = compare_list(read, self.histories(), receipt)
        for change in found.changes:
            self.report(source, change.effective_on.isoformat(), change.person_id, added=change.change == "added")
        left_out = frozenset(found.left_out)
        self.records.append(ImportRecord(source, period, period.first, "", left_out, found.last_change))
        return [(each.person_id, each.change, each.effective_on.isoformat()) for each in found.changes]

    def held(self, on: str, person_id: str = "P1") -> bool:
        return held_on(ledger_changes(self.histories()[person_id, "dibao"]), date.fromisoformat(on))

    def members(self, month: int) -> set[str]:
        """Who is on the ledger's roster throughout a month; nobody is on it for a part."""
        days = [Period(2019, month).first + timedelta(days=offset) for offset in range(28)]
        held = {
            person_id: {held_on(ledger_changes(history), day) for day in days}
            for (person_id, _), history in self.histories().items()
        }
        assert all(len(each) == 1 for each in held.values())
        return {person_id for person_id, each in held.items() if each == {True}}

    def listed_by(self, source: str, month: int) -> set[str]:
        """Whom ``claims roster publish`` says that a department lists."""
        roster = draw_up_roster("220621", Period(2019, month), self.histories(), {})
        said_so = "civil_affairs" if source == CIVIL else "poverty_office"
        one_only = {each.person_id for each in roster.differences if getattr(each, said_so)}
        both = {member.person_id for member in roster.members} - {
            each.person_id for each in roster.differences if each.kind.endswith("_only")
        }
        return one_only | both
