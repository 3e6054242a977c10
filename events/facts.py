"""The facts that sources may state: one frozen model per intake type, nothing missing, nothing unknown.

Each model says under which type it is stated, and by which kinds of source.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from events.codes import CODE_PATTERN, ID_PATTERN, REGION_PATTERN, DiseaseClass, OutpatientSetting, Tier
from events.envelope import whole
from events.money import Yuan
from events.refusals import InvalidValue

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2100, 12, 31)

DIAGNOSIS_PATTERN = r"^[A-Za-z0-9.*+\-]{1,16}$"
HASH_PATTERN = r"^[0-9a-f]{64}$"
NOT_BLANK_PATTERN = r"^[^\x00]*[^\x00\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00]*$"
"""Holds a character that is no white space, of Unicode's list: \\S means another set in each language."""
PERSONS_PER_ORDER = 20
"""So many persons' claims intake moves at once: what arrives behind them waits for no more."""

DAY_PATTERN = (
    r"^((19[0-9]{2}|20[0-9]{2}|2100)-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|(19(0[48]|[2468][048]|[13579][26])|20(0[048]|[2468][048]|[13579][26]))-02-29)$"
)
"""The days of the calendar from ``FIRST_DAY`` to ``LAST_DAY``, for those who have only a schema."""
_DAY_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _parse_day(value: object) -> date:
    # fromisoformat alone would also take 20190506 and 2019-W19-1.
    if not isinstance(value, str) or _DAY_FORM.fullmatch(value) is None:
        raise InvalidValue("must be a date as YYYY-MM-DD", "须为 YYYY-MM-DD 格式的日期")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise InvalidValue("is no day of the calendar", "不是日历上的日期") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidValue(f"must lie between {FIRST_DAY} and {LAST_DAY}", f"须在 {FIRST_DAY} 与 {LAST_DAY} 之间")
    return day


def _given(value: object) -> object:
    if value is None:
        raise InvalidValue("is null: leave the field out instead", "为 null：不需要的字段请不要写")
    return value


def _tier_number(value: object) -> object:
    value = whole(value)
    if type(value) is not int:  # true == 1, which is enough for a Literal
        raise InvalidValue("must be 0, 1, 2 or 3", "须为 0、1、2 或 3")
    return value


def _new_year(fields: dict[str, Any]) -> date:
    return date(fields["year"], 1, 1)


T = TypeVar("T")
Given = Annotated[T | None, BeforeValidator(_given)]
"""A field that may be absent (None here), but not null in JSON."""

Id = Annotated[str, Field(pattern=ID_PATTERN)]
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Region = Annotated[str, Field(pattern=REGION_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=NOT_BLANK_PATTERN)]
Day = Annotated[
    date,
    PlainValidator(_parse_day),
    PlainSerializer(date.isoformat, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DAY_PATTERN}),
]
Diagnosis = Annotated[str, Field(pattern=DIAGNOSIS_PATTERN)]

PersonId = Annotated[Id, Field(description="the insured's pseudonymous number, never the national ID")]
HospitalId = Annotated[Id, Field(description="the hospital's number, as the bureau registered it")]
AdmissionId = Annotated[Id, Field(description="the hospital's number of the stay")]
ClaimId = Annotated[Id, Field(description="the number of the claim, never used again for another")]
Reason = Annotated[Text, Field(description="why, in words for people")]
Clause = Annotated[Given[Text], Field(description="the clause it rests on")]
Stage = Annotated[Given[Literal["late"]], Field(description="late, where the disease is at its late stage")]
Prepaid = Annotated[
    bool, Field(description="whether the person paid the whole bill, so that the funds repay the person")
]


