"""Section ``scorecard`` of a supervision text: what a hospital is scored by, how its points are given, its classes."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from policies.supervision.values import CitedCount, CitedIcd, CitedRatio, CitedSection, CitedValue

Better = Literal["lower", "higher"]
Points = Annotated[int, Field(ge=0, le=100)]


class ItemTerms(CitedSection):
    """Of one item: whether a lower or a higher value is better, and its weight; an item of weight 0 is only shown."""

    better: CitedValue[Better]
    weight: CitedValue[Points]


class ScorecardItems(CitedSection):
    """The items of a hospital's scorecard (医疗机构考核), each with its direction and weight."""

    average_cost: ItemTerms
    average_days: ItemTerms
    stays_per_person: ItemTerms
    visits_per_person: ItemTerms
    out_of_catalog: ItemTerms
    paid_share: ItemTerms
    in_scope_paid_share: ItemTerms
    readmission_short: ItemTerms
    readmission_long: ItemTerms
    readmission_short_same: ItemTerms
    readmission_long_same: ItemTerms
    referral_rate: ItemTerms
    reversal_rate: ItemTerms
    violation_rate: ItemTerms
    refund_rate: ItemTerms
    cost_growth: ItemTerms


ITEMS = tuple(ScorecardItems.model_fields)


class ScorecardTerms(ScorecardItems):
    """How items become points, a total, a credit class and a rank.

    An item of fewer than ``least_cases`` cases is neither shown nor scored. The percentiles are those of the hospitals
    of its tier, of all tiers where fewer than ``least_peers`` of its tier have the item. Between them points run from
    ``least_points`` to ``most_points``. Who has points for less than ``least_covered`` of the weights, or a contract of
    less than ``contract_months``, has no class. Class A, B or C begins with its line; what is under C's is D.
    ``readmission_*_days`` are the days between a discharge and the next admission; ``planned`` are the main diagnoses
    of treatment in turns, for which a next admission is none.
    """

    least_cases: CitedCount
    least_peers: CitedCount
    low_percentile: CitedRatio
    high_percentile: CitedRatio
    least_points: CitedValue[Points]
    most_points: CitedValue[Points]
    least_covered: CitedRatio
    contract_months: CitedCount
    class_a: CitedValue[Points]
    class_b: CitedValue[Points]
    class_c: CitedValue[Points]
    readmission_short_days: CitedCount
    readmission_long_days: CitedCount
    planned: CitedIcd

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if not self.low_percentile.value < self.high_percentile.value:
            raise ValueError("low_percentile 须小于 high_percentile must be under high_percentile")
        if not self.least_points.value < self.most_points.value:
            raise ValueError("least_points 须小于 most_points must be under most_points")
        if not self.class_a.value > self.class_b.value > self.class_c.value:
            raise ValueError("class_a、class_b、class_c 须依次降低 must fall one after another")
        if self.least_peers.value < 1 or self.least_cases.value < 1:
            raise ValueError("least_cases、least_peers 须为 1 以上 must be 1 or more")
        return self

    def item(self, name: str) -> ItemTerms:
        """The terms of an item."""
        found: ItemTerms = getattr(self, name)
        return found
