"""What the facts' models are made of: the types of their fields, and the register that they enter themselves in."""

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
    WithJsonSchema,
)

from events.codes import CODE_PATTERN, ID_PATTERN, REGION_PATTERN
from events.envelope import whole
from events.money import Yuan
from events.refusals import InvalidValue

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2100, 12, 31)

DIAGNOSIS_PATTERN = r"^[A-Za-z0-9.*+\-]{1,16}$"
HASH_PATTERN = r"^[0-9a-f]{64}$"
INVOICE_PATTERN = r"^[0-9A-Z]{4,40}$"
"""票据代码 and 票据号码 in one: digits and capital letters alone, so that one invoice is written in one way."""

NOT_BLANK_PATTERN = r"^[^\x00]*[^\x00\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00]*$"
"""Holds a character that is no white space, of Unicode's list: \\S means another set in each language."""

MONTH_PATTERN = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"
TOWNSHIP_PATTERN = r"^[1-9][0-9]{8}$"
VILLAGE_PATTERN = r"^[1-9][0-9]{11}$"

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


T = TypeVar("T")
Given = Annotated[T | None, BeforeValidator(_given)]
"""A field that may be absent (None here), but not null in JSON."""

Id = Annotated[str, Field(pattern=ID_PATTERN)]
Region = Annotated[str, Field(pattern=REGION_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=NOT_BLANK_PATTERN)]
Day = Annotated[
    date,
    PlainValidator(_parse_day),
    PlainSerializer(date.isoformat, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DAY_PATTERN}),
]
Month = Annotated[str, Field(pattern=MONTH_PATTERN)]
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Diagnosis = Annotated[str, Field(pattern=DIAGNOSIS_PATTERN)]

PersonId = Annotated[Id, Field(description="the insured's pseudonymous number, never the national ID")]
HospitalId = Annotated[Id, Field(description="the hospital's number, as the bureau registered it")]
AdmissionId = Annotated[Id, Field(description="the hospital's number of the stay")]
ClaimId = Annotated[Id, Field(description="the number of the claim, never used again for another")]
Reason = Annotated[Text, Field(description="why, in words for people")]
Clause = Annotated[Given[Text], Field(description="the clause it rests on")]
Emergency = Annotated[bool, Field(description="急诊: whether it was an emergency")]
StayKind = Annotated[
    Given[Code],
    Field(description="kind of stay: ordinary, day_surgery, maternity, home_bed, or any code"),
]
Stage = Annotated[Given[Literal["late"]], Field(description="late, where the disease is at its late stage")]
Prepaid = Annotated[
    bool, Field(description="whether the person paid the whole bill, so that the funds repay the person")
]


Invoice = Annotated[
    str, Field(pattern=INVOICE_PATTERN, description="票据代码 and 票据号码 of the invoice in one, no blanks or hyphens")
]
Digest = Annotated[str, Field(pattern=HASH_PATTERN)]


class FactData(BaseModel):
    """What every fact's data keeps to: exact types, known fields, no changes after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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


def tier_number(value: object) -> object:
    """A tier as it may be written, ``3`` or ``3.0``; raises ``InvalidValue``."""
    value = whole(value)
    if type(value) is not int:  # true == 1, which is enough for a Literal
        raise InvalidValue("must be 0, 1, 2 or 3", "须为 0、1、2 或 3")
    return value


@dataclass(frozen=True, slots=True)
class FactType:
    """One intake type: its data, and the kinds of source that may state it.

    ``upcast`` takes the data of an older version of a type to the model of its newest, which alone is known inside.
    """

    model: type[FactData]
    kinds: tuple[str, ...]
    upcast: Callable[[Any], FactData] | None = None


# the kinds of source
HOSPITAL = "hospital"
BUREAU = "bureau"
CIVIL_AFFAIRS = "civil-affairs"
POVERTY_OFFICE = "poverty-office"
LEDGER = "ledger"

FACTS: dict[str, FactType] = {}
"""Every intake type, in the order of the models."""

Model = TypeVar("Model", bound=type[FactData])


def stated_by(*kinds: str, type_: str, upcast: Callable[[Any], FactData] | None = None) -> Callable[[Model], Model]:
    """Enter a model under its type, with the kinds of source that may state it."""

    def enter(model: Model) -> Model:
        FACTS[type_] = FactType(model, kinds, upcast)
        return model

    return enter
