"""The closed lists of the domain: its codes in English, its names for people in Chinese."""

import re
from typing import Literal, get_args

ID_PATTERN = r"^[A-Za-z0-9_-]{1,128}$"
"""Ids travel as tokens of NATS subjects, so they hold nothing that separates or matches tokens."""

REGION_PATTERN = r"^[1-9][0-9]{5}$"
"""A GB/T 2260 code: province, prefecture, county, two digits each."""

CODE_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
"""A code of a vocabulary that is open: the border takes any that is well formed."""

RESIDENT = "resident"
INSURANCE_TYPE_NAMES: dict[str, str] = {
    RESIDENT: "居民",
    "employee_active": "在职职工",
    "employee_retired": "退休职工",
}
"""Names of insurance types for people; the vocabulary is open."""

ORDINARY = "ordinary"
STAY_KIND_NAMES: dict[str, str] = {
    ORDINARY: "普通",
    "day_surgery": "日间手术",
    "maternity": "生育",
    "home_bed": "家庭病床",
}
"""Names of kinds of stay for people; the vocabulary is open."""

Sex = Literal["male", "female"]
SEXES: tuple[Sex, ...] = get_args(Sex)
SEX_NAMES: dict[Sex, str] = {"male": "男", "female": "女"}

FilingKind = Literal["away", "referral"]
FILING_KINDS: tuple[FilingKind, ...] = get_args(FilingKind)
FILING_KIND_NAMES: dict[FilingKind, str] = {"away": "异地备案", "referral": "转诊"}

Category = Literal["destitute", "orphan", "dibao", "registered_poor", "low_income", "illness_poor", "veteran"]
CATEGORY_ORDER: tuple[Category, ...] = get_args(Category)
"""Where values differ by category, the first of these that a person holds and that has a value counts."""
CATEGORY_NAMES: dict[Category, str] = {
    "destitute": "特困供养人员",
    "orphan": "孤儿",
    "dibao": "低保对象",
    "registered_poor": "建档立卡贫困人口",
    "low_income": "低收入对象",
    "illness_poor": "因病致贫",
    "veteran": "重点优抚对象",
}

OutpatientSetting = Literal["chronic", "general", "pharmacy"]
Setting = Literal["inpatient", "chronic", "general", "pharmacy"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)
SETTING_NAMES: dict[Setting, str] = {
    "inpatient": "住院",
    "chronic": "门诊慢特病",
    "general": "门诊统筹",
    "pharmacy": "特定药品药店购药",
}

