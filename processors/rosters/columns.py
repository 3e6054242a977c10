"""The columns of a department's list: what their headings may be called, and rows that are no rows of persons."""

import re
from collections.abc import Container, Mapping, Sequence
from typing import Literal

from events.codes import is_id

Column = Literal["person_id", "certificate", "category", "effective_on", "status", "ended_on", "birth"]
COLUMN_NAMES: dict[Column, str] = {
    "person_id": "参保人编号",
    "certificate": "身份证号",
    "category": "救助对象类别",
    "effective_on": "生效日期",
    "status": "状态",
    "ended_on": "终止日期",
    "birth": "出生日期",
}
"""What the ledger calls the columns that it reads."""
NAMING: tuple[Column, ...] = ("person_id", "certificate")
"""By which a row names its person: by certificate where a list has no column of numbers."""

_SYNONYMS: dict[Column, str] = {
    "person_id": "参保编号 参保号 参保人号 参保人编码 参保人员编号 参保人员编码 医保编号 医保号 医保编码 医保个人编号 "
    "个人医保编号 人员编号 个人编号",
    "category": "对象类别 救助类别 救助对象类型 救助类型 对象类型 人员类别 人员类型 困难类别 贫困类别 身份类别 "
    "保障类别 类别",
    "effective_on": "生效时间 生效日 生效年月日 起始日期 起始时间 开始日期 开始时间 享受日期 享受时间 享受起始日期 "
    "享受开始日期 享受待遇日期 享受待遇时间 待遇享受日期 待遇开始日期 待遇起始日期 认定日期 认定时间 纳入日期 纳入时间 "
    "纳入救助日期 纳入保障日期 effectivedate",
    "status": "人员状态 救助状态 保障状态 享受状态 待遇状态 在册状态 在保状态 对象状态 是否在保 是否在册 是否享受",
    "ended_on": "终止时间 停发日期 停发时间 停保日期 停保时间 停止日期 停止时间 退出日期 退出时间 取消日期 取消时间 "
    "注销日期 注销时间 失效日期 失效时间 截止日期 截止时间 结束日期 结束时间 enddate",
    "certificate": "身份证号码 居民身份证号 居民身份证号码 公民身份号码 公民身份证号 公民身份证号码 证件号码",
    "birth": "出生年月 出生年月日 出生年份 出生时间 生日 birthdate",
}
HEADINGS: Mapping[str, Column] = {
    **{synonym: column for column, names in _SYNONYMS.items() for synonym in names.split()},
    **{title: column for column, title in COLUMN_NAMES.items()},
    **{column.replace("_", ""): column for column in COLUMN_NAMES},
}
"""By the normal form of a heading."""
_OWN_NAMES = {*COLUMN_NAMES.values(), *(column.replace("_", "") for column in COLUMN_NAMES)}

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_BRACKETED = re.compile(r"[(\[{【〔《<][^()\[\]{}【】〔〕《》<>]*[)\]}】〕》>]")
_MAYBE_DAY = re.compile(r"日期|时间|年月|date", re.IGNORECASE)
_OTHER_DAY = re.compile(r"出生|填报|填表|制表|制单|打印|导出|录入|更新|上报|报送|登记|有效期|死亡|核查|复核")
_SERIAL = {"序号", "序", "行号", "编号", "no", "no.", "num", "#"}
_TOTAL = re.compile(r"(?:以上|本页|本表|全[县市区镇乡])?(合计|总计|小计|共计|总人数|人数合计)(\W.*|[0-9].*)?$")
_SUBTOTAL = re.compile(r"其中|合计|总计|小计|共计")
_FEW = re.compile(r"[1-9][0-9]{0,4}[人户名]?")
_FOOT = re.compile(
    r"以下空白|以下无正文"
    r"|(制表|填表|制单|审核|复核|审批|负责|经办|联系|主管|分管|填报|报送|打印)(人|人员|领导|单位|日期|时间|部门|科室|电话)?"
    r"(签字|签名|签章|盖章)?(\W.*)?$"
    r"|(单位|部门|乡镇|民政局|扶贫办|局长|科长|主任|签字|签名|签章|盖章|公章|日期|备注|说明|注)(负责人)?(签字|签名|签章|盖章)?\W.*$"
)
_END_HEADING = re.compile(r"死亡|去世|停发|停保|停止|退出|注销|取消|终止|迁出|清退|核减")
_NOT_ENDED = {"", "否", "无", "未", "没有", "n", "no", "0", "-", "—", "——", "/", "正常", "在保", "长期", "永久"}
_END_REMARK = re.compile(
    r"(本人)?(已|于|从|自)?([0-9]{4}年)?([0-9]{1,2}月)?([0-9]{1,2}日)?(份|起|已)?"
    r"((已|因病)?(停发|停保|停止享受|退出|注销|取消|取消资格|终止|死亡|病故|去世|迁出|清退|核减|减少)[，,、]?)+"
)
_FILLERS = {"-", "--", "—", "——", "/", "\\", "*", "…", "……"}
_COUNT = re.compile(r"[0-9]+[人户名项条]?次?")
_LONE_FOOT = re.compile(
    r"[0-9〇○零一二三四五六七八九]{4}[年.\-/][0-9一二三四五六七八九十]{1,3}[月.\-/]?([0-9一二三四五六七八九十]{1,3}日?)?"
    r"|第[0-9]+页.*|总?共[计有]?[0-9]+[人户名].*|计"
    r"|.*(民政局|扶贫办|扶贫办公室|扶贫开发办公室|人民政府|街道办事处|医疗保障局)"
)
"""What stands alone below a list."""


