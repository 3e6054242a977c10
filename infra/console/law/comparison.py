"""What differs between two texts: value by value in words, and line by line side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from infra.cli.scheme_text import place_text
from infra.words.evidence import rule_named, word, worded
from policies.describe import changes
from policies.scheme import Scheme
from policies.supervision.text import SupervisionText, cited_sections
from policies.supervision.values import RuleTerms

AROUND = 3
"""How many lines that are the same stand around those that differ."""


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """A value that another text changes; empty where it is new, or is gone."""

    where: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LinePair:
    """Lines of two texts beside each other, with their numbers; ``same`` says that they do not differ.

    ``gap`` stands where lines that are the same are left out.
    """

    before: tuple[int, str] | None = None
    after: tuple[int, str] | None = None
    same: bool = False
    gap: bool = False


def changed_values(before: Scheme | SupervisionText, after: Scheme | SupervisionText) -> list[ChangedValue]:
    """What changes from one text to another of its kind."""
    if isinstance(before, Scheme) and isinstance(after, Scheme):
        return [ChangedValue(place_text(where), was, now) for where, was, now in changes(before, after)]
    if isinstance(before, SupervisionText) and isinstance(after, SupervisionText):
        was, now = dict(_supervised(before)), dict(_supervised(after))
        places = (*was, *(place for place in now if place not in was))
        return [
            ChangedValue(place, was.get(place, ""), now.get(place, ""))
            for place in places
            if was.get(place) != now.get(place)
        ]
    return []


def section_title(section: str, item: str, part: Any) -> str:
    """What a section of a supervision text is about."""
    if isinstance(part, RuleTerms):
        return f"{rule_named(item)} 第 {part.version} 版" + ("" if part.used else "（停用）")
    return f"{word(section)} {word(item)}".strip() if item else word(section)


def side_by_side(before: bytes, after: bytes) -> list[LinePair]:
    """Two texts line beside line; where they are the same only the lines around what differs."""
    old, new = before.decode().splitlines(), after.decode().splitlines()
    pairs: list[LinePair] = []
    end = 0
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND):
        if group[0][1] > end:
            pairs.append(LinePair(gap=True))
        for tag, old_from, old_to, new_from, new_to in group:
            for place in range(max(old_to - old_from, new_to - new_from)):
                was = (old_from + place + 1, old[old_from + place]) if old_from + place < old_to else None
                now = (new_from + place + 1, new[new_from + place]) if new_from + place < new_to else None
                pairs.append(LinePair(was, now, same=tag == "equal"))
        end = group[-1][2]
    return pairs


def _supervised(text: SupervisionText) -> Iterator[tuple[str, str]]:
    yield "起始 in force from", text.in_force_from.isoformat()
    yield "统筹区 regions", "、".join(text.regions)
    for section, item, part in cited_sections(text):
        of = rule_named(item) if isinstance(part, RuleTerms) else f"{word(section)} {word(item)}".strip()
        if isinstance(part, RuleTerms):
            yield f"{of} 使用 used", "是" if part.used else "否"
        for name, each in part.described().items():
            yield f"{of} {word(name)}", f"{worded(each['value'])}（{each['cite']}）"
