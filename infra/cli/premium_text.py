"""Premiums as clerks read them."""

from collections.abc import Mapping
from typing import Any

from events.codes import CATEGORY_NAMES, LAYER_NAMES
from policies.explain import GRADES

PAYER_NAMES: Mapping[str, str] = {
    "assistance_fund": "医疗救助资金",
    "county_finance": "县财政",
    "civil_affairs": "民政",
    "basic_fund": "基本医保基金",
    "poverty_alleviation_fund": "财政专项扶贫资金",
}
KIND_NAMES: Mapping[str, str] = {"subsidised": "代缴", "purchased": "购买", "refunded": "其中退还本人"}


def premium_line(entry: Mapping[str, Any]) -> str:
    """One booking of a replay: before and after, for whom, who pays, and the clause."""
    premium, kind = entry["premium"], entry["type"].split(".")[1]
    return (
        f"{KIND_NAMES[kind]} {kind}: {premium['year']} {premium['region']} "
        f"{LAYER_NAMES[premium['layer']]} {premium['layer']}, "
        f"{PAYER_NAMES[premium['payer']]} {premium['payer']}: {premium['before']} → {premium['after']} 元 yuan, "
        f"{CATEGORY_NAMES[premium['category']]} {premium['category']} "
        f"（{GRADES[premium['grade']]} {premium['grade']}）{premium['cite']}"
    )
