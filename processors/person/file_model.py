"""A person's file as plain values: money in fen, days as dates, codes of ``events.codes``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Entry = Mapping[str, Any]
"""One entry of a replay's ``history``."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something held from a day until another (exclusive; None: it still holds)."""

    code: str
    detail: str
    first: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrollment that counts for its year, with its last day insured; ``self_paid`` is what he had paid himself."""

    year: int
    region: str
    first: date
    last: date
    self_paid: int | None


@dataclass(frozen=True, slots=True)
class Advance:
    """Money lent before treatment, and what of it neither clearings nor the person have repaid, in fen."""

    advance_id: str
    issued_on: date
    amount: int
    outstanding: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Who a person was when."""

    categories: list[Span]
    enrolled: list[Enrolled]
    cards: list[Span]
    died_on: date | None


@dataclass(frozen=True, slots=True)
class Bill:
    """The five parts of a bill."""

    total: int
    in_scope: int
    upfront_copay: int
    over_limit: int
    self_funded: int


@dataclass(frozen=True, slots=True)
class Decided:
    """What a layer pays of a claim by now; ``trace`` is rendered by ``policies.explain``, empty where none is told."""

    layer: str
    paid: int
    trace: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Cause:
    """The fact because of which something was settled again; ``reason`` and ``actor`` are None where it gives none."""

    type: str
    source: str
    event_id: str
    reason: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One layer's adjustment; ``counterparty`` is who settles the difference with the funds."""

    layer: str
    before: int
    after: int
    counterparty: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One settlement of a claim; the first has no ``moved``. ``paid`` sums the layers."""

    recorded_at: datetime
    number: int
    status: str
    paid: int
    patient: int
    hospital: int
    cause: Cause | None
    moved: list[Moved]


@dataclass(frozen=True, slots=True)
class Audit:
    """A finding on a claim."""

    finding_id: str
    amount: int
    borne_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class FiledClaim:
    """A claim as it stands, how it came to be so, and why. ``diagnoses`` and ``admitted_on`` are its admission's."""

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
    payee: str
    bill: Bill
    layers: list[Decided]
    patient: int
    hospital: int
    audits: list[Audit]
    revisions: list[Revision]

    @property
    def stands(self) -> bool:
        """Whether it was not reversed."""
        return self.status == "settled"

    @property
    def paid(self) -> int:
        """What all layers pay, in fen."""
        return sum(decided.paid for decided in self.layers)


@dataclass(frozen=True, slots=True)
class Step:
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
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Accumulation:
    """What a year's standing claims have used of a layer."""

    year: int
    scheme: str
    layer: str
    base: int
    deductible: int
    paid: int
    claims: int


@dataclass(frozen=True, slots=True)
class Premium:
    """One payer's part of a premium; ``kind`` refunded is a part of what is subsidised, no further money."""

    year: int
    scheme: str
    layer: str
    kind: str
    payer: str
    amount: int
    category: str
    grade: str
    cite: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant that stands."""

    scheme: str
    kind: str
    year: int | None
    amount: int
    claim_id: str


@dataclass(frozen=True, slots=True)
class SchemeTold:
    """A scheme that claims were settled under."""

    title: str
    title_en: str
    document: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Where settling from scratch gives something else than is booked."""

    where: str
    expected: str
    booked: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether replaying gives what was booked; None with the reason in ``skipped`` while something is in flight."""

    consistent: bool | None
    skipped: str | None
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class PersonFile:
    """All of it; ``entries`` counts the ledger entries about him, ``claims`` are in ledger order."""

    person_id: str
    as_of: datetime
    entries: int
    standing: Standing
    claims: list[FiledClaim]
    accumulations: list[Accumulation]
    growth: list[Growth]
    premiums: list[Premium]
    grants: list[Grant]
    advances: list[Advance]
    schemes: dict[str, SchemeTold]
    verdict: Verdict

    @property
    def years(self) -> list[int]:
        """The benefit years that anything was paid or insured in."""
        told = [claim.year for claim in self.claims] + [premium.year for premium in self.premiums]
        return sorted({*told, *(enrolled.year for enrolled in self.standing.enrolled)})


def fen(text: str) -> int:
    """Fen of a yuan text as the ledger writes it, which may be negative: "-0.05" is -5."""
    whole, _, cents = text.removeprefix("-").partition(".")
    amount = int(whole) * 100 + int(cents.ljust(2, "0"))
    return -amount if text.startswith("-") else amount
