"""A county's published figures of a year: YAML, or a table (CSV, XLSX) of a row a year; headings in Chinese or English.

年度,统筹区,就医类型,贫困人口,人次,支付合计,基本医保,大病保险,民政,重大疾病补充保险,财政兜底
2019,360923,住院,是,7383,3757.67,2468.77,487.29,13.14,777.14,11.33

Money is in 万元 unless a column 单位, a heading (支付合计（元）) or a title above (单位：元) says another unit.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from events.codes import is_code, is_region
from infra.files.text_file import UnusableFile, decoded, read_bytes
from infra.files.workbook_rows import is_workbook, read_workbook
from policies.yaml_text import TextError, read
from processors.finance.published_figures import COUNTS, MONEY, SHARE, UNITS, PublishedRow
from processors.law.terms import LAYER_NAMES, SETTING_NAMES
from processors.rosters.cells import UnreadableCell

_KEYS: Mapping[str, str] = {
    "年度": "year",
    "统筹区": "region",
    "政策": "scheme",
    "就医类型": "setting",
    "贫困人口": "poor",
    "单位": "unit",
    "出处": "source",
}
_ITEMS: Mapping[str, str] = {
    "人次": "claims",
    "补偿人次": "claims",
    "人数": "persons",
    "医疗费总额": "total",
    "支付合计": "paid",
    "补偿合计": "paid",
    "个人负担": "patient_share",
    "医院承担": "hospital_share",
    "实际报销比例": SHARE,
    # as counties' reports call their layers (上高县2019年度报告 二2)
    "民政": "assistance",
    "民政救助": "assistance",
    "重大疾病": "supplementary",
    "重大疾病补充保险": "supplementary",
    "财政兜底": "backstop",
}
_POOR: Mapping[str, bool | None] = {
    **dict.fromkeys(("是", "yes", "true"), True),
    **dict.fromkeys(("否", "no", "false"), False),
    **dict.fromkeys(("", "全部", "all"), None),
}
_FIGURE = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_UNIT = re.compile(r"(?:\(|单位:)(?:单位:)?(\w*元)")
_COUNT = re.compile(r"\d+|\d{1,3}(,\d{3})+")
_Cells = dict[str, str]


def read_published(path: Path) -> list[PublishedRow]:
    """The rows of a file, figures exactly as written. Raises ``UnusableFile``, and OSError where it can't be opened.

    The message names the row and the column, and what may stand there.
    """
    content = read_bytes(path, "文件大于 the file is larger than")
    lines = _yaml(content) if path.suffix.lower() in (".yaml", ".yml") else _table(content)
    rows = [_row(where, cells) for where, cells in lines]
    if not rows:
        raise UnusableFile("没有数据行 the file has no row of figures")
    return rows


def _row(where: str, cells: _Cells) -> PublishedRow:
    items = {
        name: _figure(where, name, text)
        for name, text in cells.items()
        if name not in _KEYS.values() and text not in ("", "—", "-")
    }
    if not items:
        raise UnusableFile(f"{where}：没有任何项目的数 no figure of any item")
    poor = _known(where, "poor", cells.get("poor", "").lower(), _POOR.__contains__, "是、否或空 yes, no or empty")
    return PublishedRow(
        where=where,
        year=int(_known(where, "year", cells.get("year", ""), _is_year, "四位年份，如 2019 a year, 2019")),
        items=items,
        region=_optional(where, "region", cells, is_region, "六位区划代码 a region code of six digits"),
        scheme=_optional(where, "scheme", cells, is_code, "政策名称，如 shanggao a scheme's name"),
        setting=_setting(where, cells.get("setting", "")),
        poor=_POOR[poor],
        unit=_known(where, "unit", cells.get("unit", "") or "万元", UNITS.__contains__, "、".join(UNITS)),
        source=cells.get("source") or None,
    )


def _figure(where: str, name: str, text: str) -> Decimal:
    plain = text.removesuffix("%").strip() if name == SHARE else text
    form, allowed = (_COUNT, "整数 a whole number") if name in COUNTS else (_FIGURE, "数字，如 3757.67 a number")
    if form.fullmatch(plain) is None:
        raise _wrong(where, name, text, allowed)
    figure = Decimal(plain.replace(",", ""))
    # a spreadsheet's cell of 90% holds 0.9
    return figure * 100 if name == SHARE and plain == text and figure <= 1 else figure


def _setting(where: str, text: str) -> str | None:
    by_name = {name: code for code, name in SETTING_NAMES.items()} | {code: code for code in SETTING_NAMES}
    if text in ("", "全部", "all"):
        return None
    return by_name[_known(where, "setting", text, by_name.__contains__, "、".join(by_name))]


def _optional(where: str, name: str, cells: _Cells, holds: Callable[[str], bool], allowed: str) -> str | None:
    text = cells.get(name, "")
    return _known(where, name, text, holds, allowed) if text else None


def _known(where: str, name: str, text: str, holds: Callable[[str], object], allowed: str) -> str:
    if not holds(text):
        raise _wrong(where, name, text, allowed)
    return text


def _is_year(text: str) -> bool:
    return re.fullmatch(r"2[01]\d\d", text) is not None


def _wrong(where: str, name: str, text: str, allowed: str) -> UnusableFile:
    heading = next((chinese for chinese, code in _headings().items() if code == name), name)
    shown = text or "（空 empty）"
    return UnusableFile(f"{where}，{heading} {name}：{shown}，应为{allowed}")


def _headings() -> dict[str, str]:
    """Columns by what their headings may be."""
    layers = {name: layer for layer, name in LAYER_NAMES.items()}
    own = {code: code for code in (*_KEYS.values(), *COUNTS, *MONEY, SHARE, *LAYER_NAMES)}
    return {**_KEYS, **_ITEMS, **layers, **own}


def _heading(text: str) -> str:
    """A heading without blanks and what stands in brackets, a unit for one."""
    return re.sub(r"\(.*?\)|\s", "", unicodedata.normalize("NFKC", text)).lower()


def _column(where: str, heading: str) -> str:
    known = _headings()
    name = known.get(_heading(heading))
    if name is None:
        raise UnusableFile(
            f"{where}：不认识的列“{heading}”，可用：{'、'.join(known)} an unknown column; those are the known ones"
        )
    return name


def _yaml(content: bytes) -> Iterator[tuple[str, _Cells]]:
    try:
        said, lines = read(content)
    except TextError as error:
        raise UnusableFile(f"第{error.line}行 line {error.line}: {error}") from None
    rows: list[Any] = said if isinstance(said, list) else [said]
    for place, row in enumerate(rows):
        at = lines.at((place,)) if isinstance(said, list) else 1
        where = f"第{at}行 line {at}"
        if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
            raise UnusableFile(f"{where}：应写成 项目: 数 wanted are lines of item: figure")
        yield where, _named(where, list(row), list(row.values()))


def _table(content: bytes) -> Iterator[tuple[str, _Cells]]:
    if is_workbook(content):
        sheet = next(iter(read_workbook(content)), None)
        lines = [] if sheet is None else [(number, _wide(cells)) for number, cells in sorted(sheet.rows.items())]
    else:
        text = decoded(content, "编码不是 UTF-8 也不是 GB18030 the text is neither UTF-8 nor GB18030")
        try:
            lines = list(enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1))
        except csv.Error as error:
            raise UnusableFile(f"不是 CSV 文件 not a CSV file: {error}") from None
    filled = [(number, [cell.strip() for cell in line]) for number, line in lines if any(map(str.strip, line))]
    # titles may stand above the headings
    first = next((place for place, (_, line) in enumerate(filled) if len([*filter(None, line)]) > 1), None)
    if first is None:
        raise UnusableFile("没有标题行 the file has no row of headings")
    headings = filled[first][1]
    while headings and not headings[-1]:
        headings = headings[:-1]
    above = _units(cell for _, line in filled[:first] for cell in line)
    for number, line in filled[first + 1 :]:
        where = f"第{number}行 row {number}"
        if any(line[len(headings) :]):
            raise UnusableFile(f"{where}：单元格多于标题 more cells than headings")
        yield where, _named(where, headings, line, above)


def _units(texts: Iterable[str]) -> set[str]:
    """The units of money that titles or headings name, in brackets or as 单位：万元."""
    plain = (re.sub(r"\s", "", unicodedata.normalize("NFKC", text)) for text in texts)
    return {unit for text in plain for unit in _UNIT.findall(text)}


def _named(where: str, headings: list[str], values: list[str], above: Iterable[str] = ()) -> _Cells:
    cells: _Cells = {}
    for heading, value in zip(headings, values, strict=False):
        name = _column(where, heading)
        if name in cells:
            raise UnusableFile(f"{where}：列“{heading}”重复 {name} stands twice")
        cells[name] = value.strip()
    units = {*_units(headings), *above, *filter(None, [cells.get("unit")])}
    if len(units) > 1:
        told = "、".join(sorted(units))
        raise UnusableFile(f"{where}：单位不一：{told} the titles, headings and the row name several units of money")
    return {**cells, "unit": next(iter(units), "")}


def _wide(cells: Mapping[int, object]) -> list[str]:
    return [_text(cells.get(place, "")) for place in range(max(cells, default=-1) + 1)]


def _text(cell: object) -> str:
    """A cell's text; that of one which can't be read is no value of any column."""
    return f"{cell.chinese} {cell.english}" if isinstance(cell, UnreadableCell) else str(cell)
