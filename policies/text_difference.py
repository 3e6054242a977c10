"""What one text of a scheme says otherwise than another: value by value, with the days on which the two differ."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from policies.describe import served
from policies.scheme import Scheme
from policies.stated_lines import StatedLine, stated_lines


class ValueDifference(NamedTuple):
    """A value that is ``now`` another than it ``was``, from ``begins`` to ``ends`` (exclusive, ``date.max``: no end).

    Where several lines are called the same, all of them stand in ``was`` and ``now``. Empty where no line holds.
    ``reason`` is the citation of what is new.
    """

    where: str
    name: str
    for_: str
    begins: date
    ends: date
    was: str
    now: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The same under the names that a reform's file has for them."""
        return {
            "where": self.where,
            "name": self.name,
            "for": self.for_,
            "from": self.begins.isoformat(),
            "until": None if self.ends == date.max else self.ends.isoformat(),
            "was": self.was,
            "now": self.now,
            "reason": self.reason,
        }


def differences(before: Scheme, after: Scheme) -> Iterator[ValueDifference]:
    """The values in which two texts differ, in the order of the first text, what is new in the second behind."""
    was, now = _by_name(before), _by_name(after)
    for key in dict.fromkeys((*was, *now)):
        yield from _of_one(key, was.get(key, ()), now.get(key, ()))
    valid = after.valid
    now_served = served(after)
    for name, old in served(before).items():
        if old != now_served[name]:
            yield ValueDifference(name, "", "", valid.from_, valid.until or date.max, old, now_served[name], "")


def _by_name(scheme: Scheme) -> dict[tuple[str, str, str], list[StatedLine]]:
    found: dict[tuple[str, str, str], list[StatedLine]] = {}
    for line in stated_lines(scheme):
        found.setdefault((line.where, line.name, line.for_), []).append(line)
    return found


def _of_one(
    name: tuple[str, str, str], was: Sequence[StatedLine], now: Sequence[StatedLine]
) -> Iterator[ValueDifference]:
    days = sorted({day for line in (*was, *now) for day in (line.begins, line.ends)})
    last: ValueDifference | None = None
    for begins, ends in pairwise(days):
        old, new = _holding(was, begins), _holding(now, begins)
        values = _told(old), _told(new)
        if values[0] == values[1]:
            continue
        before = {line.cite for line in old}
        reason = "；".join(dict.fromkeys(line.cite for line in new if line.cite not in before))
        if last is not None and (last.ends, last.was, last.now, last.reason) == (begins, *values, reason):
            last = last._replace(ends=ends)
            continue
        if last is not None:
            yield last
        last = ValueDifference(*name, begins, ends, *values, reason)
    if last is not None:
        yield last


def _told(lines: Sequence[StatedLine]) -> str:
    return "；".join(line.value for line in lines)


def _holding(lines: Sequence[StatedLine], day: date) -> list[StatedLine]:
    return [line for line in lines if line.begins <= day < line.ends]
