"""Line breaks that let a wide table fit a terminal: between words and Chinese characters, behind underscores."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

_TOKENS = re.compile(r"\s+|[!-^`-~–—]+_?|.", re.DOTALL)
"""A run of blanks, a word, figure, code or its part up to an underscore, or one other character."""


def folded(rows: Sequence[Sequence[str]], room: int) -> list[list[str]] | None:
    """Rows of cells broken into lines, so that their columns need no more than ``room`` together.

    The widest column gives way first. None where no line breaks get there.
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(map(_width, column)) for column in columns]
    least = [max(map(_longest, column)) for column in columns]
    while sum(widths) > room:
        place = max(range(len(widths)), key=lambda place: (widths[place] > least[place], widths[place]))
        if widths[place] <= least[place]:
            return None
        widths[place] -= 1
    return [[broken(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]


def broken(text: str, width: int) -> str:
    """A text with line breaks so that its lines are no wider, but for a word that is wider by itself."""
    lines = []
    for line in text.split("\n"):
        current = ""
        for token in _TOKENS.findall(line):
            if current and cell_len(current) + cell_len(token) > width:
                lines.append(current.rstrip())
                current = ""
            current += token if current or not token.isspace() else ""
        lines.append(current.rstrip())
    return "\n".join(lines)


def _width(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _longest(text: str) -> int:
    return max((cell_len(token) for token in _TOKENS.findall(text) if not token.isspace()), default=0)
