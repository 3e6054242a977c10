"""The facts about who is insured where, since when, and as what."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from events.codes import RESIDENT, Sex
from events.envelope import whole
from events.fact_fields import (
    BUREAU,
    TOWNSHIP_PATTERN,
    VILLAGE_PATTERN,
    Code,
    Day,
    FactData,
    Given,
    Id,
    Month,
    PersonId,
    Region,
    stated_by,
)
from events.money import Yuan
from events.refusals import InvalidValue


def _new_year(fields: dict[str, Any]) -> date:
    return date(fields["year"], 1, 1)


def _resident(first: "FirstEnrollmentRecorded") -> "EnrollmentRecorded":
    """What version 1 says: the person is insured as a resident, and nothing of what version 2 adds.

    Built without validation: an amount was yuan in JSON and is fen by now.
    """
    said = {name: getattr(first, name) for name in type(first).model_fields}
    fields_set = {*first.model_fields_set, "insurance_type"}
    return EnrollmentRecorded.model_construct(fields_set, **said, insurance_type=RESIDENT)


@stated_by(BUREAU, type_="enrollment.recorded.v1", upcast=_resident)
class FirstEnrollmentRecorded(FactData):
    """A resident is insured for a year. Version 2 says more."""

    person_id: PersonId
    region: Region = Field(description="GB/T 2260 code of the region that insures the person")
    year: Annotated[int, BeforeValidator(whole)] = Field(ge=2000, le=2100, description="benefit year, a calendar year")
    effective_on: Day = Field(default_factory=_new_year, description="first day insured; absent: 1 January of the year")
    self_paid: Given[Yuan] = Field(default=None, description="premium the person has paid already, yuan")


@stated_by(BUREAU, type_="enrollment.recorded.v2")
class EnrollmentRecorded(FirstEnrollmentRecorded):
    """A person is insured for a year; a second enrollment for the year replaces the first.

    What is absent stays as it was said of the year before.
    """

    insurance_type: Code = Field(
        description="参保类型: resident, employee_active, employee_retired; any code is taken, resident is version 1's"
    )
    birth_month: Given[Month] = Field(default=None, description="month of birth, YYYY-MM")
    sex: Given[Sex] = Field(default=None, description="male 男, female 女")
    household_id: Given[Id] = Field(default=None, description="the bureau's number of the household")
    township: Given[Annotated[str, Field(pattern=TOWNSHIP_PATTERN)]] = Field(
        default=None, description="乡镇(街道), 9 digits that begin with the region"
    )
    village: Given[Annotated[str, Field(pattern=VILLAGE_PATTERN)]] = Field(
        default=None, description="村(社区), 12 digits that begin with the region, and with the township"
    )
    contracted_doctor: Given[bool] = Field(default=None, description="家庭医生签约: whether a doctor is contracted")
    years_insured: Given[Annotated[int, BeforeValidator(whole), Field(ge=1, le=100)]] = Field(
        default=None, description="连续参保年数: years insured without a break, this one included"
    )

    @field_validator("township")
    @classmethod
    def _in_the_region(cls, township: str | None, info: ValidationInfo) -> str | None:
        region = info.data.get("region")
        if township is not None and region is not None and not township.startswith(region):
            raise InvalidValue("must begin with data.region", "须以 data.region 开头")
        return township

    @field_validator("village")
    @classmethod
    def _in_the_township(cls, village: str | None, info: ValidationInfo) -> str | None:
        for place in ("region", "township"):
            outer = info.data.get(place)
            if village is not None and outer is not None and not village.startswith(outer):
                raise InvalidValue(f"must begin with data.{place}", f"须以 data.{place} 开头")
        return village


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
            raise InvalidValue("must lie in data.year", "须在 data.year 年度内")
        return day