class FactData(BaseModel):
    """What every fact's data keeps to: exact types, known fields, no changes after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True)
class FactType:
    """One intake type: its data, and the kinds of source that may state it."""

    model: type[FactData]
    kinds: tuple[str, ...]


# the kinds of source
HOSPITAL = "hospital"
BUREAU = "bureau"
CIVIL_AFFAIRS = "civil-affairs"
POVERTY_OFFICE = "poverty-office"
LEDGER = "ledger"

FACTS: dict[str, FactType] = {}
"""Every intake type, in the order of the models."""

Model = TypeVar("Model", bound=type[FactData])


def stated_by(*kinds: str, type_: str) -> Callable[[Model], Model]:
    """Enter a model under its type, with the kinds of source that may state it."""

    def enter(model: Model) -> Model:
        FACTS[type_] = FactType(model, kinds)
        return model

    return enter


class Bill(FactData):
    """The five parts of a bill; fen in Python, yuan in JSON."""

    total: Yuan = Field(description="医疗费总额, yuan")
    in_scope: Yuan = Field(description="符合政策范围, yuan")
    upfront_copay: Yuan = Field(description="先行自付, yuan")
    over_limit: Yuan = Field(description="超限价, yuan")
    self_funded: Yuan = Field(description="全自费(目录外), yuan")

    def adds_up(self) -> bool:
        """Whether the total is the sum of the other four; when not, that is a refusal of its own."""
        return self.total == self.in_scope + self.upfront_copay + self.over_limit + self.self_funded


@stated_by(BUREAU, type_="hospital.registered.v1")
class HospitalRegistered(FactData):
    """A bureau names a hospital where insured people are treated, or changes what it said of it."""

    hospital_id: HospitalId
    name: Text = Field(description="the hospital's name")
    tier: Annotated[Tier, BeforeValidator(_tier_number)] = Field(description="医疗机构等级: 0 township, 1, 2, 3")
    region: Region = Field(description="GB/T 2260 code of where the hospital is")
    designated_from: Day = Field(description="first day as a designated hospital")
    designated_until: Given[Day] = Field(
        default=None, description="first day no longer designated; absent: no end known"
    )

    @field_validator("designated_until")
    @classmethod
    def _after_it_began(cls, until: date | None, info: ValidationInfo) -> date | None:
        begun = info.data.get("designated_from")
        if until is not None and begun is not None and until <= begun:
            raise InvalidValue("must be after designated_from", "须晚于 designated_from")
        return until


@stated_by(BUREAU, type_="hospital.suspended.v1")
class HospitalSuspended(FactData):
    """A bureau suspends a hospital's service agreement: claims of those days are refused (上高 三5)."""

    hospital_id: HospitalId
    effective_on: Day = Field(description="first day suspended")
    reason: Reason
    clause: Clause = None


@stated_by(BUREAU, type_="hospital.reinstated.v1")
class HospitalReinstated(FactData):
    """A suspended hospital is designated again."""

    hospital_id: HospitalId
    effective_on: Day = Field(description="first day no longer suspended")
    reason: Reason


@stated_by(BUREAU, type_="enrollment.recorded.v1")
class EnrollmentRecorded(FactData):
    """A person is insured for a year; a second enrollment for the year replaces the first."""

    person_id: PersonId
    region: Region = Field(description="GB/T 2260 code of the region that insures the person")
    year: Annotated[int, BeforeValidator(whole)] = Field(ge=2000, le=2100, description="benefit year, a calendar year")
    effective_on: Day = Field(default_factory=_new_year, description="first day insured; absent: 1 January of the year")
    self_paid: Given[Yuan] = Field(default=None, description="premium the person has paid already, yuan")


EnrollmentEndReason = Literal["employee_insurance", "withdrawn", "moved_away", "other"]


@stated_by(BUREAU, type_="enrollment.ended.v1")
class EnrollmentEnded(FactData):
    """A person's insurance of a year ends before 31 December. A second end replaces the first, an enrollment both."""

    person_id: PersonId
    region: Region = Field(description="GB/T 2260 code of the region that insured the person")
    year: Annotated[int, BeforeValidator(whole)] = Field(ge=2000, le=2100, description="benefit year, a calendar year")
    effective_on: Day = Field(description="first day no longer insured, within the year")
    reason: EnrollmentEndReason = Field(
        description="employee_insurance 转职工医保, withdrawn 退保, moved_away 参保地转出, other 其他"
    )

    @field_validator("effective_on")
    @classmethod
    def _within_the_year(cls, day: date, info: ValidationInfo) -> date:
        if "year" in info.data and day.year != info.data["year"]:
            raise ValueError("must lie in data.year")
        return day


@stated_by(CIVIL_AFFAIRS, POVERTY_OFFICE, type_="roster.changed.v1")
class RosterChanged(FactData):
    """A person enters or leaves a category of people whom assistance is for."""

    person_id: PersonId
    category: Code = Field(description="救助对象类别")
    change: Literal["added", "removed"]
    effective_on: Day = Field(description="first day in the category, or first day no longer in it")


@stated_by(BUREAU, CIVIL_AFFAIRS, type_="person.died.v1")
class PersonDied(FactData):
    """A person has died: the person's enrollments end with that day. A second report replaces the first."""

    person_id: PersonId
    died_on: Day = Field(description="day of death, the last day insured")


class ChronicCard(FactData):
    """A person's card for treatment of one chronic disease outside hospital stays."""

    person_id: PersonId
    disease: Code = Field(description="disease code of the scheme")
    disease_class: DiseaseClass = Field(description="门诊慢特病 class I or II")
    effective_on: Day = Field(description="first day valid, or first day no longer valid")


@stated_by(BUREAU, type_="chronic_card.issued.v1")
class ChronicCardIssued(ChronicCard):
    """A chronic card is given."""


@stated_by(BUREAU, type_="chronic_card.revoked.v1")
class ChronicCardRevoked(ChronicCard):
    """Every earlier card of the person for the disease ends."""


