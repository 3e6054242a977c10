"""The accumulations of a year after each settlement: what a layer had paid, how far from its lines and caps it was."""

from dataclasses import dataclass
from datetime import date, datetime

from policies.claim import Used
from policies.tracks import track_parts
from processors.person.growth import HELD_AGAINST, bounds_of
from processors.person.history import BookedCause, PayoutEntry, PersonHistory


@dataclass(frozen=True, slots=True)
class RunningBound:
    """A line, cap or limit with the accumulation that it bounds, in fen; ``limit`` is None where there is none.

    ``name`` is ``line``, ``cap`` or ``limit``, ``measure`` ``base`` or ``paid``.
    """

    name: str
    measure: str
    limit: int | None
    used: int

    @property
    def left(self) -> int | None:
        """What is left until the bound; None where there is none."""
        return None if self.limit is None else self.limit - self.used


@dataclass(frozen=True, slots=True)
class RunningLayer:
    """What a layer booked, a difference, what its year and track had used after it, and the bounds it was held against.

    ``journal`` and ``number`` say where it is booked; ``before`` and ``after`` are what it pays of the claim, in fen.
    """

    journal: str
    number: int
    layer: str
    track: str
    before: int
    after: int
    booked: Used
    used: Used
    bounds: list[RunningBound]


@dataclass(frozen=True, slots=True)
class RunningStep:
    """What one run booked for one claim; ``cause`` is None for its first settlement."""

    recorded_at: datetime
    year: int
    claim_id: str
    day: date
    cause: BookedCause | None
    layers: list[RunningLayer]


def running_of(history: PersonHistory) -> list[RunningStep]:
    """Every booking of layers in the order recorded, up to the history's day."""
    days = {claim.claim_id: claim.date for claim in history.claims}
    used: dict[tuple[int, str, str, str], Used] = {}
    steps: dict[tuple[int, int], RunningStep] = {}
    for payout in history.payouts():
        day = days[payout.claim_id]
        if history.on is not None and day > history.on:
            continue
        track = track_parts(payout.track).whole
        after = used.setdefault((payout.year, payout.scheme, payout.layer, track), Used())
        after.merge(payout.booked)
        key = payout.run, payout.claim_number
        if key not in steps:
            steps[key] = RunningStep(payout.recorded_at, payout.year, payout.claim_id, day, payout.cause, [])
        steps[key].layers.append(_layer(history, payout, track, after))
    return list(steps.values())


def _layer(history: PersonHistory, payout: PayoutEntry, track: str, after: Used) -> RunningLayer:
    used = Used(after.base, after.deductible, after.paid, after.extra, after.claims)
    told = bounds_of(history.schemes[payout.scheme_hash], payout)
    bounds = [
        RunningBound(name, HELD_AGAINST[name], limit, getattr(used, HELD_AGAINST[name])) for name, limit in told.items()
    ]
    place = payout.journal, payout.number
    return RunningLayer(*place, payout.layer, track, payout.before, payout.after, payout.booked, used, bounds)
