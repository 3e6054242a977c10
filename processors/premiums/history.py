"""A person's premiums as the ledger tells them, without any projection: what is booked, and what the facts bring."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

from policies.scheme import Scheme
from processors.person.fact_decoders import Died, Enrolled, fen, told
from processors.pipeline.premiums import PREMIUM_TYPES, due_on
from projections.enrolments import Enrolment
from projections.premiums import Premium, PremiumKey
from projections.rosters import RosterChange

Row = Mapping[str, Any]

ENROLLED = "enrollment.recorded.v1"
DIED = "person.died.v1"
PREMIUM_HISTORY_TYPES = (ENROLLED, DIED, *PREMIUM_TYPES.values())
"""The types of entry that say, beside the roster's, what a person's premiums are."""

_KINDS = {type_: kind for kind, type_ in PREMIUM_TYPES.items()}


class _Reason(Struct, gc=False):
    """What the data of a booked premium says beside its columns."""

    region: str
    category: str
    cite: str
    grade: str


class _Pinned(Struct, gc=False):
    """What the data of an enrollment's entry fixes."""

    scheme: str | None = None


_REASONS = msgspec.json.Decoder(_Reason)
_PINNED = msgspec.json.Decoder(_Pinned)


def booked_premiums(entries: Iterable[Row]) -> dict[PremiumKey, Premium]:
    """What entries of one person have booked in sum, those that came to 0 left out."""
    sums: dict[PremiumKey, Premium] = {}
    for entry in entries:
        if entry["type"] not in _KINDS:
            continue
        reason = _REASONS.decode(entry["data"])
        premium = Premium(
            person_id=entry["person_id"],
            year=entry["year"],
            region=reason.region,
            scheme=entry["scheme"],
            layer=entry["layer"],
            kind=_KINDS[entry["type"]],
            payer=entry["track"],
            amount=entry["paid"],
            category=reason.category,
            cite=reason.cite,
            grade=reason.grade,
        )
        key = premium.key
        before = sums.get(key)
        sums[key] = structs.replace(premium, amount=premium.amount + before.amount) if before else premium
    return {key: premium for key, premium in sums.items() if premium.amount}


def enrolments_told(entries: Iterable[Row]) -> list[Enrolment]:
    """The enrollment that counts of each year, with the scheme that was pinned when it was recorded.

    The death reported last ends them all, whether it was reported before them or after.
    """
    found: dict[int, Enrolment] = {}
    died_on: date | None = None
    for entry in entries:
        if entry["type"] == DIED:
            died_on = told(entry, Died).died_on
        if entry["type"] != ENROLLED:
            continue
        said = told(entry, Enrolled)
        begins = date(said.year, 1, 1) if said.effective_on is UNSET else said.effective_on
        paid = None if said.self_paid is UNSET else fen(said.self_paid)
        scheme = _PINNED.decode(entry["data"]).scheme
        found[said.year] = Enrolment(said.person_id, said.year, said.region, begins, paid, scheme=scheme)
    return [structs.replace(enrolment, died_on=died_on) for enrolment in found.values()]


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
