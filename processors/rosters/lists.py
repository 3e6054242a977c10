"""A department's list as it was received: each row becomes memberships, or is refused with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from events.fact_fields import LAST_DAY
from processors.rosters.cells import (
    RowFault,
    UnusableCell,
    described,
    read_active,
    read_birth_year,
    read_categories,
    read_day,
    read_person_id,
)
from processors.rosters.columns import Column

Membership = tuple[str, str]
"""person_id and category"""


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row's cells as the file gives them; ``place`` is where a clerk finds the row in the file.

    ``letters`` are the spreadsheet's names of its columns. ``fault`` says that what it holds may not be all, ``ending``
    which column that is not read says that the person left (备注: 停发). ``whole``
    are the texts of all its cells below the ``headings``, both by column. ``certificate_at`` is the column by which the
    person is named where that is a certificate: such a row is read once the insured's number stands in its place
    (``processors/rosters/certificates.py``).
    """

    place: str
    person: object
    category: object
    effective_on: object = None
    status: object = None
    ended_on: object = None
    birth: object = None
    fault: RowFault | None = field(default=None, kw_only=True)
    ending: str | None = field(default=None, kw_only=True)
    letters: Mapping[Column, str] = field(default_factory=dict, kw_only=True)
    headings: Mapping[int, str] = field(default_factory=dict, kw_only=True)
    whole: Mapping[int, str] = field(default_factory=dict, kw_only=True)
    certificate_at: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not taken; ``person_id`` where it could be read, ``near`` the one that it may have meant.

    ``detail`` is printed, ``chinese`` says the same in Chinese alone. They name the column and never the cell's text,
    which may be a name or a national ID. ``row`` is for the department's own file alone.
    """

    row: ListRow
    reason: RowFault
    detail: str
    chinese: str
    person_id: str | None = None
    near: str | None = None

    @property
    def place(self) -> str:
        """Where a clerk finds it."""
        return self.row.place


@dataclass(slots=True)
class RosterList:
    """A full list: memberships with their row and their first day, where it says one.

    ``ended`` are memberships that a row names as ended, with the day where it says one.
    """

    listed: dict[Membership, date | None] = field(default_factory=dict)
    ended: dict[Membership, date | None] = field(default_factory=dict)
    rows: dict[Membership, ListRow] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def in_doubt(self) -> set[str]:
        """Persons whom a refused row names: the list may say more of them than could be read."""
        named = {row.person_id for row in self.refused if row.reason != "duplicate_row"}
        return {person_id for person_id in named | {row.near for row in self.refused} if person_id is not None}

    @property
    def unreadable(self) -> int:
        """In how many refused rows the person can't be read."""
        return sum(row.person_id is None for row in self.refused)

    def refuse(self, row: ListRow, fault: UnusableCell, person_id: str | None, near: str | None = None) -> None:
        """Refuse a row."""
        detail, chinese = _told(row, fault)
        self.refused.append(RefusedRow(row, fault.reason, detail, chinese, person_id, near))


_FAULTY_ROWS: Mapping[RowFault, tuple[str, str]] = {
    "broken_row": ("行末引号未闭合，或单元格内有换行", "a quote that is not closed, or a line break in a cell"),
    "no_headings": ("有名单行而无标题行，请补上标题行", "rows of a list without headings: add them"),
    "bad_certificate": ("身份证号位数、日期或校验位不对，请与证件核对", "no national ID: compare it with the card"),
    "unknown_certificate": (
        "参保人登记簿中没有该证件，请先导入，或改写参保人编号",
        "the persons' register does not know the certificate: import it first, or give the insured's number",
    ),
    "shared_certificate": (
        "该证件对应几个参保人编号，请改写参保人编号",
        "the certificate belongs to several insured numbers: give the number",
    ),
}


def read_list(rows: Iterable[ListRow], until: date = LAST_DAY) -> RosterList:
    """Read the rows of a list; a row that can't be taken is refused and the others are read.

    ``until`` is the last day of which the list speaks: what begins later is no fact of this list.
    """
    read = RosterList()
    for row in rows:
        _take(read, row, until)
    return read


def _take(read: RosterList, row: ListRow, until: date) -> None:
    person_id = None
    try:
        if row.fault is not None:
            raise UnusableCell(row.fault, *_FAULTY_ROWS[row.fault])
        person_id = read_person_id(row.person)
        if row.ending is not None:
            raise UnusableCell(
                "unknown_status",
                f"{row.ending} 写明停发、退出或死亡：请写入“状态”或“终止日期”列",
                "this column says that the person left: say it in the column of the status or of the last day",
            )
        categories = read_categories(row.category)
        first_day = read_day("effective_on", row.effective_on)
        last_day = read_day("ended_on", row.ended_on)
        active = read_active(row.status) and (last_day is None or last_day > until)
        _check_days(row, first_day, until)
        for category in categories:
            _check_new(read, (person_id, category), active=active)
    except UnusableCell as fault:
        read.refuse(row, fault, person_id)
        return
    for category in categories:
        membership = person_id, category
        if active:
            read.listed[membership] = first_day
        else:
            read.ended[membership] = last_day
        read.rows[membership] = row


def _check_days(row: ListRow, first_day: date | None, until: date) -> None:
    if first_day is None:
        return
    born = read_birth_year(row.birth)
    if born is not None and first_day.year < born:
        raise UnusableCell(
            *("before_birth", "早于出生年份，请核对", "lies before the year of birth"),
            *("effective_on", row.effective_on),
        )
    if first_day > until:
        raise UnusableCell(
            "date_in_future",
            f"晚于 {until}，尚未生效，请列入当月名单",
            f"is after {until}: put it into the list of its month",
            *("effective_on", row.effective_on),
        )


def _check_new(read: RosterList, membership: Membership, *, active: bool) -> None:
    if membership not in read.rows:
        return
    place = read.rows[membership].place
    if active == (membership in read.listed):
        raise UnusableCell("duplicate_row", f"与{place.split(' row ')[0]}相同", f"the same as {place}")
    raise UnusableCell("contradiction", f"与{place.split(' row ')[0]}的状态不同", f"its status is not that of {place}")


def _told(row: ListRow, fault: UnusableCell) -> tuple[str, str]:
    """What is wrong, in both languages and in Chinese alone."""
    if fault.column is None:
        return str(fault), fault.chinese
    detail, chinese = described(fault.column, fault.cell)
    letter = row.letters.get(fault.column)
    where = (f"{letter} 列 column {letter} ", f"{letter} 列 ") if letter is not None else ("", "")
    return f"{where[0]}{detail}：{fault}", f"{where[1]}{chinese}：{fault.chinese}"
