"""Lists of a register's entries as clinics send them: CSV or XLSX, headings in Chinese, one row a person."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events.codes import is_id
from events.national_ids import is_national_id
from infra.files.text_file import UnusableFile, decoded, read_bytes
from infra.files.workbook_rows import SheetRow, is_workbook, read_workbook
from processors.law.terms import DISEASE_NAMES
from processors.registers.entries import RegisterEntryOrder
from processors.rosters.cells import is_blank, read_day, read_person_id, text_of
from processors.rosters.columns import normal_heading

HEADING_WITHIN = 10
"""How many rows at the top, titles among them, may come before the headings."""
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "person_id": ("参保人编号", "参保编号", "医保编号", "人员编号", "个人编号", "person_id"),
    "held_on": (
        "日期",
        "签约日期",
        "签约日",
        "体检日期",
        "体检日",
        "开始日期",
        "开始日",
        "核实日期",
        "核实日",
        "held_on",
    ),
    "until": ("截止日期", "到期日期", "到期日", "终止日期", "until"),
    "due_on": ("下次应办日", "下次体检日期", "下次取药日期", "下次随访日期", "应办日期", "due_on"),
    "disease": ("病种", "疾病名称", "疾病", "致贫病种", "disease"),
    "hospital_id": ("机构编号", "医疗机构编号", "hospital_id"),
    "doctor": ("医生", "家庭医生", "签约医生", "签约团队", "医生团队", "doctor"),
    "finding": ("结果", "体检结果", "服务内容", "药品", "治疗需求", "救治情况", "备注", "finding"),
    "document": ("单据号", "协议编号", "协议号", "编号", "document"),
}
_COLUMNS = {normal_heading(each): name for name, each_name in _HEADINGS.items() for each in each_name}
_REQUIRED = {"person_id", "held_on"}
_LONGEST_WORDS = 500


@dataclass(slots=True)
class EntryList:
    """A list's rows as orders, and those that can't be used: their place and why."""

    orders: list[RegisterEntryOrder] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def read_entries(path: Path, register: str) -> EntryList:
    """Read a list of a register. Raises ``UnusableFile``, and OSError where the file can't be read."""
    content = read_bytes(path, "文件过大 the file is larger than")
    sheets = _sheets(content)
    for name, rows in sheets:
        heading = next(
            (number for number in sorted(rows)[:HEADING_WITHIN] if set(_columns(rows[number])) >= _REQUIRED), None
        )
        if heading is not None:
            return _read(name, rows, heading, register)
    raise UnusableFile("找不到标题行“参保人编号、日期” no row of headings: person_id, held_on")


def _sheets(content: bytes) -> list[tuple[str, Mapping[int, SheetRow]]]:
    if is_workbook(content):
        return [(f"{sheet.title} ", sheet.rows) for sheet in read_workbook(content) if not sheet.hidden]
    text = decoded(content, "编码既非 UTF-8 也非 GB18030 the text is neither UTF-8 nor GB18030")
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UnusableFile(f"不是 CSV 文件 not a CSV file: {error}") from None
    return [("", {number: dict(enumerate(line)) for number, line in enumerate(lines, start=1)})]


def _columns(cells: SheetRow) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in sorted(cells.items()):
        name = _COLUMNS.get(normal_heading(text_of(cell)))
        if name is not None:
            if name in found:
                raise UnusableFile(f"有两列都是 {text_of(cell)} two columns are the same: rename all but one")
            found[name] = place
    return found


def _read(name: str, rows: Mapping[int, SheetRow], heading: int, register: str) -> EntryList:
    columns, read = _columns(rows[heading]), EntryList()
    for number in sorted(number for number in rows if number > heading):
        cells = {column: rows[number].get(place) for column, place in columns.items()}
        if all(map(is_blank, cells.values())):
            continue
        place = f"{name}第{number}行 row {number}"
        try:
            read.orders.append(_order(register, cells))
        except ValueError as fault:
            read.refused.append((place, str(fault)))
    return read


def _order(register: str, cells: Mapping[str, object]) -> RegisterEntryOrder:
    days: dict[str, Any] = {name: read_day("effective_on", cells.get(name)) for name in ("held_on", "until", "due_on")}
    held_on = days.pop("held_on")
    if held_on is None:
        raise ValueError("没有日期 no day is stated")
    read: dict[str, Callable[[str], str]] = {"hospital_id": _id, "disease": _disease}
    said: dict[str, Any] = {}
    for name in ("disease", "hospital_id", "doctor", "finding", "document"):
        text = text_of(cells.get(name))
        said[name] = read.get(name, _words)(text) if text else None
    return RegisterEntryOrder(register, read_person_id(cells.get("person_id")), held_on, **days, **said)


def _id(text: str) -> str:
    if not is_id(text):
        raise ValueError(f"“{text}”不是机构编号 {text} is no hospital_id")
    return text


def _words(text: str) -> str:
    if is_national_id(text):
        raise ValueError("不得写身份证号 national ID numbers are not taken")
    if len(text) > _LONGEST_WORDS or not text.isprintable():
        raise ValueError(
            f"每格至多 {_LONGEST_WORDS} 个可见字符 a cell holds at most {_LONGEST_WORDS} printable characters"
        )
    return text


def _disease(text: str) -> str:
    """A disease by its code or its name; one that has neither is refused by the register itself."""
    by_name: Sequence[str] = [code for code in DISEASE_NAMES if DISEASE_NAMES[code] == text]
    return by_name[0] if by_name else text
