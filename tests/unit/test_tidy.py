"""What keeps the house readable: short files and functions, nouns as names, one class a name, a test a rule kind."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("events", "policies", "projections", "processors", "infra")
FOLDERS = (*PRODUCT, "tests", "benchmarks")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
# a migration that was released stays as it is, however long
SQL = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.sql") if "migrations" not in path.parts)

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60

# nouns of the field or of English, which only look like participles
NOUNS = {
    "clearing",  # 清算: what the funds pay and are paid for a month
    "warning",  # 预警: what is told of a fund before it runs short
    "embedded",  # embedded servers: those that the program brings and runs itself
    "liaoning",  # the province
    "listing",  # a list on a page, with its filters, order and exports
    "loading",  # of schemes
    "messaging",  # what a broker is for
    "opening",  # of a run
    "pricing",  # of fee lines: which part of a price is insured
    "sourcing",  # of events
}
IRREGULAR = {
    "told",
    "taken",
    "written",
    "sent",
    "given",
    "known",
    "lost",
    "found",
    "gone",
    "seen",
    "held",
    "paid",
    "made",
}
# what needs a legend: a module is named after what it holds in the field's own words
METAPHORS = {"desk", "hand", "hands", "twin", "pin", "pins", "world", "turn", "yard", "wholes"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def listed(found: Iterable[str]) -> str:
    """All that was found, a line each: pytest itself would show the first few."""
    return "".join(f"\n  {each}" for each in sorted(found))


def is_participle(word: str) -> bool:
    """Whether a word looks like a participle that stands for a noun."""
    return word not in NOUNS and (word in IRREGULAR or (len(word) > 4 and word.endswith(("ed", "ing"))))


def name_of_module(path: Path) -> str:
    """A module's name, or its package's where it opens one; a test's is that of what it tests."""
    return (path.parent.name if path.stem == "__init__" else path.stem).removeprefix("test_")


def test_a_file_is_read_in_one_sitting() -> None:
    longer = [
        f"{name_of(path)}: {lines}"
        for path in (*MODULES, *SQL)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES_OF_A_FILE
    ]
    assert not longer, listed(longer)


def test_a_function_is_seen_at_once() -> None:
    longer = [
        f"{name_of(path)} {node.name}: {lines}"
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ]
    assert not longer, listed(longer)


def test_an_installed_program_has_all_that_it_reads() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    told = {path for name, patterns in packed.items() for each in patterns for path in (ROOT / name).glob(each)}
    there = {path for name in PRODUCT for path in (ROOT / name).rglob("*.*") if path.is_file()}
    left_out = [name_of(path) for path in there - told if path.suffix not in (".py", ".pyc")]
    assert not left_out, listed(left_out)


def test_no_two_public_classes_share_a_name() -> None:
    places = defaultdict(list)
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] in PRODUCT:
            for node in tree(path).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(name_of(path))
    shared = [f"{name}: {', '.join(found)}" for name, found in places.items() if len(found) > 1]
    assert not shared, listed(shared)


def test_modules_are_named_by_nouns() -> None:
    # the last word is what a name says; those before it say which
    by_participle = [name_of(path) for path in MODULES if is_participle(name_of_module(path).split("_")[-1])]
    assert not by_participle, listed(by_participle)


def test_modules_are_named_without_a_legend() -> None:
    by_metaphor = [name_of(path) for path in MODULES if METAPHORS & set(name_of_module(path).split("_"))]
    assert not by_metaphor, listed(by_metaphor)


def test_every_rule_kind_has_worked_cases_of_its_own() -> None:
    kinds = {path.stem for path in (ROOT / "policies" / "rules").glob("*.py")} - {"__init__"}
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "unit" / "policies").glob("test_*.py")}
    assert kinds - tested == set()


def test_the_map_of_helpers_is_whole() -> None:
    helpers = {name_of(path) for path in (ROOT / "tests").glob("*.py")} - {"tests/__init__.py"}
    told = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    unnamed = [helper for helper in helpers if f"({helper.removeprefix('tests/')})" not in told]
    assert not unnamed, listed(unnamed)


def test_the_nouns_excepted_are_in_use() -> None:
    assert NOUNS - {name_of_module(path).split("_")[-1] for path in MODULES} == set()
