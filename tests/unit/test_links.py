"""Links and citations lead somewhere: between pages, and from code to the clause or section it rests on."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("events", "policies", "projections", "processors", "infra", "tests", "benchmarks", "docs/examples")
ENDINGS = {".py", ".sql", ".yaml", ".toml", ".jinja", ".html"}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])
SOURCES = sorted(
    {path for folder in CODE for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS}
    | {ROOT / "Makefile", ROOT / "pyproject.toml"}
)

_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
# a page cited in a comment, a docstring or a text for users: docs/domain.md#3.6, or without a place in it
_CITATION = re.compile(r"(?<![\w/.])((?:docs/[\w./-]+|[A-Z]+)\.md)(?:#([\w.-]*\w))?")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The places of a page that can be linked to: those named by hand, and its headings as GitHub names them."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    named = re.findall(r"<a (?:id|name)=\"([^\"]+)\">", text)
    taken: Counter[str] = Counter()
    for heading in re.findall(r"^#{1,6} +(.+?)#* *$", text, re.MULTILINE):
        shown = re.sub(r"<[^>]+>|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        named.append(f"{slug}-{taken[slug]}" if taken[slug] else slug)
        taken[slug] += 1
    return frozenset(named)


def fault(page: Path, place: str | None) -> str | None:
    """What is wrong with a reference to a place of a page, if anything."""
    if not page.exists():
        return f"no file {page.name}"
    if place and page.suffix == ".md" and place not in anchors(page):
        return f"no #{place} in {page.name}"
    return None


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """A page's links within the repository: as written, the file, the place in it."""
    text = _INLINE_CODE.sub("", _FENCED.sub("", page.read_text(encoding="utf-8")))
    for written in _LINK.findall(text):
        if not re.match(r"[a-z]+:", written):
            path, _, place = unquote(written).partition("#")
            yield written, page.parent / path if path else page, place


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert {written: found for written, path, place in links(page) if (found := fault(path, place))} == {}


def test_what_code_cites_is_there() -> None:
    wrong = [
        f"{name_of(source)}: {citation[0]}: {found}"
        for source in SOURCES
        if source != Path(__file__)
        for citation in _CITATION.finditer(source.read_text(encoding="utf-8"))
        if (found := fault(ROOT / citation[1], citation[2]))
    ]
    assert not wrong, "".join(f"\n  {each}" for each in wrong)


def test_code_cites_no_page_that_is_not_here() -> None:
    # the pages by their names outside the repository: docs/domain.md and docs/contract.md say where
    named = [
        f"{name_of(source)}: {found}"
        for source in SOURCES
        if source != Path(__file__)
        for found in re.findall(r"\b(?:DOMAIN|CONTRACT|DESIGN|STYLE)\b.{0,12}", source.read_text(encoding="utf-8"))
    ]
    assert not named, "".join(f"\n  {each}" for each in named)


def test_a_wrong_place_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# A heading: of `two`\n\n<a id="3.6"></a>\n\n## Again\n\n## Again\n```\n# no heading\n```\n[x](#nowhere)\n'
    )
    assert anchors(page) == {"a-heading-of-two", "3.6", "again", "again-1"}
    assert [fault(path, place) for _, path, place in links(page)] == ["no #nowhere in page.md"]
    assert fault(page, "3.6") is None
    assert fault(tmp_path / "none.md", None) is not None
