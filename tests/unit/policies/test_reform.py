"""A reform's file is read strictly, and its changes are laid on the text where and when it says, and nowhere else."""

import random
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from policies.loader import load_directory
from policies.reform import MOST_CHANGES, ReformError, read_reform
from policies.reformed_text import reformed, whole_text
from policies.scheme import Scheme
from policies.stated_lines import stated_lines
from policies.text_difference import differences
from tests.reforms import claims_lines, days_of, random_change, reform

SHIPPED = {scheme.name: scheme for scheme in load_directory()}
SHANGGAO = SHIPPED["shanggao"]
LINE = {"where": "2.critical_illness inpatient", "name": "line", "for": "poor"}
SEEDS = st.integers(0, 2**32)
NAMES = st.sampled_from(sorted(SHIPPED))
HEAD = "name: 试\nscheme: shanggao\n"


def told(text: Scheme, *changes: Mapping[str, object]) -> list[tuple[str, str, str, str]]:
    """From when until when what a value was and now is."""
    (after,) = reformed([text], reform(text.name, *changes))
    return [
        (str(each.begins), "" if each.ends == date.max else str(each.ends), each.was, each.now)
        for each in differences(text, after)
    ]


def test_a_value_is_another_for_as_long_as_the_text_holds() -> None:
    assert told(SHANGGAO, {**LINE, "value": "3000"}) == [("2019-01-01", "", "7500.00", "3000.00")]


def test_a_value_is_another_on_the_days_that_are_given_and_no_others() -> None:
    dated = {**LINE, "value": "3000", "from": "2019-09-01", "until": "2020-01-01"}
    assert told(SHANGGAO, dated) == [("2019-09-01", "2020-01-01", "7500.00", "3000.00")]
    (after,) = reformed([SHANGGAO], reform("shanggao", dated))
    lines = [line for line in stated_lines(after) if (line.where, line.name, line.for_) == tuple(LINE.values())]
    assert [(str(line.begins), line.value) for line in lines] == [
        ("2019-01-01", "7500.00"),
        ("2019-09-01", "3000.00"),
        ("2020-01-01", "7500.00"),
    ]
    assert [line.cite for line in lines][1] == "试"


def test_days_that_say_no_more_than_the_texts_own_make_no_row_that_never_holds() -> None:
    early = {**LINE, "value": "3000", "from": "2001-01-01"}
    assert told(SHANGGAO, early) == told(SHANGGAO, {**LINE, "value": "3000"})


def test_a_later_change_of_the_same_value_prevails() -> None:
    changes = ({**LINE, "value": "3000"}, {**LINE, "value": "4000", "from": "2020-01-01"})
    assert told(SHANGGAO, *changes) == [
        ("2019-01-01", "2020-01-01", "7500.00", "3000.00"),
        ("2020-01-01", "", "7500.00", "4000.00"),
    ]


def test_lines_of_one_name_change_together_and_are_told_together() -> None:
    ratio = {"where": "3.supplementary inpatient", "name": "ratio", "value": "80%"}
    assert told(SHANGGAO, ratio) == [("2019-01-01", "", "90%；75%", "80%；80%")]


def test_no_change_is_the_text_itself() -> None:
    assert reformed([SHANGGAO], reform("shanggao")) == [SHANGGAO]


def test_a_grant_is_changed_in_its_amount() -> None:
    (grant,) = SHIPPED["anyi"].grants
    (after,) = reformed([SHIPPED["anyi"]], reform("anyi", {"where": "grants", **_whom("anyi"), "value": "1"}))
    assert (after.grants[0].amount, after.grants[0].diseases) == (100, grant.diseases)


def _whom(name: str) -> dict[str, str]:
    line = next(line for line in stated_lines(SHIPPED[name]) if line.where == "grants")
    return {"name": line.name, "for": line.for_}


def test_general_is_for_everybody_and_a_list_is_what_the_text_prints() -> None:
    everybody = {"where": LINE["where"], "name": "line", "for": "general", "value": "9000"}
    assert told(SHANGGAO, everybody) == [("2019-01-01", "", "15000.00", "9000.00")]
    listed = {"where": "4.assistance inpatient", "name": "limit", "for": ["dibao", "poor"], "value": "none"}
    assert told(SHANGGAO, listed) == [("2019-01-01", "", "20000.00", "无 none")]


