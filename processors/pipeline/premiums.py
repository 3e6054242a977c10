"""Premiums: settled from a person's enrollments, rosters and death whenever one changes, booked as differences."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import structs

from events.decisions import PREMIUM_PURCHASED, PREMIUM_REFUNDED, PREMIUM_SUBSIDISED
from policies.funds import fund_of
from policies.premiums import PremiumDue, PremiumKind, cover, premiums_due
from policies.scheme import Scheme
from processors.delivery.run import Cause
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.state import Keys, LedgerState, Lookup
from projections.enrolments import Enrolment
from projections.premiums import PayerPremium, PremiumKey, load_premiums, load_refund_regions, premiums
from projections.rosters import RosterChange, categories_between

PREMIUM_TYPES: Mapping[PremiumKind, str] = {
    "subsidised": PREMIUM_SUBSIDISED,
    "purchased": PREMIUM_PURCHASED,
    "refunded": PREMIUM_REFUNDED,
}


PREMIUMS: Lookup[dict[str, dict[PremiumKey, PayerPremium]]] = Lookup(load_premiums, dict)
"""What is booked, by person."""

REFUND_REGIONS: Lookup[dict[tuple[str, int], str]] = Lookup(load_refund_regions, dict)
"""The region whose clearings carry a person's refunds of a year: the one in which the first came to stand."""


def ask_premiums(keys: Keys, person_id: str) -> None:
    """Ask for what is booked of a person's premiums."""
    keys.look_up(PREMIUMS, person_id)
    keys.look_up(REFUND_REGIONS, person_id)


_DUE: dict[tuple[str, date, tuple[str, ...], int], list[PremiumDue]] = {}
_MOST_DUE = 5_000
"""A bound, never reached: persons whom a scheme holds alike from the same day on, and who paid the same, are due the
same."""


def _premiums_due(scheme: Scheme, first_day: date, held: tuple[str, ...], self_paid: int) -> list[PremiumDue]:
    key = (scheme.content_hash, first_day, held, self_paid)
    if key not in _DUE:
        if len(_DUE) >= _MOST_DUE:
            _DUE.clear()
        _DUE[key] = premiums_due(scheme, first_day, held, self_paid)
    return _DUE[key]


def due_on(
    enrolment: Enrolment, roster: Sequence[RosterChange], schemes: Mapping[str, Scheme]
) -> dict[PremiumKey, PayerPremium]:
    """The premiums that an enrollment brings under a roster; raises ``LookupError`` for an unknown scheme."""
    days = cover(enrolment.year, enrolment.effective_on, enrolment.died_on, enrolment.ended_on)
    if days is None or enrolment.scheme is None:
        return {}
    scheme = schemes[enrolment.scheme]
    held = categories_between(roster, *days)
    found = [
        PayerPremium(
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


def settle_premiums(
    batch: IntakeBatch, person_id: str, years: Iterable[int], cause: Cause, *, before: Enrolment | None = None
) -> None:
    """Compare what is due for a person's enrollments of some years with what is booked, and book the difference.

    ``before`` is the enrollment that another has just replaced.
    """
    state = batch.state
    booked = state.of(PREMIUMS).get(person_id, {})
    roster = state.rosters.get(person_id, ())
    if not roster and not booked:
        return
    for year in sorted(years):
        enrolment = state.enrolments[person_id, year]
        due = due_on(enrolment, roster, batch.pinned.by_hash)
        ended = [structs.replace(premium, amount=0) for premium in booked.values() if premium.year == year]
        for key, target in ({premium.key: premium for premium in ended} | due).items():
            _book(batch, target, booked.get(key), enrolment, cause, before=before)


def _book(
    batch: IntakeBatch,
    target: PayerPremium,
    booked: PayerPremium | None,
    enrolment: Enrolment,
    cause: Cause,
    *,
    before: Enrolment | None,
) -> None:
    if target == booked:
        return
    amount_before = booked.amount if booked else 0
    clears_in = {}
    if target.kind == "refunded":
        # Who moves to another county is due the difference only: one region's clearings have all of his year.
        refunds = batch.state.of(REFUND_REGIONS)
        clears_in = {"clears_in": refunds.setdefault((target.person_id, target.year), target.region)}
    goes_to = {}
    if target.kind != "refunded":
        goes_to = {"to": _insurance(batch.pinned, target, (enrolment, before))}
    batch.transaction.journal.append(
        PREMIUM_TYPES[target.kind],  # type: ignore[index]
        {
            "before": amount_before,
            "after": target.amount,
            "region": target.region,
            "payer": target.payer,
            "fund": target.payer,
            **goes_to,
            "category": target.category,
            "cite": target.cite,
            "grade": target.grade,
            "scheme": enrolment.scheme,
            "cause": cause.json(),
            **clears_in,
        },
        person_id=target.person_id,
        year=target.year,
        scheme=target.scheme,
        layer=target.layer,
        track=target.payer,
        paid=target.amount - amount_before,
    )
    _put(batch.state, target)


def _insurance(pinned: PinnedSchemes, target: PayerPremium, enrolments: Sequence[Enrolment | None]) -> dict[str, str]:
    """The fund that a premium goes to, or comes back from: as a text of the scheme says under which it was booked.

    Whose new enrollment is under another scheme, or under none, gets back what the old one's funds were paid.
    """
    pinned_to = (pinned.by_hash.get(each.scheme or "") for each in enrolments if each is not None)
    by_text = [scheme for scheme in pinned_to if scheme is not None and scheme.name == target.scheme]
    for scheme in (*by_text, *pinned.texts_of(target.scheme)):
        if target.layer in scheme.terms.layers:
            return scheme.fund_of(target.layer)
    return fund_of({}, target.layer)


def _put(state: LedgerState, premium: PayerPremium) -> None:
    known = state.of(PREMIUMS).setdefault(premium.person_id, {})
    write = state.upsert if premium.key in known else state.insert
    known[premium.key] = premium
    write(premiums, (premium.person_id, *premium.key), structs.asdict(premium))
