"""docs/clauses.md: what it names is there, each clause stands in it, and no clause about money is done in part."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.postgres.view_files import VIEWS
from processors.supervision.rules import SUPERVISION_RULES
from tests.markdown import code, page, section, table

ROOT = Path(__file__).parents[2]
SCHEMES = ("fusong", "changzhi", "shanggao", "anyi", "liaoning")
STATES = ("works", "no figure", "not software", "open")

# The headings of the five documents, as they number themselves. A clause that they do not number is told by words.
HEADINGS = {
    "fusong": "一 二 三(一)1 三(一)2 三(一)3 三(二)4 三(二)5 三(二)6 三(二)7 三(三)8 三(三)9 三(三)10 三(四)11 三(四)12"
    " 三(四)13 四(一) 四(二) 四(三) 四(四) 四(五) 四(六)",
    "changzhi": "一 二 三(一)1 三(一)2 三(二) 三(二)1 三(二)2 三(二)3 三(三) 三(三)1 三(三)2 三(四) 三(五) 三(六)1"
    " 三(六)2 三(六)3 三(七) 四(一) 四(二) 四(三) 四(四) 四(五)",
    "shanggao": "一1 一2 一3 一4 二1 二2 二3 二4 二5 三1 三2 三3 三4 三5 四1 四2",
    "anyi": "一(一) 一(二) 一(三) 二(四) 二(五) 二(六) 二(七) 二(八) 二(九) 三(十) 三(十一) 三(十二) 三(十三) 四(十四)"
    " 四(十五) 四(十六) 五(十七) 五(十八) 五(十九) 五(二十) 六(二十一) 六(二十二) 六(二十三) 六(二十四)",
    "liaoning": "一(一) 一(二)1 一(二)2 二(一) 二(二) 二(二)1 二(二)2 二(二)3 二(三) 三(一) 三(二) 三(三) 三(四) 三(五)"
    " 三(六)",
}
# These decide who pays how much: a row of one may await the next issue only for what is beside the money.
MONEY = {
    "fusong": "三(一)1 三(一)2 三(二)4 三(二)5 三(二)6 三(二)7 三(三)9 三(四)11 三(四)12",
    "changzhi": "三(一)1 三(一)2 三(二) 三(二)1 三(二)2 三(三)1 三(三)2 三(四) 三(五) 三(六)1 三(六)2 三(六)3",
    "shanggao": "一1 一2 一3 二2 二4 二5 三1",
    "anyi": "二(四) 二(五) 二(六) 二(七) 二(八) 二(九) 三(十一) 三(十三) 五(十八) 六(二十三)",
    "liaoning": "二(一) 二(二) 二(二)1 二(二)2 二(二)3 二(三) 三(一) 三(二) 三(四)",
}
# What the documents say of supervision and of offices' daily work: a clerk has a command for each row.
SUPERVISION = {
    "fusong": "三(四)11 三(四)13 四(三) 四(五) 四(六)",
    "changzhi": "四(三) 四(四)",
    "shanggao": "二1 二3 二4 二5 三1 三2 三3 三4 三5",
    "anyi": "二(九) 三(十二) 六(二十三) 六(二十四)",
}
OPEN: dict[str, str] = {}

HEADING = re.compile(r"[一二三四五六](?:\([一二三四五六七八九十]+\))?\d*")
NODE = re.compile(r"tests/[\w/]+\.py::test_\w+")
TEXT = page("clauses.md")


def clauses(cell: str) -> list[str]:
    """The headings that a row begins with: `三(二)6, 三(一)2 dibao …`."""
    found = []
    for part in cell.split(", "):
        match = HEADING.match(part)
        if match is None:
            break
        found.append(match.group())
        if match.end() != len(part):
            break
    return found


def rows(scheme: str) -> list[list[str]]:
    return table(section(TEXT, scheme))


def carried_by_none() -> Iterator[tuple[str, str]]:
    titles = dict(zip(("抚松", "长治", "上高", "安义", "辽宁"), SCHEMES, strict=True))
    for document, named, why in table(section(TEXT, "not-software")):
        assert why
        yield from ((titles[document], heading) for heading in named.split(", "))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_clause_stands_in_it(scheme: str) -> None:
    told = {heading for row in rows(scheme) for heading in clauses(row[0])}
    none = {heading for document, heading in carried_by_none() if document == scheme}
    assert told | none == set(HEADINGS[scheme].split())
    assert not told & none


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_row_says_what_does_it_and_how_far(scheme: str) -> None:
    assert [row for row in rows(scheme) if len(row) != 4 or not row[1] or row[2] not in STATES] == []
    works = [row for row in rows(scheme) if row[2] == "works"]
    assert [row for row in works if not NODE.search(row[3])] == []
    assert [row for row in rows(scheme) if row[2] != "works" and row[3]] == []
    assert not [name for name, count in Counter(row[0] for row in rows(scheme)).items() if count > 1]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_clause_about_money_is_done_in_part(scheme: str) -> None:
    states: dict[str, set[str]] = {}
    for row in rows(scheme):
        for heading in clauses(row[0]):
            states.setdefault(heading, set()).add(row[2])
    assert {heading for heading, told in states.items() if "open" in told} == set(OPEN.get(scheme, "").split())
    money = set(MONEY[scheme].split())
    assert money <= set(states)
    assert {heading for heading in money if "not software" in states[heading]} == set()


@pytest.mark.parametrize("scheme", SUPERVISION)
def test_no_clause_of_supervision_is_without_a_command(scheme: str) -> None:
    asked = set(SUPERVISION[scheme].split())
    told = [row for row in rows(scheme) if asked.intersection(clauses(row[0]))]
    assert {heading for row in told for heading in clauses(row[0])} >= asked
    assert [
        row[0] for row in told if row[2] != "works" or not any(each.startswith("claims ") for each in code(row[1]))
    ] == []


@cache
def written_in(file: str) -> frozenset[str]:
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", (ROOT / file).read_text("utf-8"), re.MULTILINE))


def test_the_tests_that_it_names_are_there() -> None:
    named = [each for each in code(TEXT) if each.startswith("tests/")]
    assert [each for each in named if each.endswith(".py") and not (ROOT / each).is_file()] == []
    nodes = [each.split("::") for each in named if "::" in each]
    assert [node for node in nodes if not (ROOT / node[0]).is_file() or node[1] not in written_in(node[0])] == []
    assert len(nodes) == len(NODE.findall(TEXT))


def test_the_events_and_views_that_it_names_are_there() -> None:
    events = [each for each in code(TEXT) if re.fullmatch(r"[a-z_]+\.[a-z_]+\.v\d", each)]
    assert events
    assert [each for each in events if not (ROOT / "docs" / "schemas" / f"{each}.json").is_file()] == []
    views = [each for each in code(TEXT) if each.startswith(("finance.", "projections."))]
    assert views
    assert [each for each in views if each not in VIEWS] == []


def keys(value: Any) -> Iterator[str]:
    """What a scheme's file can be cited by: its keys, its layers, rules, targets, grants and statements."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key in ("layer", "rule", "name", "kind"):
                yield inner
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_lines_of_schemes_that_it_names_are_there(scheme: str) -> None:
    held = set(keys(yaml.safe_load((ROOT / "policies" / "schemes" / f"{scheme}.yaml").read_text("utf-8"))))
    named = [each.split(": ")[1] for each in code(TEXT) if each.startswith(f"{scheme}: ")]
    assert named
    assert [each for each in named if each not in held] == []


def test_what_it_names_otherwise_is_of_a_known_kind() -> None:
    """A word in backticks that no test above looks up is one of these: nobody writes a name past them."""
    scheme_line = rf"({'|'.join(SCHEMES)}): \w+"
    looked_up = re.compile(rf"tests/.+|claims .+|[a-z_]+\.[a-z_]+\.v\d|(finance|projections)\.\w+|{scheme_line}")
    words = {each for each in code(TEXT) if not looked_up.fullmatch(each)}
    fields = {"lent_by", "filed_on", "stage", "settings", "contracted_doctor", "prepaid: true", "prepaid: false"}
    of_schemes = {"general", "chronic", "vocabulary", "regions", "funds", "insurer", "refund_self_paid"}
    of_schemes |= {"reading: ours", "backstop", "chronic_list"}
    categories = {"dibao", "low_income", "illness_poor"}
    funds = {
        "civil_affairs",
        "county_finance",
        "assistance_fund",
        "charity",
        "poverty_alleviation_fund",
        "public_health",
    }
    assert words - fields - of_schemes - categories - funds - SUPERVISION_RULES.keys() == set()
