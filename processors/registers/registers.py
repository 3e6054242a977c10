"""The registers of the office (台账), by name: ``claims registers NAME``."""

from events.codes import INSTITUTION_KINDS
from processors.finance.reports import Field
from processors.registers.care_registers import CARE, ENTRIES, HOUSEHOLDS, TOWNSHIPS
from processors.registers.register import Filter, Register

CARD_FAULTS = (
    *("unknown_person", "not_enrolled", "died", "two_cards", "no_sex", "no_birth_month"),
    *("no_household", "no_township", "not_rostered"),
)
HOSPITAL_STATES = ("designated", "suspended", "ended", "to_come")
ADVANCE_STATES = ("applied", "approved", "declined", "lent", "repaid")
ADVANCE_FAULTS = ("no_request", "not_approved", "over_approved", "another_person", "not_filed")
MEASURES = ("suspended", "reinstated", "fined")

_REGION, _PERSON = Field("region", "统筹区", "text"), Field("person_id", "参保人", "text")
_TOWNSHIP, _HOUSEHOLD = Field("township", "乡镇", "text"), Field("household_id", "户编号", "text")
_DISEASE, _CLASS = Field("disease", "病种", "text"), Field("disease_class", "类别", "text")
_POOR, _ACTOR = Field("registered_poor", "建档立卡", "flag"), Field("actor", "经办人", "text")
_SOURCE, _RECORDED = Field("source", "来源", "text"), Field("recorded_at", "入账时间", "text")

_BY_REGION = Filter("region", "region", "region", "统筹区 region; 140400 also takes its counties")
_BY_TOWNSHIP = Filter("township", "township", "equal", "乡镇，九位 township, nine digits")
_BY_PERSON = Filter("person", "person_id", "equal", "参保人编号 person_id")
_BY_HOUSEHOLD = Filter("household", "household_id", "equal", "户编号 household")
_BY_DISEASE = Filter("disease", "disease", "equal", "病种代码 disease")
_BY_POOR = Filter(
    "poor", "registered_poor", "flag", "只看建档立卡人员，或 --no-poor 其他人员 the registered poor alone"
)

