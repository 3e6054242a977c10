"""A county's own worked cases: CSV in UTF-8 or GB18030, one claim a row, what it should come to beside it."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from events.codes import INSURANCE_TYPE_NAMES, ORDINARY, RESIDENT, STAY_KIND_NAMES, is_code
from events.money import parse_yuan
from events.refusals import InvalidValue
from infra.files.text_file import UnusableFile, csv_bytes, decoded, read_bytes
from policies.claim import BillParts, Place
from policies.vocabulary import SETTING_NAMES, SHARED, Vocabulary
from policies.worked_cases import HOSPITAL, PATIENT, WorkedCase

T = TypeVar("T")

FACTS: Mapping[str, str] = {
    "案例": "case",
    "参保人": "person",
    "日期": "date",
    "就医类型": "setting",
    "医院等级": "tier",
    "就医地": "place",
    "救助对象": "categories",
    "病种": "disease",
    "晚期": "late",
    "慢特病证类别": "card_class",
    "有慢特病证": "any_card",
    "处方医院等级": "prescriber_tier",
    "年龄": "age",
    "参保类型": "insurance_type",
    "家庭户": "household",
    "签约家庭医生": "contracted_doctor",
    "连续参保年数": "years_insured",
    "急诊": "emergency",
    "就诊类别": "stay_kind",
    "转自": "referred_from",
    "手工报销": "on_paper",
    "政策范围内": "in_scope",
    "先行自付": "upfront_copay",
    "超限价": "over_limit",
    "全自费": "self_funded",
}
"""The columns that say what happened, by their heading."""


def expected_headings(terms: Vocabulary) -> dict[str, str]:
    """The columns that say what it should come to; an empty cell is not held against anything."""
    layers = {f"应付：{term.name}": layer for layer, term in terms.layers.items()}
    return {**layers, "应付：个人负担": PATIENT, "应付：医院承担": HOSPITAL}


NEEDED = ("案例", "日期", "就医类型", "医院等级", "政策范围内")
PLACES: Mapping[str, Place] = {
    "": "county",
    "县内": "county",
    "市内": "prefecture",
    "省内": "province",
    "省外": "elsewhere",
    "未备案": "unfiled",
}
TIERS = {"0": 0, "乡镇": 0, "1": 1, "一级": 1, "2": 2, "二级": 2, "3": 3, "三级": 3}
YES = {"": False, "否": False, "no": False, "是": True, "yes": True}
_CODES = {
    **{name: code for code, name in SETTING_NAMES.items()},
    **{code: code for code in SETTING_NAMES},
}
_BILL = ("in_scope", "upfront_copay", "over_limit", "self_funded")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
MOST_CASES = 10_000
MOST_YEARS = 100

_EXAMPLE = [
    {
        "案例": "低保一级住院",
        "参保人": "甲",
        "日期": "2024-05-06",
        "就医类型": "住院",
        "医院等级": "一级",
        "救助对象": "低保对象",
        "政策范围内": "10200",
        "全自费": "300",
        "应付：基本医保": "9000",
        "应付：大病保险": "0",
        "应付：医疗救助": "840",
        "应付：兜底": "0",
        "应付：个人负担": "660",
    },
    {
        "案例": "同一人再住三级",
        "参保人": "甲",
        "日期": "2024-09-01",
        "就医类型": "住院",
        "医院等级": "三级",
        "救助对象": "低保对象",
        "政策范围内": "20600",
        "应付：基本医保": "14000",
        "应付：大病保险": "1680",
        "应付：医疗救助": "3444",
        "应付：兜底": "0",
        "应付：个人负担": "1476",
    },
    {
        "案例": "普通居民省外住院",
        "日期": "2024-05-06",
        "就医类型": "住院",
        "医院等级": "三级",
        "就医地": "省外",
        "政策范围内": "11500",
        "应付：基本医保": "6500",
        "应付：个人负担": "5000",
    },
]


def example_cases() -> bytes:
    """A file to begin with: all headings, and worked cases of the made-up county of docs/examples/county.yaml."""
    headings = [*FACTS, *expected_headings(SHARED)]
    return csv_bytes(headings, [[row.get(heading, "") for heading in headings] for row in _EXAMPLE])


def read_cases(path: Path, terms: Vocabulary) -> list[WorkedCase]:
    """The cases of a file, in a scheme's terms.

    Raises ``UnusableFile`` naming line and column, and OSError where it can't be opened.
    """
    text = decoded(
        read_bytes(path, "文件超过 the file is larger than"), "编码不是 UTF-8 或 GB18030 neither UTF-8 nor GB18030"
    )
    cases: list[WorkedCase] = []
    names: dict[str, WorkedCase] = {}
    for line, cells in _rows(text, terms):
        case = _case(line, cells, terms)
        if case.name in names:
            raise UnusableFile(
                f"第{line}行：案例“{case.name}”重复，第{names[case.name].line}行已有 the case stands twice"
            )
        before = names.get(case.referred_from or "")
        if case.referred_from and (before is None or before.person != case.person or before.setting != "inpatient"):
            raise UnusableFile(
                f"第{line}行，转自：前面没有同一人的住院案例“{case.referred_from}” no earlier stay of this person"
            )
        names[case.name] = case
        cases.append(case)
        if len(cases) > MOST_CASES:
            raise UnusableFile(f"案例超过 more than {MOST_CASES} cases")
    if not cases:
        raise UnusableFile("没有案例 no cases")
    return cases


def _rows(text: str, terms: Vocabulary) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row that holds anything, by heading, with the line on which it begins."""
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        headings = [_heading(cell) for cell in next(table, [])]
        _check_headings(headings, expected_headings(terms))
        begun = table.line_num + 1
        for row in table:
            cells = [cell.strip() for cell in row]
            if any(cell for at, cell in enumerate(cells) if at >= len(headings) or not headings[at]):
                raise UnusableFile(f"第{begun}行：有的单元格没有标题 line {begun}: cells without a heading")
            if any(cells):
                yield begun, {**dict.fromkeys(headings, ""), **dict(zip(headings, cells, strict=False))}
            begun = table.line_num + 1
    except csv.Error as error:
        raise UnusableFile(f"不是 CSV 文件 not a CSV file: line {table.line_num}: {error}") from None


