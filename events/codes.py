"""The forms of codes and ids, and the lists that are closed; names and open lists are ``policies.vocabulary``."""

import re
from typing import Literal, get_args

ID_PATTERN = r"^[A-Za-z0-9_-]{1,128}$"
"""Ids travel as tokens of NATS subjects, so they hold nothing that separates or matches tokens."""

CODE_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"
"""A disease, a category, a layer, a fund: a word of its own language of codes, which schemes add to."""

REGION_PATTERN = r"^[1-9][0-9]{5}$"
"""A GB/T 2260 code: province, prefecture, county, two digits each."""

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

OutpatientSetting = Literal["chronic", "general", "pharmacy"]
Setting = Literal["inpatient", "chronic", "general", "pharmacy"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)

Tier = Literal[0, 1, 2, 3]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""0 is a township hospital."""

DiseaseClass = Literal["I", "II"]

AuditPart = Literal["in_scope", "upfront_copay", "over_limit", "self_funded"]
AUDIT_PARTS: tuple[AuditPart, ...] = get_args(AuditPart)
"""The parts of a bill that an audit may name."""
InstitutionKind = Literal["hospital", "village_clinic", "pharmacy"]
INSTITUTION_KINDS: tuple[InstitutionKind, ...] = get_args(InstitutionKind)
INSTITUTION_KIND_NAMES: dict[InstitutionKind, str] = {
    "hospital": "定点医疗机构",
    "village_clinic": "村卫生室",
    "pharmacy": "定点零售药店",
}

Submitter = Literal["hospital", "bureau"]
SUBMITTER_NAMES: dict[Submitter, str] = {"hospital": "医院直接结算", "bureau": "窗口手工报销"}

_ID = re.compile(ID_PATTERN)
_CODE = re.compile(CODE_PATTERN)
_REGION = re.compile(REGION_PATTERN)


def is_id(text: str) -> bool:
    """Whether ``text`` can be an id: a token of a NATS subject."""
    return _ID.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Whether ``text`` has the form of a code of a vocabulary."""
    return _CODE.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether ``text`` has the form of a GB/T 2260 code."""
    return _REGION.fullmatch(text) is not None


def covers(bureau: str, region: str) -> bool:
    """Whether a bureau's region code is that region's own, or its prefecture's or province's."""
    return region.startswith(region_prefix(bureau))


def region_prefix(code: str) -> str:
    """How the codes of a region, and of those within it, begin."""
    while code.endswith("00"):
        code = code[:-2]
    return code
