"""Hospitals' own figures of a month: CSV in UTF-8 or GB18030, or XLSX; headings in English or Chinese.

Titles may stand above the headings, and rows of totals (合计) are not read. Amounts may have separators: 1,234.50.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from events.codes import is_id
from events.money import parse_yuan, yuan
from infra.files.headed_table import UNUSABLE, named_in_chinese, read_table
from infra.files.text_file import UnusableFile
from processors.law.terms import LAYER_NAMES
from processors.reconciliation.comparison import FUNDS, HospitalClaim, amounts

_HEADINGS: Mapping[str, str] = {
    "结算单号": "claim_id",
    "日期": "date",
    "状态": "status",
    "人次": "claims",
    "总额": "total",
    "基金支付": FUNDS,
    "个人负担": "patient_share",
    "个人支付": "patient_share",  # as hospitals' own programs head it
}


def _columns_by_heading() -> dict[str, str]:
    """Columns by what their headings may be, the ledger's layers among them."""
    own = {name: name for name in ("claim_id", "date", "status", "claims", *amounts())}
    return {**own, **{name: layer for layer, name in LAYER_NAMES.items()}, **_HEADINGS}


STATUSES = {"": True, "settled": True, "已结算": True, "reversed": False, "已冲正": False}


TOTAL_ROWS = ("合计", "总计", "小计", "total", "Total")
_SEPARATED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})([ T]\d{1,2}:\d{2}(:\d{2})?)?")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read: its number, its claim where that could be read, and why.

    A workbook's rows have its own numbers, those of a text are counted from 1, titles and headings among them.
    """

    row: int
    claim_id: str | None
    reason: str


@dataclass(slots=True)
class HospitalDetail:
    """What a detail file states, and its rows that could not be read; ``ignored`` columns are not used."""

    claims: list[HospitalClaim] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    """numbers of rows of totals, which are not read"""


def read_detail(path: Path, month: date, *, by_settlement: bool = False) -> HospitalDetail:
    """A hospital's claims of a month, one each: rows of one claim, refunds with negative amounts, are summed.

    ``by_settlement`` says that the dates are days of settlement and refund, and that a claim may have any number of
    rows. Otherwise a claim has one row, or one and a refund that cancels it. Raises ``UnusableFile``, and OSError where
    the file can't be opened.
    """
    columns, rows = read_table(path, _columns_by_heading())
    wanted = [name for name in ("claim_id", "date", "total", "patient_share") if name not in columns]
    if wanted:
        raise UnusableFile(f"缺少列 {_chinese(wanted)} no column {', '.join(wanted)}")
    if FUNDS not in columns and not set(LAYER_NAMES) & set(columns):
        raise UnusableFile(
            f"缺少基金支付的列：写“基金支付”，或各保障线（{_chinese(LAYER_NAMES)}）。"
            f"no column of what the funds pay: {FUNDS}, or the layers ({', '.join(LAYER_NAMES)})"
        )
    detail = HospitalDetail(ignored=[name for name in columns if name.startswith("?")])
    by_claim: dict[str, list[HospitalClaim]] = {}
    numbers: dict[str, int] = {}
    for number, cells in rows:
        claim_id = cells.get("claim_id", "")
        known = claim_id if is_id(claim_id) else None
        if claim_id.replace(" ", "") in TOTAL_ROWS or (not claim_id and cells.get("date", "") in TOTAL_ROWS):
            detail.sums.append(number)
            continue
        try:
            claim = _claim(cells, month)
        except ValueError as error:
            detail.bad.append(BadRow(number, known, str(error)))
            continue
        earlier = by_claim.setdefault(claim.claim_id, [])
        if earlier and not by_settlement and not _cancels(claim, earlier):
            twice = f"结算单 {claim.claim_id} 前面已有一行 claim {claim.claim_id} stands in an earlier row"
            detail.bad.append(BadRow(number, known, twice))
            continue
        earlier.append(claim)
        numbers[claim.claim_id] = number
    for claim_id, of_claim in by_claim.items():
        if not by_settlement and len(of_claim) == 1 and any(fen < 0 for fen in of_claim[0].amounts.values()):
            reason = (
                "退费行没有对应的结算行：请按结算日期核对（--by settlement） "
                "a refund without the row that it takes back: compare by day of settlement"
            )
            detail.bad.append(BadRow(numbers[claim_id], claim_id, reason))
        else:
            detail.claims.append(_net(of_claim))
    detail.bad.sort(key=lambda bad: bad.row)
    return detail


def _cancels(claim: HospitalClaim, earlier: Sequence[HospitalClaim]) -> bool:
    """Whether a row takes back the one that stands before it."""
    return (
        len(earlier) == 1
        and bool(claim.amounts)
        and claim.amounts == {name: -fen for name, fen in earlier[0].amounts.items()}
    )


def _net(rows: Sequence[HospitalClaim]) -> HospitalClaim:
    """One claim of its rows: their sum, reversed where they come to nothing."""
    if len(rows) == 1:
        return rows[0]
    names = {name for row in rows for name in row.amounts}
    amounts = {name: sum(row.amounts.get(name, 0) for row in rows) for name in names}
    if any(amounts.values()):
        return HospitalClaim(rows[0].claim_id, rows[0].day, amounts)
    return HospitalClaim(rows[0].claim_id, rows[0].day, {}, standing=False)


def read_totals(path: Path) -> dict[str, int]:
    """A hospital's own totals of a month: ``claims``, and amounts in fen. Raises ``UnusableFile`` and OSError."""
    columns, rows = read_table(path, _columns_by_heading())
    named = [name for name in ("claims", *amounts()) if name in columns]
    filled = list(rows)
    if not named or len(filled) != 1:
        raise UnusableFile(
            f"合计应为一行，列名可用：{_chinese(('claims', *amounts()))}。"
            f"one row of totals is wanted, with some of the columns claims, {', '.join(amounts())}"
        )
    number, cells = filled[0]
    try:
        return {name: _count(cells[name]) if name == "claims" else _amount(cells, name) for name in named}
    except ValueError as error:
        raise UnusableFile(f"第{number}行 row {number}: {error}") from None


