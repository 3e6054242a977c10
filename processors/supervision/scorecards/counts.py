"""Counts the items of scorecards over claims as they stand: pure, without a database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from msgspec import Struct

from policies.supervision.icd import any_within
from policies.supervision.scorecard import ScorecardTerms
from processors.supervision.claim import SupervisedClaim
from processors.supervision.scorecards.measures import Hits, ItemMeasure, Pairs, growth
from processors.supervision.stays import SupervisedStay, by_person, gap_days, likeness, stays_of

SAME = ("disease", "category")


class AuditOfClaim(Struct, frozen=True):
    """What audits found of a claim and what funds got back for it, in fen."""

    found: int
    refunded: int


@dataclass(slots=True)
class HospitalCounts:
    """Everything that is counted of one hospital in one year."""

    cost: Pairs = field(default_factory=Pairs)
    cost_before: Pairs = field(default_factory=Pairs)
    days: Pairs = field(default_factory=Pairs)
    stays: Counter[str] = field(default_factory=Counter)
    visits: Counter[str] = field(default_factory=Counter)
    out_of_catalog: Pairs = field(default_factory=Pairs)
    paid: Pairs = field(default_factory=Pairs)
    in_scope_paid: Pairs = field(default_factory=Pairs)
    again: dict[str, Hits] = field(default_factory=dict)
    referred_out: int = 0
    reversed: Hits = field(default_factory=Hits)
    violations: Pairs = field(default_factory=Pairs)
    refunds: Pairs = field(default_factory=Pairs)

    def measures(self) -> dict[str, ItemMeasure | None]:
        """The items by name."""
        cost, discharges = self.cost.ratio(), self.cost.n
        found = {
            "average_cost": cost,
            "average_days": self.days.ratio(),
            "stays_per_person": _per_person(self.stays),
            "visits_per_person": _per_person(self.visits),
            "out_of_catalog": self.out_of_catalog.ratio(),
            "paid_share": self.paid.ratio(),
            "in_scope_paid_share": self.in_scope_paid.ratio(),
            "referral_rate": Hits(self.referred_out, discharges + self.referred_out).rate(),
            "reversal_rate": self.reversed.rate(),
            "violation_rate": self.violations.ratio(),
            "refund_rate": self.refunds.ratio(),
            "cost_growth": growth(cost, self.cost_before.ratio()),
        }
        return found | {name: hits.rate() for name, hits in self.again.items()}


def _per_person(cases: Mapping[str, int]) -> ItemMeasure | None:
    pairs = Pairs()
    for number in cases.values():
        pairs.add(number)
    return pairs.ratio()


def paid_of(claims: Iterable[SupervisedClaim]) -> int:
    """What all layers pay of some claims, in fen."""
    return sum(claim.paid for claim in claims)


def count_hospitals(
    claims: Sequence[SupervisedClaim],
    audits: Mapping[str, AuditOfClaim],
    year: int,
    terms: Mapping[str, ScorecardTerms],
    as_of: date,
) -> dict[str, HospitalCounts]:
    """The counts of each hospital that has claims in ``year``; of one without terms nothing is counted.

    ``claims`` also hold the years around it: the year before for growth, the next for admissions after December, and
    the parts of stays that were billed on 31 December. Discharges of which the days until ``as_of`` are too few to have
    an admission are left out of its rates.
    """
    found: dict[str, HospitalCounts] = {}
    for claim in claims:
        if claim.year == year and claim.hospital_id in terms:
            _count_bill(found.setdefault(claim.hospital_id, HospitalCounts()), claim, audits.get(claim.claim_id))
    for own in by_person(claims).values():
        stays = stays_of(own)
        hospital_of = {claim.admission_id: claim.hospital_id for claim in own if claim.admission_id is not None}
        for place, stay in enumerate(stays):
            if stay.claim.interim:  # not discharged yet
                continue
            counts = found.get(stay.hospital_id)
            if stay.ends_on.year == year - 1 and counts is not None:
                counts.cost_before.add(_total(stay))
            if stay.ends_on.year != year:
                continue
            if counts is not None:
                _count_stay(counts, stay)
                _count_again(counts, stay, stays[place + 1 :], terms[stay.hospital_id], as_of)
            sender = hospital_of.get(stay.claim.referral[0]) if stay.claim.referral else None
            if sender is not None and sender != stay.hospital_id and sender in found:
                found[sender].referred_out += 1
    return found


def _count_bill(counts: HospitalCounts, claim: SupervisedClaim, audit: AuditOfClaim | None) -> None:
    counts.reversed.add(not claim.standing)
    if not claim.standing:
        return
    known = audit or AuditOfClaim(0, 0)
    before = claim.paid + known.refunded
    counts.violations.add(known.found, before)
    counts.refunds.add(known.refunded, before)
    if not claim.is_stay:
        counts.visits[claim.person_id] += 1


def _total(stay: SupervisedStay) -> int:
    return sum(claim.bill.total for claim in stay.claims)


def _count_stay(counts: HospitalCounts, stay: SupervisedStay) -> None:
    total, paid = _total(stay), paid_of(stay.claims)
    counts.cost.add(total)
    counts.days.add(stay.days)
    counts.stays[stay.claim.person_id] += 1
    counts.out_of_catalog.add(sum(claim.bill.self_funded for claim in stay.claims), total)
    counts.paid.add(paid, total)
    counts.in_scope_paid.add(paid, sum(claim.bill.in_scope for claim in stay.claims))


def _count_again(
    counts: HospitalCounts, stay: SupervisedStay, later: Sequence[SupervisedStay], terms: ScorecardTerms, as_of: date
) -> None:
    died_on = stay.claim.died_on
    if died_on is not None and died_on <= stay.ends_on:
        return
    followers = [each for each in later if _is_again(stay, each, terms)]
    named = bool(stay.claim.diagnoses) or stay.claim.disease is not None
    windows = {"short": terms.readmission_short_days.value, "long": terms.readmission_long_days.value}
    for window, days in windows.items():
        if stay.ends_on + timedelta(days=days) > as_of:
            continue
        within = [each for each in followers if gap_days(stay, each) <= days]
        counts.again.setdefault(f"readmission_{window}", Hits()).add(bool(within))
        if named:
            same = any(likeness(stay.claim, each.claim) in SAME for each in within)
            counts.again.setdefault(f"readmission_{window}_same", Hits()).add(same)


def _is_again(stay: SupervisedStay, later: SupervisedStay, terms: ScorecardTerms) -> bool:
    """Whether a later stay counts as a new admission: no overlap, no transfer, no treatment in turns."""
    gap = gap_days(stay, later)
    if gap < 0 or (gap == 0 and later.hospital_id != stay.hospital_id):
        return False
    if stay.claim.admission_id is not None and stay.claim.admission_id in later.claim.referral:
        return False
    return not any_within(later.claim.diagnoses[:1], terms.planned.value)


class CountyCounts(Struct):
    """Of the persons insured in a county: stays, and what funds paid, within it and in all."""

    region: str
    stays: Hits
    fund: Pairs

    def measures(self) -> dict[str, ItemMeasure | None]:
        """The items by name."""
        return {"in_county_stays": self.stays.rate(), "in_county_fund": self.fund.ratio()}


def count_counties(claims: Sequence[SupervisedClaim], year: int) -> dict[str, CountyCounts]:
    """The counts of each county whose insured have claims in ``year``."""
    found: dict[str, CountyCounts] = {}

    def of(region: str) -> CountyCounts:
        return found.setdefault(region, CountyCounts(region, Hits(), Pairs()))

    for claim in claims:
        if claim.year == year and claim.standing:
            of(claim.region).fund.add(claim.paid if claim.hospital_region == claim.region else 0, claim.paid)
    for own in by_person(claims).values():
        for stay in stays_of(own):
            if not stay.claim.interim and stay.ends_on.year == year:
                of(stay.claim.region).stays.add(stay.claim.hospital_region == stay.claim.region)
    return found