CARDS = Register(
    "cards",
    "慢性病卡台账 Chronic cards",
    "慢性病卡台账：发放、注销、错漏。Chronic cards: issued, withdrawn, what is wrong with them or lacks.",
    "chronic_cards",
    (
        *(_REGION, _TOWNSHIP, _HOUSEHOLD, _PERSON, _DISEASE, _CLASS),
        Field("issued_on", "起用日", "day"),
        Field("withdrawn_on", "注销日", "day"),
        _POOR,
        Field("on_site", "上门办理", "flag"),
        Field("issue_corrects", "发卡纠正", "text"),
        Field("withdrawal_corrects", "注销纠正", "text"),
        Field("faults", "错漏", "texts"),
        *(_SOURCE, _ACTOR, _RECORDED),
    ),
    (
        *(_BY_REGION, _BY_TOWNSHIP, _BY_HOUSEHOLD, _BY_PERSON, _BY_DISEASE, _BY_POOR),
        Filter("standing", "stands", "flag", "只看未注销的卡，或 --no-standing 已注销 cards that stand alone"),
        Filter("since", "issued_on", "from", "起用日不早于 first day valid from this day on"),
        Filter("until", "issued_on", "to", "起用日不晚于 first day valid up to this day"),
        Filter("fault", "faults", "has", "只看有此错漏的卡 cards with this fault", CARD_FAULTS),
    ),
    ("region", "township", "person_id", "disease", "issued_on"),
)
CARD_COUNTS = Register(
    "card-counts",
    "慢性病卡统计 Chronic cards by month",
    "慢性病卡统计：按月、病种、类别。Chronic cards issued and withdrawn by month, disease and class.",
    "chronic_card_counts",
    (
        _REGION,
        Field("month", "月份", "text"),
        *(_DISEASE, _CLASS, _POOR),
        Field("issued", "发放张数", "count"),
        Field("on_site", "其中上门", "count"),
        Field("withdrawn", "注销张数", "count"),
        Field("corrected", "清理错漏", "count"),
    ),
    (
        *(_BY_REGION, _BY_DISEASE, _BY_POOR),
        Filter("month", "month", "month", "月份 month, 2019-06"),
        Filter("class", "disease_class", "equal", "类别 class", ("I", "II")),
    ),
    ("region", "month", "disease", "disease_class", "registered_poor"),
    ("issued", "on_site", "withdrawn", "corrected"),
)
CARD_YEARS = Register(
    "card-years",
    "慢性病卡年报 Chronic cards by year",
    "慢性病卡年报：持卡、上门办卡、清理错漏人数。Persons with cards by year, as 上高 reports them.",
    "chronic_card_years",
    (
        *(Field("year", "年度", "count"), _REGION, _POOR),
        Field("holders", "年末持卡人数", "count"),
        Field("on_site", "上门办卡人数", "count"),
        Field("corrected", "清理错漏人数", "count"),
        Field("cards_issued", "发放张数", "count"),
        Field("cards_withdrawn", "注销张数", "count"),
    ),
    (_BY_REGION, _BY_POOR, Filter("year", "year", "equal", "年度 year")),
    ("year", "region", "registered_poor"),
    ("cards_issued", "cards_withdrawn"),
)
MISSING_CARDS = Register(
    "missing-cards",
    "疑似漏办慢性病卡 Cards that may lack",
    "疑似漏办慢性病卡：因无卡被拒收，或因病致贫而无卡。Persons who may lack a chronic card.",
    "missing_cards",
    (
        *(_REGION, _TOWNSHIP, _HOUSEHOLD, _PERSON, _DISEASE),
        Field("reason", "线索", "text"),
        Field("since", "最早日期", "day"),
        Field("times", "次数", "count"),
    ),
    (
        *(_BY_REGION, _BY_TOWNSHIP, _BY_HOUSEHOLD, _BY_PERSON, _BY_DISEASE),
        Filter("reason", "reason", "equal", "线索 why a card may lack", ("refused", "poverty_cause")),
    ),
    ("region", "township", "person_id", "disease", "reason"),
)
HOSPITALS = Register(
    "hospitals",
    "定点医药机构台账 Hospitals and pharmacies",
    "定点医药机构台账：起止、等级、暂停、处罚、稽核。Hospitals and pharmacies: standing, suspensions, fines, audits.",
    "hospital_register",
    (
        Field("hospital_id", "机构编号", "text"),
        Field("name", "名称", "text"),
        Field("kind", "机构类别", "text"),
        Field("tier", "等级", "count"),
        _REGION,
        Field("designated_from", "定点自", "day"),
        Field("designated_until", "至（不含）", "day"),
        Field("state", "现状", "text"),
        Field("suspended_since", "暂停自", "day"),
        Field("suspensions", "暂停次数", "count"),
        Field("fines", "罚款次数", "count"),
        Field("fined", "罚款金额", "money"),
        Field("audits", "稽核次数", "count"),
        Field("audited", "稽核查出", "money"),
    ),
    (
        _BY_REGION,
        Filter("hospital", "hospital_id", "equal", "机构编号 hospital_id"),
        Filter("kind", "kind", "equal", "机构类别 kind of institution", INSTITUTION_KINDS),
        Filter("state", "state", "equal", "现状 today's standing", HOSPITAL_STATES),
        Filter("tier", "tier", "equal", "等级 tier", ("0", "1", "2", "3")),
    ),
    ("region", "kind", "hospital_id"),
    ("suspensions", "fines", "fined", "audits", "audited"),
)
HOSPITAL_MEASURES = Register(
    "measures",
    "对定点医药机构的处理 Measures on hospitals",
    "对定点医药机构的处理：暂停、恢复、罚款。Measures on hospitals and pharmacies, each an event.",
    "hospital_measures",
    (
        Field("day", "日期", "day"),
        Field("hospital_id", "机构编号", "text"),
        Field("name", "名称", "text"),
        Field("kind", "机构类别", "text"),
        _REGION,
        Field("measure", "处理", "text"),
        Field("reference", "文号", "text"),
        Field("amount", "金额", "money"),
        Field("reason", "原因", "text"),
        Field("clause", "依据", "text"),
        *(_SOURCE, _ACTOR),
    ),
    (
        _BY_REGION,
        Filter("hospital", "hospital_id", "equal", "机构编号 hospital_id"),
        Filter("kind", "kind", "equal", "机构类别 kind of institution", INSTITUTION_KINDS),
        Filter("measure", "measure", "equal", "处理 what was done", MEASURES),
        Filter("since", "day", "from", "日期不早于 from this day on"),
        Filter("until", "day", "to", "日期不晚于 up to this day"),
    ),
    ("day", "hospital_id", "measure"),
    ("amount",),
)
REFERRALS = Register(
    "referrals",
    "异地备案与转诊 Referrals",
    "异地备案与转诊登记：有效、过期、使用情况。Treatment elsewhere that bureaus filed: whether it holds and was used.",
    "referral_register",
    (
        Field("region", "备案机构", "text"),
        Field("filing_id", "编号", "text"),
        _PERSON,
        Field("kind", "种类", "text"),
        Field("effective_on", "自", "day"),
        Field("until", "至（不含）", "day"),
        Field("to_region", "前往地区", "text"),
        Field("to_hospital", "前往机构", "text"),
        Field("reason", "原因", "text"),
        Field("state", "状态", "text"),
        Field("stays", "使用次数", "count"),
        Field("first_used_on", "首次使用", "day"),
        *(_SOURCE, _ACTOR),
    ),
    (
        *(_BY_REGION, _BY_PERSON),
        Filter("kind", "kind", "equal", "种类 kind", ("away", "referral")),
        Filter("state", "state", "equal", "状态 whether it holds today", ("open", "expired", "cancelled", "to_come")),
        Filter("used", "used", "flag", "只看已使用的，或 --no-used 未使用 those that an admission used"),
    ),
    ("number",),
    ("stays",),
)

