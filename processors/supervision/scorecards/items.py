"""The items of a scorecard: what they are called, what is divided by what, and in which unit."""

from typing import Literal

from msgspec import Struct

from policies.supervision.scorecard import ITEMS

Unit = Literal["yuan", "days", "times", "share"]


class ItemDefinition(Struct, frozen=True):
    """An item: its name and formula for people, what its value is, and whether its two sums are money."""

    chinese: str
    english: str
    formula: str
    unit: Unit = "share"
    money: tuple[bool, bool] = (False, False)


_SAME = "同病种：主要诊断前三位或病种代码相同 same ICD-10 category or disease"
_AGAIN = "出院后 {} 再入院的存活出院 ÷ 存活出院（不含转诊、计划性再入院） followed by an admission ÷ discharges alive"
_BOTH = (True, True)

DEFINITIONS: dict[str, ItemDefinition] = {
    "average_cost": ItemDefinition(
        "次均住院费用", "average stay", "住院总费用 ÷ 出院人次 total ÷ discharges", "yuan", (True, False)
    ),
    "average_days": ItemDefinition("平均住院日", "average days", "住院日 ÷ 出院人次 days ÷ discharges", "days"),
    "stays_per_person": ItemDefinition(
        "住院人次人头比", "stays a person", "出院人次 ÷ 人数 discharges ÷ persons", "times"
    ),
    "visits_per_person": ItemDefinition(
        "门诊人次人头比", "visits a person", "门诊人次 ÷ 人数 visits ÷ persons", "times"
    ),
    "out_of_catalog": ItemDefinition(
        "目录外占比", "out of catalog", "住院目录外费用 ÷ 总费用 self-funded ÷ total", "share", _BOTH
    ),
    "paid_share": ItemDefinition(
        "实际报销比例", "share paid", "各保障线支付 ÷ 住院总费用 all layers ÷ total", "share", _BOTH
    ),
    "in_scope_paid_share": ItemDefinition(
        "政策范围内报销比",
        "share of in-scope paid",
        "各保障线支付 ÷ 政策范围内费用 all layers ÷ in scope",
        "share",
        _BOTH,
    ),
    "readmission_short": ItemDefinition("短期再入院率", "readmission, short", _AGAIN.format("15 日内（参数）")),
    "readmission_long": ItemDefinition("再入院率", "readmission, long", _AGAIN.format("30 日内（参数）")),
    "readmission_short_same": ItemDefinition(
        "同病种短期再入院率", "readmission, short, same disease", f"{_AGAIN.format('15 日内（参数）')}；{_SAME}"
    ),
    "readmission_long_same": ItemDefinition(
        "同病种再入院率", "readmission, long, same disease", f"{_AGAIN.format('30 日内（参数）')}；{_SAME}"
    ),
    "referral_rate": ItemDefinition("转诊率", "referred out", "转出 ÷（出院 + 转出） out ÷ (own + out)"),
    "reversal_rate": ItemDefinition("冲红率", "reversed", "已冲红单据 ÷ 全部单据 reversed ÷ bills"),
    "violation_rate": ItemDefinition(
        "违规率", "violations", "稽核查出金额 ÷ 扣回前基金支付 found ÷ fund paid before refunds", "share", _BOTH
    ),
    "refund_rate": ItemDefinition(
        "扣款率", "refunds", "因稽核扣回基金 ÷ 扣回前基金支付 refund ÷ fund paid before refunds", "share", _BOTH
    ),
    "cost_growth": ItemDefinition(
        "次均费用增长", "growth of the average stay", "本年次均 ÷ 上年次均 − 1，未作结构调整 raw", "share", _BOTH
    ),
}
COUNTY_DEFINITIONS: dict[str, ItemDefinition] = {
    "in_county_stays": ItemDefinition(
        "县域内住院率", "stays in the county", "县域内出院 ÷ 参保人全部出院 in county ÷ all stays of the insured"
    ),
    "in_county_fund": ItemDefinition(
        "县域内基金占比", "fund in the county", "县域内医疗机构基金支付 ÷ 全部基金支付 in county ÷ all", "share", _BOTH
    ),
}

if tuple(DEFINITIONS) != ITEMS:
    raise AssertionError("each item of a supervision text has its definition, in the same order")
