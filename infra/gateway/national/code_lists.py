"""Code lists of the national interface against the ledger's words. What differs by province is a hospital's setting."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events.codes import ORDINARY, Setting
from infra.gateway.national.call import NationalRefused
from processors.law.terms import terms_in_force
from processors.visits.hospital_settings import MED_TYPE, HospitalSettings

DISEASE = "disease"
"""The table of a hospital's settings that says which disease of the ledger a 病种编码 is."""


@dataclass(frozen=True, slots=True)
class MedicalType:
    """What a 医疗类别 (med_type) is to the ledger."""

    setting: Setting
    name: str
    emergency: bool = False
    stay_kind: str = ORDINARY


MEDICAL_TYPES: Mapping[str, MedicalType] = {
    "11": MedicalType("general", "普通门诊"),
    "12": MedicalType("general", "门诊挂号"),
    "13": MedicalType("general", "急诊", emergency=True),
    "14": MedicalType("chronic", "门诊慢特病"),
    "21": MedicalType("inpatient", "普通住院"),
    "22": MedicalType("inpatient", "外伤住院"),
    "23": MedicalType("inpatient", "转外诊治住院"),
    "24": MedicalType("inpatient", "急诊转住院", emergency=True),
    "41": MedicalType("pharmacy", "定点药店购药"),
    "51": MedicalType("general", "生育门诊", stay_kind="maternity"),
    "52": MedicalType("inpatient", "生育住院", stay_kind="maternity"),
    "53": MedicalType("inpatient", "计划生育手术", stay_kind="maternity"),
}
"""The national list; provinces' own codes are settings of a hospital, as code and setting."""

INPATIENT_ONLY: tuple[Setting, ...] = ("inpatient",)
VISITS: tuple[Setting, ...] = ("general", "chronic")
PURCHASES: tuple[Setting, ...] = ("pharmacy", "chronic", "general")
"""The settings in which stays, visits and purchases may be claimed."""

CLEARING_TYPES: Mapping[Setting, str] = {"inpatient": "21", "general": "11", "chronic": "11", "pharmacy": "41"}
"""清算类别."""

PERSON_IDENTITY = "psn_idet_type"
"""The table of a hospital's settings that says which category of the ledger a 人员身份类别 is.

With ``_`` and a region's code behind it, that of those who are insured there.
"""
_IDENTITY_CODES: Mapping[str, str] = {
    "veteran": "01",
    **dict.fromkeys(("low_income", "dibao_margin", "illness_poor", "severely_disabled"), "02"),
    **dict.fromkeys(
        ("registered_poor", "returned_to_poverty", "unstable_out_of_poverty", "near_poverty", "sudden_hardship"), "03"
    ),
}
_AIDED = "23"
"""医疗救助对象: of a category that no table names."""

CLEARING_WAY = "1"
"""清算方式 按项目, as traffic has it."""


def medical_type(hospital: HospitalSettings, code: str, allowed: Iterable[Setting]) -> MedicalType:
    """What a code means to a hospital; raises ``NationalRefused`` with the codes that may be sent."""
    settings = set(allowed)
    own = hospital.codes.get(MED_TYPE, {})
    known = {**MEDICAL_TYPES, **{each: _own_type(each, setting) for each, setting in own.items()}}
    found = known.get(code)
    if found is None or found.setting not in settings:
        usable = "、".join(f"{each} {known[each].name}" for each in sorted(known) if known[each].setting in settings)
        raise NationalRefused(f"med_type（医疗类别）{code[:20]} 不能用于本交易，可用的有：{usable}")
    return found


def disease_of(hospital: HospitalSettings, code: str) -> str:
    """The ledger's disease of a 病种编码: by the hospital's own table, the national list, or the ledger's code itself.

    Raises ``NationalRefused`` with what may be sent.
    """
    diseases = terms_in_force().diseases
    national = {disease.national: name for name, disease in diseases.items() if disease.national is not None}
    named = {**national, **hospital.codes.get(DISEASE, {})}
    if code in named:
        return named[code]
    if code in diseases:
        return code
    listed = [f"{each} {diseases[named[each]].name}" for each in sorted(named) if named[each] in diseases]
    others = [f"{each} {disease.name}" for each, disease in diseases.items() if each not in named.values()]
    raise NationalRefused(
        f"dise_codg（病种编码）{code[:30]} 没有对应的病种。可用的有：{'、'.join([*listed, *others])}；"
        "其他编码请经办机构为本院设置对应（claims gateway hospitals change --code disease:编码=病种）"
    )


def identity_codes(hospital: HospitalSettings, region: str, category: str) -> list[str]:
    """The 人员身份类别 of a category: by the table of the person's region, by that of all, else the usual one."""
    for name in (f"{PERSON_IDENTITY}_{region}", PERSON_IDENTITY):
        codes = sorted(code for code, named in hospital.codes.get(name, {}).items() if named == category)
        if codes:
            return codes
    return [_IDENTITY_CODES.get(category, _AIDED)]


def _own_type(code: str, setting: str) -> MedicalType:
    known = MEDICAL_TYPES.get(code)
    names = {"inpatient": "住院", "general": "门诊", "chronic": "门诊慢特病", "pharmacy": "药店购药"}
    if known is not None and known.setting == setting:
        return known
    return MedicalType(setting, names[setting])  # type: ignore[arg-type]