Layer = Literal["basic", "critical_illness", "assistance", "supplementary", "basic_second", "backstop", "public_health"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
LAYER_NAMES: dict[Layer, str] = {
    "basic": "基本医保",
    "critical_illness": "大病保险",
    "assistance": "医疗救助",
    "supplementary": "补充保险",
    "basic_second": "基本医保二次报销",
    "backstop": "兜底",
    "public_health": "重大公共卫生项目",
}

Payer = Literal[
    "assistance_fund", "county_finance", "civil_affairs", "basic_fund", "poverty_alleviation_fund", "charity"
]
PAYERS: tuple[Payer, ...] = get_args(Payer)
"""Who may pay a person's premium."""

Tier = Literal[0, 1, 2, 3]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""0 is a township hospital."""

DiseaseClass = Literal["I", "II"]

Disease = Literal[
    "esophageal_cancer",
    "gastric_cancer",
    "rectal_cancer",
    "colon_cancer",
    "lung_cancer",
    "chronic_myeloid_leukemia",
    "breast_cancer",
    "cervical_cancer",
    "liver_cancer",
    "renal_dialysis",
    "renal_transplant",
    "renal_failure",
    "mdr_tuberculosis",
    "acute_myocardial_infarction",
    "cerebral_infarction",
    "hemophilia",
    "type1_diabetes",
    "hyperthyroidism",
    "phenylketonuria",
    "hypospadias",
    "thalassemia",
    "schistosomiasis",
    "childhood_leukemia",
    "congenital_heart_disease",
    "severe_mental_illness",
    "aids_opportunistic",
    "cleft_lip_palate",
    "epilepsy",
    "tuberculosis",
    "hypertension",
    "diabetes",
    "growth_hormone_deficiency",
]
DISEASES: tuple[Disease, ...] = get_args(Disease)
DISEASE_CODES: frozenset[str] = frozenset(DISEASES)

DISEASE_NAMES: dict[Disease, str] = {
    "esophageal_cancer": "食管癌",
    "gastric_cancer": "胃癌",
    "rectal_cancer": "直肠癌",
    "colon_cancer": "结肠癌",
    "lung_cancer": "肺癌",
    "chronic_myeloid_leukemia": "慢性粒细胞白血病",
    "breast_cancer": "乳腺癌",
    "cervical_cancer": "宫颈癌",
    "liver_cancer": "肝癌",
    "renal_dialysis": "肾透析",
    "renal_transplant": "肾移植",
    "renal_failure": "肾功能衰竭",
    "mdr_tuberculosis": "耐多药肺结核",
    "acute_myocardial_infarction": "急性心肌梗塞",
    "cerebral_infarction": "脑梗死",
    "hemophilia": "血友病",
    "type1_diabetes": "Ⅰ型糖尿病",
    "hyperthyroidism": "甲亢",
    "phenylketonuria": "苯丙酮尿症",
    "hypospadias": "尿道下裂",
    "thalassemia": "地中海贫血",
    "schistosomiasis": "血吸虫病",
    "childhood_leukemia": "儿童白血病",
    "congenital_heart_disease": "先天性心脏病",
    "severe_mental_illness": "重性精神疾病",
    "aids_opportunistic": "艾滋病机会性感染",
    "cleft_lip_palate": "唇腭裂",
    "epilepsy": "癫痫",
    "tuberculosis": "肺结核",
    "hypertension": "高血压",
    "diabetes": "糖尿病",
    "growth_hormone_deficiency": "生长激素缺乏症",
}

DISEASE_ICD10: dict[Disease, str] = {
    "esophageal_cancer": "C15",
    "gastric_cancer": "C16",
    "rectal_cancer": "C20",
    "colon_cancer": "C18",
    "lung_cancer": "C34",
    "chronic_myeloid_leukemia": "C92.1",
    "breast_cancer": "C50",
    "cervical_cancer": "C53",
    "liver_cancer": "C22",
    "renal_dialysis": "N18",
    "renal_transplant": "Z94.0",
    "renal_failure": "N17-N19",
    "acute_myocardial_infarction": "I21",
    "cerebral_infarction": "I63",
    "hemophilia": "D66-D67",
    "type1_diabetes": "E10",
    "hyperthyroidism": "E05",
    "phenylketonuria": "E70.0",
    "hypospadias": "Q54",
    "thalassemia": "D56",
    "schistosomiasis": "B65",
    "childhood_leukemia": "C91-C95",
    "congenital_heart_disease": "Q20-Q26",
    "aids_opportunistic": "B20",
    "cleft_lip_palate": "Q35-Q37",
    "epilepsy": "G40",
    "tuberculosis": "A15-A19",
    "hypertension": "I10-I15",
    "diabetes": "E10-E14",
    "growth_hormone_deficiency": "E23.0",
}
"""Where a disease is found in ICD-10, for people who look a code up. The ledger goes by the disease's own code alone;
a disease that stands under no one heading has none here."""

_ID = re.compile(ID_PATTERN)
_REGION = re.compile(REGION_PATTERN)


def is_id(text: str) -> bool:
    """Whether ``text`` can be an id: a token of a NATS subject."""
    return _ID.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether ``text`` has the form of a GB/T 2260 code."""
    return _REGION.fullmatch(text) is not None


def covers(bureau: str, region: str) -> bool:
    """Whether a bureau's region code is that region's own, or its prefecture's or province's."""
    while bureau.endswith("00"):
        bureau = bureau[:-2]
    return region.startswith(bureau)
