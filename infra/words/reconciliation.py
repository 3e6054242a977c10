"""What differences of a reconciliation are called."""

from processors.law.terms import LAYER_NAMES, NameChain

DIFFERENCE_NAMES = {
    "hospital_only": "仅医院有",
    "ledger_only": "仅账本有",
    "reversed_at_hospital": "医院已冲正",
    "reversed_in_ledger": "账本已冲正",
    "date_differs": "日期不符",
    "amount_differs": "金额不符",
    "total_differs": "合计不符",
    "total_not_of_detail": "合计与明细不符",
}
_FIELDS = {"claims": "人次", "total": "总额", "funds": "基金支付", "patient_share": "个人负担"}
FIELD_NAMES = NameChain(_FIELDS | {"date": "日期", "status": "状态"}, LAYER_NAMES)
