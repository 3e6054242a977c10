"""A department's full list compared with the ledger: who is added, who is removed, and why the list may be cut off."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Literal

from processors.law.terms import CATEGORY_NAMES
from processors.rosters.lists import Membership, RosterList
from processors.rosters.memberships import (
    UNRECORDED,
    DepartmentStatement,
    History,
    held_on,
    ledger_changes,
    removal_days,
    statements_of,
)
from processors.rosters.period import Period

MOST_REMOVED_PERCENT = 20
"""A list that would remove more of its department's standing members is taken for a cut-off file."""
MOST_ADDED_PERCENT = 20
"""A list that would add more than this, in percent of its department's standing members, is taken for another file."""
FEW_ADDED = 2
"""So many additions are seen at a glance, however small the department."""


@dataclass(frozen=True, slots=True)
class ListChange:
    """One change of the roster that a list makes."""

    person_id: str
    category: str
    change: Literal["added", "removed"]
    effective_on: date
    event_id: str


@dataclass(frozen=True, slots=True)
class ListReceipt:
    """How a list was received: from which department, for which month, on which day, and when its changes begin."""

    source: str
    period: Period
    received_on: date
    effective_on: date

    @property
    def late(self) -> bool:
        """Whether it came after the day on which it was due."""
        return self.received_on > self.period.due_in

    @property
    def until(self) -> date:
        """The last day of which the list speaks."""
        return max(self.period.last, self.effective_on)


@dataclass(slots=True)
class ListComparison:
    """What a list changes.

    ``listed`` are the categories that have a row in the list. ``standing`` counts the memberships that the department
    supported before, by category; ``leaving`` counts those of them that the list leaves out. ``kept`` are left out and
    keep the department's support, since a refused row may be theirs. ``left_out`` lose it and are still held: the
    departments named support them, and no change is booked. ``last_change`` is the number of the last roster change in
    the ledger that was known.
    """

    listed: frozenset[str] = frozenset()
    standing: Counter[str] = field(default_factory=Counter)
    leaving: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    added: list[ListChange] = field(default_factory=list)
    removed: list[ListChange] = field(default_factory=list)
    kept: list[Membership] = field(default_factory=list)
    left_out: dict[Membership, list[str]] = field(default_factory=dict)
    last_change: int = 0

    @property
    def cut_off_reason(self) -> str | None:
        """Why the list looks cut off, or None. Members whom other departments keep count too: their next list may
        leave them out as well."""
        members, leaving = self.standing.total(), self.leaving.total()
        if leaving * 100 > members * MOST_REMOVED_PERCENT:
            return (
                f"名单缺少在册 {members} 人次中的 {leaving} 人次，超过 {MOST_REMOVED_PERCENT}% "
                f"it leaves out {leaving} of {members} standing members, more than {MOST_REMOVED_PERCENT}%"
            )
        # Whatever the category's size: a department's few orphans stand on a sheet of their own, which may be missing
        # as a whole. Unary plus drops the categories of which nobody leaves.
        for category in sorted((+self.leaving).keys() - self.listed):
            return (
                f"名单中没有{CATEGORY_NAMES[category]}，在册 {self.leaving[category]} 人 "
                f"it has no row of {category}, of which {self.leaving[category]} stand"
            )
        return None

    @property
    def growth_reason(self) -> str | None:
        """Why the list looks like another file, or None. A department's first list has nothing to be compared with.

        An earlier day for one who is a member already is an addition too: a misread column would give it to all.
        """
        members = self.standing.total()
        adding = len({(change.person_id, change.category) for change in self.added})
        if members and adding > FEW_ADDED and adding * 100 > members * MOST_ADDED_PERCENT:
            return (
                f"名单新增（含提前生效）{adding} 人次，在册 {members} 人次，超过 {MOST_ADDED_PERCENT}% "
                f"it adds {adding} members, or earlier days for them, to {members} standing ones, "
                f"more than {MOST_ADDED_PERCENT}%"
            )
        return None

    @property
    def changes(self) -> list[ListChange]:
        """Everything to publish, by person."""
        return sorted([*self.added, *self.removed], key=lambda change: (change.person_id, change.effective_on))


def compare_list(read: RosterList, histories: Mapping[Membership, History], receipt: ListReceipt) -> ListComparison:
    """Compare a full list with the ledger. The same list over the same ledger gives the same event ids.

    The list speaks of the categories in it and of those that the ledger has from its department. A row without a date
    holds from the list's effective day on; a row with an earlier date makes the membership begin then. A membership
    that the list leaves out, or names as ended, ends where no other department supports it.
    """
    found = ListComparison(frozenset(category for _, category in read.listed.keys() | read.ended.keys()))
    for membership in sorted(read.listed.keys() | histories.keys()):
        history = histories.get(membership, ())
        found.last_change = max(found.last_change, *(statement.number for statement in history), 0)
        own = statements_of(history, receipt.source)
        standing = held_on(own, receipt.until)
        found.standing[membership[1]] += standing
        if membership in read.listed:
            days = _days_to_add(history, read.listed[membership], receipt)
            found.unchanged += not days
            found.added += [_change(membership, "added", day, history, receipt) for day in days]
        elif not held_on(ledger_changes(own), receipt.until):
            continue
        elif not (read.unreadable or membership[0] in read.in_doubt):
            found.leaving[membership[1]] += standing
            begin = max(read.ended.get(membership) or receipt.effective_on, receipt.effective_on)
            _leave_out(found, membership, history, receipt, begin)
        elif standing:
            found.kept.append(membership)
    return found


