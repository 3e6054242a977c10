"""A person's premiums as the ledger tells them, without any projection: what is booked, and what the facts bring."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from msgspec import structs

from events import facts
from events.catalog import read
from policies.scheme import Scheme
from processors.premiums import PREMIUM_TYPES, due_on
from projections.enrolments import Enrolment
from projections.premiums import Premium, PremiumKey
from projections.rosters import RosterChange

Row = Mapping[str, Any]

ENROLLED = "enrollment.recorded.v1"
PREMIUM_HISTORY_TYPES = (ENROLLED, *PREMIUM_TYPES.values())
"""The types of entry that say, beside the roster's, what a person's premiums are."""

_KINDS = {type_: kind for kind, type_ in PREMIUM_TYPES.items()}


def booked_premiums(entries: Iterable[Row]) -> dict[PremiumKey, Premium]:
    """What entries of one person have booked in sum, those that came to 0 left out."""
    sums: dict[PremiumKey, Premium] = {}
    for entry in entries:
        if entry["type"] not in _KINDS:
            continue
        told = orjson.loads(entry["data"])
        premium = Premium(
            person_id=entry["person_id"],
            year=entry["year"],
            scheme=entry["scheme"],
            layer=entry["layer"],
            kind=_KINDS[entry["type"]],
            payer=entry["track"],
            amount=entry["paid"],
            category=told["category"],
            cite=told["cite"],
            grade=told["grade"],
        )
        before = sums.get(premium.key)
        sums[premium.key] = structs.replace(premium, amount=premium.amount + (before.amount if before else 0))
    return {key: premium for key, premium in sums.items() if premium.amount}


def enrolments_told(entries: Iterable[Row]) -> list[Enrolment]:
    """The enrollment that counts of each year, with the scheme that was pinned when it was recorded."""
    found: dict[int, Enrolment] = {}
    for entry in entries:
        if entry["type"] != ENROLLED:
            continue
        data = read(entry["raw"], entry["source"]).data
        if not isinstance(data, facts.EnrollmentRecorded):
            raise TypeError(f"{type(data).__name__} under type {ENROLLED}")
        scheme = orjson.loads(entry["data"]).get("scheme")
        found[data.year] = Enrolment(
            data.person_id, data.year, data.region, data.effective_on, data.self_paid, scheme=scheme
        )
    return list(found.values())


def premiums_from_scratch(
    entries: Sequence[Row], roster: Sequence[RosterChange], schemes: Mapping[str, Scheme]
) -> dict[PremiumKey, Premium]:
    """What a person's enrollments bring under his roster; raises ``LookupError`` for a scheme not among these."""
    if not roster:
        return {}
    due: dict[PremiumKey, Premium] = {}
    for enrolment in enrolments_told(entries):
        due |= due_on(enrolment, roster, schemes)
    return due
