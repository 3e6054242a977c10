"""When a case of a stage applies to a claim."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from events.codes import Setting, Submitter
from policies.claim import Claim, Place, place_of
from policies.claim_facts import FactCondition, as_list, facts_of
from policies.values import CardClass, Day, DiseaseCode, Strict, Tier
from policies.vocabulary import known


def _known_category(value: object, info: ValidationInfo) -> object:
    if not known("categories", value, info):
        raise ValueError(f"{value!r} 不是救助对象类别 is not a category")
    return value


Diseases = list[DiseaseCode]
Categories = list[Annotated[str, BeforeValidator(_known_category)]]


class Condition(Strict, FactCondition):
    """All that is given must hold. ``member`` asks for any of the categories, ``poor`` for the scheme's poor."""

    setting: Annotated[list[Setting] | None, BeforeValidator(as_list)] = None
    poor: Literal[True] | None = None
    member: Categories | None = None
    diseases: Diseases | None = None
    late: Literal[True] | None = None
    tiers: list[Tier] | None = None
    card_class: CardClass | None = None
    card_or_disease: Literal[True] | None = None
    case_quota: Literal[True] | None = None
    submitted_by: Submitter | None = None
    from_: Day | None = Field(default=None, alias="from")
    place: Annotated[list[Place] | None, BeforeValidator(as_list)] = None

    def holds(self, claim: Claim, *, poor: bool, quota: bool) -> bool:
        """Whether a claim, of a poor person or not, under the case quota or not, meets every part."""
        return (
            (self.setting is None or claim.setting in self.setting)
            and (self.poor is None or poor)
            and (self.member is None or any(category in claim.categories for category in self.member))
            and (self.diseases is None or claim.disease in self.diseases)
            and (self.late is None or claim.late)
            and (self.tiers is None or claim.tier in self.tiers)
            and (self.card_class is None or claim.card_class == self.card_class)
            and (self.card_or_disease is None or claim.any_card or claim.disease is not None)
            and (self.case_quota is None or quota)
            and (self.submitted_by is None or claim.submitted_by == self.submitted_by)
            and (self.from_ is None or self.from_ <= claim.date)
            and (self.place is None or place_of(claim) in self.place)
            and (not self.asked or self.met_by(facts_of(claim)))
        )
