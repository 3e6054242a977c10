"""Why an event is refused: the reasons of the domain, in the order in which the first that applies is given."""

from typing import Literal, get_args

Reason = Literal[
    "malformed",
    "unknown_type",
    "source_not_allowed",
    "event_id_reused",
    "duplicate_claim",
    "duplicate_invoice",
    "bill_does_not_add_up",
    "date_in_future",
    "already_discharged",
    "already_billed",
    "admission_cancelled",
    "person_mismatch",
    "date_order",
    "already_claimed",
    "unknown_hospital",
    "hospital_not_designated",
    "not_enrolled",
    "no_policy",
    "no_interim_bill",
    "unknown_disease",
    "unknown_category",
    "chronic_card_missing",
    "unknown_claim",
    "already_reversed",
    "duplicate_finding",
    "duplicate_fine",
    "unknown_fine",
    "duplicate_advance",
    "duplicate_filing",
    "duplicate_decision",
    "unknown_decision",
    "unknown_admission",
    "duplicate_admission",
    "unknown_referral",
    "reversed_while_waiting",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
REASON_NAMES: dict[Reason, str] = {
    "malformed": "格式错误",
    "unknown_type": "未知事件类型",
    "source_not_allowed": "来源无权发送",
    "event_id_reused": "事件号已用于其他内容",
    "duplicate_claim": "结算单号重复",
    "duplicate_invoice": "票据已报销",
    "bill_does_not_add_up": "费用合计不符",
    "date_in_future": "日期晚于今天",
    "already_discharged": "已办理出院结算",
    "already_billed": "已办理年末中途结算",
    "admission_cancelled": "入院登记已撤销",
    "person_mismatch": "参保人不符",
    "date_order": "日期先后有误",
    "already_claimed": "该次就医已结算",
    "unknown_hospital": "医疗机构未登记",
    "hospital_not_designated": "非定点医疗机构",
    "not_enrolled": "未参保",
    "no_policy": "无适用政策",
    "no_interim_bill": "政策不办理年末中途结算",
    "unknown_disease": "病种未列入",
    "unknown_category": "救助对象类别未列入",
    "chronic_card_missing": "无有效慢特病证",
    "unknown_claim": "结算单不存在",
    "already_reversed": "结算单已冲正",
    "duplicate_finding": "稽核编号重复",
    "duplicate_fine": "处罚编号重复",
    "unknown_fine": "所替换的处罚不存在",
    "duplicate_advance": "临时救急借款编号重复",
    "duplicate_filing": "备案编号重复",
    "duplicate_decision": "救助决定编号重复",
    "unknown_decision": "救助决定不存在",
    "unknown_admission": "入院登记不存在",
    "duplicate_admission": "入院登记号重复",
    "unknown_referral": "转诊来源不存在",
    "reversed_while_waiting": "等待期间已冲正",
}


class Refusal(Exception):
    """An event that is not taken in: ``reason`` for machines, ``detail`` and ``detail_zh`` tell what to mend.

    Without a text of its own ``detail_zh`` is the reason's name.
    """

    def __init__(self, reason: Reason, detail: str, detail_zh: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
        self.detail_zh = detail_zh or REASON_NAMES[reason]

    @property
    def told(self) -> dict[str, str]:
        """The refusal as answers tell it."""
        return {"reason": self.reason, "detail": self.detail, "detail_zh": self.detail_zh}


class InvalidValue(ValueError):
    """A value that can't be what its field holds: what to mend in English, and in ``chinese``."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.chinese = chinese
