"""Renders a stored trace against the scheme it was decided under, so that a person can redo it by hand."""

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from events.money import yuan
from policies.arithmetic import Band
from policies.claim_facts import told
from policies.scheme import Scheme
from policies.trace import percent

GRADES = {"seed": "文件", "public": "公开", "later": "后期", "assumed": "暂定"}
"""The grades of our knowledge of a value, for people."""

VALUE_NAMES = {
    "upfront": ("先自付比例", "paid by the person first"),
    "deductible": ("起付线", "deductible"),
    "ratio": ("支付比例", "ratio"),
    "cap": ("封顶线", "cap"),
    "referral_credit": ("转诊起付线连续计算", "referral credit"),
    "interim_credit": ("年末中途结算起付线连续计算", "interim credit"),
    "line": ("起付标准", "line"),
    "bands": ("分段比例", "bands above the line"),
    "over_cap_ratio": ("超封顶补偿比例", "ratio beyond basic's cap"),
    "limit": ("年度限额", "annual limit"),
    "tiers": ("救助分段比例", "assistance tiers"),
    "out_of_catalog_control": ("目录外费用控制比例", "control ratio of out-of-catalog cost"),
    "out_of_catalog_ratio": ("目录外救助比例", "ratio of out-of-catalog cost"),
    "guarantee": ("保障后实际报销比例", "guaranteed part of the total"),
    "ceiling": ("各层合计支付上限", "ceiling of all layers, part of the total"),
    "to": ("补足至", "topped up to"),
    "share": ("分担比例", "share of the quota"),
    "granted": ("兜底条款", "clause that grants the rest"),
    "tariff": ("病种定额", "tariff of the case"),
    "most": ("限额", "limit"),
    "second": ("第二病种计入比例", "part of the second disease's limit"),
    "by": ("连续参保每增一年提高", "raised for each year more"),
    "at_most": ("最多提高", "raised at most, part of the limit"),
    "further": ("其余病种计入比例", "part of each further disease's limit"),
    "operations": ("运营费比例", "operating costs, part of premiums"),
    "operations_limit": ("运营费上限", "operating costs at most"),
}

STEP_NAMES = {
    "upfront": ("本次先自付", "paid by the person first"),
    "deductible": ("本次起付线", "deductible borne"),
    "base": ("计算基数", "base"),
    "wish": ("按比例应付", "by ratio"),
    "within_cap": ("封顶线内支付", "within the cap"),
    "within_quota": ("定额内支付", "within the quota"),
    "over_cap": ("超封顶部分", "beyond basic's cap"),
    "bands": ("分段累计应付", "by bands over the year"),
    "within_limit": ("限额内支付", "within the limit"),
    "accumulated": ("年度累计自付", "accumulated over the year"),
    "due": ("年度应救助", "due for the year"),
    "due_within_limit": ("限额内应救助", "due within the limit"),
    "true_up": ("本次补差", "true-up now"),
    "out_of_catalog": ("目录外救助", "out-of-catalog assistance"),
    "guarantee": ("补足至保障比例", "topped up to the guarantee"),
    "under_ceiling": ("合计上限内支付", "under the ceiling of all layers"),
    "within_joint_limit": ("限额内支付", "within the limit above"),
    "raised": ("连续参保提高后限额", "limit raised for years insured"),
    "several_diseases": ("多病种合并限额", "limit of all his diseases"),
    "not_served": ("不在支付范围", "not served here"),
    "quota": ("病种定额", "case quota"),
    "quota_fill": ("定额内补足", "filled up to its part of the quota"),
    "quota_share": ("定额内分担", "share of the quota"),
    "quota_residual": ("定额内剩余全额支付", "all that is left of the quota"),
    "counted": ("计入的已付金额", "what counts as paid"),
    "residual": ("剩余费用全额支付", "all that is left"),
    "top_up": ("兜底补足", "topped up"),
    "decided": ("已作出的救助决定", "decided on this claim"),
    "within_left": ("个人负担范围内支付", "within what is left to the person"),
    "bucket_S": ("政策范围内", "in scope"),
    "bucket_C": ("先行自付及超限价", "copay and over limit"),
    "bucket_O": ("目录外", "out of catalog"),
    "bucket_S+C": ("目录内", "in catalog"),
    "bucket_C+O": ("先行自付、超限价及目录外", "copay, over limit and out of catalog"),
    "bucket_S+O": ("政策范围内及目录外", "in scope and out of catalog"),
    "bucket_S+C+O": ("全部费用", "all of the bill"),
}

STEP_NOTES = {
    "bands": (
        "B(x) 是起付标准以上累计 x 元按上列分段比例应付的金额，x 不大于 0 时为 0；先算到本次为止，再减去此前的",
        "B(x) is what the bands above pay of x yuan above the line in all, 0 where x is not above 0: up to this claim, "
        "less what was due before it",
    ),
}
"""What a step's sign means, by its label, for people who redo it by hand."""

