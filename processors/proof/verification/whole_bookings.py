"""Whether the recorded parts of a clearing can be made of whole bookings.

Only a reversal, and a run that took the place of others, may divide a booking between hospital and person.
"""

from collections.abc import Sequence

MOST_BOOKINGS = 8
"""Of one claim and stage in one clearing: more are not tried, for the ways to part them grow fourfold with each."""


def are_whole(bookings: Sequence[int], parts: Sequence[int]) -> bool:
    """Whether the bookings, each given to one of the parts as a whole, can come to the parts; all in fen."""
    if len(bookings) > MOST_BOOKINGS:
        return sum(bookings) == sum(parts)
    left = {tuple(parts)}
    for amount in bookings:
        left = {(*some[:at], some[at] - amount, *some[at + 1 :]) for some in left for at in range(len(some))}
    return (0,) * len(parts) in left
