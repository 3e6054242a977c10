"""Schemes are read strictly: each kind of fault is told with its file and line."""

from typing import NamedTuple

import pytest

from policies.loader import SCHEMES, SchemeError, check_together, load_directory, load_text

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in SCHEMES.glob("*.yaml")}
LOADED = {scheme.name: scheme for scheme in load_directory()}


class Fault(NamedTuple):
    """One thing broken in a shipped scheme; ``line`` stands on the line told, ``^`` before it means the line above."""

    name: str
    scheme: str
    old: str
    new: str
    line: str
    says: str


FAULTS = [
    Fault(
        "unknown key",
        "fusong",
        "track: chronic\n",
        "track: chronic\n        caps: []\n",
        "caps: []",
        "is no key that is known here",
    ),
    Fault(
        "unknown key in a row",
        "fusong",
        "{value: 5000,",
        "{value: 5000, unit: yuan,",
        "unit: yuan",
        "is no key that is known here",
    ),
    Fault("unknown key of a scheme", "fusong", "premiums:", "premia:", "premia:", "is no key that is known here"),
    Fault(
        "duplicate key", "fusong", "track: chronic\n", "track: chronic\n        track: a\n", "track: a", "stands twice"
    ),
    Fault(
        "overlapping dates",
        "fusong",
        "from: 2019-01-01, value: 3000",
        "from: 2018-12-31, value: 3000",
        "from: 2018-12-31",
        "two values for tier 0, poor on 2018-12-31",
    ),
    Fault(
        "gap between dates",
        "fusong",
        "from: 2019-01-01, value: 3000",
        "from: 2019-02-01, value: 3000",
        "from: 2019-02-01",
        "no value for tier 3, poor from 2019-01-01 to 2019-01-31",
    ),
    Fault(
        "gap at the end",
        "fusong",
        "{value: 100000,",
        "{value: 100000, until: 2020-12-31,",
        "^{value: 100000",
        "no value for tier 1, general from 2020-12-31",
    ),
    Fault(
        "dates that run backward",
        "fusong",
        "{value: 5000,",
        "{value: 5000, from: 2020-01-01, until: 2019-01-01,",
        "{value: 5000,",
        "`until` must lie after `from`",
    ),
    Fault(
        "a target that is not known",
        "fusong",
        "{name: assistance, from: 2020-01-01,",
        "{name: kindness, from: 2020-01-01,",
        "name: kindness",
        "'reimbursement', 'chronic_reimbursement', 'assistance', 'cost_growth' or 'disease_cost_growth'",
    ),
    Fault(
        "two values of a target at one time",
        "fusong",
        "{name: chronic_reimbursement, value: 80%,",
        "{name: reimbursement, value: 80%,",
        "{name: reimbursement, value: 80%,",
        "two values of reimbursement at one time",
    ),
    Fault(
        "a target that ends as the scheme begins",
        "fusong",
        "  - {name: chronic_reimbursement, value: 80%,",
        "  - {name: assistance, until: 2018-01-01, value: 60%, grade: seed, cite: x}\n"
        "  - {name: assistance, from: 2018-01-01, until: 2020-01-01, value: 80%,",
        "name: assistance, until: 2018-01-01",
        "this assistance holds on no day on which the scheme is valid",
    ),
    Fault(
        "a target that begins as the scheme ends",
        "fusong",
        "{name: assistance, from: 2020-01-01,",
        "{name: assistance, from: 2021-01-01,",
        "name: assistance, from: 2021-01-01",
        "this assistance holds on no day on which the scheme is valid",
    ),
    Fault(
        "a target finer than what is shown",
        "fusong",
        "{name: chronic_reimbursement, value: 80%,",
        "{name: chronic_reimbursement, value: 80.001%,",
        "value: 80.001%",
        "at most two decimals of a percent",
    ),
    Fault("ratio above 1", "fusong", "value: 85%,", "value: 100.01%,", "100.01%", "outside 0% to 100%"),
    Fault("ratio below 0", "fusong", "value: 85%,", "value: -0.1,", "value: -0.1", "outside 0% to 100%"),
    Fault("ratio of a band", "fusong", "{ratio: 90%}", "{ratio: 190%}", "{ratio: 190%}", "outside 0% to 100%"),
    Fault("no ratio", "fusong", "value: 85%,", "value: most,", "value: most", "is not a ratio"),
    Fault("less than a fen", "fusong", "{value: 5000,", "{value: 5000.001,", "5000.001", "two decimals"),
    Fault("bands that don't rise", "fusong", "60%}, {to: 100000", "60%}, {to: 50000", "60%}, {to: 50000", "must rise"),
    Fault("open band in the middle", "fusong", "60%}, {to: 100000, ", "60%}, {", "60%}, {ratio", "but the last"),
    Fault("no last band", "fusong", "{ratio: 90%}", "{to: 200000, ratio: 90%}", "{to: 200000", "but the last"),
    Fault(
        "unknown category of a value",
        "fusong",
        "for: [destitute, orphan], value: 80%",
        "for: [destitute, orphans], value: 80%",
        "orphans",
        "'orphans' 不是救助对象类别 is neither a category",
    ),
    Fault(
        "unknown category of the poor",
        "fusong",
        "[registered_poor, destitute, orphan]",
        "[poorest]",
        "[poorest]",
        "'poorest' 不是救助对象类别 is not a category",
    ),
    Fault(
        "unknown category of a case",
        "changzhi",
        "member: [registered_poor]",
        "member: [poorest]",
        "[poorest]",
        "'poorest' 不是救助对象类别 is not a category",
    ),
    Fault(
        "a second grant of a kind",
        "anyi",
        "grants:\n",
        "grants:\n  - {kind: annual, diseases: [lung_cancer], threshold: 1, amount: 1, grade: assumed, cite: x}\n",
        "- kind: annual",
        "a second annual grant",
    ),
    Fault(
        "unknown disease of a grant",
        "anyi",
        "- renal_dialysis",
        "- plague",
        "- plague",
        "'plague' 不是病种代码 is not a disease",
    ),
    Fault(
        "unknown disease of a case",
        "fusong",
        "poor: true}\n        ratio",
        "poor: true, diseases: [plague]}\n        ratio",
        "plague",
        "'plague' 不是病种代码 is not a disease code",
    ),
    Fault(
        "unknown disease of a tariff",
        "anyi",
        "hemophilia, tier: 2",
        "plague, tier: 2",
        "plague",
        "'plague' 不是病种代码 is not",
    ),
    Fault(
        "disease outside a tariff",
        "fusong",
        "{value: 5000,",
        "{disease: hemophilia, value: 5000,",
        "hemophilia",
        "only a case quota's tariff",
    ),
    Fault(
        "tariff twice",
        "anyi",
        "hypospadias, tier: 2",
        "thalassemia, tier: 2, from: 2019-02-01",
        "from: 2019-02-01",
        "two values for tier 2, thalassemia, general on 2019-02-01",
    ),
    Fault("unknown setting", "fusong", "chronic: [{", "dental: [{", "dental", "Input should be 'inpatient'"),
    Fault(
        "unknown layer", "fusong", "layer: backstop", "layer: mercy", "layer: mercy", "'mercy' 不是保障线 is no layer"
    ),
    Fault("unknown rule", "fusong", "rule: annual_bands", "rule: mercy", "rule: mercy", "'mercy'"),
    Fault(
        "layer with accumulations twice",
        "shanggao",
        "layer: backstop",
        "layer: critical_illness # again",
        "# again",
        "critical_illness reads accumulations and stands on the path already",
    ),
    Fault(
        "path without basic",
        "fusong",
        "layer: basic\n    cases",
        "layer: supplementary # first\n    cases",
        "# first",
        "begins",
    ),
    Fault(
        "missing tier",
        "fusong",
        "          - {tier: 2, value: 75%, grade: later, "
        'cite: "本地区后期一般规定 later general rules of the prefecture"}\n',
        "",
        "^{tier: 1, value: 85%",
        "no value for tier 2, general",
    ),
    Fault(
        "missing value for a category",
        "fusong",
        "for: [destitute, orphan], value: 80%",
        "for: [destitute], value: 80%",
        "^{for: registered_poor, until: 2020-01-01",
        "no value for tier 0, orphan",
    ),
    Fault(
        "missing value for those who are not poor",
        "fusong",
        '          - {for: general, value: 300000, grade: assumed, cite: "待县里确定 county must set it"}\n',
        "",
        "^{for: poor, until: 2019-01-01, value: 300000",
        "no value for tier 0, general",
    ),
    Fault(
        "missing value for a card's class",
        "fusong",
        "{value: 5000,",
        "{class: I, value: 5000,",
        "^{class: I,",
        "no value for tier 0, class II, general",
    ),
    Fault(
        "class of a card where none is asked for",
        "fusong",
        "{value: 100000,",
        "{class: I, value: 100000,",
        "^{class: I,",
        "no value for tier 0, general",
    ),
    Fault(
        "missing value for a tier at a place",
        "jiamusi",
        "{place: province,",
        "{place: province, tier: 3,",
        "^{tier: 0, value: 200",
        "no value for tier 1, province, general",
    ),
    Fault(
        "missing value for a category at a place",
        "jiamusi",
        "{for: general, place: elsewhere,",
        "{for: poor, place: unfiled, until: 2018-01-01,",
        "^{for: general, tier: 0",
        "no value for tier 0, elsewhere, general",
    ),
    Fault(
        "empty citation",
        "fusong",
        'value: 20000, grade: assumed, cite: "待县里确定 county must set it"',
        'value: 20000, grade: assumed, cite: ""',
        'cite: ""',
        "at least 1 character",
    ),
    Fault(
        "no grade", "fusong", "{value: 5000, grade: assumed,", "{value: 5000,", "{value: 5000,", "`grade` is missing"
    ),
    Fault(
        "unknown grade",
        "fusong",
        "{value: 5000, grade: assumed",
        "{value: 5000, grade: rumour",
        "rumour",
        "Input should",
    ),
    Fault(
        "case quota without a tariff",
        "fusong",
        "poor: true}\n        to:\n          - {value: 80%",
        "case_quota: true}\n        to:\n          - {value: 80%",
        "case_quota",
        "the scheme has no case_quota",
    ),
    Fault("broken YAML", "fusong", '["220621"]', '["220621"', "valid: {from", "expected ',' or ']'"),
    Fault("alias within itself", "fusong", '["220621"]', "&regions [*regions]", "&regions", "an alias within"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_told_with_its_line(fault: Fault) -> None:
    text = TEXTS[fault.scheme]
    assert text.count(fault.old) == 1, "else the test breaks nothing, or more than it says"
    broken = text.replace(fault.old, fault.new)
    marker = fault.line.removeprefix("^")
    assert broken.count(marker) == 1, "else the line meant is unclear"
    line = broken[: broken.index(marker)].count("\n") + 1 - fault.line.startswith("^")

    with pytest.raises(SchemeError) as refused:
        load_text(broken.encode(), "broken.yaml")

    assert {problem.split(": ")[0] for problem in refused.value.problems} == {f"broken.yaml:{line}"}
    assert any(fault.says in problem for problem in refused.value.problems), refused.value.problems


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(SchemeError, match=r"^broken.yaml:1: .*not UTF-8"):
        load_text(b"name: \xff", "broken.yaml")


@pytest.mark.parametrize("text", ["", "- a list", "a word"])
def test_what_is_no_scheme_at_all_is_refused(text: str) -> None:
    with pytest.raises(SchemeError, match=r"^broken.yaml:1: "):
        load_text(text.encode(), "broken.yaml")


@pytest.mark.parametrize(
    ("broken", "line", "says"),
    [
        ("name: a\ntitle: 示例\nregions: [1\n", 4, "YAML 写法有误"),
        ("name: a\ntitle: 示例\nregions: \x1b[1m\n", 3, "有控制字符"),
        ("# 示例\nname: \x00\n", 2, "有控制字符"),
    ],
)
def test_what_is_no_yaml_is_told_in_chinese_with_its_line(broken: str, line: int, says: str) -> None:
    with pytest.raises(SchemeError) as refused:
        load_text(broken.encode(), "broken.yaml")
    assert [problem.startswith(f"broken.yaml:{line}: {says}") for problem in refused.value.problems] == [True]


@pytest.mark.parametrize("day", ["0", "86400", "1704067200", "1704067200.0", "-86400", "1.7040672e9"])
def test_a_bare_number_is_no_day(day: str) -> None:
    # 1704067200 seconds after 1970 is midnight of 2024-01-01
    broken = TEXTS["fusong"].replace("{from: 2018-01-01, until: 2021-01-01}", f"{{from: {day}}}")
    with pytest.raises(SchemeError, match=r"^broken.yaml:\d+: valid.from: "):
        load_text(broken.encode(), "broken.yaml")


def test_an_unless_without_a_value_exempts_from_nothing() -> None:
    """A text that was adopted when ``unless`` was one condition may say so, and its claims settle for ever."""
    text = TEXTS["fusong"].replace("track: chronic\n", "track: chronic\n        unless:\n", 1)
    unless = [case.unless for stage in load_text(text.encode(), "county.yaml").stages for case in stage.cases]
    assert unless == [case.unless for stage in LOADED["fusong"].stages for case in stage.cases]


def test_two_schemes_for_one_region_and_day_are_refused() -> None:
    other = TEXTS["fusong"].replace("name: fusong", "name: fusong_later")
    with pytest.raises(SchemeError, match="both serve region 220621"):
        check_together([LOADED["fusong"], load_text(other.encode(), "other.yaml")])

    successor = other.replace("{from: 2018-01-01, until: 2021-01-01}", "{from: 2021-01-01}")
    check_together([LOADED["fusong"], load_text(successor.encode(), "other.yaml")])

    of_employees = other.replace("\nvalid:", "\ninsurance_types: [employee_active, employee_retired]\nvalid:")
    check_together([LOADED["fusong"], load_text(of_employees.encode(), "other.yaml")])
    assert LOADED["fusong"].insurance_types == ["resident"]
    of_all = of_employees.replace("[employee_active,", "[resident, employee_active,")
    with pytest.raises(SchemeError, match="both serve region 220621"):
        check_together([LOADED["fusong"], load_text(of_all.encode(), "other.yaml")])


def test_two_schemes_of_one_name_are_refused() -> None:
    with pytest.raises(SchemeError, match="two schemes are named fusong"):
        check_together([LOADED["fusong"], LOADED["fusong"]])
