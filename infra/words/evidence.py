"""What leads of supervision tell: rules, figures and parameters by their Chinese names."""

from typing import Any

from infra.files.sheet import Named
from infra.words.peers import PEER_VALUES, PEER_WORDS
from processors.law.terms import SETTING_NAMES
from processors.supervision.rules import SUPERVISION_RULES

NO_VERDICT = "疑点不是结论，须经核查和决定。A lead is no verdict: it needs an inquiry and a decision"
WORDS = {
    "gap_days": "间隔天数",
    "alike": "诊断相同程度",
    "diagnoses": "诊断",
    "stays": "住院次数",
    "shared_from": "重叠起",
    "shared_until": "重叠止",
    "same_hospital": "同一医疗机构",
    "counties": "县区",
    "same_invoice": "票据号相同",
    "same_five_sums": "五项金额相同",
    "days_apart": "相差天数",
    "one_on_paper": "其一为手工报销",
    "reversed_alike": "已冲销的同额单据",
    "gaps": "间隔天数分布",
    "up_to_n": "第 N 日及以前",
    "behind_n": "第 N 日以后",
    "chance": "偶然概率",
    "days": "天数",
    "suspicious_within": "可疑间隔",
    "violation_within": "违规间隔",
    "exempt": "豁免诊断",
    "chain_stays": "成链次数",
    "jump_days": "比较宽度",
    "jump_cases": "最少例数",
    "jump_level": "检验水平",
    "window_days": "日期相差",
    "shared_days": "重叠天数",
    "margin_days": "前后留出天数",
    "suspicious_visits": "可疑次数",
    "mental_days": "精神科天数",
    "mental": "精神科诊断",
    "houses": "医疗机构",
    "grace_days": "宽限天数",
    "at_risk_over": "多付至少",
    "female": "仅用于女性",
    "male": "仅用于男性",
    "infant": "围生期编码",
    "infant_years": "围生期编码至多岁数",
    "birth": "妊娠分娩编码",
    "birth_youngest": "分娩最小岁数",
    "birth_oldest": "分娩最大岁数",
    "visits": "就诊次数",
    "days_of_visits": "就诊日期",
    "settings": "就医类型",
    "stay_days": "住院天数",
    "limit": "上限",
    "day": "日期",
    "died_on": "死亡日期",
    "days_behind": "死亡后天数",
    "admitted_before": "此前已入院",
    "death_recorded_at": "死亡入账时间",
    "recorded_before_the_report": "单据先于死亡入账",
    "suspended_from": "暂停自",
    "suspension_recorded_at": "暂停入账时间",
    "recorded_before_the_suspension": "单据先于暂停入账",
    "suspension_clause": "暂停依据",
    "paid_as_filed": "按备案已付",
    "due_as_unfiled": "按未备案应付",
    "overpaid": "多付",
    "worked_out": "重算过程",
    "region_files": "本统筹区登记备案",
    "filings_of_the_person": "本人备案",
    "conflict": "冲突",
    "sex": "性别",
    "age": "年龄",
    "mental_diagnosis": "精神科",
    "enrolled_from": "参保自",
    "enrolment_ended_on": "参保止",
    "group": "组",
    "n": "例数",
    "median": "中位数",
    "percentile": "百分位",
    "z": "稳健 z",
    "remark": "说明",
    "small": "小额",
}
"""Chinese for what evidence and parameters name."""


LEAD_STEP_NAMES = {
    "lead.found.v1": "查出",
    "lead.changed.v1": "查得有变",
    "lead.withdrawn.v1": "撤销",
    "lead.dismissed.v1": "排除",
    "lead.assigned.v1": "并入案件",
    "lead.released.v1": "移出案件",
    "lead.confirmed.v1": "查实",
}


def rule_named(code: str) -> Named:
    """A rule with its Chinese name."""
    rule = SUPERVISION_RULES.get(code)
    return Named("" if rule is None else rule.name, code)


def word(name: str) -> str:
    """What a figure or parameter is called, with its name for programs."""
    chinese = WORDS.get(name) or PEER_WORDS.get(name)
    return name if chinese is None else f"{chinese} {name}"


def worded(value: Any) -> str:
    """A value of evidence or of a parameter as text."""
    match value:
        case bool():
            return "是 yes" if value else "否 no"
        case None:
            return "—"
        case dict():
            return "，".join(f"{word(str(name))} {worded(each)}" for name, each in value.items())
        case list():
            return "、".join(worded(each) for each in value) or "—"
        case str() if value in SETTING_NAMES:
            return SETTING_NAMES[value]
        case str() if value in PEER_VALUES:
            return f"{PEER_VALUES[value]} {value}"
        case _:
            return str(value)
