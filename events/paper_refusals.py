"""What is told of a bill on paper that is refused, and of what a bill on paper keeps from being claimed."""

from datetime import date

from events.refusals import Refusal


def duplicate_invoice(invoice: str, claim_id: str | None) -> Refusal:
    """The invoice was claimed before; ``claim_id`` where its bureau may know under which claim."""
    under, under_zh = (f" under claim {claim_id}", f"（结算单 {claim_id}）") if claim_id else ("", "")
    return Refusal(
        "duplicate_invoice",
        f"invoice {invoice} was claimed before{under}: an invoice is paid once",
        f"票据 {invoice} 已报销{under_zh}：同一票据只能报销一次",
    )


def already_claimed(claim_id: str, hospital_id: str, day: date, *, by_hospital: bool) -> Refusal:
    """The stay or visit has a standing claim, of its hospital or of a bureau that had it on paper."""
    who, who_zh = ("by its hospital", "由医院") if by_hospital else ("by a bureau, on paper,", "由经办窗口手工报销")
    return Refusal(
        "already_claimed",
        f"the treatment at {hospital_id} up to {day} was claimed {who} as {claim_id}: where that is wrong, "
        "reverse it first",
        f"该次就医（医疗机构 {hospital_id}，{day}）已{who_zh}结算，结算单 {claim_id}；如有误，请先冲正该结算单",
    )


def hospital_not_stated(hospital_id: str) -> Refusal:
    """A hospital that is not registered, and of which a bureau's papers say nothing."""
    return Refusal(
        "unknown_hospital",
        f"hospital {hospital_id} is not registered: state hospital_name, hospital_tier and hospital_region from the "
        "papers",
        f"医疗机构 {hospital_id} 未登记：请按材料填写医院名称、等级和所在地区",
    )


def not_insured_here(source: str, person_id: str) -> Refusal:
    """A bureau claims for somebody whom it does not insure."""
    return Refusal(
        "source_not_allowed",
        f"{source} claims only for those whom its own region insures: {person_id} is not one of them",
        f"{source} 只能为本统筹区的参保人办理手工报销：{person_id} 不是本统筹区参保人",
    )


def not_own_claim(source: str, claim_id: str) -> Refusal:
    """A bureau corrects a claim that it did not submit."""
    return Refusal(
        "source_not_allowed",
        f"{source} did not submit claim {claim_id}: only who claimed a bill corrects it",
        f"结算单 {claim_id} 不是 {source} 提交的：费用更正只能由原提交方报送",
    )


def hospitals_id(source: str, claim_id: str) -> Refusal:
    """A bureau's claim id that begins with a registered hospital's number."""
    return Refusal(
        "source_not_allowed",
        f"claim_id {claim_id} can't be used by {source}: it begins with a registered hospital's number",
        f"{source} 不能使用结算单号 {claim_id}：该号以已登记医疗机构的编号开头",
    )


def not_own_bill(asker: str | None, source: str) -> Refusal:
    """A bureau asks what another's bill on paper would be paid."""
    return Refusal(
        "source_not_allowed",
        f"{asker} may not ask about a bill that {source} submits",
        f"{asker} 不能询问 {source} 的手工报销",
    )