def _days_to_add(history: History, on: date | None, receipt: ListReceipt) -> list[date]:
    """The days from which a listed membership must be added, so that department and ledger both hold it."""
    own, ledger = statements_of(history, receipt.source), ledger_changes(history)
    days: list[date] = []

    def held(day: date) -> bool:
        return held_on(own, day) and held_on(ledger, day)

    def add_unless_held(day: date) -> None:
        if not held(day):
            added = DepartmentStatement(UNRECORDED + len(days), receipt.source, added=True, effective_on=day)
            ledger.append(added)
            own.append(added)
            days.append(day)

    if on is None and held(receipt.until):
        return days
    if on is not None:
        add_unless_held(on)
    begin = max(on or receipt.effective_on, receipt.effective_on)
    if begin <= receipt.until:
        add_unless_held(begin)
        for day in sorted({said.effective_on for said in history if begin < said.effective_on <= receipt.until}):
            add_unless_held(day)
    return days


def _leave_out(
    found: ListComparison, membership: Membership, history: History, receipt: ListReceipt, begin: date
) -> None:
    """End a department's support of a membership from a day on.

    Removals are booked for the days on which no other department supports it. For the other days the import's record
    alone says that the list left the membership out.
    """
    source = receipt.source
    own, ledger = statements_of(history, source), ledger_changes(history)
    others = {said.source: statements_of(history, said.source) for said in history if said.source != source}
    leaves = removal_days(own, begin, receipt.until)
    own += [DepartmentStatement(UNRECORDED, source, added=False, effective_on=day) for day in leaves]

    def others_hold(day: date) -> bool:
        return any(held_on(statements, day) for statements in others.values())

    # Another department's support may end after the list's month, where its list of a later month came first.
    ends = {said.effective_on for statements in others.values() for said in statements if said.effective_on > begin}
    for day in sorted({begin, *leaves, *ends}):
        if not others_hold(day) and (day in leaves or (held_on(ledger, day) and not held_on(own, day))):
            ledger.append(DepartmentStatement(UNRECORDED, source, added=False, effective_on=day))
            found.removed.append(_change(membership, "removed", day, history, receipt))
    still_held = [day for day in leaves or [receipt.until] if held_on(statements_of(ledger, source), day)]
    keepers = sorted(
        other for other, statements in others.items() if any(held_on(statements, day) for day in still_held)
    )
    if keepers:
        found.left_out[membership] = keepers


def _change(
    membership: Membership, change: Literal["added", "removed"], day: date, history: History, receipt: ListReceipt
) -> ListChange:
    name = change_name(membership, change, day, history)
    return ListChange(*membership, change, day, f"roster-{receipt.period}-{name}")


def change_name(membership: Membership, change: str, day: date, history: History) -> str:
    """24 letters that name a change, and the last change before it.

    So the same list again makes the same events, a list after another new ones. Letters only: a run of digits might
    look like a national ID.
    """
    last = max((said.number for said in history if not said.unbooked), default=0)
    content = "|".join((*membership, change, day.isoformat(), str(last)))
    return _letters(sha256(content.encode()).hexdigest()[:24])


def _letters(digits: str) -> str:
    return digits.translate(str.maketrans("0123456789", "ghijklmnop"))


def changes_digest(changes: Iterable[ListChange]) -> str:
    """sha256, hex, of changes in their order: their ids say what they change, and after what."""
    return sha256("\n".join(change.event_id for change in changes).encode()).hexdigest()


def list_name(file_sha256: str) -> str:
    """What events say of the file that they come from: 16 letters for its sha256 in hex."""
    return _letters(file_sha256[:16])


def event_of(change: ListChange, receipt: ListReceipt, actor: str, file_sha256: str) -> dict[str, Any]:
    """The CloudEvent that states a change; it has ``late`` where its list came after the day on which it was due.

    ``file_sha256`` is that of the list's file, in hex: a part of it says which list the change is of.
    """
    extensions: dict[str, Any] = {
        "period": str(receipt.period),
        "received": receipt.received_on.isoformat(),
        "actor": actor,
        "list": list_name(file_sha256),
    }
    if receipt.late:
        extensions["late"] = True
    return {
        "specversion": "1.0",
        "source": receipt.source,
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
