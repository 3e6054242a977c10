"""A person's stays and visits on one strip of days: stays as bars, visits as dots, long gaps between them folded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from infra.person_file.names import SETTINGS
from processors.person.file_model import FileClaim

FOLDED_BEYOND = timedelta(days=31)
"""A longer time without a stay or a visit is folded."""
MARGIN = timedelta(days=2)
FOLDS_TAKE, FOLD_TAKES = 40.0, 5.0
"""In percent: the most that all folds take of the strip, and the most that one takes."""
LABEL_TAKES, SHORTEST_BAR = 9.0, 0.6


@dataclass(frozen=True, slots=True)
class StripFold:
    """A folded gap, in percent of the strip; ``days`` is how long it is."""

    start: float
    width: float
    days: int


@dataclass(frozen=True, slots=True)
class StripTick:
    """Where a stretch of days begins, in percent; ``label`` is empty where it would stand on another."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class StripMark:
    """A stay (``width`` in percent) or a visit (None) of a claim; ``text`` tells it to who can't see it."""

    claim_id: str
    start: float
    width: float | None
    stands: bool
    text: str


@dataclass(frozen=True, slots=True)
class StripRow:
    """A row: ``kind`` is a setting, or ``adjusted``."""

    kind: str
    name: tuple[str, str]
    marks: list[StripMark]


@dataclass(frozen=True, slots=True)
class Strip:
    """All of it, in percent of its width."""

    ticks: list[StripTick]
    folds: list[StripFold]
    rows: list[StripRow]


def strip(claims: Sequence[FileClaim]) -> Strip | None:
    """A row for each setting, and one for claims that were settled again; None where there is no claim."""
    if not claims:
        return None
    scale = _Scale(_span(claim) for claim in claims)
    settings = sorted({claim.setting for claim in claims}, key=lambda code: (code != "inpatient", code))
    rows = [
        StripRow(code, SETTINGS[code], [_mark(scale, claim) for claim in claims if claim.setting == code])
        for code in settings
    ]
    again = [StripMark(each.claim_id, scale.at(each.day), None, each.stands, _again(each)) for each in claims]
    moved = [mark for mark, claim in zip(again, claims, strict=True) if claim.revision > 1]
    if moved:
        rows.append(StripRow("adjusted", ("有调整", "settled again"), moved))
    return Strip(scale.ticks(), scale.folds, rows)


def _span(claim: FileClaim) -> tuple[date, date]:
    first = claim.admitted_on if claim.admitted_on is not None and claim.admitted_on <= claim.day else claim.day
    return first, claim.day


def _mark(scale: "_Scale", claim: FileClaim) -> StripMark:
    first, last = _span(claim)
    days = f"{first} – {last}" if first != last else str(last)
    text = f"{SETTINGS[claim.setting][0]} {days} {claim.hospital_name or claim.hospital_id} {claim.claim_id}"
    start = scale.at(first)
    width = max(scale.at(last) - start, SHORTEST_BAR) if claim.setting == "inpatient" else None
    return StripMark(claim.claim_id, start, width, claim.stands, text if claim.stands else f"{text} 已冲正")


def _again(claim: FileClaim) -> str:
    return f"{claim.claim_id} 第{claim.revision}版 revision {claim.revision}"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days shown to scale, from ``start`` on in percent."""

    first: date
    last: date
    start: float


class _Scale:
    """Days in percent of the strip; each stretch keeps the scale, each fold takes the same place."""

    def __init__(self, spans: Iterable[tuple[date, date]]) -> None:
        merged: list[tuple[date, date]] = []
        for first, last in sorted(spans):
            if merged and first - merged[-1][1] <= FOLDED_BEYOND:
                merged[-1] = merged[-1][0], max(merged[-1][1], last)
            else:
                merged.append((first, last))
        widened = [(first - MARGIN, last + MARGIN) for first, last in merged]
        gaps = len(widened) - 1
        fold = min(FOLD_TAKES, FOLDS_TAKE / gaps) if gaps else 0.0
        days = sum((last - first).days for first, last in widened)
        self._per_day = (100.0 - fold * gaps) / days
        self._stretches: list[_Stretch] = []
        self.folds: list[StripFold] = []
        at = 0.0
        for place, (first, last) in enumerate(widened):
            if place:
                self.folds.append(StripFold(at, fold, (merged[place][0] - merged[place - 1][1]).days))
                at += fold
            self._stretches.append(_Stretch(first, last, at))
            at += (last - first).days * self._per_day

    def at(self, day: date) -> float:
        """A day in percent."""
        stretch = next(each for each in reversed(self._stretches) if each.first <= day)
        return stretch.start + (day - stretch.first).days * self._per_day

    def ticks(self) -> list[StripTick]:
        """The first day of each stretch, labelled where there is room."""
        found: list[StripTick] = []
        free = 0.0
        for stretch in self._stretches:
            fits = stretch.start >= free and stretch.start <= 100 - LABEL_TAKES
            found.append(StripTick(stretch.start, f"{stretch.first + MARGIN:%Y-%m-%d}" if fits else ""))
            free = stretch.start + LABEL_TAKES if fits else free
        return found
