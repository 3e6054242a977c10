"""The fact that a person paid a bill and brought it to the window on paper."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from events.codes import Setting, Tier
from events.fact_fields import (
    BUREAU,
    Bill,
    ClaimId,
    Code,
    Day,
    Digest,
    Emergency,
    FactData,
    Given,
    Id,
    Invoice,
    PersonId,
    Region,
    Stage,
    StayKind,
    Text,
    stated_by,
    tier_number,
)
from events.refusals import InvalidValue


def _paid_by_the_person(value: object) -> object:
    if value is not True:  # 1 == true, which is enough for a Literal
        raise InvalidValue(
            "must be true: a bill on paper was paid by the person", "须为 true：手工报销的费用已由本人垫付"
        )
    return value


_SCHEMA: JsonDict = {
    "if": {"properties": {"setting": {"const": "inpatient"}}},
    "then": {"required": ["admitted_on"]},
    "else": {"properties": {"admitted_on": False, "referred_from": False, "filed": {"const": False}}},
}
"""JSON Schema's way to say what a stay states and a visit does not."""


@stated_by(BUREAU, type_="bill.submitted.v1")
class BillSubmitted(FactData):
    """A bureau claims a bill that one of its insured paid and brought on paper to its window (手工报销, 零星报销).

    The register says of a hospital that stands in it what the papers may say of any other: name, tier and region.
    """

    model_config = ConfigDict(json_schema_extra=_SCHEMA)

    claim_id: ClaimId
    submitted_by: Literal["bureau"] = Field(default="bureau", description="who claims it")
    person_id: PersonId
    invoice: Invoice
    papers: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=50)] = Field(
        strict=False, description="sha256 of each paper as it was scanned, hex"
    )
    hospital_id: Id = Field(description="the hospital's number, as the bureau registered it or the papers show it")
    hospital_name: Given[Text] = Field(default=None, description="its name on the papers")
    hospital_tier: Annotated[Given[Tier], BeforeValidator(tier_number)] = Field(
        default=None, description="医疗机构等级 on the papers"
    )
    hospital_region: Given[Region] = Field(default=None, description="GB/T 2260 code of where the hospital is")
    setting: Setting = Field(description="就医类型")
    admitted_on: Given[Day] = Field(default=None, description="day of admission, of a stay alone")
    served_on: Day = Field(description="day of discharge or of the visit, which is the claim's date")
    referred_from: Given[Id] = Field(default=None, description="admission_id of the stay this one was referred from")
    filed: bool = Field(default=False, description="异地备案: true, or as the bureau's filings say")
    disease: Given[Code] = Field(default=None, description="disease code of the scheme, where one is treated")
    stage: Stage = None
    prescribed_by: Given[Id] = Field(default=None, description="hospital_id of the hospital that prescribed")
    bill: Bill
    prepaid: Annotated[Literal[True], BeforeValidator(_paid_by_the_person)] = Field(
        default=True, description="the person paid the whole bill, and the funds repay the person"
    )
    emergency: Emergency = False
    stay_kind: StayKind = None

    @model_validator(mode="after")
    def _says_what_its_setting_needs(self) -> Self:
        stay = self.setting == "inpatient"
        if stay != (self.admitted_on is not None):
            raise InvalidValue(
                "must have admitted_on for a stay, and for nothing else", "住院须写 admitted_on，其他就医类型不写"
            )
        if not stay and (self.referred_from is not None or self.filed):
            raise InvalidValue("referred_from and filed are of a stay alone", "referred_from、filed 仅用于住院")
        return self
