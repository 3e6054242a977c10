"""Premiums: settled from a person's enrollments, rosters and death whenever one changes, booked as differences."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import structs

from events.decisions import PREMIUM_PURCHASED, PREMIUM_REFUNDED, PREMIUM_SUBSIDISED
from policies.funds import BookedFund, fund_of
from policies.premiums import PremiumDue, PremiumKind, cover, premiums_due
from policies.scheme import Scheme
from processors.delivery.run import Cause
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.state import Keys, LedgerState, Lookup
from projections.enrolments import Enrolment
from projections.premiums import (
    PayerPremium,
    PremiumKey,
    load_insurances,
    load_premiums,
    load_refund_regions,
    premiums,
)
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


Insurances = dict[tuple[str, PremiumKey], BookedFund]
INSURANCES: Lookup[Insurances] = Lookup(load_insurances, dict)
"""The fund that has got each premium of a person."""


def ask_premiums(keys: Keys, person_id: str) -> None:
    """Ask for what is booked of a person's premiums."""
    keys.look_up(PREMIUMS, person_id)
    keys.look_up(REFUND_REGIONS, person_id)
    keys.look_up(INSURANCES, person_id)


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


def settle_premiums(batch: IntakeBatch, person_id: str, years: Iterable[int], cause: Cause) -> None:
    """Compare what is due for a person's enrollments of some years with what is booked, and book the difference."""
    state = batch.state
    booked = state.of(PREMIUMS).get(person_id, {})
    roster = state.rosters.get(person_id, ())
    if not roster and not booked:
        return
    for year in sorted(years):
        enrolment = state.enrolments[person_id, year]
        due = due_on(enrolment, roster, batch.pinned.by_hash)
        ended = [structs.replace(premium, amount=0) for premium in booked.values() if premium.year == year]
        former = state.of(INSURANCES).copy()
        targets = ({premium.key: premium for premium in ended} | due).values()
        for target in sorted(targets, key=lambda premium: premium.kind == "refunded"):  # behind what they are part of
            if target.kind == "refunded":
                _settle_refund(batch, target, booked.get(target.key), enrolment, cause, former)
            else:
                _settle(batch, target, booked.get(target.key), enrolment, cause)


def insurance_of(premium: PayerPremium, enrolment: Enrolment, schemes: Mapping[str, Scheme]) -> BookedFund:
    """The fund that a premium goes to by the text that brings it."""
    scheme = schemes.get(enrolment.scheme or "")
    return fund_of({}, premium.layer) if scheme is None else scheme.fund_of(premium.layer)


def _settle(
    batch: IntakeBatch, target: PayerPremium, booked: PayerPremium | None, enrolment: Enrolment, cause: Cause
) -> None:
    """Book what differs. What another fund has got than the one that insures by now comes back from that one."""
    before = booked.amount if booked else 0
    insurances = batch.state.of(INSURANCES)
    whose = target.person_id, target.key
    got = insurances.get(whose) if before else None
    insurance = got if got and not target.amount else insurance_of(target, enrolment, batch.pinned.by_hash)
    moves = got is not None and got != insurance
    if got is not None and moves:
        _book(batch, structs.replace(target, amount=0), before, enrolment, cause, {"to": got.told()})
        before = 0
    if moves or target != booked:
        _book(batch, target, before, enrolment, cause, {"to": insurance.told()})
    insurances[whose] = insurance


def _settle_refund(
    batch: IntakeBatch,
    target: PayerPremium,
    booked: PayerPremium | None,
    enrolment: Enrolment,
    cause: Cause,
    former: Insurances,
) -> None:
    """Book what differs of a refund, on the fund that gets so much less of the premium, wherever that has moved.

    Who moves to another county is due the difference only: one region's clearings have all of his year.
    """
    refunds = batch.state.of(REFUND_REGIONS)
    clears_in = refunds.setdefault((target.person_id, target.year), target.region)
    was, now = _instead_of(former, target), _instead_of(batch.state.of(INSURANCES), target)
    before = booked.amount if booked else 0
    moves = before > 0 and was != now
    if moves:
        _book(batch, structs.replace(target, amount=0), before, enrolment, cause, {"clears_in": clears_in, **was})
        before = 0
    if moves or target != booked:
        _book(batch, target, before, enrolment, cause, {"clears_in": clears_in, **now})


def _instead_of(insurances: Insurances, refund: PayerPremium) -> dict[str, object]:
    """The fund that gets so much less of the premium, which it had from the person already."""
    paid = (structs.replace(refund, kind=kind) for kind in ("subsidised", "purchased"))
    got = (insurances.get((premium.person_id, premium.key)) for premium in paid)
    return next(({"instead_of": fund.told()} for fund in got if fund is not None), {})


def _book(
    batch: IntakeBatch,
    target: PayerPremium,
    before: int,
    enrolment: Enrolment,
    cause: Cause,
    more: Mapping[str, object],
) -> None:
    batch.transaction.journal.append(
        PREMIUM_TYPES[target.kind],  # type: ignore[index]
        {
            "before": before,
            "after": target.amount,
            "region": target.region,
            "payer": target.payer,
            "fund": target.payer,
            **more,
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
    _put(batch.state, target)


def _put(state: LedgerState, premium: PayerPremium) -> None:
    known = state.of(PREMIUMS).setdefault(premium.person_id, {})
    write = state.upsert if premium.key in known else state.insert
    known[premium.key] = premium
    write(premiums, (premium.person_id, *premium.key), structs.asdict(premium))
