"""Who a person was when: categories, enrollments and chronic cards as spans of days."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from processors.person.file_model import Enrolled, Entry, Span, Standing, fen
from projections.cards import CardChange, valid_cards
from projections.rosters import RosterChange, categories_on


def standing_of(history: Sequence[Entry]) -> Standing:
    """A person's standing from his facts."""
    roster = [_roster_change(entry) for entry in _of_type(history, "roster.changed.v1")]
    cards = [_card_change(entry) for entry in _of_type(history, "chronic_card.issued.v1", "chronic_card.revoked.v1")]
    died = [date.fromisoformat(entry["data"]["died_on"]) for entry in _of_type(history, "person.died.v1")]
    died_on = died[-1] if died else None
    return Standing(
        categories=_spans(
            [change.effective_on for change in roster],
            lambda day: dict.fromkeys(categories_on(roster, day), ""),
        ),
        enrolled=_enrolled(_of_type(history, "enrollment.recorded.v1"), died_on),
        cards=_spans([change.effective_on for change in cards], lambda day: valid_cards(cards, day)),
        died_on=died_on,
    )


def _of_type(history: Iterable[Entry], *types: str) -> list[Entry]:
    return [entry for entry in history if entry["type"] in types]


def _spans(days: Iterable[date], held_on: Callable[[date], Mapping[str, str]]) -> list[Span]:
    turns: list[date | None] = [*sorted(set(days)), None]
    spans: list[Span] = []
    for first, until in pairwise(turns):
        if first is None:
            break
        for code, detail in held_on(first).items():
            before = next(
                (span for span in spans if (span.code, span.detail, span.until) == (code, detail, first)), None
            )
            if before is not None:
                spans.remove(before)
            spans.append(Span(code, detail, before.first if before else first, until))
    return sorted(spans, key=lambda span: (span.first, span.code))


def _enrolled(entries: Iterable[Entry], died_on: date | None) -> list[Enrolled]:
    found: dict[int, Enrolled] = {}
    for entry in entries:
        data = entry["data"]
        first, last = date.fromisoformat(data["effective_on"]), date(data["year"], 12, 31)
        paid = data.get("self_paid")
        found[data["year"]] = Enrolled(
            year=data["year"],
            region=data["region"],
            first=max(first, date(data["year"], 1, 1)),
            last=last if died_on is None else min(last, max(died_on, first - timedelta(days=1))),
            self_paid=None if paid is None else fen(paid),
        )
    return [found[year] for year in sorted(found)]


def _roster_change(entry: Entry) -> RosterChange:
    data = entry["data"]
    return RosterChange(
        number=entry["number"],
        person_id=data["person_id"],
        category=data["category"],
        added=data["change"] == "added",
        effective_on=date.fromisoformat(data["effective_on"]),
    )


def _card_change(entry: Entry) -> CardChange:
    data = entry["data"]
    return CardChange(
        number=entry["number"],
        person_id=data["person_id"],
        disease=data["disease"],
        disease_class=data["disease_class"],
        issued=entry["type"] == "chronic_card.issued.v1",
        effective_on=date.fromisoformat(data["effective_on"]),
    )
