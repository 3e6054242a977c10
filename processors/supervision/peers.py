"""What rules on peers share: claims by region and hospital, money at risk in part, and how figures are told."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from typing import TypeVar

from events.money import yuan
from processors.supervision.claim import SupervisedClaim
from processors.supervision.rule import PeerStanding, SupervisionContext
from processors.supervision.statistics.outliers import RelativePlace
from processors.supervision.statistics.peer_groups import LEAST_PEERS, PeerPlace

Key = TypeVar("Key", bound=Hashable)
MOST_CLAIMS = 200
"""So many of a hospital's bills a lead names, the costliest; it tells how many there are."""


def grouped(
    claims: Iterable[SupervisedClaim], key: Callable[[SupervisedClaim], Key]
) -> dict[Key, list[SupervisedClaim]]:
    """Claims by a key, in the order given."""
    found: defaultdict[Key, list[SupervisedClaim]] = defaultdict(list)
    for claim in claims:
        found[key(claim)].append(claim)
    return dict(found)


def by_region(claims: Iterable[SupervisedClaim]) -> dict[str, list[SupervisedClaim]]:
    """Claims by the region that insures their person: peers are of one fund."""
    return grouped(claims, attrgetter("region"))


def by_hospital(claims: Iterable[SupervisedClaim]) -> dict[str, list[SupervisedClaim]]:
    """Claims by hospital."""
    return grouped(claims, attrgetter("hospital_id"))


def standing_stays(claims: Iterable[SupervisedClaim]) -> list[SupervisedClaim]:
    """Stays that are not reversed and have a cost; not those billed in two parts, of which neither is a whole stay."""
    stays = [claim for claim in claims if claim.standing and claim.is_stay and claim.bill.total > 0]
    in_parts = {claim.admission_id for claim in stays if claim.interim}
    return [claim for claim in stays if not claim.interim and claim.admission_id not in in_parts]


def standing_visits(claims: Iterable[SupervisedClaim]) -> list[SupervisedClaim]:
    """Visits that are not reversed and have a cost."""
    return [claim for claim in claims if claim.standing and not claim.is_stay and claim.bill.total > 0]


@lru_cache(maxsize=5_000)
def month_of(day: date) -> str:
    """A day's month, as 2019-03."""
    return f"{day.year}-{day.month:02d}"


def last_day(claims: Iterable[SupervisedClaim]) -> date:
    """The last day of service of some claims: the text of that day holds for what they show together."""
    return max(claim.ends_on for claim in claims)


def span(claims: Iterable[SupervisedClaim]) -> tuple[date, ...]:
    """The first and the last day of service of a hospital's bills, which a lead on many of them names."""
    days = {claim.ends_on for claim in claims}
    return (min(days), max(days))


def tier_of(hospital_id: str, claims: Sequence[SupervisedClaim], context: SupervisionContext) -> int:
    """A hospital's tier as last registered; where it is unknown, that of its last claim."""
    known = context.hospitals.get(hospital_id)
    return known.tier if known is not None else claims[-1].tier


def part_at_risk(claims: Iterable[SupervisedClaim], part: Fraction) -> dict[str, int]:
    """So large a part of what each layer paid for some claims, in fen, rounded down."""
    sums: dict[str, int] = {}
    for claim in claims:
        for layer, paid in claim.layers:
            sums[layer] = sums.get(layer, 0) + paid
    found = {layer: int(paid * part) for layer, paid in sums.items()}
    return {layer: paid for layer, paid in found.items() if paid}


def named(claims: Sequence[SupervisedClaim]) -> tuple[SupervisedClaim, ...]:
    """The claims that a lead names, in the order of their days: all, or the costliest of many."""
    chosen = sorted(claims, key=lambda claim: (-claim.bill.total, claim.claim_id))[:MOST_CLAIMS]
    return tuple(sorted(chosen, key=lambda claim: (claim.ends_on, claim.claim_id)))


def total_of(claims: Iterable[SupervisedClaim]) -> int:
    """What some bills come to, in fen."""
    return sum(claim.bill.total for claim in claims)


def money(fen: float | Fraction) -> str:
    """An amount in yuan, to the fen."""
    return yuan(round(fen))


def share(part: float | Fraction) -> str:
    """A share as a percentage to one decimal."""
    return f"{Decimal(round(Fraction(part) * 1000)) / 10:.1f}%"


def figure(value: float, decimals: int = 2) -> str:
    """A figure to some decimals, without a minus before zero."""
    told = f"{value:.{decimals}f}"
    return told.lstrip("-") if float(told) == 0 else told


def probability(p: float) -> str:
    """A p value to two digits."""
    return f"{p:.2g}"


TIER_NAMES = {0: "乡镇级", 1: "一级", 2: "二级", 3: "三级"}


def peer_standing(found: PeerPlace, told: Callable[[float], str] = money) -> PeerStanding:
    """Where a bill stands among its peers, as a lead tells it."""
    group = "全部病组 all groups" if found.disease_group is None else found.disease_group
    remark = None
    if found.place is None:
        remark = f"同级不足 {LEAST_PEERS} 例，不作比较 too few of the tier to compare"
    elif found.fell_back:
        remark = f"同组不足 {LEAST_PEERS} 例，改与同级全部病组比较 too few of the group: compared with the whole tier"
    return standing_of(f"{TIER_NAMES[found.tier]} · {group} · {found.year}", found.place, found.n, remark, told)


def standing_of(
    group: str,
    place: RelativePlace | None,
    n: int,
    remark: str | None = None,
    told: Callable[[float], str] = money,
) -> PeerStanding:
    """The same for any group of peers."""
    if place is None:
        return PeerStanding(group, n, "", None, None, remark)
    z = None if place.z is None else figure(place.z)
    return PeerStanding(group, n, told(place.median), figure(place.percentile, 1), z, remark)


def by_month(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts in the order of their months."""
    return dict(sorted(counts.items()))
