"""The facts that sources may state: one frozen model per intake type, nothing missing, nothing unknown.

Each model says under which type it is stated, and by which kinds of source.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from events.aid_facts import AidDecided as AidDecided
from events.aid_facts import AidWithdrawn as AidWithdrawn
from events.codes import AuditPart, DiseaseClass, FilingKind, InstitutionKind, OutpatientSetting, Tier
from events.enrollment_facts import EnrollmentEnded as EnrollmentEnded
from events.enrollment_facts import EnrollmentRecorded as EnrollmentRecorded
from events.fact_fields import (
    BUREAU,
    CIVIL_AFFAIRS,
    HASH_PATTERN,
    HOSPITAL,
    LEDGER,
    POVERTY_OFFICE,
    AdmissionId,
    ClaimId,
    Clause,
    Code,
    Day,
    Diagnosis,
    Emergency,
    Given,
    HospitalId,
    Id,
    PersonId,
    Prepaid,
    Reason,
    Region,
    Stage,
    StayKind,
    Text,
    stated_by,
    tier_number,
)
from events.fact_fields import Bill as Bill
from events.fact_fields import FactData as FactData
from events.money import Yuan
from events.paper_facts import BillSubmitted as BillSubmitted
from events.refusals import InvalidValue

PERSONS_PER_ORDER = 20
"""So many persons' claims intake moves at once: what arrives behind them waits for no more."""


