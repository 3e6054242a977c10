"""A department's full list held against the ledger: who is to be added, who removed, and what speaks against it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Literal

from events.codes import CATEGORY_NAMES, Category
from processors.rosters.lists import Membership, RosterList
from processors.rosters.memberships import LAST, History, Said, booked, days_to_leave, held_on, word_of
from processors.rosters.period import Period

MOST_REMOVED_PERCENT = 20
"""A list that would remove more of its department's standing members is taken for a cut-off file."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a list brings about."""

    person_id: str
    category: Category
    change: Literal["added", "removed"]
    effective_on: date
    event_id: str


@dataclass(frozen=True, slots=True)
class Handed:
    """How a list came in: whose it is, for which month, when it was received, and from when its changes hold."""

    source: str
    period: Period
    received_on: date
    effective_on: date

    @property
    def late(self) -> bool:
        """Whether it came after the day it was due."""
        return self.received_on > self.period.due_in

    @property
    def until(self) -> date:
        """The last day that the list speaks of."""
        return max(self.period.last, self.effective_on)


@dataclass(slots=True)
class Comparison:
    """What a list changes. ``standing`` counts the department's own memberships before it, by category.

    ``listed`` are the categories that have a row in it; ``leaving`` counts those of ``standing`` that have none.
    ``kept`` stay the department's word although the list leaves them out, since a refused row may be theirs.
    ``left_out`` are its word no longer, and held on by the departments named; no change is booked for them.
    ``held_against`` is the last change in the ledger that was known.
    """

    listed: frozenset[Category] = frozenset()
    standing: Counter[Category] = field(default_factory=Counter)
    leaving: Counter[Category] = field(default_factory=Counter)
    unchanged: int = 0
    added: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    kept: list[Membership] = field(default_factory=list)
    left_out: dict[Membership, list[str]] = field(default_factory=dict)
    held_against: int = 0

    @property
    def shrinks(self) -> str | None:
        """Why the list looks cut off, if it does; what others keep counts too, for their next list may not."""
        members, leaving = self.standing.total(), self.leaving.total()
        if leaving * 100 > members * MOST_REMOVED_PERCENT:
            return (
                f"名单缺少在册 {members} 人次中的 {leaving} 人次，超过 {MOST_REMOVED_PERCENT}% "
                f"it leaves out {leaving} of {members} standing members, more than {MOST_REMOVED_PERCENT}%"
            )
        # whatever its size: a department's few orphans stand on a sheet of their own, which is forgotten as a whole
        for category in sorted((+self.leaving).keys() - self.listed):  # those of whom anybody stands
            return (
                f"名单中没有{CATEGORY_NAMES[category]}，在册 {self.leaving[category]} 人 "
                f"it has no row of {category}, of which {self.leaving[category]} stand"
            )
        return None

    @property
    def changes(self) -> list[Change]:
        """Everything to publish, by person."""
        return sorted([*self.added, *self.removed], key=lambda change: (change.person_id, change.effective_on))


def compare(read: RosterList, histories: Mapping[Membership, History], handed: Handed) -> Comparison:
    """Hold a full list against the ledger. Pure; the same list over the same ledger gives the same event ids.

    The list speaks of the categories in it and of those the ledger has from its department. A row without a date
    holds from the list's effective day; one with an earlier date makes the membership begin then. What it leaves out
    ends where no other department's word stands for it.
    """
    found = Comparison(frozenset(category for _, category in read.listed))
    for membership in sorted(read.listed.keys() | histories.keys()):
        history = histories.get(membership, ())
        found.held_against = max(found.held_against, *(said.number for said in history), 0)
        own = word_of(history, handed.source)
        standing = held_on(own, handed.until)
        found.standing[membership[1]] += standing
        if membership in read.listed:
            days = _missing(history, read.listed[membership], handed)
            found.unchanged += not days
            found.added += [_change(membership, "added", day, history, handed) for day in days]
        elif not held_on(booked(own), handed.until):
            continue
        elif not (read.unreadable or membership[0] in read.in_doubt):
            found.leaving[membership[1]] += standing
            _leave_out(found, membership, history, handed)
        elif standing:
            found.kept.append(membership)
    return found


def _missing(history: History, on: date | None, handed: Handed) -> list[date]:
    """The days from which a listed membership must be added, for the department to say it and the ledger to hold it."""
    own, ledger = word_of(history, handed.source), booked(history)
    days: list[date] = []

    def held(day: date) -> bool:
        return held_on(own, day) and held_on(ledger, day)

    def need(day: date) -> None:
        if not held(day):
            said = Said(LAST + len(days), handed.source, added=True, effective_on=day)
            ledger.append(said)
            own.append(said)
            days.append(day)

    if on is None and held(handed.until):
        return days
    if on is not None:
        need(on)
    begin = max(on or handed.effective_on, handed.effective_on)
    if begin <= handed.until:
        need(begin)
        for day in sorted({said.effective_on for said in history if begin < said.effective_on <= handed.until}):
            need(day)
    return days


def _leave_out(found: Comparison, membership: Membership, history: History, handed: Handed) -> None:
    """Take a department's word back: by removals on the days when nobody else's stands, else by the import's record."""
    own, ledger = word_of(history, handed.source), booked(history)
    others = {said.source: word_of(history, said.source) for said in history if said.source != handed.source}
    leaves = days_to_leave(own, handed.effective_on, handed.until)
    own += [Said(LAST, handed.source, added=False, effective_on=day) for day in leaves]

    def others_say(day: date) -> bool:
        return any(held_on(word, day) for word in others.values())

    # a word of others may end after the list's month, where theirs of a later month came first
    turns = {said.effective_on for word in others.values() for said in word if said.effective_on > handed.effective_on}
    for day in sorted({handed.effective_on, *leaves, *turns}):
        if not others_say(day) and (day in leaves or (held_on(ledger, day) and not held_on(own, day))):
            ledger.append(Said(LAST, handed.source, added=False, effective_on=day))
            found.removed.append(_change(membership, "removed", day, history, handed))
    still = [day for day in leaves or [handed.until] if held_on(word_of(ledger, handed.source), day)]
    keeping = sorted(source for source, word in others.items() if any(held_on(word, day) for day in still))
    if keeping:
        found.left_out[membership] = keeping


def _change(
    membership: Membership, change: Literal["added", "removed"], day: date, history: History, handed: Handed
) -> Change:
    # What it follows stands in the id: the same list again is the same events, a list after another makes new ones.
    follows = max((said.number for said in history if not said.noted), default=0)
    said = "|".join((*membership, change, day.isoformat(), str(follows)))
    event_id = f"roster-{handed.period}-{sha256(said.encode()).hexdigest()[:24]}"
    return Change(*membership, change, day, event_id)


def event_of(change: Change, handed: Handed, actor: str) -> dict[str, Any]:
    """The CloudEvent that states a change; ``late`` stands where its list came after the day it was due."""
    extensions: dict[str, Any] = {
        "period": str(handed.period),
        "received": handed.received_on.isoformat(),
        "actor": actor,
    }
    if handed.late:
        extensions["late"] = True
    return {
        "specversion": "1.0",
        "source": handed.source,
        "id": change.event_id,
        "type": "roster.changed.v1",
        **extensions,
        "data": {
            "person_id": change.person_id,
            "category": change.category,
            "change": change.change,
            "effective_on": change.effective_on.isoformat(),
        },
    }
