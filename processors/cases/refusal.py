"""Why a step of a case is refused, and what things are called in the message."""

from processors.offices.refusal import StepRefused

ORIGIN_NAMES = {"lead": "疑点", "report": "举报", "plan": "年度计划", "inspection": "检查"}
SUBJECT_NAMES = {"hospital": "医院", "pharmacy": "药店", "person": "参保人", "doctor": "医师"}
CASE_STATE_NAMES = {"open": "办理中", "proposed": "待决定", "decided": "已决定", "closed": "已结案"}
OUTCOME_NAMES = {"measures": "作出处理", "no_violation": "未发现违规", "transferred": "移送"}
NOTE_NAMES = {
    "note": "记事",
    "notice": "事先告知",
    "defence": "陈述申辩",
    "hearing_offered": "听证告知",
    "hearing_held": "听证",
    "hearing_waived": "放弃听证",
    "legal_review_asked": "送法制审核",
    "legal_review": "法制审核",
    "expert_review": "专家评审",
    "extension": "延期",
    "evidence_hold": "先行登记保存",
    "sealing": "查封、扣押",
    "evidence_released": "解除保存、查封",
}
FINDING_STATE_NAMES = {"noted": "待决定", "confirmed": "已认定", "dismissed": "不予认定"}
MEASURE_NAMES = {
    "talk": "约谈",
    "warning_letter": "警告函",
    "refund": "退回基金",
    "fine": "罚款",
    "payment_hold": "暂停结算、拨付",
    "suspension": "中止协议",
    "agreement_ended": "解除协议",
    "contract_ended": "终止协议",
    "exposure": "曝光",
    "circular": "通报",
    "transfer": "移送",
    "lifting": "解除措施",
}
MEASURE_STATE_NAMES = {"proposed": "待决定", "withdrawn": "已撤回", "decided": "已决定", "lifted": "已解除或被替换"}
INSPECTION_KIND_NAMES = {
    "plan": "年度计划",
    "report": "举报",
    "lead": "疑点",
    "unannounced": "飞行检查",
    "again": "回头看",
}
RESULT_NAMES = {"clean": "未发现问题", "problems": "发现问题"}
ENTRY_STATE_NAMES = {
    "entered": "待复核",
    "listed": "在册",
    "withdrawn": "已撤回",
    "removal_entered": "移出待复核",
    "removed": "已移出",
}
EFFECT_NAMES = {"no_prepaid_free_admission": "入院先缴费", "closer_audit": "逐单审核", "published": "公布"}

LATE_NAMES = {
    "lead_check": "核查疑点",
    "decision": "作出决定",
    "answer": "警告函回执",
    "fine": "缴纳罚款",
    "refund": "退回基金",
    **NOTE_NAMES,
}
FACT_STATE_NAMES = {"to_be_sent": "待发出", "taken": "已收下", "refused": "已拒收"}


class CaseRefused(StepRefused):
    """A step that the rules of procedure do not allow; nothing was written. The message says what to do instead."""