def test_a_change_that_only_older_texts_lack_is_laid_on_those_that_have_it() -> None:
    older, newer = SHIPPED["fusong"], SHANGGAO
    assistance = {"where": "4.assistance inpatient", "name": "limit", "for": "destitute", "value": "5"}
    unchanged, changed = reformed([older, newer], reform("in force", assistance))
    assert unchanged is older
    assert changed is not newer


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        ({**LINE, "where": "2.kritical"}, 1, "政策中没有 where“2.kritical”，有：1.basic inpatient；"),
        ({**LINE, "name": "lime"}, 1, "没有 name“lime”，有：line；bands；cap；over_cap_ratio "),
        ({**LINE, "for": "dibao"}, 1, "没有 for“dibao”，有：general；poor "),
        ({**LINE, "until": "2001-01-01"}, 1, "所给日期内这一项没有值"),
        ({**LINE, "value": "abc"}, 1, "改后的政策文本不成立"),
    ],
)
def test_a_change_that_fits_nothing_is_told_with_what_there_is(change: dict[str, str], line: int, said: str) -> None:
    with pytest.raises(ReformError) as refused:
        reformed([SHANGGAO], reform("shanggao", {"value": "1", **change}))
    assert refused.value.problems[0].startswith(f"reform.yaml:{line}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- a\n", 1, "应为键值表"),
        ("name: x\n", 1, "scheme: 缺少这一项 is missing"),
        (f"{HEAD}rate: 1\n", 3, "rate: 没有这一项 there is no such key"),
        (f"{HEAD}changes:\n- {{where: a, name: b, reason: c}}\n", 4, "changes[0].value: 缺少这一项"),
        (f"{HEAD}changes:\n- {{where: a, name: b, value: 1}}\n", 4, "changes[0].reason: 缺少这一项"),
        (f"{HEAD}changes:\n- {{where: a, name: b, reason: c, value: }}\n", 4, "未填写值"),
        (
            f"{HEAD}changes:\n- {{where: a, name: b, reason: c, value: 1, from: 2020-01-01, until: 2020-01-01}}\n",
            4,
            "止日应在起日之后",
        ),
        (f"{HEAD}changes:\n- {{where: a, name: b, reason: c, value: 1, from: 20200101}}\n", 4, "不是日期"),
        (f"{HEAD}changes: []\nchanges: []\n", 4, "重复 stands twice"),
        (f"{HEAD}changes: [{'{where: a, name: b, reason: c, value: 1},' * (MOST_CHANGES + 1)}]\n", 3, "changes: "),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_line(text: str, line: int, said: str) -> None:
    with pytest.raises(ReformError) as refused:
        read_reform(text.encode(), "r.yaml")
    assert refused.value.problems[0].startswith(f"r.yaml:{line}: ")
    assert said in str(refused.value)


def test_the_example_of_the_documents_fits_the_shipped_text() -> None:
    path = Path(__file__).parents[3] / "docs" / "examples" / "line.yaml"
    file = read_reform(path.read_bytes(), str(path))
    (after,) = reformed([SHIPPED[file.reform.scheme]], file)
    assert [(each.was, each.now) for each in differences(SHANGGAO, after)] == [("7500.00", "3000.00")] * 2


def test_a_whole_text_is_a_reform_too() -> None:
    file = read_reform(SHANGGAO.text, "shanggao.yaml")
    assert (file.reform.scheme, file.reform.changes) == ("shanggao", ())
    assert whole_text(file) == SHANGGAO
    with pytest.raises(ReformError, match="改后的政策文本不成立"):
        whole_text(read_reform(SHANGGAO.text.replace(b"\nregions:", b"\nregion:"), "broken.yaml"))


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_value_of_the_shipped_texts_can_be_changed(name: str) -> None:
    text, draw = SHIPPED[name], random.Random(name)
    changed = 0
    for line in claims_lines(text):
        try:
            (after,) = reformed([text], reform(name, random_change(text, line, draw, ())))
        except ReformError:  # what the value may not be, such as bands that no longer rise
            continue
        assert {each[:3] for each in differences(text, after)} <= {line[:3]}
        changed += after is not text
    assert changed > len(claims_lines(text)) * 0.9


@given(name=NAMES, seed=SEEDS)
def test_a_change_holds_where_and_when_it_says_and_nowhere_else(name: str, seed: int) -> None:
    text, draw = SHIPPED[name], random.Random(seed)
    line = draw.choice(claims_lines(text))
    change = random_change(text, line, draw, days_of(text))
    begins, ends = change.get("from", str(date.min)), change.get("until", str(date.max))
    try:
        (after,) = reformed([text], reform(name, change))
    except ReformError:
        reject()
    for each in differences(text, after):
        assert each[:3] == line[:3]
        assert max(begins, str(text.valid.from_)) <= str(each.begins) < str(each.ends) <= ends
        assert each.reason == "试"
    assert len(list(stated_lines(after))) >= len(list(stated_lines(text)))
