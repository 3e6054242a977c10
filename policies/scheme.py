"""A scheme: one region's law as data. What it may contain, and what must hold before it settles anything."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from events.codes import CODE_PATTERN, RESIDENT, Setting, covers
from policies.chronic_list import ChronicDisease, chronic_problems, serves
from policies.claim import Claim, place_of
from policies.claim_facts import FactKey, facts_of, met
from policies.condition import Categories, Condition
from policies.fund_terms import FundTerms, SupplementaryAccount
from policies.funds import BookedFund, Fund, Funded, PayingFund, fund_of
from policies.grants import AnyGrant
from policies.limits import Bounds, JointLimit, bounds_of, limit_problems, marked_tracks
from policies.rule_context import Rule
from policies.rules import READ_NO_YEAR, AnyRule
from policies.rules.case_quota import CaseQuota
from policies.targets import Target, target_problems
from policies.value_gaps import Scope, value_problems
from policies.values import (
    Amount,
    Circumstances,
    Cited,
    Dated,
    Day,
    Layer,
    Parameter,
    Strict,
    Tier,
    located_parameters,
    named_parameters,
    remember,
)
from policies.vocabulary import SHARED, OwnVocabulary, Vocabulary

ALL_TIERS = (0, 1, 2, 3)


class Poor(Cited):
    """The categories for which the scheme's preferences hold."""

    categories: Annotated[Categories, Field(min_length=1)]


class Offer(Dated):
    """Where and from when claims of a setting are taken."""

    tiers: list[Tier] | None = None


class Stage(Strict):
    """One layer's place on the path; the first case whose condition holds decides."""

    layer: Layer
    cases: Annotated[list[AnyRule], Field(min_length=1)]


class PremiumRule(Dated):
    """Who pays how much of a premium for whom, in fen a person and year."""

    layer: Layer
    for_: Categories = Field(alias="for")
    payer: Fund
    value: Amount
    refund_self_paid: bool = False


class Provision(Cited):
    """Something the law states that is not a value of a rule: a due day, who bears a deficit."""

    name: str
    value: str


class Published(Cited):
    """A published year to hold the ledger's figures against, in fen."""

    year: int
    persons: int
    inpatient_claims: int
    total: Amount
    paid: dict[Layer, Amount]


class Validity(Strict):
    """Claims dated from ``from`` to ``until`` (exclusive) are settled under the scheme."""

    from_: Day = Field(alias="from")
    until: Day | None = None


