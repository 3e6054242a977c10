"""Bills heaped just under a line: those in a narrow band below it, against those in the same band above."""

from collections.abc import Sequence

from msgspec import Struct

from processors.supervision.statistics.discoveries import excess_p

LEAST_BESIDE = 10
"""So many bills must lie in each of the outer bands before they tell how the bills thin out."""


class Heap(Struct, frozen=True, gc=False):
    """``left`` bills in [line - width, line], ``right`` in (line, line + width].

    ``expected`` is the share of them that would lie left without a heap; ``sloped`` says that the bills farther out
    told it, else it is a half. ``p`` is how likely so many left are by chance.
    """

    left: int
    right: int
    expected: float
    sloped: bool
    p: float

    @property
    def share(self) -> float:
        """What part of both bands lies left; 0 where both are empty."""
        return self.left / (self.left + self.right) if self.left + self.right else 0.0


def heap(values: Sequence[int], line: int, width: int) -> Heap:
    """The heap of ``values`` under ``line``, all in the same unit (binomial test).

    Bills thin out as they grow, so more lie left of any line. Where they thin out evenly on a logarithmic scale, the
    bands one farther out, whose centres are three widths apart, hold left and right in the third power of the ratio
    that the inner ones hold.
    Raises ValueError where ``width`` is not above zero.
    """
    if width <= 0:
        raise ValueError("a band needs a width")
    outer_left, left, right, outer_right = 0, 0, 0, 0
    for value in values:
        if line - width <= value <= line:
            left += 1
        elif line < value <= line + width:
            right += 1
        elif line - 2 * width <= value < line - width:
            outer_left += 1
        elif line + width < value <= line + 2 * width:
            outer_right += 1
    sloped = min(outer_left, outer_right) >= LEAST_BESIDE
    ratio = (outer_left / outer_right) ** (1 / 3) if sloped else 1.0
    expected = ratio / (1 + ratio)
    return Heap(left, right, expected, sloped, excess_p(left, left + right, expected) if left + right else 1.0)