def _heading(cell: str) -> str:
    """A heading without blanks, its colon full width."""
    return "".join(cell.split()).replace(":", "：")


def _check_headings(headings: list[str], expected: Mapping[str, str]) -> None:
    known = {*FACTS, *expected}
    unknown = [heading for heading in headings if heading and heading not in known]
    if unknown:
        raise UnusableFile(
            f"不认识的列 unknown columns: {'、'.join(unknown)}；可用 there are: {'、'.join((*FACTS, *expected))}"
        )
    twice = sorted({heading for heading in headings if heading and headings.count(heading) > 1})
    if twice:
        raise UnusableFile(f"列重复 columns that stand twice: {'、'.join(twice)}")
    missing = [heading for heading in NEEDED if heading not in headings]
    if missing:
        raise UnusableFile(f"缺少列 columns missing: {'、'.join(missing)}")


def _case(line: int, cells: Mapping[str, str], terms: Vocabulary) -> WorkedCase:
    def cell(heading: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(cells.get(heading, ""))
        except ValueError as error:
            raise UnusableFile(f"第{line}行，{heading} line {line}: {error}") from None

    parts = {name: cell(heading, _amount) or 0 for heading, name in FACTS.items() if name in _BILL}
    expected = {name: cell(heading, _amount) for heading, name in expected_headings(terms).items()}
    if all(fen is None for fen in expected.values()):
        raise UnusableFile(f"第{line}行：没有任何应付金额 line {line}: no expected amount")
    card_class = cell("慢特病证类别", _card_class)
    name = cell("案例", _some)
    setting = cell("就医类型", _of(_CODES))
    if setting == "chronic" and card_class is None:
        raise UnusableFile(
            f"第{line}行，慢特病证类别：门诊慢特病须填 I 或 II line {line}: a chronic claim needs I or II"
        )
    return WorkedCase(
        line=line,
        name=name,
        person=cells.get("参保人", "") or f"第{line}行",
        day=cell("日期", _day),
        setting=setting,
        tier=cell("医院等级", _of(TIERS)),
        place=cell("就医地", _of(PLACES)),
        categories=cell("救助对象", partial(_categories, terms)),
        disease=cell("病种", partial(_disease, terms)),
        late=cell("晚期", _of(YES)),
        card_class=card_class if setting == "chronic" else None,
        any_card=card_class is not None or cell("有慢特病证", _of(YES)),
        prescriber_tier=cell("处方医院等级", _of({"": 0, **TIERS})),
        age=cell("年龄", _age),
        insurance_type=cell("参保类型", partial(_code, INSURANCE_TYPE_NAMES, RESIDENT)),
        household=cell("家庭户", _of(YES)),
        contracted_doctor=cell("签约家庭医生", _of(YES)),
        years_insured=cell("连续参保年数", _years),
        emergency=cell("急诊", _of(YES)),
        stay_kind=cell("就诊类别", partial(_code, STAY_KIND_NAMES, ORDINARY)),
        referred_from=cells.get("转自", "") or None,
        on_paper=cell("手工报销", _of(YES)),
        bill=BillParts(sum(parts.values()), *(parts[name] for name in _BILL)),
        expected={name: fen for name, fen in expected.items() if fen is not None},
    )


def _age(text: str) -> int | None:
    plain = text.removesuffix("岁").removesuffix("周")
    if plain and not (plain.isascii() and plain.isdecimal() and len(plain) <= 3):
        raise ValueError(f"“{text}”不是周岁 is no age in whole years")
    return int(plain) if plain else None


def _years(text: str) -> int | None:
    plain = text.removesuffix("年")
    if plain and not (plain.isascii() and plain.isdecimal() and 1 <= int(plain[:4]) <= MOST_YEARS):
        raise ValueError(f"“{text}”不是年数 is no number of years, 1 to {MOST_YEARS}")
    return int(plain) if plain else None


def _code(names: Mapping[str, str], default: str, text: str) -> str:
    """A code of a list that is open, by its name or itself."""
    code = {name: code for code, name in names.items()}.get(text, text) or default
    if not is_code(code):
        raise ValueError(f"“{text}”不是代码，可填 is no code, there are: {'、'.join(names.values())}")
    return code


def _some(text: str) -> str:
    if not text:
        raise ValueError("不能为空 must not be empty")
    return text


def _of(known: Mapping[str, T]) -> Callable[[str], T]:
    def read(text: str) -> T:
        if text.lower() not in known:
            raise ValueError(f"“{text}”不认识，可填 is unknown, there are: {'、'.join(word for word in known if word)}")
        return known[text.lower()]

    return read


def _card_class(text: str) -> str | None:
    return _of({"": None, "i": "I", "ii": "II", "ⅰ": "I", "ⅱ": "II"})(text.removesuffix("类"))


def _categories(terms: Vocabulary, text: str) -> tuple[str, ...]:
    known = {term.name: code for code, term in terms.categories.items()} | {code: code for code in terms.categories}
    named = {_of(known)(word.strip()) for word in re.split("[、,，;；]", text) if word.strip()}
    return tuple(category for category in terms.categories if category in named)


def _disease(terms: Vocabulary, text: str) -> str | None:
    if text and text not in terms.diseases:
        raise ValueError(f"“{text}”不是病种代码 is no disease code (docs/domain.md#6)")
    return text or None


def _day(text: str) -> date:
    match = _DAY.fullmatch(text)
    try:
        return date(*map(int, match.groups())) if match else date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text}”不是日期，请写 2024-05-06 is no day") from None


def _amount(text: str) -> int | None:
    """Fen; None for an empty cell. Spreadsheets write 1,234.50 and ￥."""
    plain = text.replace("，", ",").strip("¥￥元 ")
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        return parse_yuan(plain) if plain else None
    except InvalidValue as error:
        raise ValueError(f"“{text}”不是金额，{error.chinese} is no amount: {error}") from None
