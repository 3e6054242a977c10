"""A department's list as it was received: each row becomes a membership, or is refused with its reason."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, cast

from events.codes import CATEGORY_NAMES, CATEGORY_ORDER, Category, is_id
from events.facts import FIRST_DAY, LAST_DAY
from events.national_ids import is_national_id

RowFault = Literal["bad_person_id", "national_id", "unknown_category", "bad_date", "duplicate_row", "broken_row"]
FAULT_NAMES: dict[RowFault, str] = {
    "bad_person_id": "参保人编号不合格",
    "national_id": "疑为身份证号",
    "unknown_category": "救助对象类别不明",
    "bad_date": "生效日期不合格",
    "duplicate_row": "重复行",
    "broken_row": "行不完整",
}

CATEGORIES: dict[str, Category] = {
    **{code: code for code in CATEGORY_ORDER},
    **{name: code for code, name in CATEGORY_NAMES.items()},
}
"""What a list may call a category: its code, or its name."""

COLUMN_NAMES = {"person_id": "参保人编号", "category": "救助对象类别", "effective_on": "生效日期"}
"""What a list may call its columns: by these names in English or in Chinese."""

WHOLE_DIGITS = 15
"""How many digits a number in a spreadsheet's cell keeps; the digits beyond are lost when the file is written."""

_DATE = re.compile(r"([0-9]{4})(?:-|/|年)([0-9]{1,2})(?:-|/|月)([0-9]{1,2})日?")


class FormattedNumber(str):
    """The digits of a number in a spreadsheet's cell that shows something else: 1,001 for 1001."""

    __slots__ = ()


Membership = tuple[str, Category]
"""person_id and category"""


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row's three cells as the file gives them; ``place`` is where a clerk finds the row in the file.

    A ``broken`` row ends in the middle of a cell: what it says may not be all.
    """

    place: str
    person: object
    category: object
    effective_on: object = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not taken; ``person_id`` where it could be read.

    ``detail`` is printed. It names the column and never the cell's text, which may be a name or a national ID.
    """

    place: str
    reason: RowFault
    detail: str
    person_id: str | None = None


@dataclass(slots=True)
class RosterList:
    """A full list: memberships with the row they stand in and their first day, where it says one."""

    listed: dict[Membership, date | None] = field(default_factory=dict)
    places: dict[Membership, str] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def in_doubt(self) -> set[str]:
        """Persons whom a refused row names: the list may say more of them than could be read."""
        return {row.person_id for row in self.refused if row.person_id is not None and row.reason != "duplicate_row"}

    @property
    def unreadable(self) -> int:
        """In how many refused rows the person can't be read."""
        return sum(row.person_id is None for row in self.refused)


def read_list(rows: Iterable[ListRow]) -> RosterList:
    """Read the rows of a list; a row that can't be taken is refused and the others are read."""
    read = RosterList()
    for row in rows:
        _take(read, row)
    return read


class _Unusable(ValueError):
    """Why a row is refused."""

    def __init__(self, reason: RowFault, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _take(read: RosterList, row: ListRow) -> None:
    person_id = None
    try:
        if row.broken:
            raise _Unusable(
                "broken_row", "行末引号未闭合，或单元格内有换行 a quote that is not closed, or a line break in a cell"
            )
        person_id = _person_id(row.person)
        membership = person_id, _category(row.category)
        first_day = _day(row.effective_on)
        if membership in read.listed:
            place = read.places[membership]
            raise _Unusable("duplicate_row", f"与 {place} 相同 the same as {place}")
    except _Unusable as fault:
        read.refused.append(RefusedRow(row.place, fault.reason, str(fault), person_id))
        return
    read.listed[membership] = first_day
    read.places[membership] = row.place


def _person_id(cell: object) -> str:
    person_id = _text(cell)
    if is_national_id(person_id):
        raise _Unusable(
            "national_id",
            f"{_column('person_id', person_id)}：居民身份证号不得入账，请用参保人编号 "
            "national ID numbers are not taken: give the insured's own number",
        )
    if isinstance(cell, FormattedNumber):
        raise _Unusable(
            "bad_person_id",
            "参保人编号 person_id：数字单元格显示的不是其各位数字，请存为文本 "
            "a number that is shown as something else than its digits: store text",
        )
    if is_id(person_id):
        return person_id
    if isinstance(cell, int | float):
        raise _Unusable(
            "bad_person_id",
            f"参保人编号 person_id：数字单元格超过 {WHOLE_DIGITS} 位会失真，请存为文本 "
            "a number of so many digits is inexact: store text",
        )
    raise _Unusable(
        "bad_person_id",
        f"{_column('person_id', cell)}：须为 1 至 128 位字母、数字、- 或 _ must be 1 to 128 letters, digits, - or _",
    )


def _category(cell: object) -> Category:
    category = CATEGORIES.get(_text(cell))
    if category is None:
        names = "、".join(CATEGORY_NAMES.values())
        raise _Unusable("unknown_category", f"{_column('category', cell)}：须为 must be one of {names}")
    return category


def _column(name: str, value: object) -> str:
    """A cell, named by its column and length only."""
    length = len(_text(value))
    size = f"{length} 字 {length} characters" if length else "空 empty"
    return f"{COLUMN_NAMES[name]} {name}（{size}）"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        # "" is no id, so a longer number is refused; the refusal says that such numbers are inexact.
        return str(value) if len(str(abs(value))) <= WHOLE_DIGITS else ""
    return str(value).strip()


def _day(cell: object) -> date | None:
    if cell is None or _text(cell) == "":
        return None
    if isinstance(cell, datetime):
        day = cell.date()
    elif isinstance(cell, date):
        day = cell
    else:
        day = _written_day(cell)
    if not FIRST_DAY <= day <= LAST_DAY:
        column = _column("effective_on", cell)
        raise _Unusable("bad_date", f"{column}：须在 must lie between {FIRST_DAY} and {LAST_DAY}")
    return day


def _written_day(cell: object) -> date:
    match = _DATE.fullmatch(_text(cell))
    if match is None:
        raise _Unusable("bad_date", f"{_column('effective_on', cell)}：须如 must be like 2019-06-01")
    try:
        return date(*(int(part) for part in cast("tuple[str, str, str]", match.groups())))
    except ValueError:
        column = _column("effective_on", cell)
        raise _Unusable("bad_date", f"{column}：无此日期 is no day of the calendar") from None
