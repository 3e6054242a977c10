"""Which categories, enrollments, chronic cards and filings a person held when, as spans of days."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from events import facts
from events.catalog import Fact
from processors.person.file_model import FiledReferral, InsuredYear, PersonStatus, Span
from processors.person.history import PersonHistory
from processors.pipeline.kinds.enrollment import kept
from projections.cards import CardChange, valid_cards
from projections.rosters import categories_on


def status_of(history: PersonHistory) -> PersonStatus:
    """A person's status from the facts of a history."""
    roster, cards = history.roster, _card_changes(history)
    told = [entry.fact for entry in history.facts()]
    stated = [fact.data for fact in told]
    died = [data.died_on for data in stated if isinstance(data, facts.PersonDied)]
    died_on = died[-1] if died else None
    return PersonStatus(
        categories=_spans(
            [change.effective_on for change in roster],
            lambda day: dict.fromkeys(categories_on(roster, day), ""),
        ),
        enrolled=_insured(stated, died_on),
        cards=_spans([change.effective_on for change in cards], lambda day: valid_cards(cards, day)),
        filed=_filed(told),
        died_on=died_on,
    )


def _spans(days: Iterable[date], held_on: Callable[[date], Mapping[str, str]]) -> list[Span]:
    changes: list[date | None] = [*sorted(set(days)), None]
    spans: list[Span] = []
    for first, until in pairwise(changes):
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


def _insured(stated: Iterable[facts.FactData], died_on: date | None) -> list[InsuredYear]:
    found: dict[int, InsuredYear] = {}
    for data in stated:
        if isinstance(data, facts.EnrollmentEnded) and data.year in found:
            found[data.year] = replace(found[data.year], last=_last(found[data.year].first, data.effective_on, died_on))
        if not isinstance(data, facts.EnrollmentRecorded):
            continue
        year, before = data.year, found.get(data.year)
        first = max(data.effective_on, date(year, 1, 1))
        found[year] = InsuredYear(
            year=year,
            region=data.region,
            first=first,
            last=_last(first, date(year + 1, 1, 1), died_on),
            insurance_type=data.insurance_type,
            **kept(data, before),
        )
    return [found[year] for year in sorted(found)]


def _filed(told: Iterable[Fact]) -> list[FiledReferral]:
    found: dict[tuple[str, str], FiledReferral] = {}
    for fact in told:
        if isinstance(data := fact.data, facts.ReferralFiled):
            region = fact.source.partition("/")[2]
            found[region, data.filing_id] = FiledReferral(
                region=region,
                filing_id=data.filing_id,
                kind=data.kind,
                first=data.effective_on,
                until=data.until,
                to_region=data.to_region,
                to_hospital=data.to_hospital,
                reason=data.reason,
            )
    return sorted(found.values(), key=lambda filed: (filed.first, filed.region, filed.filing_id))


def _last(first: date, until: date, died_on: date | None) -> date:
    """The last day insured, or the day before the first where none is."""
    last = until - timedelta(days=1) if died_on is None else min(until - timedelta(days=1), died_on)
    return max(last, first - timedelta(days=1))


def _card_changes(history: PersonHistory) -> list[CardChange]:
    return [
        CardChange(
            number=entry.number,
            person_id=card.person_id,
            disease=card.disease,
            disease_class=card.disease_class,
            issued=isinstance(card, facts.ChronicCardIssued),
            effective_on=card.effective_on,
        )
        for entry in history.facts()
        if isinstance(card := entry.fact.data, facts.ChronicCard)
    ]
