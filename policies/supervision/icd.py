"""ICD-10 codes as supervision compares them: categories of three characters, their blocks, and ranges of codes."""

from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Annotated

from msgspec import Struct
from pydantic import BeforeValidator

CATEGORY = 3
"""Characters of a category: I63 of I63.902."""


class IcdRange(Struct, frozen=True, cache_hash=True):
    """Codes from ``first`` to ``last``, both with all that stand below them: C00–C97, or I21 alone."""

    first: str
    last: str

    def holds(self, code: str) -> bool:
        """Whether a code, of any length, lies within."""
        return self.first <= code[: len(self.first)] and code[: len(self.last)] <= self.last

    def __str__(self) -> str:
        """As a text states it."""
        return self.first if self.first == self.last else f"{self.first}-{self.last}"


def icd_range(text: str) -> IcdRange:
    """A range as a text states it: ``C00-C97``, ``Z51.1``. Raises ``ValueError``."""
    first, _, last = text.strip().upper().partition("-")
    found = IcdRange(first, last or first)
    for code in (found.first, found.last):
        if not (len(code) >= CATEGORY and code[0].isascii() and code[0].isalpha() and code[1].isdigit()):
            raise ValueError(f"{text!r} 不是 ICD-10 编码 is no ICD-10 code: write C00-C97, or Z51.1")
    if found.last[:CATEGORY] < found.first[:CATEGORY]:
        raise ValueError(f"{text!r} 起码大于止码 the range ends before it begins")
    return found


def _ranges(value: object) -> tuple[IcdRange, ...]:
    if not isinstance(value, list):
        raise ValueError("应为 ICD-10 编码的列表 a list of ICD-10 codes is wanted: [C00-C97, Z51.1]")
    return tuple(icd_range(str(each)) for each in value)


IcdRanges = Annotated[tuple[IcdRange, ...], BeforeValidator(_ranges)]


def any_within(codes: Iterable[str], ranges: Iterable[IcdRange]) -> bool:
    """Whether one of the codes lies in one of the ranges."""
    known = tuple(ranges)
    return any(_is_within(code, known) for code in codes)


@lru_cache(maxsize=100_000)
def _is_within(code: str, ranges: tuple[IcdRange, ...]) -> bool:
    return any(each.holds(code) for each in ranges)


def category_of(code: str) -> str:
    """The category of a code."""
    return code[:CATEGORY]


@cache
def block_of(code: str) -> str:
    """The block of ICD-10 that a code's category stands in, as ``I60-I69``; the category itself where none has it."""
    category = category_of(code)
    return next((str(block) for block in _blocks() if block.holds(category)), category)


@cache
def _blocks() -> tuple[IcdRange, ...]:
    text = files(__package__).joinpath("icd_blocks.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0] for line in text.splitlines())
    return tuple(icd_range(each) for line in lines for each in line.split())
