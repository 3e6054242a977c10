"""What a person held when, as rows of one time line over years."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from infra.person_file.names import CATEGORIES, disease_name
from processors.person.file_model import PersonFile

MOST_YEARS = 15
MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a row in percent of the time line; ``open_`` where no end is known."""

    start: float
    width: float
    open_: bool


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One line: ``kind`` is enrolled, category, card or claims; ``points`` are percent of the time line."""

    kind: str
    name: tuple[str, str]
    stretches: list[Stretch]
    points: list[float]


@dataclass(frozen=True, slots=True)
class Tick:
    """1 January of a year; ``label`` is empty where years stand too close."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """``died_at`` in percent of the line, None for the living."""

    ticks: list[Tick]
    rows: list[TimelineRow]
    died_at: float | None


def timeline(file: PersonFile) -> Timeline | None:
    """Rows for enrollment, each category, each chronic card, and the claims; None where nothing is known."""
    status = file.status
    days = _days(file)
    if not days:
        return None
    last = max(days).year
    first = max(min(days).year, last - MOST_YEARS + 1)
    scale = _Scale(date(first, 1, 1), date(last + 1, 1, 1))
    rows = []
    if status.enrolled:
        spans = [(enrolled.first, _next_day(enrolled.last)) for enrolled in status.enrolled]
        rows.append(TimelineRow("enrolled", ("参保", "insured"), scale.stretches(spans), []))
    for code in dict.fromkeys(span.code for span in status.categories):
        spans_held = [(span.first, span.until) for span in status.categories if span.code == code]
        rows.append(TimelineRow("category", CATEGORIES[code], scale.stretches(spans_held), []))
    for code, class_ in dict.fromkeys((span.code, span.detail) for span in status.cards):
        held = [(span.first, span.until) for span in status.cards if (span.code, span.detail) == (code, class_)]
        disease, english = disease_name(code)
        name = (f"慢特病证 {disease} {class_}类", f"card: {english}, class {class_}")
        rows.append(TimelineRow("card", name, scale.stretches(held), []))
    if file.claims:
        points = [scale.at(claim.day) for claim in file.claims if claim.day >= scale.first]
        rows.append(TimelineRow("claims", ("就医", "stays and visits"), [], points))
    died = status.died_on
    return Timeline(_ticks(scale, first, last), rows, scale.at(died) if died and died >= scale.first else None)


class _Scale:
    def __init__(self, first: date, end: date) -> None:
        self.first, self.end = first, end

    def at(self, day: date) -> float:
        """A day in percent of the line, clipped to it."""
        inside = min(max(day, self.first), self.end)
        return (inside - self.first).days * 100 / (self.end - self.first).days

    def stretches(self, spans: Iterable[tuple[date, date | None]]) -> list[Stretch]:
        """Spans as stretches, those before the line left out."""
        found = []
        for first, until in spans:
            end = self.end if until is None else until
            if end <= self.first:
                continue
            start = self.at(first)
            found.append(Stretch(start, self.at(end) - start, until is None))
        return found


def _days(file: PersonFile) -> list[date]:
    status = file.status
    days = [span.first for span in (*status.categories, *status.cards)]
    days += [span.until for span in (*status.categories, *status.cards) if span.until is not None]
    days += [enrolled.first for enrolled in status.enrolled] + [claim.day for claim in file.claims]
    return days + ([status.died_on] if status.died_on else [])


def _ticks(scale: _Scale, first: int, last: int) -> list[Tick]:
    years = range(first, last + 1)
    every = -(-len(years) // MOST_LABELS)
    return [
        Tick(scale.at(date(year, 1, 1)), str(year) if index % every == 0 else "") for index, year in enumerate(years)
    ]


def _next_day(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
