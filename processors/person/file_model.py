"""A person's file as plain values: money in fen, days as dates, codes of ``events.codes``."""

from dataclasses import dataclass
from datetime import date, datetime

from policies.claim import BillParts
from processors.person.history import ReplayDifference
from processors.person.recalculation import HeldGrant
from projections.premiums import PayerPremium


@dataclass(frozen=True, slots=True)
class Span:
    """Something held from a day until another (exclusive; None: it still holds)."""

    code: str
    detail: str
    first: date
    until: date | None


@dataclass(frozen=True, slots=True)
class InsuredYear:
    """An enrollment that counts for its year, with the last day insured and what was said of the person.

    ``self_paid`` is what the person had paid, in fen. The rest is as ``enrollment.recorded.v2`` says it, None where
    nothing was said.
    """

    year: int
    region: str
    first: date
    last: date
    self_paid: int | None
    insurance_type: str
    birth_month: str | None
    sex: str | None
    household_id: str | None
    township: str | None
    village: str | None
    contracted_doctor: bool | None
    years_insured: int | None

    @property
    def says_more(self) -> bool:
        """Whether anything was said of the person himself."""
        person = (self.birth_month, self.sex, self.household_id, self.contracted_doctor, self.years_insured)
        more = (*person, self.township, self.village)
        return any(value is not None for value in more)


@dataclass(frozen=True, slots=True)
class FiledReferral:
    """A bureau's filing of treatment away from home, as it said last; ``until`` is exclusive."""

    region: str
    filing_id: str
    kind: str
    first: date
    until: date | None
    to_region: str | None
    to_hospital: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class FileAdvance:
    """Money lent before treatment, and what of it neither clearings nor the person have repaid, in fen."""

    advance_id: str
    issued_on: date
    amount: int
    outstanding: int


@dataclass(frozen=True, slots=True)
class PersonStatus:
    """Which categories, enrollments, chronic cards and filings a person held when."""

    categories: list[Span]
    enrolled: list[InsuredYear]
    cards: list[Span]
    filed: list[FiledReferral]
    died_on: date | None


@dataclass(frozen=True, slots=True)
class FileLayer:
    """What a layer pays of a claim by now; ``trace`` is rendered by ``policies.explain``, empty where there is none."""

    layer: str
    paid: int
    trace: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class FileCause:
    """The fact because of which something was settled again; ``number`` is its entry in ``intake``.

    It is None for what is no fact; ``reason`` and ``actor`` are where it gives none.
    """

    number: int | None
    type: str
    source: str
    event_id: str
    reason: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class FileAdjustment:
    """One layer's adjustment; ``counterparty`` settles the difference with the funds.

    ``payer`` names the insurer or fund, where it is not the layer's usual fund.
    """

    layer: str
    before: int
    after: int
    counterparty: str | None
    payer: str


@dataclass(frozen=True, slots=True)
class FileRevision:
    """One settlement of a claim; the first has no ``moved``. ``paid`` sums the layers.

    ``journal`` and ``entry`` say where it is booked.

    ``due_at_window`` is what the person still owes the hospital at its window because of it, in fen; under 0 the
    hospital gives it back. None where the change is none of the hospital's.
    """

    recorded_at: datetime
    journal: str
    entry: int
    number: int
    status: str
    paid: int
    patient: int
    hospital: int
    cause: FileCause | None
    moved: list[FileAdjustment]
    due_at_window: int | None


@dataclass(frozen=True, slots=True)
class FileBill:
    """A bill as a fact told it; ``replaced`` where another counts by now."""

    recorded_at: datetime
    cause: FileCause
    parts: BillParts
    replaced: bool


@dataclass(frozen=True, slots=True)
class FileAudit:
    """A finding on a claim: ``amount`` fen stand, ``withdrawn`` were taken back, and ``withdrawals`` say why."""

    finding_id: str
    amount: int
    borne_by: str
    reason: str
    part: str | None = None
    withdrawn: int = 0
    withdrawals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileAid:
    """What somebody decided that a layer pays of a claim, in fen; ``withdrawn`` is why it was taken back, if it was."""

    decision_id: str
    layer: str
    amount: int
    decided_on: date
    decided_by: str
    approved_by: str
    document: str
    withdrawn: str | None = None


