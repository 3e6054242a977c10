"""What is told of events that a claim's scheme has to provide for: aid by decision, a bill within a stay."""

from datetime import date

from events.refusals import Refusal


def no_decided_layer(claim_id: str, scheme: str, layer: str, known: list[str]) -> Refusal:
    """The claim's text leaves nothing of the layer to a decision; ``known`` are the layers of which it does."""
    may = f"by decision it pays {', '.join(known)}" if known else "it pays nothing by decision"
    may_zh = f"可按决定支付：{'、'.join(known)}" if known else "没有按决定支付的保障线"
    return Refusal(
        "no_policy",
        f"claim {claim_id} is settled under a text of {scheme} that pays nothing of {layer} by decision on such a "
        f"claim; {may}",
        f"结算单 {claim_id} 所依据的 {scheme} 文本不在此类结算单上按决定支付 {layer}；{may_zh}",
    )


def not_of_the_region(source: str, claim_id: str) -> Refusal:
    """An office decides on a claim of another region's person."""
    return Refusal(
        "source_not_allowed",
        f"{source} decides on claims of its own region's persons: {claim_id} is none",
        f"{source} 只能对本统筹区参保人的结算单作出决定：{claim_id} 不属于本统筹区",
    )


def decided_too_early(decided_on: date, claim_date: date) -> Refusal:
    """A decision dated before the claim that it is about."""
    return Refusal(
        "date_order",
        f"data.decided_on is {decided_on}, before the claim's date {claim_date}",
        f"data.decided_on 为 {decided_on}，早于结算单日期 {claim_date}",
    )


def withdrawn_too_early(withdrawn_on: date, decided_on: date) -> Refusal:
    """A withdrawal dated before the decision that it takes back."""
    return Refusal(
        "date_order",
        f"data.withdrawn_on is {withdrawn_on}, before the decision of {decided_on}",
        f"data.withdrawn_on 为 {withdrawn_on}，早于作出决定的 {decided_on}",
    )


def duplicate_decision(region: str, decision_id: str) -> Refusal:
    """The number of the decision is used."""
    return Refusal(
        "duplicate_decision",
        f"decision {decision_id} of region {region} was recorded before",
        f"统筹区 {region} 的救助决定编号 {decision_id} 已登记过：请换新编号",
    )


def unknown_decision(region: str, decision_id: str, claim_id: str) -> Refusal:
    """No such decision on the claim to take back."""
    return Refusal(
        "unknown_decision",
        f"no decision {decision_id} of region {region} on claim {claim_id} was recorded",
        f"统筹区 {region} 没有登记过对结算单 {claim_id} 的救助决定 {decision_id}",
    )


def no_interim_bill(scheme: str, day: date) -> Refusal:
    """The scheme settles a stay over New Year whole, in the year of its discharge."""
    return Refusal(
        "no_interim_bill",
        f"scheme {scheme} has no interim bill on {day}: the stay is settled whole at its discharge",
        f"政策 {scheme} 在 {day} 不办理年末中途结算：该次住院在出院时一并结算",
    )


def already_billed(claim_id: str) -> Refusal:
    """A bill of the stay stands for that 31 December, or for a later one."""
    return Refusal(
        "already_billed",
        f"interim claim {claim_id} of the stay stands",
        f"该次住院的年末中途结算单 {claim_id} 仍然有效",
    )


def billed_not_changed(claim_id: str) -> Refusal:
    """An admission with a bill up to 31 December can't be changed or cancelled."""
    return Refusal(
        "already_billed",
        f"interim claim {claim_id} of the stay stands: reverse it first",
        f"该次住院的年末中途结算单 {claim_id} 仍然有效：请先冲正",
    )


def discharged_before_bill(discharged_on: date, billed_on: date) -> Refusal:
    """A stay that was billed on 31 December ends behind it."""
    return Refusal(
        "date_order",
        f"data.discharged_on is {discharged_on}, and the stay was billed up to {billed_on}",
        f"data.discharged_on 为 {discharged_on}，而该次住院已结算至 {billed_on}",
    )


def billed_before_admission(billed_on: date, admitted_on: date) -> Refusal:
    """A bill of a stay that had not begun."""
    return Refusal(
        "date_order",
        f"data.billed_on is {billed_on}, before admitted_on {admitted_on}",
        f"data.billed_on 为 {billed_on}，早于入院日期 {admitted_on}",
    )
