"""How accumulations grew over a year, held against the lines, caps and limits of the claims' own values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from policies.explain import value_name
from policies.scheme import Scheme
from policies.tracks import track_parts
from policies.vocabulary import layer_place
from processors.person.file_model import Growth, GrowthStep
from processors.person.history import PayoutEntry, PersonHistory

HELD_AGAINST = {"line": "base", "cap": "paid", "limit": "paid"}
"""Which accumulation a value of a scheme bounds."""

_Key = tuple[int, str, str, str]
"""Year, scheme, layer, track."""


class _Net(NamedTuple):
    """What a stage has booked for a claim by now; ``bounds`` are the limits that its last trace names."""

    claim_id: str
    day: date
    amounts: Mapping[str, int]
    bounds: Mapping[str, int | None]


def growth_of(history: PersonHistory) -> list[Growth]:
    """One growth for each accumulation of a year, layer and track and each value that bounds it.

    Claims come in ledger order, up to the history's day, those on which the layer does not run any more left out. What
    has no bound for any claim of the year is left out.
    """
    days = {claim.claim_id: claim.date for claim in history.claims}
    bookings: dict[tuple[int, int], list[PayoutEntry]] = {}
    for payout in history.payouts():
        if history.on is not None and days[payout.claim_id] > history.on:
            continue
        bookings.setdefault((payout.claim_number, payout.stage), []).append(payout)
    nets: dict[_Key, list[_Net]] = {}
    for _, booked in sorted(bookings.items()):
        last = booked[-1]
        if last.runs_now:
            net = _net(booked, days[last.claim_id], history.schemes[last.scheme_hash])
            track = track_parts(last.track).whole
            nets.setdefault((last.year, last.scheme, last.layer, track), []).append(net)
    return [
        growth
        for key in sorted(nets, key=_in_path_order)
        for bound in HELD_AGAINST
        if (growth := _growth(key, bound, nets[key])) is not None
    ]


def _net(booked: Sequence[PayoutEntry], day: date, scheme: Scheme) -> _Net:
    last = booked[-1]
    return _Net(
        claim_id=last.claim_id,
        day=day,
        amounts={name: sum(getattr(entry.booked, name) for entry in booked) for name in ("base", "paid")},
        bounds=bounds_of(scheme, last),
    )


def bounds_of(scheme: Scheme, payout: PayoutEntry) -> dict[str, int | None]:
    """The values of the scheme that the trace names and that bound an accumulation; None for no bound."""
    bounds: dict[str, int | None] = {}
    for kind, path, *more in payout.trace:
        if kind == "v" and (name := value_name(path)) in HELD_AGAINST:
            value = scheme.parameters[path].root[more[0]].value
            bounds[name] = value if isinstance(value, int) else None
    return bounds


def _growth(key: _Key, bound: str, nets: Iterable[_Net]) -> Growth | None:
    measure = HELD_AGAINST[bound]
    value = 0
    steps: list[GrowthStep] = []
    for net in nets:
        value += net.amounts[measure]
        # A claim that settles without the value (a case quota has no line) leaves the bound where it was.
        limit = net.bounds[bound] if bound in net.bounds else (steps[-1].limit if steps else None)
        steps.append(GrowthStep(net.claim_id, net.day, value, limit))
    if all(step.limit is None for step in steps):
        return None
    year, scheme, layer, track = key
    return Growth(year, scheme, layer, track, measure, bound, steps)


def _in_path_order(key: _Key) -> tuple[int, str, tuple[int, str], str]:
    year, scheme, layer, track = key
    return year, scheme, layer_place(layer), track
