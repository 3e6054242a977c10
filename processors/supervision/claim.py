"""What the rules of supervision read: claims with their facts and what was paid, and the persons and hospitals of them.

Money in fen; days are dates of the county. Two ledgers with the same facts give equal values, whatever came when.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from policies.claim import BillParts, Claim
from projections.enrolments import Enrolment
from projections.referral_filings import ReferralFiling


class LedgerFact(Struct, frozen=True, gc=False):
    """A fact of the ledger that evidence names: its number in journal intake, its source's id of it, its moment."""

    number: int
    type: str
    source: str
    event_id: str
    recorded_at: datetime


class SupervisedClaim(Struct, frozen=True, gc=False):
    """One claim as it stands: what acceptance fixed, the bill as last corrected, what is paid by the last settlement.

    ``starts_on`` and ``ends_on`` are the days of admission and discharge, or the day of the visit; ``days`` lie between
    them, 1 at least. ``layers`` pay in the order applied. ``standing`` is false of a reversed claim. ``diagnoses`` are
    ICD-10 codes of a stay, in capitals, the main one first; a visit has none. ``disease`` is the scheme's own code.
    ``entry`` is the number in journal intake of the fact that claimed it, ``reversal`` the fact that took it back.
    ``scheme`` is the pinned text's hash, ``scheme_name`` its name. ``number`` is the place in ledger order.
    A bill of 31 December has ``interim``, and the ``admission_id`` of the discharge behind it.
    """

    claim_id: str
    number: int
    person_id: str
    hospital_id: str
    tier: int
    hospital_region: str
    region: str
    scheme: str
    scheme_name: str
    setting: str
    disease: str | None
    diagnoses: tuple[str, ...]
    starts_on: date
    ends_on: date
    days: int
    bill: BillParts
    layers: tuple[tuple[str, int], ...]
    patient_share: int
    hospital_share: int
    status: str
    revision: int
    standing: bool
    filed: bool
    emergency: bool
    stay_kind: str
    admission_id: str | None
    referral: tuple[str, ...]
    interim: bool
    sex: str | None
    age: int | None
    birth_month: str | None
    died_on: date | None
    household_id: str | None
    invoice: str | None
    entry: int
    reversal: LedgerFact | None = None

    @property
    def is_stay(self) -> bool:
        """Whether it is the claim of a stay."""
        return self.setting == "inpatient"

    @property
    def year(self) -> int:
        """The benefit year."""
        return self.ends_on.year

    @property
    def paid(self) -> int:
        """What all layers pay, in fen."""
        return sum(amount for _, amount in self.layers)

    @property
    def paid_by_layer(self) -> dict[str, int]:
        """What each layer pays, in fen; a layer that pays nothing is left out."""
        return {layer: amount for layer, amount in self.layers if amount}


def is_away_as_filed(claim: SupervisedClaim) -> bool:
    """Whether a claim is of a stay outside the person's prefecture that was settled as filed on its hospital's word."""
    return (
        claim.standing
        and claim.setting == "inpatient"
        and claim.filed
        and claim.hospital_region[:4] != claim.region[:4]
        and claim.invoice is None
    )


class SupervisedStay(Struct, frozen=True, gc=False):
    """One stay with its standing claims, in ledger order; ``claim`` is the last, its discharge where there is one."""

    claims: tuple[SupervisedClaim, ...]
    claim: SupervisedClaim
    starts_on: date
    ends_on: date

    @property
    def stay_id(self) -> str:
        """What stays its id when a discharge follows a bill of 31 December: the admission's, or the claim's."""
        return self.claim.admission_id or self.claim.claim_id

    @property
    def hospital_id(self) -> str:
        """Where it was."""
        return self.claim.hospital_id

    @property
    def days(self) -> int:
        """Days between admission and discharge, 1 at least."""
        return max(1, (self.ends_on - self.starts_on).days)

    @property
    def paid_by_layer(self) -> dict[str, int]:
        """What each layer pays of its claims, in fen."""
        return paid_by_layer(self.claims)


def stays_of(claims: Iterable[SupervisedClaim]) -> list[SupervisedStay]:
    """The standing stays among one person's claims, in the order of their days."""
    by_stay: dict[tuple[str, str], list[SupervisedClaim]] = {}
    for claim in claims:
        if claim.standing and claim.setting == "inpatient":
            key = ("stay", claim.admission_id) if claim.admission_id is not None else ("claim", claim.claim_id)
            by_stay.setdefault(key, []).append(claim)
    if not by_stay:
        return []
    found = []
    for own in by_stay.values():
        own.sort(key=lambda claim: (claim.ends_on, claim.number))
        starts_on = min(claim.starts_on for claim in own)
        found.append(SupervisedStay(tuple(own), own[-1], starts_on, own[-1].ends_on))
    return sorted(found, key=lambda stay: (stay.starts_on, stay.ends_on, stay.claim.claim_id))


def paid_by_layer(claims: Iterable[SupervisedClaim]) -> dict[str, int]:
    """What each layer pays of some claims, in fen."""
    sums: dict[str, int] = {}
    for claim in claims:
        for layer, amount in claim.layers:
            sums[layer] = sums.get(layer, 0) + amount
    return sums


class DeathReport(Struct, frozen=True, gc=False):
    """The last report of a person's death."""

    died_on: date
    fact: LedgerFact


class SupervisedPerson(Struct, frozen=True):
    """One person with all claims, in ledger order, and what else the ledger knows of the person.

    ``stays`` are the standing ones, in the order of their days.

    ``filings`` are of every bureau. ``ledger_claims`` are the same claims as the engine settles them, read of persons
    with a stay away from home alone.
    """

    person_id: str
    claims: Sequence[SupervisedClaim]
    stays: Sequence[SupervisedStay]
    enrolments: Mapping[int, Enrolment] = {}
    filings: Sequence[ReferralFiling] = ()
    death: DeathReport | None = None
    ledger_claims: tuple[Claim, ...] = ()


class SuspensionTurn(Struct, frozen=True, gc=False):
    """A hospital's suspension from a day on, or its end, with the fact that says so."""

    on: date
    suspended: bool
    fact: LedgerFact
    clause: str | None = None


class SupervisedHospital(Struct, frozen=True):
    """A hospital as last registered, with the turns of its standing in the order of their days."""

    hospital_id: str
    name: str
    tier: int
    region: str
    turns: tuple[SuspensionTurn, ...] = ()

    def suspension_on(self, day: date) -> SuspensionTurn | None:
        """The suspension in force on a day."""
        last = None
        for turn in self.turns:
            if turn.on > day:
                break
            last = turn
        return last if last is not None and last.suspended else None
