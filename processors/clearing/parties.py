"""With whom each booking of a claim is settled (DOMAIN 3.8), from the ledger's own order of facts.

The ``counterparty`` that a layer writes is what its run's cause says, and a run that was sent again, or took the place
of a parked one, has another cause than the audit whose amount it books. Here it is told from what cannot be lost: each
run knows the facts up to its cause's number in journal intake, so an audit was first known to the first run behind it
that passed that layer.

What was told of a run under way may be told otherwise once it is lost, or another has taken its place. So what a
clearing has taken is a fact of its own: it is not told again, and a reversal undoes the parts that were cleared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Party = Literal["hospital", "person"]
Kind = Literal["settled", "adjusted", "audit"]
Net = dict[tuple[int, str, Party], int]
"""By stage, its layer and a party: what it has brought him, in fen."""

NOTHING: Mapping[tuple[int, str, Party], int] = {}

OPEN = 2**62
"""A run number above all: the claim was not settled yet."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One entry of a claim: a layer's, or settlement's, which has no layer and books nothing.

    ``known`` is the number in journal intake up to which its run knew the facts, 0 for a claim's own first run;
    ``cleared`` says that an earlier clearing has recorded its parts.
    """

    journal: str
    number: int
    run: int
    stage: int
    amount: int
    known: int
    layer: str | None
    cleared: bool = False


class Passing(NamedTuple):
    """A run that carries the claim and has not come to its end: the facts it knows, as a booking has them, and whether
    it is parked. Where ``replaced_by`` another it never will: it had passed the stages before ``stage`` by then."""

    run: int
    known: int
    parked: bool = False
    replaced_by: int = OPEN
    stage: int = 0

    def is_before(self, booking: Booking) -> bool:
        """Whether it passed the booking's stage before the booking's run, with or without a booking of its own: one
        goes behind the other, and whoever takes another's place does so where that one stands."""
        return self.run < booking.run and (booking.run < self.replaced_by or booking.stage < self.stage)


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
    under_way: Sequence[Passing] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What of a booking is settled with one party out of one layer, in fen; ``stage`` is that whose net it changes."""

    booking: Booking
    stage: int
    layer: str
    party: Party
    kind: Kind
    amount: int


@dataclass(slots=True)
class _Claim:
    facts: ClaimFacts
    net: Net
    passed: list[Booking] = field(default_factory=list)

    def take(self, booking: Booking) -> list[Part]:
        parts = [] if booking.cleared else [part for part in self._parted(booking) if part.amount]
        for part in parts:
            key = part.stage, part.layer, part.party
            self.net[key] = self.net.get(key, 0) + part.amount
        self.passed.append(booking)
        return parts

    def _parted(self, booking: Booking) -> list[Part]:
        # a claim's own first run knows no facts behind its claim
        reversed_ = self.facts.reversed_by is not None and booking.known >= self.facts.reversed_by
        if booking.layer is None:
            return self._left_over(booking) if reversed_ else []
        if not booking.amount:
            return []  # clearings take amounts: what this stage has left is parted at settlement
        if reversed_:
            # nothing is left of the claim: each gives back, or gets back, what the claim had brought him
            hospital = -self.net.get((booking.stage, booking.layer, "hospital"), 0)
            return [
                self._given_back(booking, booking.stage, booking.layer, "hospital", hospital),
                self._given_back(booking, booking.stage, booking.layer, "person", booking.amount - hospital),
            ]
        party, kind = self._settled_with(booking)
        return [Part(booking, booking.stage, booking.layer, party, kind, booking.amount)]

    def _left_over(self, booking: Booking) -> list[Part]:
        """What the layers' own bookings for the reversal have left with a party.

        A layer whose net was nothing before books nothing for it, though it may have paid one and charged the other.
        """
        return [self._given_back(booking, *key, -amount) for key, amount in sorted(self.net.items())]

    def _given_back(self, booking: Booking, stage: int, layer: str, party: Party, amount: int) -> Part:
        first = booking.run <= self.facts.first_run and party == self.facts.payee
        return Part(booking, stage, layer, party, "settled" if first else "adjusted", amount)

    def _settled_with(self, booking: Booking) -> tuple[Party, Kind]:
        facts = self.facts
        if booking.run <= facts.first_run:
            return facts.payee, "settled"
        booked = [past.known for past in self.passed if past.stage >= booking.stage]
        under_way = [passing.known for passing in facts.under_way if passing.is_before(booking)]
        before = max((*booked, *under_way), default=0)
        if any(before < audit <= booking.known for audit in facts.audits):
            return "hospital", "audit"
        return "person", "adjusted"


def settle_with(
    facts: ClaimFacts, bookings: Iterable[Booking], brought: Mapping[tuple[int, str, Party], int] = NOTHING
) -> list[Part]:
    """Part the bookings of one claim, all from its first one on, that are not ``cleared``; parts sum to the amounts.

    ``brought`` is what the cleared ones came to. What a reversal leaves apart is parted at its settlement: of one
    amount, to the one and from the other.
    """
    claim = _Claim(facts, dict(brought))
    ordered = sorted(bookings, key=lambda booking: (booking.run, booking.stage))
    return [part for booking in ordered for part in claim.take(booking)]
