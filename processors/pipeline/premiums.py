"""Premiums: settled from a person's enrollments, rosters and death whenever one changes, booked as differences."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import structs

from events import facts
from events.decisions import PREMIUM_PURCHASED, PREMIUM_REFUNDED, PREMIUM_SUBSIDISED
from events.store.journal import Journal
from policies.premiums import PremiumDue, PremiumKind, cover, premiums_due
from policies.scheme import Scheme
from processors.delivery.run import Cause
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.state import LedgerState
from projections.enrolments import Enrolment
from projections.premiums import Premium, PremiumKey
from projections.rosters import RosterChange, categories_between

PREMIUM_TYPES: Mapping[PremiumKind, str] = {
    "subsidised": PREMIUM_SUBSIDISED,
    "purchased": PREMIUM_PURCHASED,
    "refunded": PREMIUM_REFUNDED,
}


def enrolment_of(pinned: PinnedSchemes, data: facts.EnrollmentRecorded, died_on: date | None) -> Enrolment:
    """An enrollment with the scheme that its premiums follow from then on, which is fixed here.

    That is the one in force for the region on the first day of the cover, or None. ``died_on`` has no say in it: a
    death may be told later, or be corrected.
    """
    days = cover(data.year, data.effective_on)
    scheme = pinned.for_region(data.region, days[0]) if days is not None else None
    content_hash = scheme.content_hash if scheme else None
    return Enrolment(data.person_id, data.year, data.region, data.effective_on, data.self_paid, content_hash, died_on)


_DUE: dict[tuple[str, date, tuple[str, ...], int], list[PremiumDue]] = {}
_MOST_DUE = 5_000
"""A bound, never reached: who is held by a scheme from one day on, and paid the same, is due the same."""


def _premiums_due(scheme: Scheme, first_day: date, held: tuple[str, ...], self_paid: int) -> list[PremiumDue]:
    key = (scheme.content_hash, first_day, held, self_paid)
    if key not in _DUE:
        if len(_DUE) >= _MOST_DUE:
            _DUE.clear()
        _DUE[key] = premiums_due(scheme, first_day, held, self_paid)
    return _DUE[key]


def due_on(
    enrolment: Enrolment, roster: Sequence[RosterChange], schemes: Mapping[str, Scheme]
) -> dict[PremiumKey, Premium]:
    """The premiums that an enrollment brings under a roster; raises ``LookupError`` for an unknown scheme."""
    days = cover(enrolment.year, enrolment.effective_on, enrolment.died_on)
    if days is None or enrolment.scheme is None:
        return {}
    scheme = schemes[enrolment.scheme]
    held = categories_between(roster, *days)
    found = [
        Premium(
            person_id=enrolment.person_id,
            year=enrolment.year,
            region=enrolment.region,
            scheme=scheme.name,
            layer=due.layer,
            kind=due.kind,
            payer=due.payer,
            amount=due.amount,
            category=due.category,
            cite=due.cite,
            grade=due.grade,
        )
        for due in _premiums_due(scheme, days[0], held, enrolment.self_paid or 0)
    ]
    return {premium.key: premium for premium in found}


class PremiumBooking:
    """Holds what is due for the persons of a batch against what is booked, and books the difference."""

    def __init__(self, journal: Journal, state: LedgerState, pinned: PinnedSchemes) -> None:
        self.journal, self.state, self.pinned = journal, state, pinned

    def enrol(self, enrolment: Enrolment, cause: Cause) -> None:
        """Take an enrollment, in place of an earlier one for the year, and settle its premiums."""
        self.state.enrol(enrolment)
        self._settle(enrolment.person_id, {enrolment.year}, cause)

    def settle(self, person_id: str, cause: Cause) -> None:
        """Settle a person's premiums of every year for which he is enrolled: his roster or his day of death changed."""
        self._settle(person_id, self.state.years.get(person_id, ()), cause)

    def _settle(self, person_id: str, years: Iterable[int], cause: Cause) -> None:
        booked = self.state.premiums.get(person_id, {})
        roster = self.state.rosters.get(person_id, ())
        if not roster and not booked:
            return
        for year in sorted(years):
            enrolment = self.state.enrolments[person_id, year]
            due = due_on(enrolment, roster, self.pinned.by_hash)
            ended = [structs.replace(premium, amount=0) for premium in booked.values() if premium.year == year]
            for key, target in ({premium.key: premium for premium in ended} | due).items():
                self._book(target, booked.get(key), enrolment, cause)

    def _book(self, target: Premium, booked: Premium | None, enrolment: Enrolment, cause: Cause) -> None:
        if target == booked:
            return
        before = booked.amount if booked else 0
        self.journal.append(
            PREMIUM_TYPES[target.kind],  # type: ignore[index]
            {
                "before": before,
                "after": target.amount,
                "region": target.region,
                "payer": target.payer,
                "category": target.category,
                "cite": target.cite,
                "grade": target.grade,
                "scheme": enrolment.scheme,
                "cause": cause.json(),
            },
            person_id=target.person_id,
            year=target.year,
            scheme=target.scheme,
            layer=target.layer,
            track=target.payer,
            paid=target.amount - before,
        )
        self.state.put_premium(target)