@stated_by(BUREAU, type_="hospital.registered.v1")
class HospitalRegistered(FactData):
    """A bureau names a hospital where insured people are treated, or changes what it said of it."""

    hospital_id: HospitalId
    name: Text = Field(description="the hospital's name")
    tier: Annotated[Tier, BeforeValidator(tier_number)] = Field(description="医疗机构等级: 0 township, 1, 2, 3")
    region: Region = Field(description="GB/T 2260 code of where the hospital is")
    designated_from: Day = Field(description="first day as a designated hospital")
    designated_until: Given[Day] = Field(
        default=None, description="first day no longer designated; absent: no end known"
    )
    kind: Given[InstitutionKind] = Field(
        default=None,
        description="hospital 医院和卫生院, village_clinic 村卫生室, pharmacy 定点零售药店; absent: "
        "what was said before, or hospital",
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


CardError = Literal["wrong", "missed", "incomplete"]
"""What was wrong about a person's card: given by mistake, not given, or with data that lack (上高 二1)."""


class ChronicCard(FactData):
    """A person's card for treatment of one chronic disease outside hospital stays."""

    person_id: PersonId
    disease: Code = Field(description="disease code of the scheme")
    disease_class: DiseaseClass = Field(description="门诊慢特病 class I or II")
    effective_on: Day = Field(description="first day valid, or first day no longer valid")


@stated_by(BUREAU, type_="chronic_card.issued.v1")
class ChronicCardIssued(ChronicCard):
    """A chronic card is given."""

    on_site: bool = Field(
        default=False, description="issued at the home or in the township of who can't come (上高 二1)"
    )
    corrects: Given[CardError] = Field(
        default=None,
        description="what this puts right: missed 漏办, wrong 错办, incomplete 信息不全; absent: nothing was wrong",
    )


@stated_by(BUREAU, type_="chronic_card.revoked.v1")
class ChronicCardRevoked(ChronicCard):
    """Every earlier card of the person for the disease ends."""

    corrects: Given[CardError] = Field(
        default=None,
        description="what this puts right: wrong 错办, incomplete 信息不全; absent: the card was right until now",
    )


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
    emergency: Emergency = False
    stay_kind: StayKind = None


@stated_by(HOSPITAL, type_="admission.changed.v1")
class AdmissionChanged(FactData):
    """A hospital changes what it said of a stay, before the discharge: what is absent stays as it was."""

    # JSON Schema's way to say that one of the others must be there
    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    admission_id: AdmissionId
    admitted_on: Given[Day] = Field(default=None, description="day of admission")
    diagnoses: Given[Annotated[tuple[Diagnosis, ...], Field(strict=False)]] = Field(
        default=None, description="ICD-10 codes, the main one first, in place of those said before"
    )
    filed: Given[bool] = Field(default=None, description="异地备案: whether treatment away from home was filed")
    emergency: Given[bool] = Field(default=None, description="急诊: whether it was an emergency")
    stay_kind: StayKind = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if len(self.model_fields_set) == 1:
            raise InvalidValue("must say what changes", "须写明变更内容")
        return self


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


@stated_by(HOSPITAL, type_="interim.recorded.v1")
class InterimRecorded(FactData):
    """A hospital claims the bill of a stay as far as it has come on 31 December (年末中途结算): a claim of that year.

    The stay goes on; its discharge claims what came after.
    """

    claim_id: ClaimId
    admission_id: AdmissionId
    person_id: PersonId
    billed_on: Day = Field(description="31 December of the year that is billed, which is the claim's date")
    bill: Bill
    disease: Given[Code] = Field(default=None, description="disease code of the scheme, where one is treated")
    stage: Stage = None
    prepaid: Prepaid = False

    @field_validator("billed_on")
    @classmethod
    def _new_year_s_eve(cls, billed_on: date) -> date:
        if (billed_on.month, billed_on.day) != (12, 31):
            raise InvalidValue("must be a 31 December", "须为 12 月 31 日")
        return billed_on


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
    emergency: Emergency = False
    stay_kind: StayKind = None


ClaimFact = DischargeRecorded | InterimRecorded | OutpatientRecorded | BillSubmitted
"""What claims a bill."""


@stated_by(HOSPITAL, BUREAU, type_="claim.reversed.v1")
class ClaimReversed(FactData):
    """A claim is taken back whole."""

    claim_id: ClaimId
    reason: Reason


@stated_by(HOSPITAL, BUREAU, type_="claim.corrected.v1")
class ClaimCorrected(FactData):
    """A hospital, or a bureau, replaces the bill of a claim of its own."""

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
    part: Given[AuditPart] = Field(
        default=None,
        description="part of the bill that it leaves, and no other: in_scope 政策范围内, upfront_copay 先行自付, "
        "over_limit 超限价, self_funded 全自费; absent: self_funded first, then over_limit, upfront_copay, in_scope",
    )
    reason: Reason


@stated_by(BUREAU, type_="audit.withdrawn.v1")
class AuditWithdrawn(FactData):
    """A bureau takes back what it had found on a claim, or a part: a review (行政复议) or a court has changed it."""

    finding_id: Id = Field(description="the number of the finding that is taken back, whole or in part")
    claim_id: ClaimId
    amount: Yuan = Field(description="what the funds bear after all, yuan, above 0, at most what still stands of it")
    document: Text = Field(description="文号: the number of the decision that changes the finding")
    reason: Reason

    @field_validator("amount")
    @classmethod
    def _something(cls, amount: int) -> int:
        if amount == 0:
            raise InvalidValue("must be above 0", "须大于 0")
        return amount


Lender = Literal["bureau", "poverty_office", "township_station"]


@stated_by(BUREAU, POVERTY_OFFICE, type_="advance.issued.v1")
class AdvanceIssued(FactData):
    """The emergency fund lends a person money before treatment outside the county (上高 二5).

    A township's poverty station examines the request and lends, and files it with the bureau; the poverty office or the
    bureau may lend too, and either may state what a station lent.
    """

    advance_id: Id = Field(description="the number of the advance, used once in its region by all its offices")
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


@stated_by(BUREAU, type_="referral.filed.v1")
class ReferralFiled(FactData):
    """A bureau files treatment away from home or a referral. A second filing under its number replaces the first."""

    filing_id: Id = Field(description="the bureau's number of the filing")
    person_id: PersonId
    kind: FilingKind = Field(description="away 异地备案, referral 转诊")
    effective_on: Day = Field(description="first day of admission that it covers")
    until: Given[Day] = Field(
        default=None, description="first day it covers no longer; absent: no end known; effective_on: it covers none"
    )
    to_region: Given[Region] = Field(
        default=None, description="GB/T 2260 code: treatment there; a prefecture's: all of it"
    )
    to_hospital: Given[Id] = Field(default=None, description="hospital_id: treatment there")
    reason: Reason

    @field_validator("until")
    @classmethod
    def _not_before_it_began(cls, until: date | None, info: ValidationInfo) -> date | None:
        begun = info.data.get("effective_on")
        if until is not None and begun is not None and until < begun:
            raise InvalidValue("must not be before effective_on", "不得早于 effective_on")
        return until


@stated_by(BUREAU, type_="fine.imposed.v1")
class FineImposed(FactData):
    """A bureau fines a hospital. It stands in a register of its own and changes no settlement (上高 三5)."""

    fine_id: Id = Field(description="the bureau's number of the fine")
    hospital_id: HospitalId
    amount: Yuan = Field(description="罚款, yuan")
    imposed_on: Day = Field(description="day of the decision")
    reason: Reason
    clause: Clause = None
    replaces: Given[Id] = Field(default=None, description="the hospital's fine that this one takes the place of")


@stated_by(LEDGER, type_="resettlement.ordered.v1")
class ResettlementOrdered(FactData):
    """The ledger's operator moves claims of some persons to the text of their scheme that is in force."""

    scheme: Id = Field(description="name of the scheme")
    scheme_hash: str = Field(pattern=HASH_PATTERN, description="sha256 of the text in force, to which claims move")
    since: Day = Field(description="claims of this day or later move")
    persons: tuple[PersonId, ...] = Field(strict=False, max_length=PERSONS_PER_ORDER, description="whose claims move")
    actor: Text = Field(description="who orders it")
