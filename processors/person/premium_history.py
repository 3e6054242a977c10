"""A person's premiums from the ledger alone, without any projection: what is booked, and what the facts bring."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from policies.arithmetic import add_to
from policies.funds import BookedFund, booked_fund
from policies.scheme import Scheme
from processors.pipeline.fact_decoders import DeathData, EnrollmentData, EnrollmentEndData, EntryRow, fact_data, fen
from processors.pipeline.premiums import PREMIUM_TYPES, due_on, insurance_of
from projections.enrolments import Enrolment
from projections.premiums import PayerPremium, PremiumKey
from projections.rosters import RosterChange

ENROLLED = ("enrollment.recorded.v1", "enrollment.recorded.v2")
ENDED = "enrollment.ended.v1"
DIED = "person.died.v1"
PREMIUM_KINDS = {type_: kind for kind, type_ in PREMIUM_TYPES.items()}
"""The kind of premium that a type of entry books."""
PREMIUM_HISTORY_TYPES = (*ENROLLED, ENDED, DIED, *PREMIUM_KINDS)
"""The types of entry that say, beside the roster's, what a person's premiums are."""


class _Insurance(Struct, gc=False):
    """The fund that a premium goes to."""

    fund: str
    insurer: str | None = None


class _Reason(Struct, gc=False):
    """What the data of a booked premium says beside its columns."""

    region: str
    category: str
    cite: str
    grade: str
    to: _Insurance | None = None


class _Pinned(Struct, gc=False):
    """What the data of an enrollment's entry fixes."""

    scheme: str | None = None
    self_paid: int | UnsetType | None = UNSET
    """fen; entries from before it was fixed have none, and mean what the event says"""


_REASONS = msgspec.json.Decoder(_Reason)
_PINNED = msgspec.json.Decoder(_Pinned)


def read_premium(entry: EntryRow) -> PayerPremium:
    """What one entry books of a premium: ``amount`` is the difference. Raises ``ValueError`` for unreadable data."""
    return _premium(entry, _REASONS.decode(entry["data"]))


def _premium(entry: EntryRow, reason: _Reason) -> PayerPremium:
    return PayerPremium(
        person_id=entry["person_id"],
        year=entry["year"],
        region=reason.region,
        scheme=entry["scheme"],
        layer=entry["layer"],
        kind=PREMIUM_KINDS[entry["type"]],
        payer=entry["track"],
        amount=entry["paid"],
        category=reason.category,
        cite=reason.cite,
        grade=reason.grade,
    )


def sum_premiums(booked: Iterable[PayerPremium]) -> dict[PremiumKey, PayerPremium]:
    """The sums of one person's differences, in the order booked, with the last one's reason; those of 0 left out."""
    sums: dict[PremiumKey, PayerPremium] = {}
    for premium in booked:
        before = sums.get(premium.key)
        sums[premium.key] = structs.replace(premium, amount=premium.amount + before.amount) if before else premium
    return {key: premium for key, premium in sums.items() if premium.amount}


def booked_premiums(entries: Iterable[EntryRow]) -> dict[PremiumKey, PayerPremium]:
    """What entries of one person have booked in sum, those that came to 0 left out."""
    return sum_premiums(read_premium(entry) for entry in entries if entry["type"] in PREMIUM_KINDS)


Insurances = dict[PremiumKey, dict[BookedFund, int]]
"""What each fund has got of a premium, in fen; what came to 0 is left out."""


def booked_insurances(entries: Iterable[EntryRow]) -> Insurances:
    """What entries of one person have booked that goes to funds."""
    found: Insurances = {}
    for entry in entries:
        if entry["type"] in PREMIUM_KINDS and PREMIUM_KINDS[entry["type"]] != "refunded":
            reason = _REASONS.decode(entry["data"])
            to = reason.to
            fund = booked_fund(None, None, entry["layer"]) if to is None else BookedFund(to.fund, to.insurer)
            add_to(found.setdefault(_premium(entry, reason).key, {}), fund, entry["paid"])
    held = {key: {fund: amount for fund, amount in sums.items() if amount} for key, sums in found.items()}
    return {key: sums for key, sums in held.items() if sums}


def insurances_due(
    due: Mapping[PremiumKey, PayerPremium], enrolments: Iterable[Enrolment], schemes: Mapping[str, Scheme]
) -> Insurances:
    """What the premiums that enrollments bring (``premiums_due``) bring each fund."""
    of_year = {enrolment.year: enrolment for enrolment in enrolments}
    return {
        key: {insurance_of(premium, of_year[premium.year], schemes): premium.amount}
        for key, premium in due.items()
        if premium.kind != "refunded"
    }


def read_enrolments(entries: Iterable[EntryRow]) -> list[Enrolment]:
    """The enrollment that counts of each year, with the scheme that was pinned when it was recorded.

    The death reported last ends them all, whether it was reported before them or after.
    """
    found: dict[int, Enrolment] = {}
    died_on: date | None = None
    for entry in entries:
        if entry["type"] == DIED:
            died_on = fact_data(entry, DeathData).died_on
        if entry["type"] == ENDED:
            end = fact_data(entry, EnrollmentEndData)
            found[end.year] = structs.replace(found[end.year], ended_on=end.effective_on)
        if entry["type"] not in ENROLLED:
            continue
        data = fact_data(entry, EnrollmentData)
        begins = date(data.year, 1, 1) if data.effective_on is UNSET else data.effective_on
        fixed = _PINNED.decode(entry["data"])
        paid = None if data.self_paid is UNSET else fen(data.self_paid)
        if fixed.self_paid is not UNSET:
            paid = fixed.self_paid
        found[data.year] = Enrolment(data.person_id, data.year, data.region, begins, paid, scheme=fixed.scheme)
    return [structs.replace(enrolment, died_on=died_on) for enrolment in found.values()]


def premiums_due(
    enrolments: Iterable[Enrolment], roster: Sequence[RosterChange], schemes: Mapping[str, Scheme]
) -> dict[PremiumKey, PayerPremium]:
    """What a person's enrollments bring under the roster; raises ``LookupError`` for a scheme not among these."""
    if not roster:
        return {}
    due: dict[PremiumKey, PayerPremium] = {}
    for enrolment in enrolments:
        due |= due_on(enrolment, roster, schemes)
    return due
