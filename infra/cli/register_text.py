"""Registers as clerks read them: codes by their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from events.codes import FILING_KIND_NAMES, INSTITUTION_KIND_NAMES
from infra.cli.names import Names
from infra.cli.premium_text import KIND_NAMES
from infra.cli.row_output import Row
from infra.files.sheet import Sheet, SheetColumn, coded
from infra.words.clearing import LENDER_NAMES
from processors.finance.reports import Field
from processors.law.terms import CATEGORY_NAMES, DISEASE_NAMES, FUND_NAMES, LAYER_NAMES
from processors.registers.register import Register

FAULT_NAMES = {
    "unknown_person": "无此人",
    "not_enrolled": "未参保",
    "died": "已故",
    "two_cards": "一病两卡",
    "no_sex": "缺性别",
    "no_birth_month": "缺出生年月",
    "no_household": "缺户编号",
    "no_township": "缺乡镇",
    "not_rostered": "不在册",
    "no_request": "无申请",
    "not_approved": "未批准",
    "over_approved": "超批准金额",
    "another_person": "与申请人不符",
    "not_filed": "未备案",
}
CORRECTION_NAMES = {"wrong": "错办", "missed": "漏办", "incomplete": "信息不全"}
STATE_NAMES = {
    "designated": "定点",
    "suspended": "暂停（中止）",
    "ended": "已终止",
    "to_come": "未生效",
    "open": "有效",
    "expired": "已过期",
    "cancelled": "已取消",
    "standing": "有效",
    "overdue": "逾期",
    "withdrawn": "已撤回",
    "applied": "待审核",
    "approved": "已批准待借",
    "declined": "未批准",
    "lent": "已借未还清",
    "repaid": "已还清",
}
MEASURE_NAMES = {"suspended": "暂停（中止）", "reinstated": "恢复", "fined": "罚款"}
WANT_NAMES = {"refused": "因无卡被拒收", "poverty_cause": "因病致贫台账"}
_CODES: Mapping[str, Mapping[Any, str]] = {
    "issue_corrects": CORRECTION_NAMES,
    "withdrawal_corrects": CORRECTION_NAMES,
    "disease": DISEASE_NAMES,
    "kind": {**INSTITUTION_KIND_NAMES, **FILING_KIND_NAMES},
    "state": STATE_NAMES,
    "measure": MEASURE_NAMES,
    "lent_by": LENDER_NAMES,
    "layer": LAYER_NAMES,
    "payer": FUND_NAMES,
    "premium_kind": KIND_NAMES,
    "category": CATEGORY_NAMES,
}
_LISTS: Mapping[str, Mapping[Any, str]] = {
    "faults": FAULT_NAMES,
    "categories": CATEGORY_NAMES,
    "diseases": DISEASE_NAMES,
}


def register_sheet(register: Register, rows: Sequence[Row], names: Names) -> Sheet:
    """A register as a list for people."""
    columns = tuple(
        SheetColumn(field.title, field.name.replace("_", " "), field.kind, field.name in register.summed)
        for field in register.fields
    )
    cells = [[_cell(register, field, row[field.name], names) for field in register.fields] for row in rows]
    return Sheet(register.title, columns, cells, personal=register.personal)


def without_empty_columns(sheet: Sheet) -> Sheet:
    """A list for a screen: without the columns that hold nothing in any row."""
    held = [place for place in range(len(sheet.columns)) if any(row[place] not in (None, []) for row in sheet.rows)]
    columns = tuple(sheet.columns[place] for place in held)
    rows = [[row[place] for place in held] for row in sheet.rows]
    return replace(sheet, columns=columns, rows=rows) if held else sheet


def _cell(register: Register, field: Field, value: Any, names: Names) -> Any:
    if value is None:
        return None
    known: dict[str, Callable[[Any], Any]] = {
        "region": names.region,
        "scheme": names.scheme,
        "to_region": names.region,
        "to_hospital": names.hospital,
    }
    if not any(each.name == "name" for each in register.fields):
        known["hospital_id"] = names.hospital
    if field.name in known:
        return known[field.name](value)
    if register.view == "missing_cards" and field.name == "reason":
        return coded(WANT_NAMES, value)
    if field.name in _CODES:
        return coded(_CODES[field.name], value)
    if field.name in _LISTS:
        return [coded(_LISTS[field.name], each) for each in value]
    if field.name == "recorded_at":
        return value[:19].replace("T", " ")
    return value
