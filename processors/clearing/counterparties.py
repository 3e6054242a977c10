"""With whom each booking of a claim is settled, hospital or person, by the order of facts (docs/domain.md#3.8).

The ``counterparty`` that a layer writes follows from the cause of its run. That is one fact, while a run that was sent
again, or that took the place of others, books what several facts have changed. So the party is derived here from what
can't be lost. Each run knows the facts up to its cause's number in journal intake. What it books at a stage is what
the facts have changed that came after the last run known to have passed there. Where these belong to different
parties, the amount is parted by what settling from scratch gives after each of them: docs/domain.md#3.6 says that this
is what the stage had booked by then.

What a clearing has taken is recorded as parts: it is not derived again, and a reversal undoes the parts that were
cleared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

Party = Literal["hospital", "person"]
PartKind = Literal["settled", "adjusted", "audit"]
Net = dict[tuple[int, str, Party], int]
"""What a claim has brought a party, in fen, by stage and the layer of the stage."""

NO_NET: Mapping[tuple[int, str, Party], int] = {}

NO_RUN = 2**62
"""A run number above all: of the first statement while there is none."""

PERSON_ADJUSTED: Final = ("person", "adjusted")
Side = tuple[Party, PartKind]


@dataclass(frozen=True, slots=True)
class ClaimEntry:
    """One entry of a claim: a layer's, or settlement's, which has no layer and books no amount.

    ``known`` is the number in journal intake up to which the entry's run knew the facts; 0 for the claim's first run.
    ``cleared`` says that an earlier clearing has recorded the entry's parts.
    """

    journal: str
    number: int
    run: int
    stage: int
    amount: int
    known: int
    layer: str | None
    cleared: bool = False


class LaterFact(NamedTuple):
    """A fact about a claim's person that came after the claim was accepted: its number in journal intake, and with
    whom what it changes of the claim is settled."""

    number: int
    party: Party
    kind: PartKind


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What decides with whom a claim's entries are settled.

    ``payee`` is paid the first settlement. ``first_run`` wrote the claim's first statement. ``later`` are the facts
    behind its acceptance in their order, and ``reversed_by`` is the number of its reversal. ``paid`` gives by the
    number of each of these facts, and by 0 for the claim as accepted, what settling from scratch pays then, in fen, by
    stage and layer. It is needed only where ``belongs_to_several`` says so.
    """

    payee: Party
    first_run: int
    later: Sequence[LaterFact] = ()
    reversed_by: int | None = None
    paid: Mapping[int, Mapping[tuple[int, str], int]] | None = None


@dataclass(frozen=True, slots=True)
class EntryPart:
    """What of an entry one party gets or gives in one layer, in fen; ``stage`` is the stage whose net it changes."""

    entry: ClaimEntry
    stage: int
    layer: str
    party: Party
    kind: PartKind
    amount: int


