"""Grants: paid to the person, not against one bill.

The annual one (安义 二(八)) is docs/domain.md#annual_grant, the one-off one (长治 三(二)2)
docs/domain.md#one_off_grant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from events.codes import Setting
from policies.condition import Diseases
from policies.values import Amount, Dated


class AnnualGrant(Dated):
    """``amount`` once a year when the year's patient shares for the diseases, while poor, go over ``threshold``."""

    kind: Literal["annual"]
    diseases: Diseases
    threshold: Amount
    amount: Amount


class OneOffGrant(Dated):
    """``amount`` once in a life at the first claim of a listed disease at stage ``late`` while poor.

    ``settings`` names whose claims count; inpatient ones where a text leaves it out.
    """

    kind: Literal["one_off"]
    diseases: Diseases
    settings: Annotated[tuple[Setting, ...], Field(min_length=1)] = ("inpatient",)
    amount: Amount


AnyGrant = Annotated[AnnualGrant | OneOffGrant, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class GrantClaim:
    """What a grant reads of a standing, settled claim; ``share`` is the patient share without audit amounts, in fen."""

    claim_id: str
    number: int
    day: date
    setting: str
    disease: str | None
    late: bool
    poor: bool
    share: int
    scheme: str

    @property
    def year(self) -> int:
        """The benefit year."""
        return self.day.year


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant due: ``year`` is None for one that is given once in a life; ``scheme`` the hash that the claim pins."""

    kind: str
    year: int | None
    claim_id: str
    amount: int
    scheme: str
    cite: str


def grants_due(claims: Iterable[GrantClaim], offered: Mapping[str, list[AnyGrant]]) -> list[Grant]:
    """All grants due on a person's standing claims under one scheme, over all years, in ledger order.

    ``offered`` gives the grants of each pinned version of the scheme by its hash.
    """
    shares: dict[int, int] = {}
    due: dict[tuple[str, int | None], Grant] = {}
    for claim in sorted(claims, key=lambda claim: claim.number):
        for grant in offered[claim.scheme]:
            if not claim.poor or claim.disease not in grant.diseases or not grant.holds_on(claim.day):
                continue
            match grant:
                case AnnualGrant():
                    shares[claim.year] = shares.get(claim.year, 0) + claim.share
                    if shares[claim.year] > grant.threshold:
                        due.setdefault(("annual", claim.year), _grant(claim, grant, claim.year))
                case OneOffGrant():
                    if claim.setting in grant.settings and claim.late:
                        due.setdefault(("one_off", None), _grant(claim, grant, None))
    return list(due.values())


def _grant(claim: GrantClaim, grant: AnyGrant, year: int | None) -> Grant:
    return Grant(grant.kind, year, claim.claim_id, grant.amount, claim.scheme, grant.citation)
