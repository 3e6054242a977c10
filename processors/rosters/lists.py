"""A department's list as it was handed in: each row becomes a membership, or is refused with its reason."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, cast

from events.codes import CATEGORY_NAMES, CATEGORY_ORDER, Category, is_id
from events.facts import FIRST_DAY, LAST_DAY

Fault = Literal["bad_person_id", "national_id", "unknown_category", "bad_date", "duplicate_row", "broken_row"]
FAULT_NAMES: dict[Fault, str] = {
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
"""Of a number in a spreadsheet's cell; digits beyond are lost before anyone reads them."""

_DATE = re.compile(r"([0-9]{4})(?:-|/|年)([0-9]{1,2})(?:-|/|月)([0-9]{1,2})日?")
_NATIONAL_ID = re.compile(r"[0-9]{17}[0-9Xx]")
_OLD_NATIONAL_ID = re.compile(r"[1-9][0-9]{5}([0-9]{2})([0-9]{2})([0-9]{2})[0-9]{3}")


class Disguised(str):
    """The digits of a number in a spreadsheet's cell that shows something else: 1,001 for 1001."""

    __slots__ = ()


Membership = tuple[str, Category]
"""person_id and category"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row's three cells as the file gives them; ``place`` names it to whoever has to mend it.

    ``broken``: it ends in the middle of a cell, and what it says can't be relied on.
    """

    place: str
    person: object
    category: object
    effective_on: object = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not taken; ``person_id`` where it could be read.

    ``detail`` names the column and never what stands in it: that may be a name or a national ID, and is printed.
    """

    place: str
    reason: Fault
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
        """Persons whom a refused row names: what the list says of them is not known in full."""
        return {row.person_id for row in self.refused if row.person_id is not None and row.reason != "duplicate_row"}

    @property
    def unreadable(self) -> int:
        """How many refused rows name nobody that can be read."""
        return sum(row.person_id is None for row in self.refused)


def read_list(rows: Iterable[Row]) -> RosterList:
    """Read the rows of a list; one that can't be taken is refused and the others go on."""
    read = RosterList()
    for row in rows:
        _take(read, row)
    return read


def is_national_id(text: str) -> bool:
    """Whether a text looks like a resident identity number: 18 digits, or 15 with a date of birth (GB 11643).

    A mistyped one is one too, so the check digit is not asked.
    """
    if _NATIONAL_ID.fullmatch(text) is not None:
        return True
    match = _OLD_NATIONAL_ID.fullmatch(text)
    if match is None:
        return False
    try:
        date(1900 + int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _take(read: RosterList, row: Row) -> None:
    if row.broken:
        detail = "行末引号未闭合，或单元格内有换行 a quote that is not closed, or a line break in a cell"
        read.refused.append(RefusedRow(row.place, "broken_row", detail))
        return
    person_id = _text(row.person)
    if is_national_id(person_id):
        detail = (
            f"{_column('person_id', person_id)}：居民身份证号不得入账，请用参保人编号 "
            "national ID numbers are not taken: give the insured's own number"
        )
        read.refused.append(RefusedRow(row.place, "national_id", detail))
        return
    if isinstance(row.person, Disguised) or not is_id(person_id):
        detail = (
            f"{_column('person_id', row.person)}：须为 1 至 128 位字母、数字、- 或 _ "
            "must be 1 to 128 letters, digits, - or _"
        )
        if isinstance(row.person, Disguised):
            detail = (
                "参保人编号 person_id：数字单元格显示的不是其各位数字，请存为文本 "
                "a number that is shown as something else than its digits: store text"
            )
        elif isinstance(row.person, int | float):
            detail = (
                f"参保人编号 person_id：数字单元格超过 {WHOLE_DIGITS} 位会失真，请存为文本 "
                "a number of so many digits is inexact: store text"
            )
        read.refused.append(RefusedRow(row.place, "bad_person_id", detail))
        return
    category = CATEGORIES.get(_text(row.category))
    if category is None:
        detail = f"{_column('category', row.category)}：须为 must be one of {'、'.join(CATEGORY_NAMES.values())}"
        read.refused.append(RefusedRow(row.place, "unknown_category", detail, person_id))
        return
    try:
        on = _day(row.effective_on)
    except ValueError as error:
        read.refused.append(RefusedRow(row.place, "bad_date", str(error), person_id))
        return
    membership = (person_id, category)
    if membership in read.listed:
        detail = f"与 {read.places[membership]} 相同 the same as {read.places[membership]}"
        read.refused.append(RefusedRow(row.place, "duplicate_row", detail, person_id))
        return
    read.listed[membership] = on
    read.places[membership] = row.place


def _column(name: str, value: object) -> str:
    """A cell by its column and length."""
    length = len(_text(value))
    said = f"{length} 字 {length} characters" if length else "空 empty"
    return f"{COLUMN_NAMES[name]} {name}（{said}）"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        # "" is no id: it is refused, with the reason that fits a number
        return str(value) if len(str(abs(value))) <= WHOLE_DIGITS else ""
    return str(value).strip()


def _day(value: object) -> date | None:
    if value is None or _text(value) == "":
        return None
    if isinstance(value, datetime):
        day = value.date()
    elif isinstance(value, date):
        day = value
    else:
        match = _DATE.fullmatch(_text(value))
        if match is None:
            raise ValueError(f"{_column('effective_on', value)}：须如 must be like 2019-06-01")
        try:
            day = date(*(int(part) for part in cast("tuple[str, str, str]", match.groups())))
        except ValueError:
            raise ValueError(f"{_column('effective_on', value)}：无此日期 is no day of the calendar") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{_column('effective_on', value)}：须在 must lie between {FIRST_DAY} and {LAST_DAY}")
    return day