@stated_by(HOSPITAL, type_="admission.cancelled.v1")
class AdmissionCancelled(FactData):
    """A hospital takes back an admission."""

    admission_id: AdmissionId
    reason: Reason


@stated_by(HOSPITAL, type_="admission.recorded.v1")
class AdmissionRecorded(FactData):
    """A hospital admits a person."""

    admission_id: AdmissionId
    person_id: PersonId
    hospital_id: HospitalId
    admitted_on: Day = Field(description="day of admission")
    diagnoses: tuple[Diagnosis, ...] = Field(strict=False, description="ICD-10 codes, the main one first")
    referred_from: Given[Id] = Field(default=None, description="admission_id of the stay this one was referred from")
    filed: bool = Field(default=True, description="异地备案: whether treatment away from home was filed")


@stated_by(HOSPITAL, type_="discharge.recorded.v1")
class DischargeRecorded(FactData):
    """A hospital discharges a person and claims the bill of the stay."""

    claim_id: ClaimId
    admission_id: AdmissionId
    person_id: PersonId
    discharged_on: Day = Field(description="day of discharge, which is the claim's date")
    bill: Bill
    disease: Given[Code] = Field(default=None, description="disease code of the scheme, where one is treated")
    stage: Stage = None
    prepaid: Prepaid = False


@stated_by(HOSPITAL, type_="outpatient.recorded.v1")
class OutpatientRecorded(FactData):
    """A hospital or pharmacy claims the bill of one visit."""

    claim_id: ClaimId
    person_id: PersonId
    hospital_id: HospitalId
    served_on: Day = Field(description="day of the visit, which is the claim's date")
    setting: OutpatientSetting = Field(description="就医类型")
    disease: Given[Code] = Field(default=None, description="disease code of the scheme, where one is treated")
    stage: Stage = None
    prescribed_by: Given[Id] = Field(default=None, description="hospital_id of the hospital that prescribed")
    bill: Bill
    prepaid: Prepaid = False


@stated_by(HOSPITAL, BUREAU, type_="claim.reversed.v1")
class ClaimReversed(FactData):
    """A claim is taken back whole."""

    claim_id: ClaimId
    reason: Reason


@stated_by(HOSPITAL, type_="claim.corrected.v1")
class ClaimCorrected(FactData):
    """A hospital replaces the bill of its claim."""

    claim_id: ClaimId
    bill: Bill
    reason: Reason


@stated_by(BUREAU, type_="audit.found.v1")
class AuditFound(FactData):
    """A bureau finds an amount on a claim that the funds do not bear."""

    finding_id: Id = Field(description="the bureau's number of the finding")
    claim_id: ClaimId
    amount: Yuan = Field(description="what the funds do not bear, yuan")
    borne_by: Literal["hospital", "person"]
    reason: Reason


Lender = Literal["bureau", "poverty_office", "township_station"]


@stated_by(BUREAU, POVERTY_OFFICE, type_="advance.issued.v1")
class AdvanceIssued(FactData):
    """The emergency fund lends a person money before treatment outside the county (上高 二5).

    A township's poverty station examines the request and lends, and files it with the bureau; the poverty office or the
    bureau may lend too, and either may state what a station lent.
    """

    advance_id: Id = Field(description="the number of the advance, one in its region whoever states it")
    person_id: PersonId
    amount: Yuan = Field(description="what was lent, yuan")
    issued_on: Day = Field(description="day it was paid out")
    lent_by: Given[Lender] = Field(
        default=None,
        description="who examined and lent it: bureau 医保局, poverty_office 扶贫部门, "
        "township_station 乡镇扶贫工作站; absent: the source",
    )
    filed_on: Given[Day] = Field(default=None, description="day it was filed with the bureau 备案, where it was")

    def lender(self, source: str) -> Lender:
        """Who lent it, where ``source`` states it."""
        return self.lent_by or ("bureau" if source.startswith(f"{BUREAU}/") else "poverty_office")


@stated_by(BUREAU, type_="fine.imposed.v1")
class FineImposed(FactData):
    """A bureau fines a hospital. It stands in a register of its own and changes no settlement (上高 三5)."""

    fine_id: Id = Field(description="the bureau's number of the fine")
    hospital_id: HospitalId
    amount: Yuan = Field(description="罚款, yuan")
    imposed_on: Day = Field(description="day of the decision")
    reason: Reason
    clause: Clause = None


@stated_by(LEDGER, type_="resettlement.ordered.v1")
class ResettlementOrdered(FactData):
    """The ledger's operator moves claims of some persons to the text of their scheme that is in force."""

    scheme: Id = Field(description="name of the scheme")
    scheme_hash: str = Field(pattern=HASH_PATTERN, description="sha256 of the text in force, to which claims move")
    since: Day = Field(description="claims of this day or later move")
    persons: tuple[PersonId, ...] = Field(strict=False, max_length=PERSONS_PER_ORDER, description="whose claims move")
    actor: Text = Field(description="who orders it")
