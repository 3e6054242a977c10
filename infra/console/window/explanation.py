"""What each fund paid of a claim and why, in sentences for the person himself, made from the trace of each layer.

A sentence says what a step did and with which value of the rules; the sum that it stands for is shown beside it, so
that nothing has to be believed. A step for which there is no sentence is told by its name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from infra.person_file.page import grouped, money
from policies.explain import value_name
from processors.person.file_model import FileClaim, FileLayer

Values = Mapping[str, str]
"""The values of the rules that a layer has named so far, by their last name: ``ratio``, ``cap``."""

_SENTENCES: Mapping[str, str] = {
    "upfront": "按规定先由您本人付一部分：{result} 元{by_upfront}。",
    "deductible": "起付线以下由您本人付：这次扣起付线 {result} 元{by_deductible}。",
    "base": "扣除以后，参加计算的费用是 {result} 元。",
    "wish": "{by_ratio}计算，应付 {result} 元。",
    "within_quota": "在病种定额以内，付 {result} 元。",
    "bands": "一年里累计的自付超过起付标准{by_line}的部分分段支付；减去以前已经算过的，这次算出 {result} 元。",
    "accumulated": "您今年累计的自付是 {result} 元。",
    "due": "按全年累计计算，今年一共应救助 {result} 元。",
    "due_within_limit": "在年度限额以内，今年一共应救助 {result} 元。",
    "true_up": "减去今年已经救助的，这次补 {result} 元。",
    "out_of_catalog": "医保目录以外的费用，按规定救助 {result} 元{by_out_of_catalog_ratio}。",
    "guarantee": "报销合计没有达到保障比例的，补足到该比例：补 {result} 元{by_guarantee}。",
    "under_ceiling": "各项资金合计最多付到规定的上限{by_ceiling}；在上限以内，付 {result} 元。",
    "within_joint_limit": "与其他费用合用一个限额；在限额以内，付 {result} 元。",
    "raised": "因连续参保，限额提高到 {result} 元。",
    "several_diseases": "您有几种病，合并的限额是 {result} 元。",
    "not_served": "这类费用不在这项资金的支付范围，付 {result} 元。",
    "quota": "这个病种的定额是 {result} 元。",
    "quota_fill": "定额以内补足，付 {result} 元。",
    "quota_share": "定额以内按规定分担，付 {result} 元{by_share}。",
    "quota_residual": "定额以内剩下的全部支付：{result} 元。",
    "counted": "计算时已经付过的算 {result} 元。",
    "residual": "剩下的费用全部支付：{result} 元。",
    "top_up": "各项资金合计没有达到规定比例的，补足到该比例{by_to}：补 {result} 元。",
    "decided": "按已经作出的救助决定：{result} 元。",
    "within_left": "不超过您自己负担的部分，付 {result} 元。",
    "bucket_S": "政策范围内的费用{by_ratio_}，算出 {result} 元。",
    "bucket_C": "先行自付和超限价的费用{by_ratio_}，算出 {result} 元。",
    "bucket_O": "医保目录以外的费用{by_ratio_}，算出 {result} 元。",
    "bucket_S+C": "医保目录以内的费用{by_ratio_}，算出 {result} 元。",
    "bucket_C+O": "先行自付、超限价和目录以外的费用{by_ratio_}，算出 {result} 元。",
    "bucket_S+O": "政策范围内和目录以外的费用{by_ratio_}，算出 {result} 元。",
    "bucket_S+C+O": "全部费用{by_ratio_}，算出 {result} 元。",
}
"""By the step's label; ``by_…`` is the value that it used, where the layer has named one."""
_BOUNDED = {"within_cap": "cap", "within_limit": "limit"}
_DUE = re.compile(r"min\(([0-9]+\.[0-9]{2}), ")
"""The first part of a smaller-of: what was due."""


@dataclass(frozen=True, slots=True)
class PlainRule:
    """A value of the rules that was used: its name, the value, how well it is known, and the clause."""

    name: str
    value: str
    grade: str
    cite: str


@dataclass(frozen=True, slots=True)
class PlainSentence:
    """A sentence, and the sum that it stands for."""

    text: str
    sum: str


@dataclass(slots=True)
class PlainLayer:
    """What a layer paid, in fen, step by step."""

    layer: str
    paid: int
    sentences: list[PlainSentence] = field(default_factory=list)
    rules: list[PlainRule] = field(default_factory=list)


_ENGLISH = re.compile(r"[,;]?\s*\b[a-z][a-z,;:' -]*(?=[^a-z]|$)")


def without_english(cite: str) -> str:
    """A clause without our English remarks beside it, for a paper that patients read."""
    parts = "，".join(part for part in (each.strip(" ,;") for each in _ENGLISH.split(cite)) if part)
    return parts.replace("，〔", "〔").replace("，〕", "〕").replace(":，", ": ")


def plain_layers(claim: FileClaim) -> list[PlainLayer]:
    """Each layer of a claim in sentences, in the order in which they paid."""
    return [layer_in_words(each) for each in claim.layers]


