"""Reforms made up from what a text states: each changes some of its values, by seed."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson

from events.money import yuan
from policies.arithmetic import Band
from policies.reform import ReformFile, read_reform
from policies.scheme import Scheme
from policies.stated_lines import StatedLine, stated_lines

AMOUNTS = (0, 1, 12_000, 300_000, 750_000, 1_500_000, 10_000_000)
"""Fen: small ones and large ones, so that deductibles, caps and bands are crossed."""
PERCENT = (0, 1, 35, 50, 60, 75, 90, 100)


def reform(scheme: str, *changes: Mapping[str, Any], name: str = "试算") -> ReformFile:
    """A reform of some changes, as its file would be read."""
    stated = [{"reason": "试", **change} for change in changes]
    return read_reform(orjson.dumps({"name": name, "scheme": scheme, "changes": stated}), "reform.yaml")


def whatif_calls(folder: Path, odd: str) -> list[tuple[object, ...]]:
    """What is typed for the command of reforms, with odd text wherever a reform has text."""
    line = {"where": "2.critical_illness inpatient", "name": "line", "value": "3000", "reason": odd}
    files = [folder / f"reform{number}.json" for number in range(3)]
    for file, scheme, changes in zip(files, ("fusong", "fusong", odd), ([], [line], []), strict=True):
        file.write_bytes(orjson.dumps({"name": odd, "scheme": scheme, "changes": changes}))
    checked: list[tuple[object, ...]] = [("whatif", "check", file) for file in files]
    goal = folder / "goal.json"
    ranged = {**line, "value": {"least": "0", "most": "2", "step": "1"}}
    goal.write_bytes(
        orjson.dumps({"name": odd, "scheme": "fusong", "changes": [ranged], "goal": {"months": odd, "at_least": "1"}})
    )
    checked += [("whatif", "budget", goal)]
    return [*(("whatif", file) for file in files), *checked, ("whatif", files[0], "--region", odd)]


def claims_lines(text: Scheme) -> list[StatedLine]:
    """The lines of a text that decide claims or grants."""
    return [line for line in stated_lines(text) if line.decides_claims]


def random_change(text: Scheme, line: StatedLine, draw: random.Random, days: Sequence[date]) -> dict[str, Any]:
    """Another value of a line, always or between two of some days."""
    begins, ends = (sorted(draw.sample(days, 2)) if draw.random() < 0.4 else (None, None)) if days else (None, None)
    dated = {key: str(day) for key, day in (("from", begins), ("until", ends)) if day and draw.random() < 0.7}
    whom = {"for": line.for_} if line.for_ else {}
    return {"where": line.where, "name": line.name, **whom, **dated, "value": _other(value_of(text, line), draw)}


def days_of(text: Scheme) -> list[date]:
    """Days within a text's validity to cut it at."""
    first = text.valid.from_
    return [first + timedelta(days=step) for step in (1, 90, 181, 364, 365, 500)]


def value_of(text: Scheme, line: StatedLine) -> Any:
    """The value that a line of a text states."""
    found: Any = text
    for part in line.place:
        found = getattr(found, "root", found)[part] if isinstance(part, int) else getattr(found, part)
    return found.amount if line.place[0] == "grants" else found.value


def _other(value: Any, draw: random.Random) -> Any:
    if isinstance(value, Fraction):
        return f"{draw.choice(PERCENT)}%"
    if isinstance(value, tuple) and isinstance(value[0], Band):
        return [_band(band, draw) for band in value]
    limit = ["none"] if value is None else []
    return draw.choice([*map(yuan, AMOUNTS), *limit])


def _band(band: Band, draw: random.Random) -> dict[str, str]:
    to = {} if band.to is None else {"to": yuan(band.to)}
    return {**to, "ratio": f"{draw.choice(PERCENT)}%"}
