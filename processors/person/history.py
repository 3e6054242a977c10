"""A person's history as typed values: money in fen, days as dates. Replay and the person's file are views of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from msgspec import UNSET, Struct, UnsetType, to_builtins

from events.catalog import Fact
from policies.claim import Claim, Used
from policies.engine import Schemes
from policies.funds import BookedFund, booked_fund
from policies.vocabulary import layer_place
from processors.law.terms import FUND_NAMES, INSURER_NAMES
from processors.person.recalculation import HeldGrant
from processors.person.statement import Statement
from processors.pipeline.claim_history import Acceptance
from projections.premiums import PayerPremium
from projections.rosters import RosterChange, categories_on

AccumulationKey = tuple[int, str, str]
"""year, scheme name, layer: over all tracks"""


class BookedCause(Struct, frozen=True, gc=False):
    """The fact because of which something was booked, as the entry keeps it; ``number`` is its place in ``intake``."""

    number: int
    source: str
    event_id: str
    type: str
    laid_on_hospital: str | UnsetType | None = UNSET
    corrected_claim: str | UnsetType | None = UNSET

    def json(self) -> dict[str, Any]:
        """The cause by the names of its fields; one that the entry lacks is left out."""
        found: dict[str, Any] = to_builtins(self)
        return found


@dataclass(frozen=True)
class HistoryEntry:
    """One entry of the ledger about a person."""

    recorded_at: datetime
    journal: str
    number: int
    type: str


@dataclass(frozen=True)
class FactEntry(HistoryEntry):
    """A fact that intake took in."""

    fact: Fact


@dataclass(frozen=True)
class AcceptanceEntry(HistoryEntry):
    """A claim that was accepted, or moved to another text of its scheme."""

    acceptance: Acceptance

    @property
    def claim(self) -> Claim:
        """The claim as accepted, with the live facts of that moment."""
        return self.acceptance.claim


@dataclass(frozen=True)
class RunEntry(HistoryEntry):
    """What a run has booked for a claim; ``cause`` is None for a first settlement."""

    claim_id: str
    claim_number: int
    run: int
    cause: BookedCause | None


@dataclass(frozen=True)
class PayoutEntry(RunEntry):
    """A layer's booking for a claim, a difference: ``booked.claims`` is 1 where the layer begins to run on it, -1
    where it no longer does.

    ``before`` and ``after`` are what the layer pays of the claim in all, out of ``fund``; ``accumulated`` is the year's
    accumulation after it. ``counterparty`` settles the difference with the funds. ``trace`` is compact, empty where the
    layer does not run any more; ``scheme_hash`` is the text that renders it.
    """

    stage: int
    year: int
    scheme: str
    scheme_hash: str
    layer: str
    track: str
    booked: Used
    before: int
    after: int
    counterparty: str | None
    fund: BookedFund
    trace: tuple[Any, ...]
    accumulated: Used

    @property
    def payer(self) -> str:
        """The insurer, or the fund, in Chinese; empty where it is the usual fund of the layer."""
        if self.fund.insurer is not None:
            return INSURER_NAMES[self.fund.insurer]
        return "" if self.fund == booked_fund(None, None, self.layer) else FUND_NAMES[self.fund.fund]

    @property
    def runs_now(self) -> bool:
        """Whether the layer runs on the claim by now."""
        return bool(self.trace)


@dataclass(frozen=True)
class StatementEntry(RunEntry):
    """A claim's settlement.

    ``due_at_window`` is what the person still owes the hospital at its window because of it, in fen; under 0 the
    hospital gives it back. None where the change is none of the hospital's.
    """

    statement: Statement
    due_at_window: int | None


@dataclass(frozen=True)
class GrantEntry(RunEntry):
    """A grant awarded or withdrawn: ``booked`` is its amount, below 0 where it is withdrawn."""

    person_id: str
    grant: HeldGrant
    withdrawn: bool
    booked: int


@dataclass(frozen=True)
class PremiumEntry(HistoryEntry):
    """A premium's booking: ``premium.amount`` is the difference between ``before`` and ``after``."""

    premium: PayerPremium
    before: int
    after: int
    cause: BookedCause


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """Where settling from scratch gives something else than is booked, for people."""

    where: str
    expected: str
    booked: str


@dataclass(frozen=True)
class PersonHistory:
    """What was known of a person at ``as_of``, and how the books stood.

    ``entries`` is every entry recorded by then. ``claims`` are in ledger order, with the live facts known then.
    ``statements`` are the last of each claim in ledger order, ``accumulated`` the sums of what is booked: with ``on``
    both cover claims dated up to that day. ``grants`` and ``premiums`` are those that stand. ``differences`` are empty
    where a run was in flight, for the reason in ``skipped``.
    """

    person_id: str
    as_of: datetime
    on: date | None
    day: date
    entries: list[HistoryEntry]
    claims: list[Claim]
    roster: list[RosterChange]
    schemes: Schemes
    statements: list[Statement]
    accumulated: dict[AccumulationKey, Used]
    grants: list[HeldGrant]
    premiums: list[PayerPremium]
    skipped: str | None
    differences: list[ReplayDifference]

    @property
    def consistent(self) -> bool | None:
        """Whether settling from scratch gives what was booked; None where that was not compared."""
        return None if self.skipped else not self.differences

    @property
    def categories(self) -> tuple[str, ...]:
        """Those held on ``day``: that of ``on``, else of ``as_of``."""
        return categories_on(self.roster, self.day)

    @cached_property
    def acceptances(self) -> dict[str, list[Acceptance]]:
        """By claim id, in the order recorded: more than one where the claim moved to another text."""
        found: dict[str, list[Acceptance]] = {}
        for entry in self.entries:
            if isinstance(entry, AcceptanceEntry):
                found.setdefault(entry.claim.claim_id, []).append(entry.acceptance)
        return found

    def counted(self) -> list[tuple[AccumulationKey, Used]]:
        """The accumulations that a standing claim counts to, by year, scheme, and the layers' order in the domain."""
        return sorted(
            ((key, used) for key, used in self.accumulated.items() if used.claims),
            key=lambda item: (item[0][0], item[0][1], layer_place(item[0][2])),
        )

    def payouts(self) -> Iterator[PayoutEntry]:
        """The bookings of layers, in the order recorded."""
        return (entry for entry in self.entries if isinstance(entry, PayoutEntry))

    def settlements(self) -> Iterator[StatementEntry]:
        """The settlements of claims, in the order recorded."""
        return (entry for entry in self.entries if isinstance(entry, StatementEntry))

    def facts(self) -> Iterator[FactEntry]:
        """What intake took in, in the order recorded."""
        return (entry for entry in self.entries if isinstance(entry, FactEntry))
