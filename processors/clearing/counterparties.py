"""With whom each booking of a claim is settled, hospital or person, by the order of facts (docs/domain.md#3.8).

The ``counterparty`` that a layer writes follows from the cause of its run. It is wrong for a run that was sent again or
that took the place of a parked one: such a run has another cause than the audit whose amount it books. So the party is
derived here from what can't be lost. Each run knows the facts up to its cause's number in journal intake. An audit was
therefore first known in a layer to the first run after the audit that passed the layer.

What is derived while a run is under way may come out otherwise once the run is lost or superseded. So what a clearing
has taken is recorded as parts: it is not derived again, and a reversal undoes the parts that were cleared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Party = Literal["hospital", "person"]
PartKind = Literal["settled", "adjusted", "audit"]
Net = dict[tuple[int, str, Party], int]
"""What a claim has brought a party, in fen, by stage and the layer of the stage."""

NO_NET: Mapping[tuple[int, str, Party], int] = {}

NO_RUN = 2**62
"""A run number above all: of the first statement while there is none, and of the successor of a run that has none."""


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


class UnfinishedRun(NamedTuple):
    """A run that carries the claim and has not reached settlement; ``known`` as in ``ClaimEntry``.

    A run that was superseded by run ``replaced_by`` never will reach it. It had passed the stages before ``stage``.
    """

    run: int
    known: int
    parked: bool = False
    replaced_by: int = NO_RUN
    stage: int = 0

    def is_before(self, entry: ClaimEntry) -> bool:
        """Whether it passed the entry's stage before the entry's run did, whether it booked something there or not.

        Runs of a claim go one after the other, and a run that supersedes another goes on where that one stood.
        """
        return self.run < entry.run and (entry.run < self.replaced_by or entry.stage < self.stage)


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What decides with whom a claim's entries are settled.

    ``payee`` is paid the first settlement. ``first_run`` wrote the claim's first statement. ``audits`` are the numbers
    in journal intake of findings laid on the hospital, and ``reversed_by`` is that of the claim's reversal.
    """

    payee: Party
    first_run: int
    audits: Sequence[int] = ()
    reversed_by: int | None = None
    unfinished: Sequence[UnfinishedRun] = ()


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

    def _parts(self, entry: ClaimEntry) -> list[EntryPart]:
        # ``known`` is 0 for the claim's first run: no reversal can have been known to it.
        reversed_ = self.facts.reversed_by is not None and entry.known >= self.facts.reversed_by
        if entry.layer is None:
            return self._undo_rest(entry) if reversed_ else []
        if not entry.amount:
            return []  # Clearings take amounts. What is left at this stage is undone with settlement's entry.
        if reversed_:
            # Each party gives back, or gets back, what the claim had brought it: nothing is left of the claim.
            hospital = -self.net.get((entry.stage, entry.layer, "hospital"), 0)
            return [
                self._undo(entry, entry.stage, entry.layer, "hospital", hospital),
                self._undo(entry, entry.stage, entry.layer, "person", entry.amount - hospital),
            ]
        party, kind = self._counterparty(entry)
        return [EntryPart(entry, entry.stage, entry.layer, party, kind, entry.amount)]

    def _undo_rest(self, entry: ClaimEntry) -> list[EntryPart]:
        """Undo what the layers' own entries for the reversal have left with a party.

        A layer whose net was 0 books nothing for the reversal, though it may have paid one party and charged the other.
        """
        return [self._undo(entry, *key, -amount) for key, amount in sorted(self.net.items())]

    def _undo(self, entry: ClaimEntry, stage: int, layer: str, party: Party, amount: int) -> EntryPart:
        first = entry.run <= self.facts.first_run and party == self.facts.payee
        return EntryPart(entry, stage, layer, party, "settled" if first else "adjusted", amount)

    def _counterparty(self, entry: ClaimEntry) -> tuple[Party, PartKind]:
        facts = self.facts
        if entry.run <= facts.first_run:
            return facts.payee, "settled"
        booked = [past.known for past in self.passed if past.stage >= entry.stage]
        unfinished = [run.known for run in facts.unfinished if run.is_before(entry)]
        known_before = max((*booked, *unfinished), default=0)
        if any(known_before < audit <= entry.known for audit in facts.audits):
            return "hospital", "audit"
        return "person", "adjusted"


def split_by_party(
    facts: ClaimFacts, entries: Iterable[ClaimEntry], cleared: Mapping[tuple[int, str, Party], int] = NO_NET
) -> list[EntryPart]:
    """Say for the entries of one claim that are not ``cleared`` who is settled with; parts sum to the amounts.

    ``entries`` are all of the claim's, in any order. ``cleared`` is the net of those that are cleared. What the layers
    leave of a reversed claim is undone with settlement's entry, whose amount is 0: one party gets what the other gives.
    """
    claim = _Claim(facts, dict(cleared))
    ordered = sorted(entries, key=lambda entry: (entry.run, entry.stage))
    return [part for entry in ordered for part in claim.take(entry)]
