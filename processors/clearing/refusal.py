"""Why a step of clearing is refused."""

from processors.offices.refusal import NoSuchRecord

STATUS_NAMES = {"drafted": "待复核", "approved": "已复核", "paid": "已拨付", "withdrawn": "已撤回"}
"""A clearing's states."""


def no_clearing(clearing_id: str) -> NoSuchRecord:
    """There is no clearing of an id."""
    return NoSuchRecord(
        f"没有清算单 {clearing_id}，全部清算单见 claims clearing list。there is no clearing {clearing_id}"
    )


def no_receivable(receivable_id: str) -> NoSuchRecord:
    """There is no receivable of an id."""
    return NoSuchRecord(
        f"没有应收款 {receivable_id}，全部应收款见 claims receivables。there is no receivable {receivable_id}"
    )
