"""A department's full list held against the ledger: who is to be added, who removed, and what speaks against it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Literal

from events.codes import CATEGORY_NAMES, Category
from processors.rosters.lists import Membership, RosterList
from processors.rosters.memberships import History, Said, held_on, held_since
from processors.rosters.period import Period

MOST_REMOVED_PERCENT = 20
"""A list that would remove more of its department's standing members is taken for a cut-off file."""
_LAST = 2**62
"""Number of a change that is yet to be recorded: later than all others."""


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

    ``listed`` are the categories that have a row in it.
    ``kept`` stay although the list leaves them out, since a refused row may be theirs; ``contested`` are removed
    although another department lists them.
    """

    listed: frozenset[Category] = frozenset()
    standing: dict[Category, int] = field(default_factory=dict)
    unchanged: int = 0
    added: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    kept: list[Membership] = field(default_factory=list)
    contested: list[tuple[Change, list[str]]] = field(default_factory=list)

    @property
    def shrinks(self) -> str | None:
        """Why the list looks cut off, if it does."""
        leaving = Counter(category for _, category in {(change.person_id, change.category) for change in self.removed})
        members, removed = sum(self.standing.values()), leaving.total()
        if removed * 100 > members * MOST_REMOVED_PERCENT:
            return (
                f"名单将移除 {members} 人中的 {removed} 人，超过 {MOST_REMOVED_PERCENT}% "
                f"it would remove {removed} of {members} standing members, more than {MOST_REMOVED_PERCENT}%"
            )
        # whatever its size: a department's few orphans stand on a sheet of their own, which is forgotten as a whole
        for category in leaving.keys() - self.listed:
            return (
                f"名单中没有{CATEGORY_NAMES[category]}，将移除 {leaving[category]} 人 "
                f"it has no row of {category}, of which it would remove {leaving[category]}"
            )
        return None

    @property
    def changes(self) -> list[Change]:
        """Everything to publish, by person."""
        return sorted([*self.added, *self.removed], key=lambda change: (change.person_id, change.effective_on))


def compare(read: RosterList, histories: Mapping[Membership, History], handed: Handed) -> Comparison:
    """Hold a full list against the ledger. Pure; the same list over the same ledger gives the same event ids.

    The list speaks of the categories in it and of those the ledger has from its department. A row without a date
    holds from the list's effective day; one with an earlier date makes the membership begin then.
    """
    found = Comparison(frozenset(category for _, category in read.listed))
    for membership in sorted(read.listed.keys() | histories.keys()):
        history = histories.get(membership, ())
        own = [said for said in history if said.source == handed.source]
        standing = held_on(own, handed.until)
        category = membership[1]
        if standing:
            found.standing[category] = found.standing.get(category, 0) + 1
        if membership in read.listed:
            days = _missing(list(history), own, read.listed[membership], handed)
            found.unchanged += not days
            found.added += [_change(membership, "added", day, history, handed) for day in days]
        elif standing:
            _leave_out(found, membership, history, own, read, handed)
    return found


def _missing(history: list[Said], own: list[Said], on: date | None, handed: Handed) -> list[date]:
    """The days from which a listed membership must be added, for the department to say it and the ledger to hold it."""
    days: list[date] = []

    def held(day: date) -> bool:
        return held_on(own, day) and held_on(history, day)

    def need(day: date) -> None:
        if not held(day):
            said = Said(_LAST + len(days), handed.source, added=True, effective_on=day)
            history.append(said)
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


def _leave_out(
    found: Comparison, membership: Membership, history: History, own: History, read: RosterList, handed: Handed
) -> None:
    if read.unreadable or membership[0] in read.in_doubt:
        found.kept.append(membership)
        return
    removed = [_change(membership, "removed", day, history, handed) for day in _left(list(own), handed)]
    found.removed += removed
    others = {said.source for said in history} - {handed.source}
    listing = [
        other
        for other in sorted(others)
        if held_on([said for said in history if said.source == other], removed[0].effective_on)
    ]
    if listing:
        found.contested.append((removed[0], listing))


def _left(own: list[Said], handed: Handed) -> list[date]:
    """The days from which a membership that stands must be removed, for the department not to say it any more."""
    since = held_since(own, handed.until)
    if since is None:
        raise AssertionError("a membership that stands has a first day")
    begin = max(since, handed.effective_on)
    days: list[date] = []
    for day in [begin, *sorted({said.effective_on for said in own if begin < said.effective_on <= handed.until})]:
        if held_on(own, day):
            own.append(Said(_LAST + len(days), handed.source, added=False, effective_on=day))
            days.append(day)
    return days


def _change(
    membership: Membership, change: Literal["added", "removed"], day: date, history: History, handed: Handed
) -> Change:
    # What it follows stands in the id: the same list again is the same events, a list after another makes new ones.
    follows = max((said.number for said in history if said.number < _LAST), default=0)
    said = "|".join((*membership, change, day.isoformat(), str(follows)))
    event_id = f"roster-{handed.period}-{sha256(said.encode()).hexdigest()[:24]}"
    return Change(*membership, change, day, event_id)


def event_of(change: Change, handed: Handed, actor: str | None = None) -> dict[str, Any]:
    """The CloudEvent that states a change; ``late`` stands where its list came after the day it was due."""
    extensions: dict[str, Any] = {"period": str(handed.period), "received": handed.received_on.isoformat()}
    if handed.late:
        extensions["late"] = True
    if actor:
        extensions["actor"] = actor
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
