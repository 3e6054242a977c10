"""Supervision texts: read strictly, laid over the built-in one value by value, chosen by day and region."""

from datetime import date

import pytest

from policies.supervision.icd import block_of, icd_range
from policies.supervision.text import SupervisionHistory, SupervisionTextError, built_in, load_supervision
from policies.supervision.values import RuleTerms
from processors.supervision.rules import SUPERVISION_RULES

HEAD = "name: {name}\ntitle: 县\ntitle_en: c\ndocument: d\nregions: {regions}\nin_force_from: {since}\nversion: 1\n"


def head(name: str = "county", regions: str = "[360923]", since: str = "2019-01-01") -> str:
    """The head of a text."""
    return HEAD.format(name=name, regions=regions, since=since)


def test_what_a_text_leaves_out_holds_as_built_in() -> None:
    values = "rules:\n  split_stay:\n    version: 2\n    days: {value: 10, grade: seed, cite: 第三条}\n"
    text = load_supervision((head() + values).encode(), "county.yaml")
    assert (text.rules.split_stay.days.value, text.rules.split_stay.days.cite) == (10, "第三条")
    assert text.rules.split_stay.exempt == built_in().rules.split_stay.exempt
    assert text.rules.long_stay == built_in().rules.long_stay


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("rules:\n  split_stay:\n    days: {value: 10}\n", "county.yaml:10: rules.split_stay.days.cite: 缺少"),
        ("rules:\n  split_stay:\n    days: {value: -1, grade: seed, cite: x}\n", "rules.split_stay.days.value"),
        ("rules:\n  split_stay:\n    exempt: {value: [Z], grade: seed, cite: x}\n", "ICD-10"),
        ("rules:\n  split_stay:\n    exempt: {value: [C97-C00], grade: seed, cite: x}\n", "起码大于止码"),
        ("rules:\n  sbpl: {version: 1}\n", "rules.sbpl: 此处没有这一项"),
        ("rules:\n  long_stay: {severity: guilty}\n", "rules.long_stay.severity"),
        ("regoins: []\n", "regoins: 此处没有这一项"),
    ],
)
def test_a_fault_is_told_with_its_line(said: str, fault: str) -> None:
    with pytest.raises(SupervisionTextError) as error:
        load_supervision((head() + said).encode(), "county.yaml")
    assert any(fault in problem for problem in error.value.problems)


@pytest.mark.parametrize("content", [b"\xff", b"[1, 2]", b"a: b: c", b"regions: [1]\nregions: [2]\n"])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(SupervisionTextError):
        load_supervision(content, "x")


def test_the_text_in_force_names_the_region_most_closely_and_is_the_latest() -> None:
    texts = [
        load_supervision(head(name, regions, since).encode(), name)
        for name, regions, since in (
            ("province", "[360000]", "2018-01-01"),
            ("county", "[360923]", "2019-01-01"),
            ("county_later", "[360923]", "2019-07-01"),
        )
    ]
    history = SupervisionHistory(texts)
    assert history.in_force(date(2017, 12, 31), "360923").name == "built_in"
    assert history.in_force(date(2018, 6, 1), "360923").name == "province"
    assert history.in_force(date(2019, 6, 30), "360923").name == "county"
    assert history.in_force(date(2019, 7, 1), "360923").name == "county_later"
    assert history.in_force(date(2019, 7, 1), "360924").name == "province"
    assert history.in_force(date(2019, 7, 1), "220621").name == "built_in"


def test_every_rule_has_terms_and_a_source_for_each_value() -> None:
    rules = built_in().rules
    terms = {name: getattr(rules, name) for name in type(rules).model_fields}
    assert terms.keys() == SUPERVISION_RULES.keys()
    for name, of_rule in terms.items():
        assert isinstance(of_rule, RuleTerms), name
        assert all(value["cite"] and value["grade"] for value in of_rule.described().values())


def test_codes_lie_in_ranges_with_what_stands_below_them() -> None:
    cancers = icd_range("C00-C97")
    assert [cancers.holds(code) for code in ("C00", "C97.9", "C50.911", "D00", "B99")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    chemotherapy = icd_range("Z51.1")
    assert [chemotherapy.holds(code) for code in ("Z51.1", "Z51.103", "Z51.2", "Z51")] == [True, True, False, False]
    assert (block_of("I63.902"), block_of("I64"), block_of("I70")) == ("I60-I69", "I60-I69", "I70-I79")
