"""Registers of households and of persons' care (上高 二3; 安义 一(二), 三(十), 四(十四), 四(十五), 五(二十))."""

from processors.finance.reports import Field
from processors.registers.register import Filter, Register

ENTRY_STATES = ("standing", "overdue", "ended", "withdrawn")

_YEAR, _REGION = Field("year", "年度", "count"), Field("region", "统筹区", "text")
_TOWNSHIP, _HOUSEHOLD = Field("township", "乡镇", "text"), Field("household_id", "户编号", "text")
_PERSON, _PERSONS = Field("person_id", "参保人", "text"), Field("persons", "成员", "texts")

_BY_YEAR = Filter("year", "year", "equal", "年度 year")
_BY_REGION = Filter("region", "region", "region", "统筹区 region; 140400 also takes its counties")
_BY_TOWNSHIP = Filter("township", "township", "equal", "乡镇，九位 township, nine digits")
_BY_HOUSEHOLD = Filter("household", "household_id", "equal", "户编号 household")
_BY_PERSON = Filter("person", "person_id", "equal", "参保人编号 person_id")

_CHECKED = (
    Field("members", "登记人数", "count"),
    Field("insured", "参保人数", "count"),
    Field("registered_poor", "建档立卡", "count"),
    Field("with_card", "持慢性病卡", "count"),
    Field("stays", "住院人次", "count"),
    Field("stays_under", "低于目标", "count"),
    Field("stays_at_once", "一站式", "count"),
    Field("general_visits", "门诊统筹", "count"),
    Field("total", "住院费用", "money"),
    Field("base", "计入比例的费用", "money"),
    Field("paid", "已报销", "money"),
    Field("share", "报销比例", "share"),
)
_SUMMED = tuple(field.name for field in _CHECKED if field.kind != "share")

HOUSEHOLDS = Register(
    "households",
    "按户核查台账 Households",
    "按户核查：参保、慢性病卡、住院报销是否达到目标（90%）。Households: insured, cards, stays under their target.",
    "household_checks",
    (_YEAR, _REGION, _TOWNSHIP, Field("village", "村", "text"), _HOUSEHOLD, *_CHECKED, _PERSONS),
    (
        *(_BY_YEAR, _BY_REGION, _BY_TOWNSHIP, _BY_HOUSEHOLD),
        Filter("person", "persons", "has", "有此参保人的户 the household of a person"),
        Filter(
            "under", "stays_under", "some", "只看有住院低于目标的户，或 --no-under 其他户 with a stay under its target"
        ),
        Filter("poor", "registered_poor", "some", "只看建档立卡户，或 --no-poor 其他户 with registered poor"),
    ),
    ("year", "region", "township", "village", "household_id"),
    _SUMMED,
    summed_up=True,
)
TOWNSHIPS = Register(
    "townships",
    "按乡镇核查汇总 Townships",
    "按乡镇汇总：户数、参保、慢性病卡、住院报销。Households' register in sum by township.",
    "township_checks",
    (
        *(_YEAR, _REGION, _TOWNSHIP, Field("households", "户数", "count")),
        Field("households_under", "低于目标户数", "count"),
        *_CHECKED,
    ),
    (_BY_YEAR, _BY_REGION, _BY_TOWNSHIP),
    ("year", "region", "township"),
    ("households", "households_under", *_SUMMED),
    summed_up=True,
)
PREMIUM_LIST = Register(
    "premium-list",
    "代缴花名册 Premiums to hand over",
    "代缴花名册：按乡镇、出资方。Premiums person by person, by township and payer.",
    "premium_list",
    (
        *(_YEAR, _REGION, _TOWNSHIP, Field("village", "村", "text"), _HOUSEHOLD, _PERSON),
        Field("scheme", "政策", "text"),
        Field("layer", "保障线", "text"),
        Field("premium_kind", "方式", "text"),
        Field("payer", "出资方", "text"),
        Field("category", "类别", "text"),
        Field("amount", "金额", "money"),
        Field("refunded", "其中退还本人", "money"),
        Field("to_fund", "应划资金", "money"),
    ),
    (_BY_YEAR, _BY_REGION, _BY_TOWNSHIP, Filter("payer", "payer", "equal", "出资方 payer")),
    ("year", "region", "payer", "township", "village", "household_id", "person_id", "layer"),
    ("amount", "refunded", "to_fund"),
)
CARE = Register(
    "care",
    "签约与年度体检责任 Contracts and check-ups due",
    "贫困人口是否签约、慢性病人当年是否体检。The rostered of a year: contracted doctor, yearly check-up done or due.",
    "care_duties",
    (
        *(_YEAR, _REGION, _TOWNSHIP, _HOUSEHOLD, _PERSON, Field("categories", "在册类别", "texts")),
        Field("contracted", "已签约", "flag"),
        Field("contracted_on", "签约日", "day"),
        Field("diseases", "持卡病种", "texts"),
        Field("examined", "当年已体检", "flag"),
        Field("examined_on", "最近体检", "day"),
        Field("examination_due_on", "应检截止", "day"),
    ),
    (
        *(_BY_YEAR, _BY_REGION, _BY_TOWNSHIP, _BY_HOUSEHOLD, _BY_PERSON),
        Filter("contracted", "contracted", "flag", "只看已签约，或 --no-contracted 未签约 with a contracted doctor"),
        Filter("examined", "examined", "flag", "只看当年已体检，或 --no-examined 应检未检 examined in the year"),
    ),
    ("year", "region", "township", "person_id"),
)


