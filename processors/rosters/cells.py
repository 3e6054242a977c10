"""The cells of a department's list: what is certain is read, and everything else says why it can't be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from events.codes import is_id
from events.fact_fields import FIRST_DAY, LAST_DAY
from events.national_ids import is_national_id
from processors.law.terms import CATEGORY_NAMES, terms_in_force
from processors.rosters.columns import COLUMN_NAMES, Column, plain

RowFault = Literal[
    "bad_person_id",
    "national_id",
    "near_person_id",
    "unknown_category",
    "bad_date",
    "date_in_future",
    "before_birth",
    "unknown_status",
    "duplicate_row",
    "contradiction",
    "broken_row",
    "no_headings",
    "bad_certificate",
    "unknown_certificate",
    "shared_certificate",
]
FAULT_NAMES: dict[RowFault, str] = {
    "bad_person_id": "参保人编号不合格",
    "national_id": "疑为身份证号",
    "near_person_id": "参保人编号疑似写错",
    "unknown_category": "救助对象类别不明",
    "bad_date": "日期不合格",
    "date_in_future": "生效日期未到",
    "before_birth": "生效日期早于出生年份",
    "unknown_status": "状态不明",
    "duplicate_row": "重复行",
    "contradiction": "前后矛盾",
    "broken_row": "行不完整",
    "no_headings": "工作表无标题行",
    "bad_certificate": "身份证号不合格",
    "unknown_certificate": "证件未登记",
    "shared_certificate": "证件对应几个编号",
}

_KIND_OF_CATEGORY = re.compile(r"\((农村|城市|城镇|城乡|分散供养|集中供养|[ABCabc一二三123][类档级])\)$")
_AND = re.compile(r"[、,;/+]|和|及")

_ACTIVE = "在保 在册 在享 正常 正常享受 正常在保 正常保障 享受 享受中 享受待遇 有效 是 y yes 新增 续保 纳入 active"
_ENDED = (
    "停发 已停发 停保 已停保 停止 已停止 停止享受 停止救助 退出 已退出 取消 已取消 取消资格 注销 已注销 终止 已终止 "
    "失效 死亡 已死亡 去世 迁出 已迁出 清退 不在册 不在保 不享受 否 n no ended"
)
STATUSES: Mapping[str, bool] = dict.fromkeys(_ACTIVE.split(), True) | dict.fromkeys(_ENDED.split(), False)
"""Whether one is on the list, by what a list may call a status."""

WHOLE_DIGITS = 15
"""How many digits a number in a spreadsheet's cell keeps; the digits beyond are lost when the file is written."""
_SPREADSHEET_DAY_0 = date(1899, 12, 30)
_SERIAL_DAYS = range(10_000, 73_051)
"""Numbers that are taken for the days of a spreadsheet: 18 May 1927 to the end of 2099."""

_TIME = r"(?:[ T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.0+)?)?)?"
_DAY = re.compile(rf"([0-9]{{4}}) *(-|/|\.|年) *([0-9]{{1,2}}) *(-|/|\.|月) *([0-9]{{1,2}}) *日?{_TIME}")
_DIGITS_DAY = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_PAIRS = {("-", "-"), ("/", "/"), (".", "."), ("年", "月")}
_YEAR = re.compile(r"((?:19|20)[0-9]{2})(?:[0-9]{2}|[0-9]{4})?(?![0-9])")
_NO_DIGIT = re.compile(r"[^0-9]")
_OLD_NATIONAL_ID_DIGITS = 15
_ENDLESS = ("长期", "永久", "长期有效", "永久有效", "至今", "9999-12-31", "9999/12/31", "99991231")
_QUOTED_FORMULA = re.compile(r'="([^"]*)"')


class FormattedNumber(str):
    """The digits of a number in a spreadsheet's cell that shows something else: 1,001 for 1001."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UnreadableCell:
    """A cell in which something stands that can't be read, and why: it is never taken for an empty one."""

    chinese: str
    english: str


class UnusableCell(ValueError):
    """Why a row is refused: the fault, in both languages, the column where one is at fault, and its cell."""

    def __init__(
        self, reason: RowFault, chinese: str, english: str, column: Column | None = None, cell: object = None
    ) -> None:
        super().__init__(f"{chinese} {english}")
        self.reason = reason
        self.chinese = chinese
        self.column = column
        self.cell = cell


