"""Who is on the roster and which department says so, as the statements about a membership give it for a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from processors.law.terms import terms_in_force

UNRECORDED = 2**62
"""Number of a statement that is not recorded yet: later than all others."""


@dataclass(frozen=True, slots=True)
class DepartmentStatement:
    """What a department said of one membership: a roster change in the ledger, whose entry is ``number``.

    An ``unbooked`` one is no change of the ledger: only a record of the lists says so, after the entry ``number``. A
    list left the membership out while other departments kept it, or the withdrawal of a list puts that back. It moves
    the department's support, not the membership.
    """

    number: int
    source: str
    added: bool
    effective_on: date
    unbooked: bool = False


History = Sequence[DepartmentStatement]
"""All statements about one membership, by all departments."""


def ledger_changes(history: History) -> list[DepartmentStatement]:
    """The statements that stand in the ledger and decide what claims get."""
    return [statement for statement in history if not statement.unbooked]


def statements_of(history: History, source: str) -> list[DepartmentStatement]:
    """One department's statements: its changes in the ledger, and what records of its lists say beside them."""
    return [statement for statement in history if statement.source == source]


def held_on(history: Iterable[DepartmentStatement], day: date) -> bool:
    """Whether a membership is held on a day: [added, removed); of two changes of one date the later recorded wins.

    Of two that only records state, after the same change, the one of the later record wins: it stands behind.
    """
    last: DepartmentStatement | None = None
    for said in history:
        if said.effective_on <= day and (last is None or _order(said) >= _order(last)):
            last = said
    return last is not None and last.added


def _order(statement: DepartmentStatement) -> tuple[date, int, bool]:
    return statement.effective_on, statement.number, statement.unbooked


def held_since(history: History, day: date) -> date | None:
    """First day of the unbroken membership that is held on a day; None where none is."""
    if not held_on(history, day):
        return None
    days = sorted({statement.effective_on for statement in history if statement.effective_on <= day}, reverse=True)
    since = days[0]
    for earlier in days:
        if not held_on(history, earlier):
            break
        since = earlier
    return since


def removal_days(statements: History, begin: date, until: date) -> list[date]:
    """The days from which removals must hold, so that the membership is held on no day from ``begin`` to ``until``.

    None where it is not held on ``until``: what ended within these days is left as it was.
    """
    since = held_since(statements, until)
    if since is None:
        return []
    days: list[date] = []
    begin, after = max(since, begin), list(statements)
    later = {statement.effective_on for statement in statements if begin < statement.effective_on <= until}
    for day in [begin, *sorted(later)]:
        if held_on(after, day):
            after.append(DepartmentStatement(UNRECORDED + len(days), "", added=False, effective_on=day))
            days.append(day)
    return days


def in_order(categories: Iterable[str]) -> list[str]:
    """Categories in the shared order of choice (docs/domain.md#category_choice), those of schemes behind."""
    known = list(terms_in_force().categories)
    return sorted(categories, key=lambda code: (known.index(code) if code in known else len(known), code))
