"""Reports by disease and township, and the share of serious diseases in medical assistance."""

from processors.finance.reports import Field, Report

_YEAR, _REGION = Field("year", "年度", "count"), Field("region", "统筹区", "text")
_SCHEME, _DISEASE = Field("scheme", "政策", "text"), Field("disease", "病种", "text")
_CLAIMS, _TOTAL = Field("claims", "人次", "count"), Field("total", "医疗费总额", "money")
_AVERAGE, _BEFORE = Field("average", "次均费用", "money"), Field("average_before", "上年次均", "money")
_LINE, _OVER_LINE = Field("line", "控制线", "share"), Field("over_line", "超过控制线", "flag")
_OUTSIDE, _BASE = Field("out_of_catalog_share", "目录外占比", "share"), Field("base_share", "2015、2016年占比", "share")
_OVER_BASE = Field("over_base", "占比超过", "flag")
_PAID, _PAID_SHARE = Field("paid", "支付合计", "money"), Field("paid_share", "实际报销比例", "share")
_PATIENT, _TOWNSHIP = Field("patient_share", "个人负担", "money"), Field("township", "乡镇（街道）", "text")
_TARGET = Field("line", "目标线", "share")

DISEASES = Report(
    "diseases",
    "病种费用 Costs by disease",
    "disease_costs",
    (
        *(_YEAR, _REGION, _SCHEME, Field("setting", "就医类型", "text"), _DISEASE),
        *(Field("serious", "重特大疾病", "flag"), Field("quota", "定额病种", "flag")),
        *(_CLAIMS, _TOTAL, _AVERAGE, _BEFORE, Field("growth", "次均增幅", "share"), _LINE, _OVER_LINE),
        *(_OUTSIDE, _BASE, _OVER_BASE, _PAID, _PAID_SHARE, Field("assistance", "其中医疗救助", "money")),
    ),
    ("year", "region", "scheme", "setting", "disease"),
    ("claims", "total", "paid", "assistance"),
    ("scheme", "serious", "quota", "average_before", "line", "base_share", "paid_share", "total", "assistance"),
)
DISEASE_HOSPITALS = Report(
    "disease_hospitals",
    "定额病种：各医院 Diseases under a quota by hospital",
    "disease_hospitals",
    (
        *(_YEAR, _REGION, _DISEASE, Field("hospital_id", "医疗机构", "text"), Field("name", "名称", "text")),
        *(Field("tier", "等级", "count"), _CLAIMS, _TOTAL, _AVERAGE, _BEFORE),
        *(Field("growth", "比上年次均高", "share"), _LINE, _OVER_LINE, _OUTSIDE, _BASE, _OVER_BASE),
    ),
    ("year", "region", "disease", "hospital_id"),
    ("claims", "total"),
)
ASSISTANCE_SHARES = Report(
    "assistance_shares",
    "重特大疾病占医疗救助支出 Serious diseases in medical assistance",
    "assistance_shares",
    (
        *(_YEAR, _REGION, _SCHEME, Field("assistance", "医疗救助支出", "money"), Field("granted", "其中补助", "money")),
        *(Field("serious", "其中重特大疾病", "money"), Field("share", "占比", "share")),
        Field("share_before", "上年占比", "share"),
    ),
    ("year", "region", "scheme"),
    ("assistance", "granted", "serious"),
)
TOWNSHIPS = Report(
    "townships",
    "乡镇（街道） By township",
    "townships",
    (
        *(_YEAR, _REGION, _TOWNSHIP, Field("enrolled", "参保人数", "count"), Field("persons", "就医人数", "count")),
        *(_CLAIMS, Field("stays", "住院人次", "count"), _TOTAL, _PAID, _PATIENT, _PAID_SHARE),
        *(
            Field("asked", "应达标人数", "count"),
            Field("under", "未达标人数", "count"),
            Field("line", "目标线", "share"),
        ),
    ),
    ("year", "region", "township"),
    ("enrolled", "persons", "claims", "stays", "total", "paid", "patient_share", "asked", "under"),
)
