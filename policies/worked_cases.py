"""A county's own worked cases held against its scheme: what each claim should settle to, and what it settles to."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from policies.buckets import OpenBill
from policies.claim import BillParts, Claim, Place
from policies.engine import settle
from policies.sample_claims import hospital_at, region_of
from policies.scheme import Scheme

PATIENT, HOSPITAL = "patient_share", "hospital_share"


class WorkedCase(NamedTuple):
    """One row of a county's file. Money is in fen; ``expected`` is by layer and share, what is not named is not held.

    Cases of one ``person`` settle in the order of their rows; each disease of a chronic claim has a card.
    ``referred_from`` names an earlier case of the person.
    """

    line: int
    name: str
    person: str
    day: date
    setting: str
    tier: int
    place: Place
    categories: tuple[str, ...]
    disease: str | None
    late: bool
    card_class: str | None
    any_card: bool
    prescriber_tier: int
    age: int | None
    insurance_type: str
    household: bool
    contracted_doctor: bool
    emergency: bool
    stay_kind: str
    referred_from: str | None
    bill: BillParts
    expected: Mapping[str, int]
    on_paper: bool = False
    years_insured: int | None = None


class CaseDifference(NamedTuple):
    """Where a case comes out otherwise, in fen, by the name of a layer or share; ``settled`` carries the traces.

    Where the scheme takes no such claim (``no_policy``), ``computed`` and ``settled`` are None.
    """

    case: WorkedCase
    name: str
    expected: int
    computed: int | None
    settled: OpenBill | None


def differences(scheme: Scheme, cases: Sequence[WorkedCase]) -> list[CaseDifference]:
    """Settle the cases from scratch, person by person, and tell what differs, in the order of the file."""
    found: list[CaseDifference] = []
    taken = [case for case in cases if scheme.holds_on(case.day) and scheme.offers(case.setting, case.tier, case.day)]
    persons: dict[str, list[WorkedCase]] = {}
    for case in taken:
        persons.setdefault(case.person, []).append(case)
    settled: dict[int, OpenBill] = {}
    for of_person in persons.values():
        bills, _ = settle({scheme.content_hash: scheme}, _claims(scheme, of_person))
        settled |= bills
    for case in cases:
        bill = settled.get(case.line)
        computed = {} if bill is None else _computed(scheme, bill)
        found += [
            CaseDifference(case, name, fen, computed.get(name), bill)
            for name, fen in case.expected.items()
            if computed.get(name) != fen
        ]
    return found


def _computed(scheme: Scheme, bill: OpenBill) -> dict[str, int]:
    patient, hospital = bill.shares()
    paid: dict[str, int] = dict.fromkeys(scheme.terms.layers, 0)
    for payout in bill.payouts:
        paid[payout.layer] += payout.paid
    return {**paid, PATIENT: patient, HOSPITAL: hospital}


def _claims(scheme: Scheme, cases: Sequence[WorkedCase]) -> list[Claim]:
    chains: dict[str, tuple[str, ...]] = {}
    cards = {case.disease for case in cases if case.setting == "chronic" and case.disease is not None}
    claims = []
    for case in cases:
        before = case.referred_from
        chains[case.name] = () if before is None else (before, *chains.get(before, ()))
        claim = _claim(scheme, case, chains[case.name])
        claims.append(replace(claim, card_diseases=tuple(sorted(cards))))
    return claims


def _claim(scheme: Scheme, case: WorkedCase, referral: tuple[str, ...]) -> Claim:
    region = region_of(scheme)
    return Claim(
        claim_id=case.name,
        person_id=case.person,
        number=case.line,
        scheme=scheme.content_hash,
        date=case.day,
        setting=case.setting,
        tier=case.tier,
        hospital_id="",
        hospital_region=hospital_at(region, case.place),
        region=region,
        filed=case.place != "unfiled",
        prescriber_tier=case.prescriber_tier,
        card_class=case.card_class,
        any_card=case.any_card,
        disease=case.disease,
        late=case.late,
        prepaid=False,
        admission_id=case.name if case.setting == "inpatient" else None,
        referral=referral,
        opened=case.line,
        source="",
        bill=case.bill,
        categories=case.categories,
        audits=(),
        standing=True,
        insurance_type=case.insurance_type,
        age=case.age,
        household_id=case.person if case.household else None,
        contracted_doctor=case.contracted_doctor,
        emergency=case.emergency,
        stay_kind=case.stay_kind,
        invoice=case.name if case.on_paper else None,
        years_insured=case.years_insured,
    )
