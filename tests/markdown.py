"""Reads the pages that bind: sections by their anchors, the tables in them, the words in backticks."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


def page(name: str) -> str:
    """The text of a page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def anchors(text: str) -> list[str]:
    """The explicit anchors of a page, in order."""
    return _ANCHOR.findall(text)


def section(text: str, anchor: str) -> str:
    """What stands between an anchor and the next one that begins a line."""
    (_, found) = text.split(f'<a id="{anchor}"></a>', 1)
    return re.split(r"^(?:\d\. |- )?<a id=", found, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """The cells of the one table of a section, without its heading row."""
    lines = re.findall(r"^\|(.+)\|$", text, re.MULTILINE)
    rows = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    rules = [index for index, line in enumerate(lines) if set(line) <= set("-|")]
    if rules != [1]:
        raise AssertionError(f"one table is expected, found {len(rules)}")
    return rows[2:]


def code(text: str) -> list[str]:
    """The words in backticks."""
    return re.findall(r"`([^`]+)`", text)
