"""Hospitals' own figures of a month: CSV in UTF-8 or GB18030, headings in English or Chinese."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
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
        raise UnusableFile(f"no column {', '.join(wanted)}")
    if FUNDS not in columns and not set(LAYERS) & set(columns):
        raise UnusableFile(f"no column of what the funds pay: {FUNDS}, or the layers ({', '.join(LAYERS)})")
    detail = HospitalDetail(ignored=[name for name in columns if name.startswith("?")])
    seen: set[str] = set()
    for number, cells in rows:
        claim_id = cells.get("claim_id", "")
        known = claim_id if is_id(claim_id) else None
        try:
            claim = _claim(cells, month)
            if claim.claim_id in seen:
                raise ValueError(f"claim {claim.claim_id} stands in an earlier row")
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
        raise UnusableFile(f"one row of totals is wanted, with some of the columns claims, {', '.join(AMOUNTS)}")
    number, cells = filled[0]
    try:
        return {name: _count(cells[name]) if name == "claims" else _amount(cells, name) for name in named}
    except ValueError as error:
        raise UnusableFile(f"row {number}: {error}") from None


def _table(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Column names (``?heading`` where it is not used here) and the rows that hold anything, numbered from 2."""
    content = read_bytes(path, "the file is larger than")
    lines = list(_lines(decoded(content, "the text is neither UTF-8 nor GB18030")))
    if not lines:
        raise UnusableFile("the file is empty")
    columns = [HEADINGS.get(heading.strip().lower(), f"?{heading.strip()}") for heading in lines[0]]
    twice = sorted({name for name in columns if not name.startswith("?") and columns.count(name) > 1})
    if twice:
        raise UnusableFile(f"column {', '.join(twice)} stands twice")
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
            raise UnusableFile(f"not a CSV file: the row that begins in line {begun}: {error}") from None
        yield line


def _rows(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(lines, start=2):
        cells = [cell.strip() for cell in line]
        if any(cells):
            named = dict(zip(columns, cells, strict=False))
            if any(cells[len(columns) :]):
                named["surplus"] = "cells beyond the last heading"
            yield number, named


def _claim(cells: Mapping[str, str], month: date) -> HospitalClaim:
    if "surplus" in cells:
        raise ValueError(cells["surplus"])
    claim_id = cells.get("claim_id", "")
    if not is_id(claim_id):
        raise ValueError("claim_id must be 1 to 128 letters, digits, - or _")
    day = _day(cells.get("date", ""))
    if (day.year, day.month) != (month.year, month.month):
        raise ValueError(f"date {day} is not in {month:%Y-%m}")
    status = cells.get("status", "").lower()
    if status not in STATUSES:
        raise ValueError("status must be settled or reversed")
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
        raise ValueError(f"{FUNDS} {yuan(funds)} is not the sum of the layers, {yuan(sum(layers.values()))}")
    return HospitalClaim(claim_id, day, {**amounts, **layers, FUNDS: funds})


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError("date must be a day as 2019-03-31")
    return day


def _amount(cells: Mapping[str, str], name: str) -> int:
    try:
        return parse_yuan(cells.get(name, ""))
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ValueError("claims must be a number of claims")
    return int(text)
