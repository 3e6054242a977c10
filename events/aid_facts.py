"""The facts about aid that somebody decides claim by claim: a charity's, 临时救助."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from events.fact_fields import (
    BUREAU,
    CIVIL_AFFAIRS,
    POVERTY_OFFICE,
    ClaimId,
    Code,
    Day,
    FactData,
    Id,
    Reason,
    Text,
    stated_by,
)
from events.money import Yuan
from events.refusals import InvalidValue

OFFICES_OF_AID = (BUREAU, CIVIL_AFFAIRS, POVERTY_OFFICE)
"""The kinds of source that state what a charity, or an office, has decided."""


class _ByTwoPersons(FactData):
    decision_id: Id = Field(description="the number of the decision, used once in its region by all its offices")
    claim_id: ClaimId
    decided_by: Text = Field(description="who decided")
    approved_by: Text = Field(description="who approved it: another person")

    @model_validator(mode="after")
    def _two_persons(self) -> Self:
        if self.decided_by.strip().casefold() == self.approved_by.strip().casefold():
            raise InvalidValue("decided_by and approved_by must be two persons", "决定人与审批人须为两人")
        return self


@stated_by(*OFFICES_OF_AID, type_="aid.decided.v1")
class AidDecided(_ByTwoPersons):
    """Of one claim it is decided what a layer pays whose scheme leaves the amount to a decision (rule ``decided``).

    Several decisions on a claim add up. What the layer pays is never more than what is left to the person.
    """

    layer: Code = Field(description="the layer of the claim's scheme that pays it, such as charity")
    amount: Yuan = Field(description="what is granted, yuan, above 0")
    decided_on: Day = Field(description="day of the decision, not before the claim's date")
    document: Text = Field(description="文号: the number of the decision's document")

    @field_validator("amount")
    @classmethod
    def _something(cls, amount: int) -> int:
        if amount == 0:
            raise InvalidValue("must be above 0", "须大于 0")
        return amount


@stated_by(*OFFICES_OF_AID, type_="aid.withdrawn.v1")
class AidWithdrawn(_ByTwoPersons):
    """A decision is taken back: its amount is no longer paid of its claim."""

    withdrawn_on: Day = Field(description="day on which it was taken back")
    reason: Reason
