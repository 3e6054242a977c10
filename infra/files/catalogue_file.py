"""Lists of the medical catalogue as the bureau hands them on: CSV or XLSX, a row a code and first day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeVar

from events.codes import is_region
from infra.files.headed_table import UNUSABLE, named_in_chinese, read_table
from infra.files.template import template_book
from infra.files.text_file import UnusableFile
from processors.catalogue.entries import (
    CATALOGUE_KIND_NAMES,
    CHARGE_TYPE_NAMES,
    LEVEL_NAMES,
    NO_CAP,
    SELF_FUNDED_LEVEL,
    USUAL_CHARGE_TYPES,
    CatalogueEntry,
    CatalogueKind,
    CatalogueLevel,
)
from processors.rosters.cells import UnusableCell, read_day

COLUMNS: Mapping[str, str] = {
    "目录编码": "code",
    "医保目录编码": "code",
    "医疗目录编码": "code",
    "国家编码": "code",
    "med_list_codg": "code",
    "code": "code",
    "名称": "name",
    "目录名称": "name",
    "医保目录名称": "name",
    "name": "name",
    "种类": "kind",
    "目录类别": "kind",
    "kind": "kind",
    "等级": "level",
    "甲乙丙": "level",
    "甲乙类": "level",
    "收费等级": "level",
    "收费项目等级": "level",
    "chrgitm_lv": "level",
    "level": "level",
    "先行自付比例": "ratio",
    "首先自付比例": "ratio",
    "自付比例": "ratio",
    "selfpay_prop": "ratio",
    "ratio": "ratio",
    "限价": "cap",
    "最高限价": "cap",
    "定价上限金额": "cap",
    "pric_uplmt_amt": "cap",
    "cap": "cap",
    "收费类别": "charge_type",
    "医疗收费项目类别": "charge_type",
    "med_chrgitm_type": "charge_type",
    "charge_type": "charge_type",
    "生效日期": "valid_from",
    "开始日期": "valid_from",
    "begndate": "valid_from",
    "valid_from": "valid_from",
    "失效日期": "valid_until",
    "终止日期": "valid_until",
    "结束日期": "valid_until",
    "enddate": "valid_until",
    "valid_until": "valid_until",
    "统筹区": "region",
    "统筹区代码": "region",
    "region": "region",
}
_REQUIRED = ("code", "name", "kind", "level")
_KINDS: Mapping[str, CatalogueKind] = {
    **{name: kind for kind, name in CATALOGUE_KIND_NAMES.items()},
    **{kind: kind for kind in CATALOGUE_KIND_NAMES},
    **dict.fromkeys(("西药", "中成药", "西药中成药", "中药饮片", "饮片", "院内制剂"), "drug"),
    **dict.fromkeys(("诊疗项目", "医疗服务", "医疗服务项目", "服务"), "service"),
    **dict.fromkeys(("医用耗材", "材料", "卫生材料"), "consumable"),
}
_CHARGE_TYPES_BY_KIND: Mapping[str, str] = {"中成药": "11", "中药饮片": "10", "饮片": "10"}
_LEVELS: Mapping[str, CatalogueLevel] = {
    **{code: code for code in LEVEL_NAMES},
    **{code.removeprefix("0"): code for code in LEVEL_NAMES},
    **{name: code for code, name in LEVEL_NAMES.items()},
    **{f"{name}类": code for code, name in LEVEL_NAMES.items()},
    "自费": SELF_FUNDED_LEVEL,
}
_CHARGE_TYPES: Mapping[str, str] = {
    **{code: code for code in CHARGE_TYPE_NAMES},
    **{code.removeprefix("0"): code for code in CHARGE_TYPE_NAMES},
    **{name: code for code, name in CHARGE_TYPE_NAMES.items()},
    **{name.removesuffix("费"): code for code, name in CHARGE_TYPE_NAMES.items()},
}
_Code = TypeVar("_Code", bound=str)
_CODE = re.compile(r"[!-~]{1,50}")
_LONGEST_NAME = 500
_DIGITS = re.compile(r"[0-9]{1,10}(\.[0-9]+)?")
_TEMPLATE = {
    "目录编码": 30,
    "名称": 36,
    "种类": 10,
    "等级": 8,
    "先行自付比例": 16,
    "限价": 12,
    "收费类别": 14,
    "生效日期": 14,
    "失效日期": 14,
    "统筹区": 12,
}
"""Columns of the list to fill in, with their widths."""
_EXAMPLES = (
    ("XJ01CAA040E001010104567", "阿莫西林胶囊", "药品", "甲", "0", "", "西药费", "2026-01-01", "", ""),
    ("110200001", "主任医师门诊诊察费", "诊疗", "乙", "10%", "30.00", "诊察费", "2026-01-01", "2026-12-31", ""),
    ("C0101010010100100001", "一次性留置针", "耗材", "丙", "", "999999", "", "2026-01-01", "", "360923"),
)


@dataclass(slots=True)
class CatalogueList:
    """The entries of a file in its order, and the rows that can't be read, with why; ``ignored`` are not used."""

    entries: list[CatalogueEntry] = field(default_factory=list)
    bad: dict[int, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


class _BadField(ValueError):
    """What is wrong with a row, in both languages, with the column's Chinese name before it."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"{named_in_chinese([column], COLUMNS)}：{why}")


def read_catalogue(path: Path, usual_from: date | None) -> CatalogueList:
    """The entries that a file states, from ``usual_from`` on where a row states no first day.

    Raises ``UnusableFile``, and OSError where the file can't be opened.
    """
    columns, rows = read_table(path, COLUMNS)
    wanted = [name for name in _REQUIRED if name not in columns]
    if "valid_from" not in columns and usual_from is None:
        wanted.append("valid_from")
    if wanted:
        raise UnusableFile(f"缺少列 {named_in_chinese(wanted, COLUMNS)} no column {', '.join(wanted)}")
    found = CatalogueList(ignored=[name.removeprefix("?") for name in columns if name.startswith("?") and name != "?"])
    seen: dict[tuple[str, str | None, date], int] = {}
    for number, cells in rows:
        try:
            entry = _entry(cells, usual_from)
            key = entry.code, entry.region, entry.valid_from
            if key in seen:
                raise _BadField("code", f"与第 {seen[key]} 行相同 the same as in row {seen[key]}")
            seen[key] = number
            found.entries.append(entry)
        except ValueError as error:
            found.bad[number] = str(error)
    return found


def catalogue_template() -> bytes:
    """A workbook to fill in, with three rows as examples."""
    return template_book("医保目录", _TEMPLATE, _EXAMPLES)


def _entry(cells: Mapping[str, str], usual_from: date | None) -> CatalogueEntry:
    if UNUSABLE in cells:
        raise ValueError(cells[UNUSABLE])
    kind = _one_of(cells, "kind", _KINDS, "药品、诊疗、耗材")
    level = _one_of(cells, "level", _LEVELS, "甲、乙、丙")
    valid_from = _day(cells, "valid_from") or usual_from
    if valid_from is None:
        raise _BadField("valid_from", "不能为空，或用 --from 指明 is empty: state it, or give --from")
    valid_until = _day(cells, "valid_until")
    if valid_until is not None and valid_until < valid_from:
        raise _BadField("valid_until", f"早于生效日期 {valid_from} lies before the first day")
    return CatalogueEntry(
        number=0,
        code=_code(cells),
        name=_name(cells),
        kind=kind,
        level=level,
        upfront_ratio=_ratio(cells.get("ratio", ""), level),
        price_cap=_cap(cells.get("cap", "")),
        charge_type=_charge_type(cells, kind),
        valid_from=valid_from,
        valid_until=valid_until,
        region=_region(cells.get("region", "")),
    )


def _one_of(cells: Mapping[str, str], column: str, known: Mapping[str, _Code], allowed: str) -> _Code:
    said = "".join(cells[column].split())
    if said not in known:
        raise _BadField(column, f"“{said}”应为 {allowed} must be one of these")
    return known[said]


def _code(cells: Mapping[str, str]) -> str:
    code = cells["code"]
    if _CODE.fullmatch(code) is None:
        raise _BadField("code", "应为 1 至 50 个字母、数字或符号，不含空格 1 to 50 letters, digits or marks, no blanks")
    return code


def _name(cells: Mapping[str, str]) -> str:
    name = " ".join(cells["name"].split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise _BadField("name", f"应为 1 至 {_LONGEST_NAME} 个可见字符 1 to {_LONGEST_NAME} printable characters")
    return name


def _ratio(said: str, level: CatalogueLevel) -> Decimal:
    """A share from 0 to 1 with four decimals, as 0.1 or 10%; nothing is 0, of level 丙 1."""
    whole = Decimal(level == SELF_FUNDED_LEVEL)
    if not said:
        return whole
    digits = said.removesuffix("%").strip()
    ratio = Decimal(digits) if _DIGITS.fullmatch(digits) else Decimal(-1)
    ratio = ratio / 100 if said.endswith("%") else ratio
    if not 0 <= ratio <= 1 or ratio != round(ratio, 4):
        raise _BadField("ratio", f"“{said}”应为 0 至 1 之间，如 10% 或 0.1 must be from 0 to 1, such as 10% or 0.1")
    if level == SELF_FUNDED_LEVEL and ratio != whole:
        raise _BadField("ratio", f"丙类为全自费，“{said}”应为 100% 或空着 what is of level 丙 is wholly self-funded")
    return ratio


def _cap(said: str) -> Decimal | None:
    """Yuan a unit with six decimals; nothing and 999999 are no cap."""
    digits = said.replace(",", "")
    if not digits:
        return None
    cap = Decimal(digits) if _DIGITS.fullmatch(digits) else None
    if cap is None or cap != round(cap, 6):
        raise _BadField("cap", f"“{said}”应为金额，如 12.50；没有限价的空着 yuan such as 12.50, or nothing for no cap")
    return None if cap >= NO_CAP else cap


def _charge_type(cells: Mapping[str, str], kind: CatalogueKind) -> str:
    said = cells.get("charge_type", "")
    if said:
        return _one_of(cells, "charge_type", _CHARGE_TYPES, "、".join(CHARGE_TYPE_NAMES.values()))
    return _CHARGE_TYPES_BY_KIND.get(cells["kind"], USUAL_CHARGE_TYPES[kind])


def _day(cells: Mapping[str, str], column: Literal["valid_from", "valid_until"]) -> date | None:
    try:
        return read_day("ended_on" if column == "valid_until" else "effective_on", cells.get(column, ""))
    except UnusableCell as error:
        raise _BadField(column, str(error)) from None


def _region(said: str) -> str | None:
    if said and not is_region(said):
        raise _BadField("region", f"“{said}”应为六位统筹区代码 must be a GB/T 2260 code of six digits")
    return said or None
