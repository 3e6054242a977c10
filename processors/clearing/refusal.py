"""Why a step of clearing is refused."""

STATUS_NAMES = {"drafted": "待复核", "approved": "已复核", "paid": "已拨付", "withdrawn": "已撤回"}
"""A clearing's states."""


def no_clearing(clearing_id: str) -> str:
    """What is said where there is no such clearing."""
    return f"没有清算单 {clearing_id}，全部清算单见 claims clearing list。there is no clearing {clearing_id}"
