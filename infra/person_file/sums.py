"""The sums of a person's file by year: what layers paid of the bills, and premiums by payer."""

from dataclasses import dataclass, field

from policies.vocabulary import in_layer_order
from processors.person.file_model import PersonFile


@dataclass(slots=True)
class Sums:
    """One year, or all years together, in fen; reversed claims count nothing. ``paid`` holds the layers by code."""

    claims: int = 0
    total: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    hospital: int = 0
    patient: int = 0

    @property
    def all_paid(self) -> int:
        """What all layers paid."""
        return sum(self.paid.values())


@dataclass(frozen=True, slots=True)
class PaidFor:
    """Sums by year and in all; ``layers`` are those that decided anything, in the order of the domain.

    ``premiums`` are by (layer, kind, payer) and year; what was refunded is a part of what was subsidised and not in
    ``premium_total``.
    """

    years: dict[int, Sums]
    overall: Sums
    layers: list[str]
    premiums: dict[tuple[str, str, str], dict[int, int]]
    premium_years: dict[int, int]
    premium_total: int


def paid_for(file: PersonFile) -> PaidFor:
    """Add up a person's file."""
    years = {year: Sums() for year in file.years}
    overall = Sums()
    for claim in file.claims:
        if not claim.stands:
            continue
        for sums in (years[claim.year], overall):
            sums.claims += 1
            sums.total += claim.bill.total
            sums.hospital += claim.hospital
            sums.patient += claim.patient
            for decided in claim.layers:
                sums.paid[decided.layer] = sums.paid.get(decided.layer, 0) + decided.paid
    premiums: dict[tuple[str, str, str], dict[int, int]] = {}
    premium_years = dict.fromkeys(file.years, 0)
    for premium in file.premiums:
        row = premiums.setdefault((premium.layer, premium.kind, premium.payer), {})
        row[premium.year] = row.get(premium.year, 0) + premium.amount
        if premium.kind != "refunded":
            premium_years[premium.year] += premium.amount
    return PaidFor(
        years=years,
        overall=overall,
        layers=in_layer_order(overall.paid),
        premiums=premiums,
        premium_years=premium_years,
        premium_total=sum(premium_years.values()),
    )