def layer_in_words(decided: FileLayer) -> PlainLayer:
    """What a layer decided, step by step."""
    told = PlainLayer(decided.layer, decided.paid)
    values: dict[str, str] = {}
    for entry in decided.trace:
        if entry["kind"] == "value":
            values[value_name(entry["path"])] = entry["value"]
            rule = PlainRule(
                entry["name"], grouped(_chinese(entry["value"])), entry["grade"], without_english(entry["cite"])
            )
            if rule not in told.rules:
                told.rules.append(rule)
            continue
        text = _sentence(entry, values)
        told.sentences.append(PlainSentence(grouped(text), grouped(f"{entry['expression']} = {entry['result']}")))
    return told


def _sentence(entry: Mapping[str, str], values: Values) -> str:
    label, result = entry["label"], entry["result"]
    if label in _BOUNDED:
        return _bounded(_BOUNDED[label], values, entry)
    if label == "over_cap":
        if "over_cap_ratio" not in values:
            return f"超过封顶线、没有付到的费用有 {result} 元，转由后面的资金按规定处理。"
        return f"基本医保封顶以上的费用{_by(values, 'over_cap_ratio', '按 {}')}支付，算出 {result} 元。"
    known = _SENTENCES.get(label)
    if known is None:
        return f"{entry['name']}：{result} 元。"
    return known.format(
        result=result,
        by_upfront=_by(values, "upfront", "（{}）"),
        by_deductible=_by(values, "deductible", "（规定为 {} 元）"),
        by_ratio=_by(values, "ratio", "按 {} ") or "按比例",
        by_ratio_=_by(values, "ratio", "按 {}"),
        by_line=_by(values, "line", " {} 元"),
        by_out_of_catalog_ratio=_by(values, "out_of_catalog_ratio", "（按 {}）"),
        by_guarantee=_by(values, "guarantee", "（{}）"),
        by_ceiling=_by(values, "ceiling", "（总费用的 {}）"),
        by_share=_by(values, "share", "（{}）"),
        by_to=_by(values, "to", "（{}）"),
    )


def _bounded(bound: str, values: Values, entry: Mapping[str, str]) -> str:
    """A cap or limit that was held against what was due: whether it cut anything is told by the two amounts."""
    result, due = entry["result"], _DUE.match(entry["expression"])
    if _chinese(values.get(bound, "")) == "无":
        return f"这项资金没有封顶，付 {result} 元。"
    stated = _by(values, bound, {"cap": "封顶线是 {} 元，", "limit": "年度限额是 {} 元，"}[bound])
    if due is None:
        return f"{stated}付 {result} 元。"
    if Decimal(result) >= Decimal(due[1]):
        return f"{stated}没有超过，付 {result} 元。"
    left = "已经用完" if Decimal(result) == 0 else "余下的不够"
    return f"{stated}{left}，这次付 {result} 元。"


def _by(values: Values, name: str, form: str) -> str:
    """The value's words in a form; nothing where the layer has not named it, or it is none."""
    value = _chinese(values.get(name, ""))
    return form.format(value) if value not in ("", "无") else ""


def _chinese(value: str) -> str:
    """A value without its English: ``无 none`` is 无, ``0.00以上 above: 50%`` is 0.00以上: 50%."""
    return re.sub(r" (none|yes|no|above|of total|of in_scope|per year)\b", "", value)


def bill_sentences(claim: FileClaim) -> list[str]:
    """The bill in sentences: its parts, what the funds and the person pay of it."""
    bill = claim.bill
    parts = [
        ("医保政策范围内", bill.in_scope),
        ("先由本人付一部分的", bill.upfront_copay),
        ("超过限价的", bill.over_limit),
        ("医保不管、全部自费的", bill.self_funded),
    ]
    told = "，".join(f"{name} {money(amount)} 元" for name, amount in parts if amount)
    share = f"，占 {claim.patient * 100 / bill.total:.1f}%" if bill.total else ""
    sentences = [
        f"医疗费一共 {money(bill.total)} 元{f'，其中：{told}' if told else ''}。",
        f"各项资金一共付了 {money(claim.paid)} 元，您自己负担 {money(claim.patient)} 元{share}。",
    ]
    if claim.hospital:
        sentences.append(f"还有 {money(claim.hospital)} 元由医院承担，医院不得向您收取。")
    if claim.payee == "person":
        sentences.append(f"费用您已经垫付，各项资金付的 {money(claim.paid)} 元付给您本人，随每月清算支付。")
    else:
        sentences.append("各项资金付的钱由医保局与医院结算，不经过您手。")
    owed = claim.revisions[-1].due_at_window if claim.revisions else None
    if owed:
        sentences.append(
            f"因为重新结算，您还应在医院窗口补交 {money(owed)} 元。"
            if owed > 0
            else f"因为重新结算，医院窗口还应退给您 {money(-owed)} 元。"
        )
    return sentences


def sentence_labels() -> set[str]:
    """The labels of the steps that have a sentence."""
    return {*_SENTENCES, *_BOUNDED, "over_cap"}
