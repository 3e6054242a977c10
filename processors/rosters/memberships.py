"""Who is on the roster, and which department says so: what was said of a membership, and what follows on a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from events.codes import CATEGORY_ORDER, Category

LAST = 2**62
"""Number of a change that is yet to be recorded: later than all others."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a department said of one membership: a change in the ledger, whose entry is ``number``.

    Or, where ``noted``, that it left the membership out of a list while others kept it: said by the record of the
    import alone, after the entry ``number``. That ends its word and not the membership.
    """

    number: int
    source: str
    added: bool
    effective_on: date
    noted: bool = False


History = Sequence[Said]
"""All that was said of one membership, by all departments."""


def booked(history: History) -> list[Said]:
    """What of it stands in the ledger, and decides what claims get."""
    return [said for said in history if not said.noted]


def word_of(history: History, source: str) -> list[Said]:
    """A department's own word: its changes, and what its lists left out since."""
    return [said for said in history if said.source == source]


def held_on(history: Iterable[Said], day: date) -> bool:
    """Whether a membership is held on a day: [added, removed); of two changes of one date the later recorded wins."""
    last = max(
        (said for said in history if said.effective_on <= day),
        key=lambda said: (said.effective_on, said.number, said.noted),
        default=None,
    )
    return last is not None and last.added


def held_since(history: History, day: date) -> date | None:
    """First day of the unbroken membership that is held on a day; None where none is."""
    if not held_on(history, day):
        return None
    days = sorted({said.effective_on for said in history if said.effective_on <= day}, reverse=True)
    since = days[0]
    for earlier in days:
        if not held_on(history, earlier):
            break
        since = earlier
    return since


def days_to_leave(word: History, begin: date, until: date) -> list[date]:
    """The days from which a word must be taken back so that it holds on no day from one to another.

    None where it does not hold on the last: what ended within these days is left as it was.
    """
    since = held_since(word, until)
    if since is None:
        return []
    days: list[date] = []
    begin, after = max(since, begin), list(word)
    for day in [begin, *sorted({said.effective_on for said in word if begin < said.effective_on <= until})]:
        if held_on(after, day):
            after.append(Said(LAST + len(days), "", added=False, effective_on=day))
            days.append(day)
    return days


def in_order(categories: Iterable[Category]) -> list[Category]:
    """Categories in the order of choice (docs/domain.md#category_choice)."""
    return sorted(categories, key=CATEGORY_ORDER.index)
