"""Why a step on a fund's account is refused."""

from processors.offices.refusal import StepRefused

STATUS_NAMES = {"entered": "待复核", "approved": "已复核", "withdrawn": "已撤回", "reversed": "已撤销"}
"""A movement's states."""


class FundMovementRefused(StepRefused):
    """A step that the books do not allow; nothing was written. The message says what to do instead."""