_STAGE = re.compile(r"stages\[(\d+)\]")
_LIMIT = re.compile(r"limits\[(\d+)\]")


def render(scheme: Scheme, trace: Iterable[Sequence[Any]]) -> list[dict[str, str]]:
    """Each entry of a trace as text, in order: values with grade and citation, steps with their result in yuan.

    Raises ``LookupError`` for an entry that the scheme has no such value for, or of an unknown kind.
    """
    return [render_entry(scheme, entry) for entry in trace]


def render_entry(scheme: Scheme, entry: Sequence[Any]) -> dict[str, str]:
    """One entry; ``kind`` is ``value`` or ``step``."""
    match list(entry):
        case ["v", str(path), int(row)]:
            return _value(scheme, path, row)
        case ["a", str(label), int(fen), str(expression), *numbers]:
            return _step(label, _worded(expression, numbers), fen)
        case ["s", str(label), str(expression), int(fen)]:  # as steps were kept at first: worded when decided
            return _step(label, expression, fen)
        case other:
            raise LookupError(f"{other!r} is no entry of a trace")


def _step(label: str, expression: str, fen: int) -> dict[str, str]:
    name, name_en = STEP_NAMES[label]
    return {
        "kind": "step",
        "label": label,
        "name": name,
        "name_en": name_en,
        "expression": expression,
        "result": yuan(fen),
    }


def _worded(expression: str, numbers: Sequence[int | str]) -> str:
    """An expression with its numbers, fen as yuan."""
    return expression.format(*(yuan(number) if isinstance(number, int) else number for number in numbers))


def line(rendered: Mapping[str, str]) -> str:
    """A rendered entry as one line for people."""
    if rendered["kind"] == "step":
        return f"{rendered['name']} {rendered['name_en']}: {rendered['expression']} = {rendered['result']}"
    return (
        f"{rendered['name']} {rendered['name_en']}: {rendered['value']} "
        f"[{rendered['grade_name']} {rendered['grade']}] {rendered['cite']}"
    )


def value_name(path: str) -> str:
    """The last name on the path of a scheme's value: ``cap`` of ``stages[0].cap``."""
    return path.rsplit(".", 1)[-1].split("[", 1)[0]


def value_text(value: object) -> str:
    """A value as the law would print it: yuan, percent, bands, 无 none, 是 / 否."""
    match value:
        case None:
            return "无 none"
        case bool():
            return "是 yes" if value else "否 no"
        case Fraction():
            return percent(value)
        case int():
            return yuan(value)
        case tuple():
            return _bands(value)
        case _:
            raise LookupError(f"{value!r} is no value of a scheme")


def stated_text(scheme: Scheme, path: str, value: object) -> str:
    """A value as the law would print it, with how its rule takes it where it says so: ``200.00 每年 per year``."""
    found = _OF_CASE.fullmatch(path)
    if found is None:
        return value_text(value)
    case, name = scheme.stages[int(found[1])].cases[int(found[2])], found[3]
    ways = []
    for word in ("of", "per"):
        field = type(case).model_fields.get(f"{name}_{word}")
        if field is not None and (said := getattr(case, f"{name}_{word}")) != field.default:
            ways.append(_MANNERS[word, said])
    return " ".join([value_text(value), *ways])


_OF_CASE = re.compile(r"stages\[(\d+)\]\.cases\[(\d+)\]\.(\w+)")
_MANNERS = {
    ("of", "total"): "按总费用 of total",
    ("of", "in_scope"): "按政策范围内费用 of in_scope",
    ("per", "year"): "每年 per year",
}


def _value(scheme: Scheme, path: str, row: int) -> dict[str, str]:
    parameter = scheme.parameters.get(path)
    if parameter is None or not 0 <= row < len(parameter.root):
        raise LookupError(f"scheme {scheme.name} has no value {path}, row {row}")
    found = parameter.root[row]
    name, name_en = VALUE_NAMES[value_name(path)]
    stage, limit = _STAGE.match(path), _LIMIT.match(path)
    if limit is not None and value_name(path) == "most":
        beside = scheme.limits[int(limit[1])]
        name, name_en = beside.title, beside.title_en
    return {
        "kind": "value",
        "name": name,
        "name_en": name_en,
        "layer": scheme.terms.layers[scheme.stages[int(stage[1])].layer].name if stage else "",
        "value": stated_text(scheme, path, found.value) + (f"（{told(found.asked)}）" if found.asked else ""),
        "grade": found.grade,
        "grade_name": GRADES[found.grade],
        "cite": found.citation,
        "path": f"{path}[{row}]",
    }


def _bands(bands: Sequence[Band]) -> str:
    parts, start = [], 0
    for band in bands:
        end = "以上 above" if band.to is None else f"–{yuan(band.to)}"
        parts.append(f"{yuan(start)}{end}: {percent(band.ratio)}")
        start = band.to or 0
    return "; ".join(parts)