def _register(name: str, title: str, help_: str, held: str, finding: str) -> Register:
    """A register of ``finance.register_entries``; ``held`` and ``finding`` are its columns' own headings."""
    return Register(
        name,
        title,
        help_,
        "register_entries",
        (
            *(Field("entry_id", "登记编号", "text"), _REGION, _TOWNSHIP, _HOUSEHOLD, _PERSON),
            Field("disease", "病种", "text"),
            Field("held_on", held, "day"),
            Field("until", "至（不含）", "day"),
            Field("due_on", "下次应办", "day"),
            Field("state", "状态", "text"),
            Field("hospital_id", "机构", "text"),
            Field("doctor", "医生", "text"),
            Field("finding", finding, "text"),
            Field("document", "单据号", "text"),
            Field("entered_by", "登记人", "text"),
            Field("ended_by", "终止人", "text"),
            Field("reason", "终止原因", "text"),
        ),
        (
            *(_BY_REGION, _BY_TOWNSHIP, _BY_HOUSEHOLD, _BY_PERSON),
            Filter("disease", "disease", "equal", "病种代码 disease"),
            Filter("state", "state", "equal", "状态 whether it holds today", ENTRY_STATES),
            Filter("due-by", "due_on", "to", "应办日不晚于 whose next step is due by this day"),
            Filter("since", "held_on", "from", "日期不早于 from this day on"),
            Filter("until", "held_on", "to", "日期不晚于 up to this day"),
        ),
        ("region", "township", "person_id", "held_on", "entry_id"),
        fixed=(("register", name.replace("-", "_")),),
    )


ENTRIES = (
    _register(
        "contracts",
        "家庭医生签约台账 Contracted doctors",
        "家庭医生签约：谁签了、哪个团队、到何时。Contracts with family doctors: whose, with whom, until when.",
        *("签约日", "服务内容"),
    ),
    _register(
        "checkups",
        "慢性病年度体检台账 Yearly check-ups",
        "慢性病人年度体检：何时体检、结果、下次应检。Yearly check-ups of the chronically ill: when, what, next due.",
        *("体检日", "结果"),
    ),
    _register(
        "tuberculosis",
        "结核病免费治疗台账 Tuberculosis",
        "结核病免费药品和管理：何时开始、下次取药。Free treatment of tuberculosis: begun, drugs, next due.",
        *("开始日", "药品和管理"),
    ),
    _register(
        "ten-diseases",
        "十种大病免费救治台账 Ten diseases treated free",
        "十种大病免费救治：谁、何病、何处。Ten diseases treated free: whose, which, where.",
        *("开始日", "救治情况"),
    ),
    _register(
        "poverty-causes",
        "因病致贫台账 Which disease made whom poor",
        "因病致贫返贫：何病、治疗需求。Which disease made whom poor, and what treatment is needed.",
        *("核实日", "治疗需求"),
    ),
)
