"""With whom each booking of a claim is settled (DOMAIN 3.8), from the ledger's own order of facts.

The ``counterparty`` that a layer writes is what its run's cause says, and a run that was sent again, or took the place
of a parked one, has another cause than the audit whose amount it books. Here it is told from what cannot be lost: each
run knows the facts up to its cause's number in journal intake, so an audit was first known to the first run behind it
that passed that layer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Party = Literal["hospital", "person"]
Kind = Literal["settled", "adjusted", "audit"]

OPEN = 2**62
"""A run number above all: the claim was not settled yet."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One entry of a claim, at a layer's stage or at settlement's (amount 0: it shows only that the run has passed).

    ``known`` is the number in journal intake up to which its run knew the facts, 0 for a claim's own first run.
    """

    journal: str
    number: int
    run: int
    stage: int
    amount: int
    known: int
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What decides with whom a claim's bookings are settled.

    ``first_run`` wrote its first statement; ``audits`` are the numbers in journal intake of findings laid on the
    hospital, ``reversed_by`` that of its reversal.
    """

    payee: Party
    first_run: int
    audits: Sequence[int] = ()
    reversed_by: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What of a booking is settled with one party, in fen."""

    booking: Booking
    party: Party
    kind: Kind
    amount: int


@dataclass(slots=True)
class _Claim:
    facts: ClaimFacts
    net: dict[tuple[int, Party], int] = field(default_factory=dict)
    passed: list[Booking] = field(default_factory=list)

    def take(self, booking: Booking) -> list[Part]:
        parts = [
            Part(booking, party, kind, amount)
            for party, kind, amount in self._settled_with(booking)
            if amount or not booking.amount
        ]
        for part in parts:
            key = booking.stage, part.party
            self.net[key] = self.net.get(key, 0) + part.amount
        self.passed.append(booking)
        return parts

    def _settled_with(self, booking: Booking) -> list[tuple[Party, Kind, int]]:
        facts = self.facts
        if booking.run <= facts.first_run:
            return [(facts.payee, "settled", booking.amount)]
        if facts.reversed_by is not None and booking.known >= facts.reversed_by:
            # nothing is left of the claim: each gives back, or gets back, what the claim had brought him
            hospital = -self.net.get((booking.stage, "hospital"), 0)
            return [("hospital", "adjusted", hospital), ("person", "adjusted", booking.amount - hospital)]
        before = max((past.known for past in self.passed if past.stage >= booking.stage), default=0)
        if any(before < audit <= booking.known for audit in facts.audits):
            return [("hospital", "audit", booking.amount)]
        return [("person", "adjusted", booking.amount)]


def settle_with(facts: ClaimFacts, bookings: Iterable[Booking]) -> list[Part]:
    """Part all bookings of one claim, from its first one on; the parts of each sum to its amount."""
    claim = _Claim(facts)
    ordered = sorted(bookings, key=lambda booking: (booking.run, booking.stage))
    return [part for booking in ordered for part in claim.take(booking)]
