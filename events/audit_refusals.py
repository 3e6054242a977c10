"""What is told of audit findings that can't be recorded, or not be taken back."""

from events.money import yuan
from events.refusals import Refusal


def duplicate_finding(finding_id: str) -> Refusal:
    """The number of the finding is used."""
    return Refusal(
        "duplicate_finding", f"finding {finding_id} was recorded before", f"稽核编号 {finding_id} 已登记过：请换新编号"
    )


def unknown_finding(finding_id: str, claim_id: str) -> Refusal:
    """No such finding on the claim to take back."""
    return Refusal(
        "unknown_finding",
        f"no finding {finding_id} on claim {claim_id} was recorded",
        f"没有登记过对结算单 {claim_id} 的稽核认定 {finding_id}",
    )


def exceeds_finding(finding_id: str, amount: int, stands: int) -> Refusal:
    """More is taken back than stands of the finding; both in fen."""
    if not stands:
        return Refusal(
            "exceeds_finding", f"finding {finding_id} was withdrawn whole", f"稽核认定 {finding_id} 已全部撤回"
        )
    return Refusal(
        "exceeds_finding",
        f"of finding {finding_id} {yuan(stands)} stand: {yuan(amount)} can't be withdrawn",
        f"稽核认定 {finding_id} 尚存 {yuan(stands)} 元，不能撤回 {yuan(amount)} 元",
    )