def _chinese(names: Iterable[str]) -> str:
    """Columns by the headings that clerks write."""
    return named_in_chinese(names, _columns_by_heading())


def _claim(cells: Mapping[str, str], month: date) -> HospitalClaim:
    if UNUSABLE in cells:
        raise ValueError(cells[UNUSABLE])
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
    if set(LAYER_NAMES) & set(cells):
        # A layer with an empty cell, or without a column, paid nothing.
        layers = {layer: _amount(cells, layer) if cells.get(layer) else 0 for layer in LAYER_NAMES}
    funds = _amount(cells, FUNDS) if cells.get(FUNDS) or not layers else sum(layers.values())
    if layers and funds != sum(layers.values()):
        summed = yuan(sum(layers.values()))
        raise ValueError(
            f"基金支付 {yuan(funds)} 不等于各保障线之和 {summed} "
            f"{FUNDS} {yuan(funds)} is not the sum of the layers, {summed}"
        )
    return HospitalClaim(claim_id, day, {**amounts, **layers, FUNDS: funds})


def _day(text: str) -> date:
    match = _DAY.fullmatch(text)
    try:
        if match is not None:
            return date(*map(int, match.groups()[:3]))
    except ValueError:
        pass
    raise ValueError("日期应写成 2019-03-31 date must be a day as 2019-03-31")


def _amount(cells: Mapping[str, str], name: str) -> int:
    text = cells.get(name, "")
    try:
        sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text)
        return sign * parse_yuan(plain.replace(",", "") if _SEPARATED.fullmatch(plain) else plain)
    except ValueError as error:
        raise ValueError(f"{_chinese([name])}应以元为单位，最多两位小数，如 1234.50 {name} {error}") from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ValueError("人次应为整数 claims must be a number of claims")
    return int(text)