ADVANCES = Register(
    "advances",
    "临时救急借款 Advances",
    "临时救急基金台账：申请、审核、借出、备案、归还。The emergency fund's loans, from request to repayment.",
    "emergency_loans",
    (
        Field("region", "借出地区", "text"),
        Field("advance_id", "临时救急借款", "text"),
        _PERSON,
        Field("issued_on", "借出日", "day"),
        Field("lent_by", "借出单位", "text"),
        Field("filed_on", "备案", "day"),
        Field("issued", "借出", "money"),
        Field("repaid", "已还", "money"),
        Field("in_cash", "其中现金", "money"),
        Field("outstanding", "未还", "money"),
        _TOWNSHIP,
        Field("applied_on", "申请日", "day"),
        Field("asked", "申请", "money"),
        Field("need", "事由", "text"),
        Field("destination", "拟就医地点", "text"),
        Field("applied_by", "登记人", "text"),
        Field("approved", "批准", "money"),
        Field("decided_by", "审核人", "text"),
        Field("reason", "未批准原因", "text"),
        Field("filed_by", "登记备案人", "text"),
        Field("days_to_filing", "备案天数", "count"),
        Field("state", "状态", "text"),
        Field("faults", "问题", "texts"),
    ),
    (
        *(_BY_REGION, _BY_TOWNSHIP, _BY_PERSON),
        Filter("state", "state", "equal", "状态 where it stands", ADVANCE_STATES),
        Filter("fault", "faults", "has", "只看有此问题的 loans with this fault", ADVANCE_FAULTS),
        Filter(
            "late", "days_to_filing", "above", "借出后超过几天才备案或仍未备案 filed, or not yet, after more days than"
        ),
    ),
    ("issued_on", "applied_on", "advance_id"),
    ("asked", "approved", "issued", "repaid", "in_cash", "outstanding"),
)

REGISTERS = (
    *(CARDS, CARD_COUNTS, CARD_YEARS, MISSING_CARDS, HOSPITALS, HOSPITAL_MEASURES, HOUSEHOLDS, TOWNSHIPS, CARE),
    *ENTRIES,
)
"""Those of ``claims registers``; others have a command of their own."""
