"""What movements, warnings and lines of funds are called."""

MOVEMENT_KINDS = {
    "opening": "期初余额",
    "appropriation": "财政拨款",
    "contribution": "缴费收入",
    "interest": "利息",
    "donation": "捐赠",
    "fine": "罚款入账",
    "other": "其他收入",
    "premium": "划转保费",
    "allocation": "拨付资金",
    "surplus": "划转结余",
    "deficit": "弥补亏损",
    "operations": "运营费",
}
OFFICE_NAMES = {"bureau": "医保局", "finance_office": "财政局"}
LEVEL_NAMES = {"normal": "正常", "yellow": "黄色预警", "red": "红色预警", "unknown": "无从判断"}
INDICATOR_NAMES = {
    "months_payable": "可支付月数",
    "payment_rate": "支付率",
    "time_progress": "快于时间进度",
    "budget_deviation": "预算偏差",
    "growth_gap": "增幅差",
    "run_out": "用完月份",
}
COURSE_NAMES = {"base": "基准", "high": "高", "low": "低"}
ACCOUNT_LINES = (
    ("carried_in", "上年结转 carried in"),
    ("opening", "期初余额 opening"),
    ("income", "拨款等收入 income"),
    ("fines", "罚款入账 fines"),
    ("premiums", "保费 premiums"),
    ("transfers_in", "其他资金拨入 from funds"),
    ("repayments", "收回临时救急借款 repaid"),
    ("deficit_received", "收到弥补亏损 deficit received"),
    ("payouts", "补偿款 payouts"),
    ("grants", "补助 grants"),
    ("refunds", "退还个人 refunds"),
    ("premiums_paid", "代缴保费 premiums paid"),
    ("operations", "运营费 operations"),
    ("transfers_out", "拨给其他资金 to funds"),
    ("advances", "借出 advances"),
    ("balance", "余额 balance"),
    ("by_government", "政府承担 by government"),
    ("carried_out", "结转下年 carried on"),
    ("operations_drawn", "实付运营费 operations drawn"),
    ("premiums_received", "已到保费 received"),
    ("premiums_transferred", "已划保费 transferred"),
)
