"""Hospitals' own figures of a month: CSV in UTF-8 or GB18030, headings in English or Chinese."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from events.codes import LAYER_NAMES, LAYERS, is_id
from events.money import parse_yuan, yuan
from infra.files.text_file import UnusableFile, decoded, read_bytes
from processors.reconciliation.comparison import AMOUNTS, FUNDS, HospitalClaim

HEADINGS: Mapping[str, str] = {
    **{name: name for name in ("claim_id", "date", "status", "claims", *AMOUNTS)},
    **{name: str(layer) for layer, name in LAYER_NAMES.items()},
    "结算单号": "claim_id",
    "日期": "date",
    "状态": "status",
    "人次": "claims",
    "总额": "total",
    "基金支付": FUNDS,
    "个人负担": "patient_share",
    "个人支付": "patient_share",  # as hospitals' own programs head it
}
STATUSES = {"": True, "settled": True, "已结算": True, "reversed": False, "已冲正": False}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read: its number (the headings are row 1), its claim where that could be read, and why."""

    row: int
    claim_id: str | None
    reason: str


@dataclass(slots=True)
class HospitalDetail:
    """What a detail file states, and its rows that could not be read; ``ignored`` columns are not used."""

    claims: list[HospitalClaim] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_detail(path: Path, month: date) -> HospitalDetail:
    """A hospital's claims of a month. Raises ``UnusableFile``, and OSError where the file can't be opened."""
    columns, rows = _table(path)
    wanted = [name for name in ("claim_id", "date", "total", "patient_share") if name not in columns]
    if wanted:
        raise UnusableFile(f"缺少列 {_chinese(wanted)} no column {', '.join(wanted)}")
    if FUNDS not in columns and not set(LAYERS) & set(columns):
        raise UnusableFile(
            f"缺少基金支付的列：写“基金支付”，或各保障线（{_chinese(LAYERS)}）。"
            f"no column of what the funds pay: {FUNDS}, or the layers ({', '.join(LAYERS)})"
        )
    detail = HospitalDetail(ignored=[name for name in columns if name.startswith("?")])
    seen: set[str] = set()
    for number, cells in rows:
        claim_id = cells.get("claim_id", "")
        known = claim_id if is_id(claim_id) else None
        try:
            claim = _claim(cells, month)
            if claim.claim_id in seen:
                raise ValueError(f"结算单 {claim.claim_id} 前面已有一行 claim {claim_id} stands in an earlier row")
        except ValueError as error:
            detail.bad.append(BadRow(number, known, str(error)))
        else:
            seen.add(claim.claim_id)
            detail.claims.append(claim)
    return detail


def read_totals(path: Path) -> dict[str, int]:
    """A hospital's own totals of a month: ``claims``, and amounts in fen. Raises ``UnusableFile`` and OSError."""
    columns, rows = _table(path)
    named = [name for name in ("claims", *AMOUNTS) if name in columns]
    filled = list(rows)
    if not named or len(filled) != 1:
        raise UnusableFile(
            f"合计应为一行，列名可用：{_chinese(('claims', *AMOUNTS))}。"
            f"one row of totals is wanted, with some of the columns claims, {', '.join(AMOUNTS)}"
        )
    number, cells = filled[0]
    try:
        return {name: _count(cells[name]) if name == "claims" else _amount(cells, name) for name in named}
    except ValueError as error:
        raise UnusableFile(f"第{number}行 row {number}: {error}") from None


def _chinese(names: Iterable[str]) -> str:
    """Columns by the headings that clerks write."""
    headings = {name: heading for heading, name in reversed(list(HEADINGS.items())) if name != heading}
    return "、".join(headings[name] for name in names)


def _table(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Column names (``?heading`` where it is not used here) and the rows that hold anything, numbered from 2."""
    content = read_bytes(path, "文件大于 the file is larger than")
    lines = list(_lines(decoded(content, "编码不是 UTF-8 也不是 GB18030 the text is neither UTF-8 nor GB18030")))
    if not lines:
        raise UnusableFile("文件是空的 the file is empty")
    columns = [HEADINGS.get(heading.strip().lower(), f"?{heading.strip()}") for heading in lines[0]]
    twice = sorted({name for name in columns if not name.startswith("?") and columns.count(name) > 1})
    if twice:
        raise UnusableFile(f"列 {_chinese(twice)} 重复 column {', '.join(twice)} stands twice")
    return columns, _rows(columns, lines[1:])


def _lines(text: str) -> Iterator[list[str]]:
    cells = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        # A quote that is never closed is noticed at the end of the text only: name the line in which its row begins.
        begun = cells.line_num + 1
        try:
            line = next(cells)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnusableFile(
                f"不是 CSV 文件：自第{begun}行起的一行读不出 "
                f"not a CSV file: the row that begins in line {begun}: {error}"
            ) from None
        yield line


def _rows(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(lines, start=2):
        cells = [cell.strip() for cell in line]
        if any(cells):
            named = dict(zip(columns, cells, strict=False))
            if any(cells[len(columns) :]):
                named["surplus"] = "单元格多于标题 cells beyond the last heading"
            yield number, named


def _claim(cells: Mapping[str, str], month: date) -> HospitalClaim:
    if "surplus" in cells:
        raise ValueError(cells["surplus"])
    claim_id = cells.get("claim_id", "")
    if not is_id(claim_id):
        raise ValueError("结算单号应为1至128个字母、数字、- 或 _ claim_id must be 1 to 128 letters, digits, - or _")
    day = _day(cells.get("date", ""))
    if (day.year, day.month) != (month.year, month.month):
        raise ValueError(f"日期 {day} 不在 {month:%Y-%m} 内 date {day} is not in {month:%Y-%m}")
    status = cells.get("status", "").lower()
    if status not in STATUSES:
        raise ValueError("状态应为已结算或已冲正 status must be settled or reversed")
    standing = STATUSES[status]
    if not standing:
        return HospitalClaim(claim_id, day, {}, standing=False)
    amounts = {name: _amount(cells, name) for name in ("total", "patient_share")}
    layers: dict[str, int] = {}
    if set(LAYERS) & set(cells):
        # A layer with an empty cell, or without a column, paid nothing.
        layers = {layer: _amount(cells, layer) if cells.get(layer) else 0 for layer in LAYERS}
    funds = _amount(cells, FUNDS) if cells.get(FUNDS) or not layers else sum(layers.values())
    if layers and funds != sum(layers.values()):
        summed = yuan(sum(layers.values()))
        raise ValueError(
            f"基金支付 {yuan(funds)} 不等于各保障线之和 {summed} "
            f"{FUNDS} {yuan(funds)} is not the sum of the layers, {summed}"
        )
    return HospitalClaim(claim_id, day, {**amounts, **layers, FUNDS: funds})


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError("日期应写成 2019-03-31 date must be a day as 2019-03-31")
    return day


def _amount(cells: Mapping[str, str], name: str) -> int:
    try:
        return parse_yuan(cells.get(name, ""))
    except ValueError as error:
        raise ValueError(f"{_chinese([name])}应以元为单位，最多两位小数，如 1234.50 {name} {error}") from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ValueError("人次应为整数 claims must be a number of claims")
    return int(text)
