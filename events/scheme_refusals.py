"""What is told of events that a claim's scheme has to provide for: aid by decision."""

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
