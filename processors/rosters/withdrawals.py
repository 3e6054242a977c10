"""Withdrawing an imported list: what it changed is put back by difference, as changes of their own.

Every day before the next list of the department that stands becomes what it would be without the withdrawn list: for
the ledger's memberships and for the department's support alike. From that next list's day on its own word holds, since
a full list says who is on it; days before it that it stated again are booked when it is imported again. Where the
department's support comes back, so does a membership that another department's later list ended: it ended because
nobody supported it (docs/decisions/0012-a-membership-ends-with-the-last-word.md).
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, any_, func, literal, select
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
    WithdrawalRecord,
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
from projections.rosters import RosterChange, rosters

Histories = dict[Membership, list[DepartmentStatement]]


class NothingToWithdraw(LookupError):
    """No list of the department and month stands; ``standing`` are the months of those that do."""

    def __init__(self, standing: list[Period]) -> None:
        super().__init__(", ".join(map(str, standing)))
        self.standing = standing


@dataclass(slots=True)
class ListWithdrawal:
    """A list that is withdrawn: ``changes`` go to the ledger, ``unbooked`` into the record alone.

    ``later`` are the lists of the department that were imported after it and stand. ``known`` counts the records.
    ``gone`` are the list and those beside it that were withdrawn before.
    """

    of: ImportRecord
    later: list[ImportRecord]
    known: int
    gone: list[ImportRecord]
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
    withdrawal = ListWithdrawal(
        chosen, [each for each in standing if each.number > chosen.number], len(records), gone_lists(records, chosen)
    )
    told = {membership for membership, _, _ in _unbooked_of(records, withdrawal.gone)}
    told.update(*(each.left_out for each in withdrawal.gone))
    changes = await load_changes(connection, source, {person_id for person_id, _ in told})
    made, restored = await _changes_of(connection, records, withdrawal.gone)
    history, without = both_histories(changes, records, withdrawal, made, restored)
    theirs = made | restored
    touched = told | {each for each, told_of in changes.items() if any(said.number in theirs for said in told_of)}
    for membership in sorted(touched & history.keys()):
        put_back(withdrawal, membership, history[membership], without[membership])
    # The later day first: what stands from then on is not moved twice, nor are its claims.
    withdrawal.changes.sort(key=lambda change: change.effective_on, reverse=True)
    withdrawal.changes.sort(key=lambda change: change.person_id)
    return withdrawal


async def changes_of_list(connection: AsyncConnection, number: int) -> list[RosterChange]:
    """The changes that an imported list made, by the number of its record, whether or not it stands."""
    records = await load_records(connection)
    chosen = [each for each in records if isinstance(each, ImportRecord) and each.number == number]
    made, _ = await _changes_of(connection, records, chosen) if chosen else (set(), set())
    query = select(rosters).where(rosters.c.number == any_(literal(sorted(made), ARRAY(BigInteger))))
    return [RosterChange(*row) for row in await connection.execute(query.order_by(rosters.c.number))]


def gone_lists(records: Iterable[ListRecord], chosen: ImportRecord) -> list[ImportRecord]:
    """A list that is withdrawn now, and those beside it that were withdrawn before: no list that stands is between.

    What the withdrawal of one of them put back rested on the word of the others, so all of it is drawn up anew.
    """
    told = list(records)
    others = [each.number for each in standing_imports(told, chosen.source) if each != chosen]
    before = max((number for number in others if number < chosen.number), default=0)
    after = min((number for number in others if number > chosen.number), default=UNRECORDED)
    return [each for each in _imports_of(told, chosen.source) if before < each.number < after]


def both_histories(
    changes: Histories,
    records: Sequence[ListRecord],
    withdrawal: ListWithdrawal,
    made: Collection[int],
    restored: Collection[int],
) -> tuple[Histories, Histories]:
    """All that was said, and what would have been said without the lists that are gone.

    ``made`` and ``restored`` are the numbers of the changes that these lists and their withdrawals made. What a
    withdrawal restated from a later list's day on is that list's word, and stays.
    """
    until, gone = withdrawal.until, {each.number for each in withdrawal.gone}

    def stays(day: date) -> bool:
        return until is not None and day >= until

    history = {membership: list(told) for membership, told in changes.items()}
    without = {
        membership: [
            said
            for said in told
            if said.number not in made and (said.number not in restored or stays(said.effective_on))
        ]
        for membership, told in changes.items()
    }
    add_records(history, records)
    rest: list[ListRecord] = []
    for each in records:
        if isinstance(each, WithdrawalRecord) and each.of in gone:
            rest.append(replace(each, unbooked=tuple(said for said in each.unbooked if stays(said[2]))))
        elif isinstance(each, WithdrawalRecord) or each.number not in gone:
            rest.append(each)
    add_records(without, rest)
    return history, without


def _imports_of(records: Iterable[ListRecord], source: str) -> list[ImportRecord]:
    return [each for each in records if isinstance(each, ImportRecord) and each.source == source]


def _unbooked_of(records: Iterable[ListRecord], gone: Iterable[ImportRecord]) -> list[UnbookedStatement]:
    numbers = {each.number for each in gone}
    told = (each for each in records if isinstance(each, WithdrawalRecord) and each.of in numbers)
    return [said for each in told for said in each.unbooked]


async def _changes_of(
    connection: AsyncConnection, records: Sequence[ListRecord], gone: Sequence[ImportRecord]
) -> tuple[set[int], set[int]]:
    """The numbers of the roster changes that imports made, and of those that their withdrawals made.

    A change names the file of its list. The same file may have been imported more than once: an import's changes lie
    between the lists before and after it, a withdrawal's between the import and its own record. Imports of older
    programs name the month alone.
    """
    source = gone[0].source
    imports = _imports_of(records, source)
    ends = {each.of: each.last_change for each in records if isinstance(each, WithdrawalRecord)}
    rows = await connection.execute(
        select(entries.c.number, entries.c.event_id, entries.c.raw).where(
            IS_ROSTER_CHANGE, entries.c.source == source, entries.c.event_id.startswith("roster-")
        )
    )
    made, restored = set(), set()
    windows = []
    for each in gone:
        first = max((other.last_change for other in imports if other.number < each.number), default=0)
        last = min((other.last_change for other in imports if other.number > each.number), default=UNRECORDED)
        windows.append((each, list_name(each.sha256), first, last))
    own_id = re.compile(EVENT_ID)
    for row in rows:
        said = orjson.loads(bytes(row.raw))
        for each, name, first, last in windows:
            own = own_id.match(row.event_id) is not None and row.event_id.startswith(f"roster-{each.period}-")
            if own and first < row.number <= last:
                named = said.get("list")
                if named == name or (named is None and row.number > each.last_change):
                    made.add(row.number)
            elif said.get("withdraws") == name and each.last_change < row.number <= ends.get(each.number, 0):
                restored.add(row.number)
    return made, restored


def put_back(withdrawal: ListWithdrawal, membership: Membership, history: History, without: History) -> None:
    """Add what makes every day of a membership what it should be, day after day on which anything changes."""
    source, until = withdrawal.of.source, withdrawal.until
    now = list(history)
    days = {said.effective_on for said in [*history, *without]} | ({until} if until is not None else set())
    for day in sorted(days):
        stands = history if until is not None and day >= until else without
        own, held = held_on(statements_of(stands, source), day), held_on(ledger_changes(stands), day)
        if stands is without:
            booked = held_on(ledger_changes(history), day)
            held = _held_without(stands, day, withdrawal, own=own, held=held, booked=booked)
        if held_on(ledger_changes(now), day) != held:
            now.append(DepartmentStatement(UNRECORDED + len(now), source, held, day))
            change: Any = "added" if held else "removed"
            name = f"roster-withdrawal-{change_name(membership, change, day, history)}"
            withdrawal.changes.append(ListChange(*membership, change, day, name))
        if held_on(statements_of(now, source), day) != own:
            now.append(DepartmentStatement(UNRECORDED + len(now), source, own, day, unbooked=True))
            withdrawal.unbooked.append((membership, own, day))


def _held_without(
    history: History, day: date, withdrawal: ListWithdrawal, *, own: bool, held: bool, booked: bool
) -> bool:
    """Whether a membership is held on a day without a list, other departments having known that list.

    One that their later list ended is held again by the department's support that comes back. One that their later list
    left out, and left standing for this department's sake alone, is not held any more. One that they support, and that
    they need not book while this list held it, stays where it is ``booked`` now.
    """
    known = min(each.last_change for each in withdrawal.gone)
    others = [said for said in history if said.source != withdrawal.of.source]
    if own and not held:
        changes = [said for said in ledger_changes(history) if said.effective_on <= day]
        last = max(changes, key=lambda said: (said.effective_on, said.number), default=None)
        return last is not None and last in others and last.number > known
    if own:
        return True
    supported = any(held_on(statements_of(others, source), day) for source in {said.source for said in others})
    if not held:
        return booked and supported
    left_out = any(
        said.unbooked and not said.added and said.number > known and said.effective_on <= day for said in others
    )
    return supported or not left_out


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
