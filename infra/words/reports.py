"""What the codes of finance's reports are called."""

from collections.abc import Mapping
from typing import Any

from infra.person_file.names import FACTS
from processors.finance.published_figures import COUNTS, MONEY, SHARE
from processors.law.terms import DISEASE_NAMES, LAYER_NAMES, SETTING_NAMES, NameChain

TARGET_NAMES = {
    "reimbursement": "住院实际报销",
    "chronic_reimbursement": "慢病门诊实际报销",
    "assistance": "医疗救助",
    "enrolment": "应保尽保",
}
LEAD_NAMES = {"after_death": "死亡后", "suspended": "暂停（中止）协议期间"}
CAUSE_NAMES = {type_: chinese for type_, (chinese, _) in FACTS.items()}
PAYMENT_STATES = {
    "not_cleared": "未清算",
    "drafted": "清算待复核",
    "due": "待拨付",
    "returned": "已退汇",
    "paid": "已拨付",
    "set_off": "已抵扣",
}
PAYEE_NAMES = {"hospital": "医院", "person": "个人"}
REPORT_CODES: Mapping[str, Mapping[Any, str]] = {
    "payee": PAYEE_NAMES,
    "state": PAYMENT_STATES,
    "cause": CAUSE_NAMES,
    "layer": NameChain({"grant": "补助"}, LAYER_NAMES),
    "setting": SETTING_NAMES,
    "reason": LEAD_NAMES,
    "target": TARGET_NAMES,
    "disease": DISEASE_NAMES,
}
"""By the column whose codes they are."""
_ITEMS = dict(
    zip(
        (*COUNTS, *MONEY, SHARE),
        ("人次", "人数", "医疗费总额", "支付合计", "个人负担", "医院承担", "实际报销比例"),
        strict=True,
    )
)
PUBLISHED_ITEMS: Mapping[str, str] = NameChain(_ITEMS, LAYER_NAMES)
"""Items of a published table, and layers."""
ENTRY_NAMES: Mapping[Any, str] = {
    "payout.decided.v1": "支付",
    "payout.adjusted.v1": "支付调整",
    "payout.withdrawn.v1": "支付撤销",
    "grant.awarded.v1": "补助",
    "grant.withdrawn.v1": "补助撤销",
    "premium.subsidised.v1": "代缴保费",
    "premium.purchased.v1": "购买保险",
    "premium.refunded.v1": "退还保费",
    "claim.settled.v1": "收款方变动",
    "claim.resettled.v1": "收款方变动",
}
"""Entries of the ledger that book money, or move it between payees, by type."""