def plain(text: str) -> str:
    """A text as it is seen: full-width characters as ordinary ones, nothing invisible, no blanks around."""
    return _UNSEEN.sub("", text.translate(_WIDE)).strip()


def normal_heading(text: str) -> str:
    """A heading without blanks, line breaks, marks, and what stands in brackets: 生 效日期（年-月-日） is 生效日期."""
    seen = _BRACKETED.sub("", "".join(plain(text).split()))
    return seen.strip("*:：,，.。、").replace("_", "").replace("-", "").casefold()


def columns_of(headings: Sequence[str]) -> tuple[dict[Column, int], list[Column]]:
    """Where each column stands in a row of headings, and the columns that more than one heading could be.

    The ledger's own name of a column goes before its synonyms. Columns are counted from 0. A certificate names the
    person where there is no column of numbers; beside one it is read for the year of birth, as ``birth``.
    """
    found: dict[Column, list[int]] = {}
    names = [normal_heading(heading) for heading in headings]
    for place, name in enumerate(names):
        if (column := HEADINGS.get(name)) is not None:
            found.setdefault(column, []).append(place)
    places: dict[Column, int] = {}
    doubtful: list[Column] = []
    for column, where in found.items():
        own = [place for place in where if names[place] in _OWN_NAMES] or where
        if len(own) == 1:
            places[column] = own[0]
        elif column == "birth" or (column == "certificate" and "person_id" in found):
            places[column] = own[-1]  # which only checks: one of them will do
        else:
            doubtful.append(column)
    if "certificate" in places:
        places.setdefault("birth", places["certificate"])
        if "person_id" in found:
            del places["certificate"]
    return places, doubtful


def naming_column(columns: Container[Column]) -> Column | None:
    """The column by which rows name their persons; None where there is none."""
    return next((column for column in NAMING if column in columns), None)


def may_be_effective_day(heading: str) -> bool:
    """Whether an unknown heading may name the day from which the row holds."""
    name = normal_heading(heading)
    return name not in HEADINGS and _MAYBE_DAY.search(name) is not None and _OTHER_DAY.search(name) is None


def is_serial(heading: str) -> bool:
    """Whether a column only numbers the rows of a form."""
    return normal_heading(heading) in _SERIAL


def tells_of_end(heading: str, cell: str) -> bool:
    """Whether a cell of a column that is not read says that the person left the list: 备注 停发, 是否死亡 是."""
    name, said = normal_heading(heading), "".join(plain(cell).split()).casefold()
    if name and name not in HEADINGS and _END_HEADING.search(name) is not None and "脱贫" not in name:
        return said not in _NOT_ENDED
    return _END_REMARK.fullmatch(said) is not None


def is_filler(cell: str) -> bool:
    """Whether a cell holds a dash or the like, which stands for nothing."""
    return "".join(cell.split()) in _FILLERS


def is_foot(person: str, category: str, filled: Sequence[str]) -> bool:
    """Whether a row is a total, a signature, a date or a remark below the list, by the texts of its filled cells.

    What has a category, or an id beside anything but the word for a total, may be a person's row.
    """
    words = ["".join(plain(cell).split()) for cell in filled]
    if words and _SUBTOTAL.match(words[0]) is not None and _FEW.fullmatch(plain(person)) is not None:
        return True
    if not category or _is_foot_word(category) or _COUNT.fullmatch("".join(category.split())) is not None:
        if words and _TOTAL.match(words[0]) is not None:
            return True
        if not is_id(plain(person)):
            lone = len(words) == 1 and _LONE_FOOT.fullmatch(words[0]) is not None
            return lone or any(_is_foot_word(word) for word in words)
    return False


def _is_foot_word(text: str) -> bool:
    word = "".join(plain(text).split())
    return _TOTAL.match(word) is not None or _FOOT.match(word) is not None
