"""What scorecards of hospitals tell: why there is no total, how points are given, values in their unit."""

from collections.abc import Sequence
from decimal import Decimal

from processors.supervision.scorecards.items import ItemDefinition

UNRATED = {
    "contract": "协议期不足，不参评 contract too short: not rated",
    "covered": "有分项目过少，不评总分 too few items have points: no total",
}
METHOD = (
    "得分：各项在同级医院 P10 与 P90 之间线性计分，按权重加权；同分同名次。名次区间：得分区间与本院不相交的才计先后。"
    "Points are linear between the percentiles of the same tier; equal totals share a rank"
)
LINES = ("least_cases", "least_peers", "low_percentile", "high_percentile", "least_points", "most_points")
CLASSES = ("class_a", "class_b", "class_c", "least_covered", "contract_months")
"""Parameters by which points and classes are given."""


def item_value(definition: ItemDefinition, value: str | None) -> str | None:
    if value is None or definition.unit != "share":
        return value
    return f"{Decimal(value) * 100:.2f}%"


def item_interval(definition: ItemDefinition, interval: Sequence[str] | None) -> str | None:
    return None if interval is None else " – ".join(str(item_value(definition, each)) for each in interval)