def text_of(cell: object) -> str:
    """What a cell says, in ordinary characters; "" for an empty one, and for a number of too many digits."""
    if cell is None or isinstance(cell, UnreadableCell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        # "" is no id, so a longer number is refused; the refusal says that such numbers are inexact.
        return str(cell) if len(str(abs(cell))) <= WHOLE_DIGITS else ""
    seen = plain(str(cell))
    quoted = _QUOTED_FORMULA.fullmatch(seen)  # as spreadsheets are made to keep zeros in CSV
    return plain(quoted[1] if quoted else seen[1:] if seen[:1] in ("'", "‘", "’", "`") else seen)


def is_blank(cell: object) -> bool:
    """Whether nothing stands in a cell."""
    return cell is None or (not isinstance(cell, UnreadableCell) and not str(cell).strip())


def described(column: Column, cell: object) -> tuple[str, str]:
    """A cell, named by its column and length only: in both languages, and in Chinese alone."""
    length = len(text_of(cell))
    size = ("读不出", "unreadable") if isinstance(cell, UnreadableCell) else ("空", "empty")
    if length:
        size = f"{length} 字", f"{length} characters"
    name = COLUMN_NAMES[column]
    return f"{name} {column}（{size[0]} {size[1]}）", f"{name}（{size[0]}）"


def read_person_id(cell: object) -> str:
    """The insured's number. Raises ``UnusableCell``."""
    _check_readable("person_id", "bad_person_id", cell)
    person_id = text_of(cell)
    if is_national_id(person_id):
        raise UnusableCell(
            "national_id",
            "居民身份证号不得入账，请用参保人编号",
            "national ID numbers are not taken: give the insured's own number",
            *("person_id", person_id),
        )
    if isinstance(cell, FormattedNumber):
        why = "显示的不是其各位数字，请存为文本", "a number that is shown as something else than its digits: store text"
    elif _DAY.fullmatch(person_id) or not any(map(str.isalnum, person_id)):
        why = "是日期、横线或空白，不是编号", "a day, a dash or nothing, and no id"
    elif is_id(person_id) and not isinstance(cell, bool):
        return person_id
    elif isinstance(cell, int | float):
        why = f"数字超过 {WHOLE_DIGITS} 位会失真，请存为文本", "a number of so many digits is inexact: store text"
    else:
        why = "须为 1 至 128 位字母、数字、- 或 _", "must be 1 to 128 letters, digits, - or _"
    raise UnusableCell("bad_person_id", *why, "person_id", cell)


def read_categories(cell: object) -> list[str]:
    """The categories that a cell names, one or several (低保对象、孤儿). Raises ``UnusableCell``."""
    _check_readable("category", "unknown_category", cell)
    found: list[str] = []
    whole = _category(text_of(cell))
    for part in [""] if whole else _AND.split(text_of(cell)):
        category = whole or _category(part)
        if category is None:
            names = "、".join(CATEGORY_NAMES.values())
            raise UnusableCell("unknown_category", f"须为 {names} 之一", "must be one of these", "category", cell)
        if category not in found:
            found.append(category)
    return found


def _category(text: str) -> str | None:
    name = "".join(text.split())
    called = terms_in_force().category_words
    return called.get(name) or called.get(name.casefold()) or called.get(_KIND_OF_CATEGORY.sub("", name))


def read_active(cell: object) -> bool:
    """Whether a cell's status is that of one who is on the list; no status is. Raises ``UnusableCell``."""
    _check_readable("status", "unknown_status", cell)
    status = "".join(text_of(cell).split()).casefold()
    if status and status not in STATUSES:
        raise UnusableCell("unknown_status", "须如 在保、正常、停发、退出", "must be like these", "status", cell)
    return STATUSES[status] if status else True


def read_day(column: Column, cell: object) -> date | None:
    """The day that a cell states; None where nothing stands in it. Raises ``UnusableCell``."""
    _check_readable(column, "bad_date", cell)
    if is_blank(cell) or not (text_of(cell) or isinstance(cell, int | float)):
        return None
    if column == "ended_on" and text_of(cell).removesuffix(" 00:00:00") in _ENDLESS:
        return None
    day = _stated_day(column, cell)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise UnusableCell("bad_date", f"须在 {FIRST_DAY} 与 {LAST_DAY} 之间", "must lie between them", column, cell)
    return day


def _stated_day(column: Column, cell: object) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = text_of(cell)
    match, digits = _DAY.fullmatch(text), _DIGITS_DAY.fullmatch(text)
    try:
        if match is not None and (match[2], match[4]) in _PAIRS:
            return date(int(match[1]), int(match[3]), int(match[5]))
        if digits is not None:
            return date(int(digits[1]), int(digits[2]), int(digits[3]))
    except ValueError:
        raise UnusableCell("bad_date", "无此日期", "is no day of the calendar", column, cell) from None
    if len(text) == len("43525") and text.isascii() and text.isdigit() and int(text) in _SERIAL_DAYS:
        return _SPREADSHEET_DAY_0 + timedelta(days=int(text))
    raise UnusableCell("bad_date", "须如 2019-06-01", "must be written like this", column, cell)


def is_day_number(cell: object) -> bool:
    """Whether a cell holds a day as a spreadsheet's number."""
    text = text_of(cell)
    return not isinstance(cell, date) and text.isascii() and text.isdigit() and int(text) in _SERIAL_DAYS


def read_birth_year(cell: object) -> int | None:
    """The year of birth that a date of birth or a national ID shows, or None. Nothing else is kept of it."""
    if isinstance(cell, date):
        return cell.year
    text = text_of(cell)
    if is_national_id(text):
        digits = _NO_DIGIT.sub("", text)
        return 1900 + int(digits[6:8]) if len(digits) == _OLD_NATIONAL_ID_DIGITS else int(digits[6:10])
    match = _YEAR.match(text)
    return int(match[1]) if match is not None else None


def _check_readable(column: Column, reason: RowFault, cell: object) -> None:
    if isinstance(cell, UnreadableCell):
        raise UnusableCell(reason, cell.chinese, cell.english, column, cell)
