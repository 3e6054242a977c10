"""What is told of data that is not what its type wants: each fault with its place, in English and in Chinese."""

from typing import NamedTuple

from pydantic import ValidationError

from events.codes import CODE_PATTERN, ID_PATTERN, REGION_PATTERN
from events.envelope import quote
from events.fact_fields import (
    DIAGNOSIS_PATTERN,
    HASH_PATTERN,
    INVOICE_PATTERN,
    MONTH_PATTERN,
    NOT_BLANK_PATTERN,
    TOWNSHIP_PATTERN,
    VILLAGE_PATTERN,
)
from events.refusals import InvalidValue

_PROBLEMS_NAMED = 3

Told = tuple[str, str]
"""English and Chinese."""

_FORMS: dict[str, Told] = {
    ID_PATTERN: ("must be 1 to 128 letters, digits, - or _", "须为 1 至 128 位字母、数字、- 或 _"),
    CODE_PATTERN: (
        "must be a code: a small letter, then at most 39 small letters, digits or _",
        "须为代码：小写字母开头，其后至多 39 位小写字母、数字或 _",
    ),
    REGION_PATTERN: ("must be a region code: six digits, the first not 0", "须为六位行政区划代码，首位不为 0"),
    MONTH_PATTERN: ("must be a month as YYYY-MM", "须为 YYYY-MM 格式的年月"),
    TOWNSHIP_PATTERN: ("must be a township code: nine digits, the first not 0", "须为九位乡镇（街道）代码，首位不为 0"),
    VILLAGE_PATTERN: ("must be a village code: twelve digits, the first not 0", "须为十二位村（社区）代码，首位不为 0"),
    DIAGNOSIS_PATTERN: (
        "must be an ICD-10 code: 1 to 16 letters, digits, ., -, * or +",
        "须为 ICD-10 编码：1 至 16 位字母、数字、.、-、* 或 +",
    ),
    INVOICE_PATTERN: (
        "must be 4 to 40 digits and capital letters: the invoice's code and number in one, no blanks or hyphens",
        "须为 4 至 40 位数字和大写字母：票据代码与票据号码连写，不留空格、不加连字符",
    ),
    HASH_PATTERN: (
        "must be a sha256: 64 digits and letters a to f",
        "须为 sha256：64 位数字及字母 a 至 f",
    ),
    NOT_BLANK_PATTERN: ("must not be blank", "不得为空白"),
}

_MESSAGES: dict[str, Told] = {
    "missing": ("is missing", "缺少"),
    "extra_forbidden": ("is not a field of this type", "不是该类事件的字段"),
    "string_type": ("must be a string", "须为字符串"),
    "string_too_short": ("must not be empty", "不得为空"),
    "string_too_long": ("must have at most {max_length} characters", "至多 {max_length} 个字符"),
    "literal_error": ("must be {expected}", "须为 {expected} 之一"),
    "int_type": ("must be an integer", "须为整数"),
    "bool_type": ("must be true or false", "须为 true 或 false"),
    "greater_than_equal": ("must be at least {ge}", "不得小于 {ge}"),
    "less_than_equal": ("must be at most {le}", "不得大于 {le}"),
    "model_type": ("must be an object", "须为对象"),
    "tuple_type": ("must be a list", "须为列表"),
    "too_long": ("must have at most {max_length} in it", "至多 {max_length} 项"),
}
"""What is told for each way in which data can fail its model; a test walks through them all."""
_NOT_VALID = ("is not valid", "不合格")
_CONSEQUENCE = "default_factory_not_called"
"""A default that hangs on a field which is itself wrong: the field has been named."""


class Fault(NamedTuple):
    """One fault: its place in the data, what is told of it, and the limits that it breaks, by name."""

    location: tuple[int | str, ...]
    english: str
    chinese: str
    limits: dict[str, object]


def faults(error: ValidationError) -> list[Fault]:
    """All faults of some data."""
    found = []
    for each in error.errors(include_url=False, include_input=False):
        kind, context = each["type"], each.get("ctx", {})
        if kind != _CONSEQUENCE:
            limits = {name: value for name, value in context.items() if name != "error"}
            found.append(Fault(each["loc"], *_told(kind, context), limits))
    return found


def problems(error: ValidationError) -> Told:
    """The first three faults of some data with their places, and how many more there are."""
    found = faults(error)
    english = [f"{_path(fault.location)} {fault.english}" for fault in found[:_PROBLEMS_NAMED]]
    chinese = [f"{_path(fault.location)} {fault.chinese}" for fault in found[:_PROBLEMS_NAMED]]
    more = len(found) - _PROBLEMS_NAMED
    rest, rest_zh = (f"; and {more} more", f"；另有 {more} 处") if more > 0 else ("", "")
    return "; ".join(english) + rest, "；".join(chinese) + rest_zh


def _told(kind: str, context: dict[str, object]) -> Told:
    if kind == "string_pattern_mismatch":
        return _FORMS[str(context["pattern"])]
    if kind == "value_error":
        fault = context["error"]
        return str(fault), fault.chinese if isinstance(fault, InvalidValue) else str(fault)
    english, chinese = _MESSAGES.get(kind, _NOT_VALID)
    return english.format_map(context), chinese.format_map(context)


def _path(location: tuple[int | str, ...]) -> str:
    return "data" + "".join(f"[{part}]" if isinstance(part, int) else f".{quote(part)}" for part in location)
