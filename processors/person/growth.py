"""How accumulations grew over a year, held against the lines, caps and limits of the claims' own values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from events.codes import LAYERS
from processors.person.file_model import Entry, Growth, Step, fen

HELD_AGAINST = {"line": "base", "cap": "paid", "limit": "paid"}
"""Which accumulation a value of a scheme bounds."""

_Key = tuple[int, str, str, str]
"""Year, scheme, layer, track."""

_AMOUNT = re.compile(r"[0-9]+\.[0-9]{2}")


class _Net(NamedTuple):
    """What a stage has booked for a claim by now; ``bounds`` are the limits that its last trace names."""

    claim_id: str
    day: date
    amounts: Mapping[str, int]
    bounds: Mapping[str, int | None]


def growth_of(history: Iterable[Entry]) -> list[Growth]:
    """One growth for each accumulation of a year, layer and track and each value that bounds it.

    Claims come in ledger order, those on which the layer does not run any more left out. What has no bound for any
    claim of the year is left out.
    """
    accepted: dict[str, Mapping[str, Any]] = {}
    bookings: dict[tuple[int, int], list[Entry]] = {}
    for entry in history:
        if "claim" in entry:
            accepted[entry["claim"]["claim_id"]] = entry["claim"]
        elif "trace" in entry:
            bookings.setdefault((entry["claim_number"], entry["stage"]), []).append(entry)
    running = [booked for _, booked in sorted(bookings.items()) if booked[-1]["runs_now"]]
    nets: dict[_Key, list[_Net]] = {}
    for booked in running:
        claim = accepted[booked[-1]["claim_id"]]
        day = date.fromisoformat(claim["date"])
        nets.setdefault((day.year, claim["scheme"], booked[-1]["layer"], booked[-1]["track"]), []).append(
            _net(booked, day)
        )
    return [
        growth
        for key in sorted(nets, key=_in_path_order)
        for bound in HELD_AGAINST
        if (growth := _growth(key, bound, nets[key])) is not None
    ]


def _net(booked: Sequence[Entry], day: date) -> _Net:
    return _Net(
        claim_id=booked[-1]["claim_id"],
        day=day,
        amounts={name: sum(fen(entry["booked"][name]) for entry in booked) for name in ("base", "paid")},
        bounds={
            name: fen(value["value"]) if _AMOUNT.fullmatch(value["value"]) else None
            for value in booked[-1]["trace"]
            if value["kind"] == "value" and (name := _value_name(value["path"])) in HELD_AGAINST
        },
    )


def _growth(key: _Key, bound: str, nets: Iterable[_Net]) -> Growth | None:
    measure = HELD_AGAINST[bound]
    value = 0
    steps: list[Step] = []
    for net in nets:
        value += net.amounts[measure]
        # A claim that settles without the value (a case quota has no line) leaves the bound where it was.
        limit = net.bounds[bound] if bound in net.bounds else (steps[-1].limit if steps else None)
        steps.append(Step(net.claim_id, net.day, value, limit))
    if all(step.limit is None for step in steps):
        return None
    year, scheme, layer, track = key
    return Growth(year, scheme, layer, track, measure, bound, steps)


def _value_name(path: str) -> str:
    return path.rsplit(".", 1)[-1].split("[", 1)[0]


def _in_path_order(key: _Key) -> tuple[int, str, int, str]:
    year, scheme, layer, track = key
    return year, scheme, LAYERS.index(layer), track