class Scheme(Strict):
    """One scheme. ``regions`` are GB/T 2260 codes or prefixes of them; the longest that fits a person's region wins.

    ``insurance_types`` are those whose people it serves: residents, where its text names none.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{1,40}$")]
    title: str
    title_en: str
    document: str
    regions: Annotated[list[Annotated[str, Field(pattern=r"^[1-9](\d{5}|\d{3}|\d)$")]], Field(min_length=1)]
    insurance_types: list[Annotated[str, Field(pattern=CODE_PATTERN)]] = Field(
        default_factory=lambda: [RESIDENT], min_length=1
    )
    valid: Validity
    vocabulary: OwnVocabulary = Field(default_factory=OwnVocabulary)
    category_order: Categories | None = None
    poor: Poor
    settings: dict[Setting, Annotated[list[Offer], Field(min_length=1)]]
    stages: Annotated[list[Stage], Field(min_length=1, max_length=20)]
    limits: list[JointLimit] = Field(default_factory=list)
    case_quota: CaseQuota | None = None
    chronic_list: list[ChronicDisease] = Field(default_factory=list)
    interim_bill: Dated | None = None
    grants: list[AnyGrant] = Field(default_factory=list)
    premiums: list[PremiumRule] = Field(default_factory=list)
    funds: dict[Funded, PayingFund] = Field(default_factory=dict)
    supplementary_account: SupplementaryAccount | None = None
    fund_accounts: dict[Fund, FundTerms] = Field(default_factory=dict)
    targets: list[Target] = Field(default_factory=list)
    administration: list[Provision] = Field(default_factory=list)
    published: Published | None = None

    _hash: str = PrivateAttr(default="")
    _text: bytes = PrivateAttr(default=b"")
    _parameters: dict[str, Parameter[Any]] = PrivateAttr(default_factory=dict)

    def model_post_init(self, _context: object) -> None:
        """Give every parameter its path."""
        self._parameters = dict(named_parameters(self))
        for path, parameter in self._parameters.items():
            parameter.name(path)

    def pin(self, content_hash: str, text: bytes) -> None:
        """Set the hash of the scheme's text (sha256, hex) and the text."""
        self._hash, self._text = content_hash, text

    # A cached property is found without pydantic's way to private attributes; every claim asks.
    @cached_property
    def content_hash(self) -> str:
        """sha256 of the scheme's text, hex: what a claim is pinned to."""
        return self._hash

    @property
    def text(self) -> bytes:
        """The YAML text as it was read."""
        return self._text

    @property
    def parameters(self) -> dict[str, Parameter[Any]]:
        """Every value table of the scheme by its path."""
        return self._parameters

    @cached_property
    def terms(self) -> Vocabulary:
        """All terms that the scheme may use: the shared ones and its own."""
        return SHARED.with_own(self.vocabulary)

    @cached_property
    def choice(self) -> dict[str, int]:
        """The place of each category in the order of choice: as the scheme states it, the others behind."""
        return {
            code: place
            for place, code in enumerate(dict.fromkeys((*(self.category_order or ()), *self.terms.categories)))
        }

    def in_choice(self, categories: Sequence[str]) -> Sequence[str]:
        """Categories in the order of choice; those that the scheme does not know come last."""
        if len(categories) < 2:
            return categories
        return sorted(categories, key=lambda code: self.choice.get(code, len(self.choice)))

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The layers in the one order that every run visits."""
        return tuple(stage.layer for stage in self.stages)

    @cached_property
    def tracks(self) -> tuple[tuple[str, ...], ...]:
        """By stage the tracks that its cases count to, with marks for what their accumulations are kept apart by."""
        return tuple(marked_tracks(stage.cases, bounds) for stage, bounds in zip(self.stages, self.bounds, strict=True))

    @cached_property
    def bounds(self) -> tuple[dict[str | None, Bounds], ...]:
        """By stage and track the limits beside the rules."""
        return tuple(
            {case.track: bounds_of(self.limits, stage.layer, case.track) for case in stage.cases}
            for stage in self.stages
        )

    @cached_property
    def spans_years(self) -> bool:
        """Whether a claim's payouts depend on claims of other years."""
        return any(limit.spans_years for limit in self.limits)

    @cached_property
    def spans_layers(self) -> bool:
        """Whether a layer's payouts depend on what layers behind it have paid on claims before."""
        return any(limit.spans_layers for limit in self.limits)

    @cached_property
    def poor_categories(self) -> frozenset[str]:
        """The categories for which the scheme's preferences hold."""
        return frozenset(self.poor.categories)

    def fund_of(self, paid_for: str) -> BookedFund:
        """The fund of a layer or kind of grant, with its insurer where the scheme names one."""
        return fund_of(self.funds, paid_for, self.terms.layers)

    def account_of(self, fund: str) -> FundTerms | None:
        """What the text states of a fund's account."""
        of_layer = self.supplementary_account if fund == self.fund_of("supplementary").fund else None
        return self.fund_accounts.get(fund, of_layer)

    def _account_terms(self) -> Iterator[tuple[tuple[str | int, ...], FundTerms]]:
        if self.supplementary_account is not None:
            yield ("supplementary_account",), self.supplementary_account
        yield from ((("fund_accounts", fund), stated) for fund, stated in self.fund_accounts.items())

    def serves(self, region: str, day: date) -> bool:
        """Whether the scheme settles claims of a region's people on a day."""
        return self.fit(region) > 0 and self.holds_on(day)

    def holds_on(self, day: date) -> bool:
        """Whether claims of a day are settled under the scheme."""
        return self.valid.from_ <= day and (self.valid.until is None or day < self.valid.until)

    def fit(self, region: str) -> int:
        """The length of the longest of the scheme's region prefixes that fits, 0 where none does."""
        return max((len(prefix) for prefix in self.regions if region.startswith(prefix)), default=0)

    def is_within(self, region: str) -> bool:
        """Whether the scheme serves people of a region, or of a county within it where it is a prefecture's code."""
        return self.fit(region) > 0 or any(covers(region, prefix) for prefix in self.regions)

    def offers(self, setting: str, tier: int, day: date) -> bool:
        """Whether there is a rule for a setting at a tier on a day."""
        return any(
            offer.holds_on(day) and (offer.tiers is None or tier in offer.tiers)
            for offer in self.settings.get(setting, [])  # type: ignore[call-overload]
        )

    def is_poor(self, categories: tuple[str, ...]) -> bool:
        """Whether the scheme's preferences hold for a person in these categories."""
        return not self.poor_categories.isdisjoint(categories)

    @cached_property
    def turns(self) -> tuple[date, ...]:
        """The days on which any value of the scheme begins or ends; between two of them all values stand."""
        rows = [row for parameter in self._parameters.values() for row in parameter.root]
        days = {day for row in rows for day in (row.from_, row.until) if day is not None}
        return (date.min, *sorted(days))

    def circumstances(self, claim: Claim) -> Circumstances:
        """What the scheme's values may depend on for a claim; ``day`` is the last of ``turns`` up to the claim's.

        So the claims of many days meet the same circumstances, and what was found for one is found for all.
        """
        poor = ("poor",) if self.is_poor(claim.categories) else ()
        circumstances = Circumstances(
            day=self.turns[bisect_right(self.turns, claim.date) - 1],
            tier=claim.tier,
            place=place_of(claim),
            card_class=claim.card_class,
            disease=claim.disease,
            groups=(*self.in_choice(claim.categories), *poor, "general"),
            met=self._met(claim) if self._asked else frozenset(),
        )
        # the same object for the same circumstances: every value is looked up by them, and identity is found fastest
        known = self._known_circumstances
        return known.get(circumstances) or remember(known, circumstances, circumstances)

    @cached_property
    def _known_circumstances(self) -> dict[Circumstances, Circumstances]:
        return {}

    # Of most schemes no row asks for facts; every claim asks.
    @cached_property
    def _asked(self) -> tuple[FactKey, ...]:
        return tuple({key: None for parameter in self._parameters.values() for key in parameter.asked})

    @cached_property
    def counts_stays(self) -> bool:
        """Whether anything depends on the number of a stay in the year."""
        conditions = (condition.asked for stage in self.stages for case in stage.cases for condition in case.conditions)
        return any(name == "stay" for asked in (*self._asked, *conditions) for name, _ in asked)

    def _met(self, claim: Claim) -> frozenset[FactKey]:
        facts = facts_of(claim)
        return frozenset(key for key in self._asked if met(key, facts))

    def case(self, stage: int, claim: Claim, *, quota: bool) -> Rule | None:
        """The case of a stage that decides a claim; None where none does, or only later texts have the stage."""
        if stage >= len(self.stages) or (self.chronic_list and not serves(self.chronic_list, self.path[stage], claim)):
            return None
        poor = self.is_poor(claim.categories)
        for case in self.stages[stage].cases:
            if case.applies(claim, poor=poor, quota=quota):
                return case
        return None

    def problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What is wrong beyond the shape, as (location, message)."""
        kinds = [grant.kind for grant in self.grants]
        for index, kind in enumerate(kinds):
            if kind in kinds[:index]:
                yield ("grants", index), f"同类补助只能有一项 a second {kind} grant: a scheme has at most one of a kind"
        yield from self._path_problems()
        yield from self._case_problems()
        if self.case_quota is not None:
            scope = replace(self._scope(Condition(poor=True)), tariff=True)
            for row, message in value_problems(self.case_quota.tariff, scope):
                yield ("case_quota", "tariff", *(() if row is None else (row,))), message
        yield from limit_problems(self, self._scope(Condition()))
        yield from self._premium_problems()
        yield from self._fund_problems()
        yield from chronic_problems(self.chronic_list, self.path, offered="chronic" in self.settings)
        yield from target_problems(self.targets, self.valid.from_, self.valid.until)
        for setting, offers in self.settings.items():
            for index, offer in enumerate(offers):
                if offer.from_ is None and offer.until is None and len(offers) > 1 and offer.tiers is None:
                    yield (
                        ("settings", setting, index),
                        "这一条使同类型的其他条失去意义 this offer makes the others of its setting meaningless",
                    )

    def _case_problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for number, stage in enumerate(self.stages):
            for index, case in enumerate(stage.cases):
                scope = self._scope(case.when)
                for path, parameter in located_parameters(case, ("stages", number, "cases", index)):
                    for row, message in value_problems(parameter, scope):
                        yield (*path, row) if row is not None else path, message
                if getattr(case, "interim_credit", None) is not None and self.interim_bill is None:
                    no_bill = "本政策没有年末中途结算 the scheme has no interim_bill to count on from"
                    yield ("stages", number, "cases", index, "interim_credit"), no_bill
                if case.when.case_quota and self.case_quota is None:
                    yield ("stages", number, "cases", index, "when"), "本政策没有病种定额 the scheme has no case_quota"
                for layer in case.read_layers or ():
                    if layer not in self.path[:number]:
                        yield (
                            ("stages", number, "cases", index, "reads"),
                            f"{layer} 不在这一档之前 does not stand before it on the path: nothing of it could be read",
                        )

    def _premium_problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for index, row in enumerate(self.premiums):
            for other in self.premiums[:index]:
                same = (row.layer, row.payer) == (other.layer, other.payer) and set(row.for_) & set(other.for_)
                if same and row.overlaps(other):
                    yield (
                        ("premiums", index),
                        f"同一天重复资助保费 {row.payer} pays the {row.layer} premium of {min(same)} twice",
                    )
        for path, stated in self._account_terms():
            for at, message in stated.problems(self.valid.from_, self.valid.until):
                yield (*path, *at), message

    def _fund_problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        paying = {*self.path, *(grant.kind for grant in self.grants), *(row.layer for row in self.premiums)}
        for name in self.funds:
            if name not in paying:
                allowed = "、".join(sorted(paying))
                yield ("funds", name), f"本政策没有这一项支付 the scheme pays nothing by {name}; it has {allowed}"

    def _path_problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if self.stages[0].layer != "basic":
            yield ("stages", 0, "layer"), "第一条保障线应为基本医保 the path begins with basic"
        seen: dict[str, int] = {}
        for number, stage in enumerate(self.stages):
            if stage.layer in seen and any(
                case.rule not in READ_NO_YEAR
                for place in (seen[stage.layer], number)
                for case in self.stages[place].cases
            ):
                yield (
                    ("stages", number, "layer"),
                    f"该保障线有年度累计，只能出现一次 {stage.layer} reads accumulations and stands on the path "
                    "already: it may stand once",
                )
            seen.setdefault(stage.layer, number)

    def _scope(self, when: Condition) -> Scope:
        whole = Scope(
            from_=self.valid.from_,
            until=self.valid.until,
            tiers=ALL_TIERS,
            classes=(None, "I", "II"),
            groups=("general",),
            insurance_types=tuple(self.insurance_types),
            poor=tuple(self.poor.categories),
        )
        return whole.narrowed(when, self.settings)
