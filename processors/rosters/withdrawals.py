"""Withdrawing an imported list: what it changed is put back by difference, as changes of their own.

Every day before the next list of the department that stands becomes what it would be without the withdrawn list: for
the ledger's memberships and for the department's support alike. From that next list's day on its own word holds, since
a full list says who is on it; days before it that it stated again are booked when it is imported again. Where the
department's support comes back, so does a membership that another department's later list ended: it ended because
nobody supported it (docs/decisions/0012-a-membership-ends-with-the-last-word.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import ROSTER_WITHDRAWN
from events.store.journal import entries
from processors.rosters.histories import add_records, load_changes
from processors.rosters.imports import (
    EVENT_ID,
    IS_ROSTER_CHANGE,
    ImportRecord,
    ListRecord,
    UnbookedStatement,
    load_records,
    record,
    standing_imports,
)
from processors.rosters.list_comparison import ListChange, change_name, list_name
from processors.rosters.lists import Membership
from processors.rosters.memberships import (
    UNRECORDED,
    DepartmentStatement,
    History,
    held_on,
    ledger_changes,
    statements_of,
)
from processors.rosters.period import Period


class NothingToWithdraw(LookupError):
    """No list of the department and month stands; ``standing`` are the months of those that do."""

    def __init__(self, standing: list[Period]) -> None:
        super().__init__(", ".join(map(str, standing)))
        self.standing = standing


@dataclass(slots=True)
class ListWithdrawal:
    """A list that is withdrawn: ``changes`` go to the ledger, ``unbooked`` into the record alone.

    ``later`` are the lists of the department that were imported after it and stand. ``known`` counts the records.
    """

    of: ImportRecord
    later: list[ImportRecord]
    known: int
    changes: list[ListChange] = field(default_factory=list)
    unbooked: list[UnbookedStatement] = field(default_factory=list)

    @property
    def until(self) -> date | None:
        """The day from which a later list's word holds."""
        return min((record.effective_on for record in self.later), default=None)

    def count(self, change: str) -> int:
        """How many changes of a kind it makes."""
        return sum(each.change == change for each in self.changes)


async def draw_up_withdrawal(connection: AsyncConnection, source: str, period: Period) -> ListWithdrawal:
    """What withdrawing a department's last list of a month that stands would change. Raises ``NothingToWithdraw``."""
    records = await load_records(connection)
    standing = standing_imports(records, source)
    chosen = next((each for each in reversed(standing) if each.period == period), None)
    if chosen is None:
        raise NothingToWithdraw(sorted({each.period for each in standing}))
    withdrawal = ListWithdrawal(chosen, [each for each in standing if each.number > chosen.number], len(records))
    theirs = await _changes_of(connection, records, chosen)
    persons = {person_id for person_id, _ in chosen.left_out}
    changes = await load_changes(connection, source, persons)
    without = {
        membership: [said for said in history if said.number not in theirs] for membership, history in changes.items()
    }
    touched = chosen.left_out | {each for each, history in changes.items() if len(history) != len(without[each])}
    add_records(changes, records)
    add_records(without, [each for each in records if each != chosen])
    for membership in sorted(touched & changes.keys()):
        put_back(withdrawal, membership, changes[membership], without[membership])
    # The later day first: what stands from then on is not moved twice, nor are its claims.
    withdrawal.changes.sort(key=lambda change: change.effective_on, reverse=True)
    withdrawal.changes.sort(key=lambda change: change.person_id)
    return withdrawal


async def _changes_of(connection: AsyncConnection, records: Iterable[ListRecord], chosen: ImportRecord) -> set[int]:
    """The numbers of the roster changes that an import made.

    They lie between the lists before and after it, and name its file; those of older programs name the month alone.
    """
    own = [each for each in records if isinstance(each, ImportRecord) and each.source == chosen.source]
    before = max((each.last_change for each in own if each.number < chosen.number), default=0)
    after = min((each.last_change for each in own if each.number > chosen.number), default=UNRECORDED)
    rows = await connection.execute(
        select(entries.c.number, entries.c.raw).where(
            IS_ROSTER_CHANGE,
            entries.c.source == chosen.source,
            entries.c.event_id.regexp_match(EVENT_ID),
            entries.c.event_id.startswith(f"roster-{chosen.period}-"),
            entries.c.number > before,
            entries.c.number <= after,
        )
    )
    found = set()
    for row in rows:
        named = orjson.loads(bytes(row.raw)).get("list")
        if named == list_name(chosen.sha256) or (named is None and row.number > chosen.last_change):
            found.add(row.number)
    return found