@dataclass(frozen=True, slots=True)
class FileUnmoved:
    """A fact about a claim because of which alone nothing was settled again: ``amount`` is a finding's or aid's."""

    recorded_at: datetime
    cause: FileCause
    amount: int | None


@dataclass(frozen=True, slots=True)
class FileQuota:
    """A case quota: what of the bill after audits is shared, and what lies beyond it and is the hospital's, in fen."""

    shared: int
    beyond: int


@dataclass(frozen=True, slots=True)
class FileReferral:
    """The admission that a stay was referred from, with its hospital where the file knows it."""

    admission_id: str
    hospital_id: str | None
    hospital_name: str | None


@dataclass(frozen=True, slots=True)
class FileClaim:
    """A claim as it stands, how it came to be so, and why.

    ``diagnoses``, ``admitted_on`` and ``referred_from`` are its admission's. ``quota`` is None where it is under none.
    ``invoice`` and ``papers``, how many there are, are of a bill that a bureau had on paper.
    ``filed`` is None where it is no stay. ``after_death`` says that its day lies behind the day of death.
    """

    claim_id: str
    number: int
    day: date
    year: int
    setting: str
    status: str
    revision: int
    scheme: str
    tier: int
    region: str
    hospital_id: str
    hospital_name: str | None
    categories: list[str]
    card_class: str | None
    disease: str | None
    admitted_on: date | None
    diagnoses: list[str]
    referred_from: FileReferral | None
    filed: bool | None
    insurance_type: str
    age: int | None
    emergency: bool
    stay_kind: str
    invoice: str | None
    papers: int
    interim: bool
    payee: str
    bill: BillParts
    layers: list[FileLayer]
    patient: int
    hospital: int
    audits: list[FileAudit]
    aids: list[FileAid]
    quota: FileQuota | None
    after_death: bool
    bills: list[FileBill]
    revisions: list[FileRevision]
    unmoved: list[FileUnmoved]

    @property
    def stands(self) -> bool:
        """Whether it was not reversed."""
        return self.status == "settled"

    @property
    def paid(self) -> int:
        """What all layers pay, in fen."""
        return sum(layer.paid for layer in self.layers)


@dataclass(frozen=True, slots=True)
class GrowthStep:
    """An accumulation after a claim, and the limit that the claim's own values set (None: no limit)."""

    claim_id: str
    day: date
    value: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Growth:
    """How an accumulation grew over a year's claims in the order they were settled; ``measure`` is ``paid`` or
    ``base``, ``limit`` the value of the scheme that it is held against: ``cap``, ``limit`` or ``line``."""

    year: int
    scheme: str
    layer: str
    track: str
    measure: str
    limit: str
    steps: list[GrowthStep]


@dataclass(frozen=True, slots=True)
class FileAccumulation:
    """What a year's standing claims have used of a layer."""

    year: int
    scheme: str
    layer: str
    base: int
    deductible: int
    paid: int
    claims: int


@dataclass(frozen=True, slots=True)
class FileScheme:
    """A scheme that claims were settled under."""

    title: str
    title_en: str
    document: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether replaying gives what was booked; None with the reason in ``skipped`` while something is in flight."""

    consistent: bool | None
    skipped: str | None
    differences: list[ReplayDifference]


@dataclass(frozen=True, slots=True)
class PersonFile:
    """All of it; ``entries`` counts the ledger entries about the person, ``claims`` are in ledger order.

    Of ``premiums``, kind refunded is a part of what is subsidised, no further money.
    """

    person_id: str
    as_of: datetime
    entries: int
    status: PersonStatus
    claims: list[FileClaim]
    accumulations: list[FileAccumulation]
    growth: list[Growth]
    premiums: list[PayerPremium]
    grants: list[HeldGrant]
    advances: list[FileAdvance]
    schemes: dict[str, FileScheme]
    verdict: Verdict

    @property
    def years(self) -> list[int]:
        """The benefit years that anything was paid or insured in."""
        paid = [claim.year for claim in self.claims] + [premium.year for premium in self.premiums]
        return sorted({*paid, *(insured.year for insured in self.status.enrolled)})
