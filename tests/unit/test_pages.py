"""Pages for those who change the code name paths, tests and words that are there."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.markdown import DOCS, ROOT, anchors, page, table

GUIDES = [
    *(ROOT / name for name in ("README.md", "README.zh.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *DOCS.glob("*.md"),
]
FOLDERS = ("events", "policies", "projections", "processors", "infra", "tests", "benchmarks", "docs")
SOURCES = ("events", "policies", "projections", "processors", "infra")
GLOSSARY = page("glossary.md")


def paths_in(text: str) -> list[str]:
    """The words in backticks that are paths of this repository; one with a gap to fill, such as ``<kind>``, is none."""
    words = re.findall(r"`([^`\s]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return [word for word in words if re.match(rf"({'|'.join(FOLDERS)})/", word) and not re.search(r"[<…*]", word)]


def missing(path: str) -> str | None:
    """What of a path, with a test's name behind ``::`` or without, is not there."""
    file, _, test = path.partition("#")[0].partition("::")
    if not (ROOT / file).exists():
        return file
    if test and not re.search(rf"^(?:async )?def {test}\b", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE):
        return path
    return None


@cache
def words_of_the_code() -> frozenset[str]:
    """Every name in our sources."""
    files = (file for folder in SOURCES for file in (ROOT / folder).rglob("*.py"))
    return frozenset(word for file in files for word in re.findall(r"\w+", file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_paths_that_a_guide_names_are_there(guide: Path) -> None:
    paths = paths_in(guide.read_text(encoding="utf-8"))
    assert [gone for path in paths if (gone := missing(path))] == []


def test_a_path_that_is_not_there_is_found() -> None:
    text = "`processors/desk.py`, `tests/unit/test_pages.py::test_nothing`, `tests/unit/test_<kind>.py`, `policies/`"
    assert [missing(path) for path in paths_in(text)] == [
        "processors/desk.py",
        "tests/unit/test_pages.py::test_nothing",
        None,
    ]


@pytest.mark.parametrize("name", ["domain.md", "contract.md"])
def test_anchors_stand_once(name: str) -> None:
    found = anchors(page(name))
    assert sorted(found) == sorted(set(found)) != []


def glossary() -> list[list[str]]:
    """Every row of the glossary: English, Chinese, code name, meaning."""
    return [row for part in re.split(r"^## ", GLOSSARY, flags=re.MULTILINE)[1:] for row in table(part)]


def test_every_term_stands_in_the_code_under_its_name() -> None:
    names = {english: name.strip("`") for english, _, name, _ in glossary()}
    assert {english: name for english, name in names.items() if name not in words_of_the_code()} == {}


def test_every_term_has_a_chinese_name_and_one_sentence() -> None:
    odd = [
        english
        for english, chinese, _, meaning in glossary()
        if not re.search(r"[\u4e00-\u9fff]", chinese) or not meaning or meaning.endswith(".") or ". " in meaning
    ]
    assert odd == []


def test_a_term_has_one_meaning() -> None:
    english = [row[0] for row in glossary()]
    assert sorted(english) == sorted(set(english))