def put_back(withdrawal: ListWithdrawal, membership: Membership, history: History, without: History) -> None:
    """Add what makes every day of a membership what it should be, day after day on which anything changes."""
    source, until = withdrawal.of.source, withdrawal.until
    now = list(history)
    days = {said.effective_on for said in [*history, *without]} | ({until} if until is not None else set())
    for day in sorted(days):
        stands = history if until is not None and day >= until else without
        own, held = held_on(statements_of(stands, source), day), held_on(ledger_changes(stands), day)
        if stands is without:
            held = _held_without(stands, day, withdrawal.of, own=own, held=held)
        if held_on(ledger_changes(now), day) != held:
            now.append(DepartmentStatement(UNRECORDED + len(now), source, held, day))
            change: Any = "added" if held else "removed"
            name = f"roster-withdrawal-{change_name(membership, change, day, history)}"
            withdrawal.changes.append(ListChange(*membership, change, day, name))
        if held_on(statements_of(now, source), day) != own:
            now.append(DepartmentStatement(UNRECORDED + len(now), source, own, day, unbooked=True))
            withdrawal.unbooked.append((membership, own, day))


def _held_without(history: History, day: date, of: ImportRecord, *, own: bool, held: bool) -> bool:
    """Whether a membership is held on a day without a list, other departments' later lists having known that list.

    One that such a list ended is held again by the department's support that comes back. One that such a list left out,
    and left standing for this department's sake alone, is not held any more.
    """
    others = [said for said in history if said.source != of.source]
    if own and not held:
        booked = [said for said in ledger_changes(history) if said.effective_on <= day]
        last = max(booked, key=lambda said: (said.effective_on, said.number), default=None)
        return last is not None and last in others and last.number > of.last_change
    if held and not own:
        left_out = any(
            said.unbooked and not said.added and said.number > of.last_change and said.effective_on <= day
            for said in others
        )
        supported = any(held_on(statements_of(others, source), day) for source in {said.source for said in others})
        return supported or not left_out
    return held


def withdrawal_event(change: ListChange, of: ImportRecord, actor: str) -> dict[str, Any]:
    """The CloudEvent that puts a membership back: a change of the roster that names the list that is withdrawn."""
    return {
        "specversion": "1.0",
        "source": of.source,
        "id": change.event_id,
        "type": "roster.changed.v1",
        "period": str(of.period),
        "withdraws": list_name(of.sha256),
        "actor": actor,
        "data": {
            "person_id": change.person_id,
            "category": change.category,
            "change": change.change,
            "effective_on": change.effective_on.isoformat(),
        },
    }


async def record_withdrawal(engine: AsyncEngine, withdrawal: ListWithdrawal, actor: str, reason: str) -> None:
    """Record that a list was withdrawn, once the ledger has all its changes. Raises ``ConcurrentImport``."""
    of = withdrawal.of

    async def data(connection: AsyncConnection, _: object) -> dict[str, Any]:
        last = select(func.coalesce(func.max(entries.c.number), 0)).where(
            IS_ROSTER_CHANGE, entries.c.source == of.source
        )
        return {
            "source": of.source,
            "period": str(of.period),
            "of": of.number,
            "sha256": of.sha256,
            "actor": actor,
            "reason": reason,
            "added": withdrawal.count("added"),
            "removed": withdrawal.count("removed"),
            "unbooked": [
                [person_id, category, "added" if added else "removed", day.isoformat()]
                for (person_id, category), added, day in withdrawal.unbooked
            ],
            "held_against": (await connection.execute(last)).scalar_one(),
        }

    await record(engine, ROSTER_WITHDRAWN, withdrawal.known, data)
