"""Looks for the value at which a goal begins to be met, among values that stand in order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

FIRST = 9
"""Places tried first, from end to end: they are the curve."""
AT_ONCE = 3
"""Places tried at once between the two that it lies between; each round costs one reading of everybody."""
Tried = Mapping[int, bool]
Try = Callable[[Sequence[int]], Awaitable[Tried]]
"""Whether the goal is met at each of some places."""


class FoundPlace(NamedTuple):
    """The place that meets the goal beside one that does not, and that one; None where all meet it, or none does.

    ``turns`` is how often the goal turns from met to not met or back among the places that were tried first: more than
    once, and there is more than one such place.
    """

    met: int | None
    unmet: int | None
    turns: int


async def boundary(places: int, tried: Try) -> FoundPlace:
    """Look among so many places, two at least."""
    known = dict(await tried(_spread(0, places - 1, FIRST)))
    turns = [(low, high) for low, high in pairwise(sorted(known)) if known[low] != known[high]]
    if not turns:
        return FoundPlace(None, None, 0)
    low, high = turns[0]
    while high - low > 1:
        known |= await tried(_spread(low, high, AT_ONCE + 2)[1:-1])
        within = [place for place in sorted(known) if low <= place <= high]
        low, high = next((one, other) for one, other in pairwise(within) if known[one] != known[other])
    return FoundPlace(low, high, len(turns)) if known[low] else FoundPlace(high, low, len(turns))


def _spread(low: int, high: int, number: int) -> list[int]:
    """So many places from low to high, both among them; fewer where there are not so many."""
    return sorted({low + (high - low) * step // (number - 1) for step in range(number)})