@dataclass(slots=True)
class _Claim:
    """A claim as its entries are taken one after the other."""

    facts: ClaimFacts
    net: Net
    passed: list[ClaimEntry] = field(default_factory=list)

    def take(self, entry: ClaimEntry) -> list[EntryPart]:
        parts = [] if entry.cleared else [part for part in self._parts(entry) if part.amount]
        for part in parts:
            key = part.stage, part.layer, part.party
            self.net[key] = self.net.get(key, 0) + part.amount
        self.passed.append(entry)
        return parts

    def between(self, entry: ClaimEntry, stage: int) -> list[LaterFact]:
        """The facts that an entry's run knew, and no run that is known to have passed the stage before it."""
        known = [past.known for past in self.passed if past.run < entry.run and past.stage >= stage]
        known_before = max(known, default=0)
        return [fact for fact in self.facts.later if known_before < fact.number <= entry.known]

    def is_reversal(self, entry: ClaimEntry) -> bool:
        # ``known`` is 0 for the claim's first run: no reversal can have been known to it.
        return self.facts.reversed_by is not None and entry.known >= self.facts.reversed_by

    def _parts(self, entry: ClaimEntry) -> list[EntryPart]:
        if entry.layer is None:
            return self._undo_rest(entry) if self.is_reversal(entry) else self._moved_between_parties(entry)
        if not entry.amount:
            return []  # Clearings take amounts. What is left at this stage is undone with settlement's entry.
        if self.is_reversal(entry):
            # Each party gives back, or gets back, what the claim had brought it: nothing is left of the claim.
            hospital = -self.net.get((entry.stage, entry.layer, "hospital"), 0)
            return [
                self._undo(entry, entry.stage, entry.layer, "hospital", hospital),
                self._undo(entry, entry.stage, entry.layer, "person", entry.amount - hospital),
            ]
        if entry.run <= self.facts.first_run:
            return [EntryPart(entry, entry.stage, entry.layer, self.facts.payee, "settled", entry.amount)]
        shares = self._shares(self.between(entry, entry.stage), entry.stage, entry.layer, entry.amount)
        return [EntryPart(entry, entry.stage, entry.layer, *side, amount) for side, amount in shares.items()]

    def _moved_between_parties(self, entry: ClaimEntry) -> list[EntryPart]:
        """What one party gets and the other gives at stages where a run over several facts had nothing to book."""
        if entry.run <= self.facts.first_run or not self.facts.paid:
            return []
        # An entry may book a base, and no money: it has no parts of its own.
        booked = {past.stage for past in self.passed if past.run == entry.run and past.amount}
        stages = sorted({place for paid in self.facts.paid.values() for place in paid if place[0] not in booked})
        return [
            EntryPart(entry, stage, layer, *side, amount)
            for stage, layer in stages
            if belong_to_several(between := self.between(entry, stage))
            for side, amount in self._shares(between, stage, layer, 0).items()
        ]

    def _undo_rest(self, entry: ClaimEntry) -> list[EntryPart]:
        """Undo what the layers' own entries for the reversal have left with a party.

        A layer whose net was 0 books nothing for the reversal, though it may have paid one party and charged the other.
        """
        return [self._undo(entry, *key, -amount) for key, amount in sorted(self.net.items())]

    def _undo(self, entry: ClaimEntry, stage: int, layer: str, party: Party, amount: int) -> EntryPart:
        first = entry.run <= self.facts.first_run and party == self.facts.payee
        return EntryPart(entry, stage, layer, party, "settled" if first else "adjusted", amount)

    def _shares(self, between: Sequence[LaterFact], stage: int, layer: str, amount: int) -> dict[Side, int]:
        """An amount by the parties of the facts that brought it about."""
        if not belong_to_several(between):
            return {_side(between[-1]) if between else PERSON_ADJUSTED: amount}
        paid = self.facts.paid or {}
        numbers = [0, *(fact.number for fact in self.facts.later)]
        shares: dict[Side, int] = {}
        for fact in between:
            before, after = paid.get(numbers[numbers.index(fact.number) - 1], {}), paid.get(fact.number, {})
            change = after.get((stage, layer), 0) - before.get((stage, layer), 0)
            shares[_side(fact)] = shares.get(_side(fact), 0) + change
        if sum(shares.values()) == amount:
            return shares
        # The books are not what settling from scratch gives: verify says so. Nothing is taken from the person for it.
        return {_side(next(fact for fact in reversed(between) if _side(fact) != PERSON_ADJUSTED)): amount}


def belong_to_several(facts: Iterable[LaterFact]) -> bool:
    """Whether what some facts change is settled with more than one party, or in more than one column."""
    return len({_side(fact) for fact in facts}) > 1


def belongs_to_several(facts: ClaimFacts, entries: Iterable[ClaimEntry]) -> bool:
    """Whether some run of a claim, of which not all is cleared, has to be parted by what each fact has changed."""
    claim = _Claim(facts, {})
    for entry in _in_order(entries):
        later = not entry.cleared and entry.run > facts.first_run and not claim.is_reversal(entry)
        if later and belong_to_several(claim.between(entry, entry.stage)):
            return True
        claim.passed.append(entry)
    return False


def split_by_party(
    facts: ClaimFacts, entries: Iterable[ClaimEntry], cleared: Mapping[tuple[int, str, Party], int] = NO_NET
) -> list[EntryPart]:
    """Say for the entries of one claim that are not ``cleared`` who is settled with; parts sum to the amounts.

    ``entries`` are all of the claim's, in any order. ``cleared`` is the net of those that are cleared. What moves from
    one party to the other at a stage that books nothing is a part of settlement's entry, whose amount is 0: for what
    the layers leave of a reversed claim, and for facts that come to 0 in one run.
    """
    claim = _Claim(facts, dict(cleared))
    return [part for entry in _in_order(entries) for part in claim.take(entry)]


def _in_order(entries: Iterable[ClaimEntry]) -> list[ClaimEntry]:
    """In the order of runs and stages. What a run takes back of a stage and what it books there are one: funds settle
    that among themselves, and the parties are due the difference."""
    ordered = sorted(entries, key=lambda entry: (entry.run, entry.stage, entry.number))
    merged: list[ClaimEntry] = []
    for entry in ordered:
        if merged and (entry.run, entry.stage, entry.journal) == (merged[-1].run, merged[-1].stage, merged[-1].journal):
            entry = replace(entry, amount=entry.amount + merged.pop().amount)
        merged.append(entry)
    return merged


def _side(fact: LaterFact) -> Side:
    return fact.party, fact.kind
