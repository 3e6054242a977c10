"""The reports on payment: days from discharge to payment, and what was adjusted after a month was closed."""

from processors.finance.reports import Field, Report

_YEAR, _REGION = Field("year", "年度", "count"), Field("region", "统筹区", "text")
_PERSON = Field("person_id", "参保人", "text")

PAYMENT_TIMES = Report(
    "payment_times",
    "拨付时效 Days to payment",
    "payment_times",
    (
        _YEAR,
        _REGION,
        Field("hospital_id", "医疗机构", "text"),
        Field("payee", "收款方", "text"),
        Field("claims", "人次", "count"),
        Field("amount", "基金支付", "money"),
        Field("paid_claims", "已拨付人次", "count"),
        Field("median_days", "中位天数", "count"),
        Field("ninth_decile_days", "九成以内天数", "count"),
        Field("longest_days", "最长天数", "count"),
        Field("unpaid_claims", "未拨付人次", "count"),
        Field("unpaid_amount", "未拨付金额", "money"),
        Field("unpaid_since", "未拨付最早日期", "day"),
    ),
    ("year", "region", "hospital_id", "payee"),
    ("claims", "amount", "paid_claims", "unpaid_claims", "unpaid_amount"),
)
PAYMENT_DAYS = Report(
    "payment_days",
    "逐笔拨付时效 Days to payment by claim",
    "payment_days",
    (
        _YEAR,
        _REGION,
        Field("claim_id", "结算单", "text"),
        _PERSON,
        Field("hospital_id", "医疗机构", "text"),
        Field("payee", "收款方", "text"),
        Field("date", "费用日期", "day"),
        Field("paid", "基金支付", "money"),
        Field("settled_on", "结算日", "day"),
        Field("clearing_id", "清算单", "text"),
        Field("approved_on", "复核日", "day"),
        Field("state", "状态", "text"),
        Field("paid_on", "拨付日", "day"),
        Field("days", "天数", "count"),
    ),
    ("year", "region", "hospital_id", "date", "claim_id"),
    ("paid",),
)
LATE_ADJUSTMENTS = Report(
    "late_adjustments",
    "关账后的调整 Adjustments after closing",
    "late_adjustments",
    (
        Field("month", "入账月份", "text"),
        _REGION,
        Field("closed_month", "已关账月份", "text"),
        Field("clearing_id", "已关账清算单", "text"),
        Field("closed_on", "关账日", "day"),
        Field("claim_id", "结算单", "text"),
        _PERSON,
        Field("hospital_id", "医疗机构", "text"),
        Field("date", "费用日期", "day"),
        Field("layer", "保障线", "text"),
        Field("amount", "差额", "money"),
        Field("adjusted_on", "调整日", "day"),
        Field("cause", "原因", "text"),
        Field("cause_source", "来源", "text"),
        Field("cause_event", "事件", "text"),
        Field("cleared_by", "清算单", "text"),
    ),
    ("month", "region", "claim_id", "adjusted_on", "layer"),
    ("amount",),
)
