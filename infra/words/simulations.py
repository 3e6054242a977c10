"""What a simulation's figures and groups are called, and its answer in a sentence, Chinese first."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from infra.files.region_names import region_named
from policies.assumptions import WHOLE
from policies.goal import ALL_LAYERS, Goal
from policies.trace import percent
from processors.law.terms import CATEGORY_NAMES, DISEASE_NAMES, LAYER_NAMES
from processors.simulation.burdens import DECILES
from processors.simulation.groups import NONE, UNKNOWN
from processors.supervision.peers import TIER_NAMES

SHARES = {"patient_share": "个人负担", "hospital_share": "医院承担", "grants": "补助"}
SPREAD = {"mean": "平均", "p50": "中位数", "p90": "P90", "p99": "P99", "largest": "最高"}
KIND_NAMES = {
    "year": "按年度",
    "category": "按救助对象类别",
    "hospital": "按医院",
    "tier": "按医院等级",
    "disease": "按病种",
    "age": "按年龄",
    "township": "按乡镇",
    "decile": "按原个人负担十等分",
}
_SPECIAL = {
    ("category", NONE): "无类别",
    ("disease", NONE): "无病种",
    ("age", UNKNOWN): "年龄不详",
    ("township", UNKNOWN): "乡镇不详",
    ("decile", "01"): "第 1 组（负担最少）",
    ("decile", f"{DECILES:02d}"): f"第 {DECILES} 组（负担最多）",
}


def group_name(kind: str, key: str, hospitals: Mapping[str, str]) -> str:
    """A group of a kind in words; ``hospitals`` are the names of those that the ledger knows."""
    special = _SPECIAL.get((kind, key))
    if special is not None:
        return special
    if kind == "township":
        name = region_named(key).name
        return f"{name}（{key}）" if name else key
    named: Mapping[str, Mapping[str, str]] = {
        "category": CATEGORY_NAMES,
        "disease": DISEASE_NAMES,
        "hospital": hospitals,
        "tier": {str(tier): name for tier, name in TIER_NAMES.items()},
        "year": {key: f"{key} 年"},
        "decile": {key: f"第 {key.lstrip('0')} 组"},
        "age": {key: f"{key} 岁"},
    }
    return named[kind].get(key, key)


def answer(result: Mapping[str, Any]) -> str:
    """What reforms would have cost, in one sentence, Chinese first; without what is hidden."""
    difference = result["difference"]
    layers = sorted(
        ((Decimal(amount), layer) for layer, amount in difference["paid"].items() if amount is not None),
        key=lambda each: -abs(each[0]),
    )
    told = [f"{LAYER_NAMES[layer]}{_more(amount, '多付', '少付')}" for amount, layer in layers if amount]
    if difference["grants"] is not None and (granted := Decimal(difference["grants"])):
        told.append(f"补助{_more(granted, '多付', '少付')}")
    share = difference["patient_share"]
    if share is not None:
        told.append(f"个人负担合计{_more(Decimal(share), '多', '少')}" if Decimal(share) else "个人负担合计不变")
    return f"与原政策相比，{'；'.join(told)}。" if told else "差额涉及的人太少，不显示。"


def _more(amount: Decimal, more: str, less: str) -> str:
    return f"{more if amount > 0 else less} {abs(amount):,} 元"


def goal_text(goal: Goal) -> str:
    """What a goal asks for, in Chinese."""
    bound = (
        f"不超过 {figure_text(goal.at_most)}" if goal.at_most is not None else f"不低于 {figure_text(goal.at_least)}"
    )
    if goal.paid is not None:
        what = "各层合计支付" if goal.paid == ALL_LAYERS else f"{LAYER_NAMES[goal.paid]}支付"
        return f"{f'{goal.year} 年' if goal.year else ''}{what}{bound} 元"
    if goal.months is not None:
        return f"{goal.months}今后各年末可支付月数{bound} 个月"
    who = "贫困人口" if goal.persons == "poor" else "参保人"
    return f"实际报销比例达到 {percent(Fraction(goal.reach or 0, WHOLE))} 的{who}占比{bound}"


def figure_text(told: str | None) -> str:
    """A goal's figure with thousands separators; — for months that have no end."""
    return "—" if told is None else told if told.endswith("%") else f"{Decimal(told):,}"


def goal_answer(goal: Goal, told: Mapping[str, Any]) -> str:
    """Which value meets a goal, in one sentence, Chinese first."""
    if told["value"] is None:
        met = told["curve"][0]["met"]
        every = "所给范围内的值都达到目标" if met else "所给范围内没有达到目标的值"
        return f"{every}：请改变范围。{'Every' if met else 'No'} value of the range meets the goal: try another range"
    interval = ""
    if told["interval"] is not None:
        low, high = map(figure_text, told["interval"]["of"])
        interval = f"（90% 区间 {low} 至 {high}）"
    several = "。曲线不止一次越过目标，这是第一处" if told["turns"] > 1 else ""
    return (
        f"取 {told['value']} 达到目标：{goal_text(goal)}；此时为 {figure_text(told['figure'])}{interval}，原政策为 "
        f"{figure_text(told['baseline'])}；取 {told['next']} 就达不到{several}。It is met at "
        f"{told['value']}, and not at {told['next']}"
    )
