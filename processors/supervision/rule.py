"""How a rule of supervision is written: a pure function from claims to what it finds.

A module of ``processors/supervision/rules/`` holds one rule, and names it ``RULE``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from policies.engine import Schemes
from policies.supervision.text import SupervisionHistory, SupervisionText
from policies.supervision.values import RuleTerms, Severity
from processors.supervision.claim import LedgerFact, SupervisedClaim, SupervisedHospital, SupervisedPerson


class PeerStanding(Struct, frozen=True, gc=False):
    """Where a figure stands among its peers: their group, how many, their median, its percentile and robust z.

    ``remark`` says what a group of few cases falls back to, in Chinese and English.
    """

    group: str
    n: int
    median: str
    percentile: str | None
    z: str | None = None
    remark: str | None = None


class RuleFinding(Struct, frozen=True, gc=False):
    """What a rule finds, and all that the lead will show.

    ``key`` is what makes it the same lead again when it is found again: ids and days, never figures that later facts
    change. ``claims`` are what it is about; their money is shown, and their facts, which are read when the lead is
    recorded. ``at_risk`` is fund money in fen by layer where it is not all that the funds paid of the claims.
    ``outlier`` is how far it stands out, 1 for what the rule just marks: leads are ranked by outlier × money.
    ``evidence`` is what the rule knows of it, as JSON; ``facts`` are further facts beside the claims' own. ``excluded``
    are exceptions that were looked at and do not apply, ``unchecked`` those that the ledger can't look at; each in
    Chinese, then English.
    """

    rule: str
    severity: Severity
    text: SupervisionText
    terms: RuleTerms
    key: tuple[str, ...]
    claims: tuple[SupervisedClaim, ...]
    evidence: Mapping[str, Any]
    region: str
    person_id: str | None = None
    hospital_id: str | None = None
    dates: tuple[date, ...] = ()
    at_risk: Mapping[str, int] | None = None
    outlier: float = 1.0
    facts: tuple[LedgerFact, ...] = ()
    peers: PeerStanding | None = None
    excluded: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def fund_money(self) -> Mapping[str, int]:
        """Fund money at risk in fen by layer."""
        if self.at_risk is not None:
            return self.at_risk
        sums: dict[str, int] = {}
        for claim in self.claims:
            for layer, amount in claim.paid_by_layer.items():
                sums[layer] = sums.get(layer, 0) + amount
        return sums


class SupervisionContext(Struct, frozen=True):
    """What a rule may look at beside its claims: the texts adopted, hospitals, and the schemes that claims are under.

    ``filing_regions`` are the regions whose bureaus have filed any treatment away from home. Elsewhere nobody files,
    and that nothing is filed says nothing.
    """

    history: SupervisionHistory
    hospitals: Mapping[str, SupervisedHospital]
    schemes: Schemes
    filing_regions: frozenset[str] = frozenset()

    def text(self, day: date, region: str) -> SupervisionText:
        """The text in force for a day of service and a region."""
        return self.history.in_force(day, region)


PersonFinder = Callable[[SupervisedPerson, SupervisionContext], Iterable[RuleFinding]]


COMPARED_YEARS = 3
"""A year is compared with so many before it: a hospital's own three years, of which most rules take the last."""


class YearClaims(Struct, frozen=True):
    """All claims of a benefit year, reversed ones too, and of ``COMPARED_YEARS`` before it, by year and id."""

    year: int
    claims: Sequence[SupervisedClaim]
    before: Sequence[SupervisedClaim]


YearFinder = Callable[[YearClaims, SupervisionContext], Iterable[RuleFinding]]


class SupervisionRule(Struct, frozen=True):
    """A rule: its code, the version of its logic, its Chinese name, and how it finds.

    ``of_person`` reads one person's claims at a time, ``of_year`` all claims of a benefit year; a rule may do both.
    """

    code: str
    logic: int
    name: str
    of_person: PersonFinder | None = None
    of_year: YearFinder | None = None
