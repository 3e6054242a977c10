"""Targets: what a scheme says that its region should reach. They decide no claim; reports hold figures to them."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, get_args

from policies.values import Dated, Ratio

TargetName = Literal["reimbursement", "chronic_reimbursement", "assistance", "cost_growth", "disease_cost_growth"]
TARGET_NAMES: tuple[TargetName, ...] = get_args(TargetName)
SMALLEST_STEP = 10_000
"""A target is a whole number of these parts: shares are shown to four decimals, and none is rounded."""


class Target(Dated):
    """A share that a year should reach, or a growth that it should not exceed.

    ``reimbursement`` and ``chronic_reimbursement``: of each poor person's inpatient or chronic bills, what all layers
    pay. ``assistance``: of the in-scope inpatient cost that is left to a poor person before assistance, what assistance
    pays. ``cost_growth``: of what all care of the region's persons cost, over the year before.
    ``disease_cost_growth``: of what a stay for a disease under a case quota cost on average, over the year before.
    """

    name: TargetName
    value: Ratio


def target_problems(
    targets: Sequence[Target], valid_from: date, valid_until: date | None
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with the targets of a scheme that is valid so long, beyond their shape, as (location, message)."""
    for index, target in enumerate(targets):
        if (target.value * SMALLEST_STEP).denominator != 1:
            yield ("targets", index), "目标至多百分之小数两位 a target has at most two decimals of a percent"
        begin, end = max(target.from_ or valid_from, valid_from), target.until or valid_until or date.max
        if begin >= min(end, valid_until or date.max):
            yield (
                ("targets", index),
                f"这一目标在政策有效期内没有一天有效 this {target.name} holds on no day on which the scheme is valid",
            )
        if any(target.name == other.name and target.overlaps(other) for other in targets[:index]):
            yield ("targets", index), f"同一时间有两个目标值 two values of {target.name} at one time"
