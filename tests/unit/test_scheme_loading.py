"""Schemes are read strictly: the shipped ones load, and each kind of fault is told with its file and line."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import NamedTuple

import pytest
from pydantic import BaseModel

from policies.arithmetic import Band
from policies.loader import SCHEMES, SchemeError, check_together, load_directory, load_text
from policies.values import Circumstances, Cited, Place

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
        "'reimbursement', 'chronic_reimbursement', 'assistance' or 'cost_growth'",
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
        "'orphans' is neither a category",
    ),
    Fault(
        "unknown category of the poor",
        "fusong",
        "[registered_poor, destitute, orphan]",
        "[poorest]",
        "[poorest]",
        "'poorest' is not a category",
    ),
    Fault(
        "unknown category of a case",
        "changzhi",
        "member: [registered_poor]",
        "member: [poorest]",
        "[poorest]",
        "'poorest' is not a category",
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
        "unknown disease of a grant", "anyi", "- renal_dialysis", "- plague", "- plague", "'plague' is not a disease"
    ),
    Fault(
        "unknown disease of a case",
        "fusong",
        "poor: true}\n        ratio",
        "poor: true, diseases: [plague]}\n        ratio",
        "plague",
        "'plague' is not a disease code",
    ),
    Fault("unknown disease of a tariff", "anyi", "hemophilia, tier: 2", "plague, tier: 2", "plague", "'plague' is not"),
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
        "thalassemia, tier: 2, from: 2019-01-01",
        "from: 2019-01-01",
        "two values for tier 2, thalassemia, general on 2019-01-01",
    ),
    Fault("unknown setting", "fusong", "chronic: [{", "dental: [{", "dental", "Input should be 'inpatient'"),
    Fault("unknown layer", "fusong", "layer: backstop", "layer: mercy", "layer: mercy", "Input should be 'basic'"),
    Fault("unknown rule", "fusong", "rule: ratio_within_limit", "rule: mercy", "rule: mercy", "'mercy'"),
    Fault(
        "layer with accumulations twice",
        "fusong",
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
    Fault(
        "alias within itself", "fusong", '["220621"]', "&regions [*regions]", "# 抚松县医疗保障扶贫", "an alias within"
    ),
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
    with pytest.raises(SchemeError, match=r"^broken.yaml:1: not UTF-8"):
        load_text(b"name: \xff", "broken.yaml")


@pytest.mark.parametrize("text", ["", "- a list", "a word"])
def test_what_is_no_scheme_at_all_is_refused(text: str) -> None:
    with pytest.raises(SchemeError, match=r"^broken.yaml:1: "):
        load_text(text.encode(), "broken.yaml")


def test_two_schemes_for_one_region_and_day_are_refused() -> None:
    other = TEXTS["fusong"].replace("name: fusong", "name: fusong_later")
    with pytest.raises(SchemeError, match="both serve region 220621"):
        check_together([LOADED["fusong"], load_text(other.encode(), "other.yaml")])

    successor = other.replace("{from: 2018-01-01, until: 2021-01-01}", "{from: 2021-01-01}")
    check_together([LOADED["fusong"], load_text(successor.encode(), "other.yaml")])


def test_two_schemes_of_one_name_are_refused() -> None:
    with pytest.raises(SchemeError, match="two schemes are named fusong"):
        check_together([LOADED["fusong"], LOADED["fusong"]])


def test_the_six_schemes_load_under_their_file_names() -> None:
    assert set(LOADED) == set(TEXTS) == {"fusong", "changzhi", "shanggao", "anyi", "liaoning", "jiamusi"}


@pytest.mark.parametrize(
    ("region", "day", "name"),
    [
        ("220621", date(2018, 1, 1), "fusong"),
        ("220621", date(2021, 1, 1), None),  # until is exclusive
        ("220622", date(2019, 1, 1), None),  # the county alone
        ("140400", date(2017, 1, 1), "changzhi"),
        ("140427", date(2017, 1, 1), "changzhi"),
        ("360923", date(2018, 12, 31), None),
        ("360123", date(2018, 1, 1), "anyi"),
        ("211002", date(2018, 9, 19), None),
        ("211002", date(2018, 9, 20), "liaoning"),
        ("230881", date(2018, 1, 1), "jiamusi"),
    ],
)
def test_region_and_day_find_the_scheme(region: str, day: date, name: str | None) -> None:
    assert [scheme.name for scheme in LOADED.values() if scheme.serves(region, day)] == ([name] if name else [])


@pytest.mark.parametrize(
    ("tier", "day", "offered"),
    [
        (0, date(2019, 5, 31), False),
        (0, date(2019, 6, 1), True),
        (1, date(2019, 6, 1), True),
        (2, date(2019, 8, 12), False),
        (2, date(2019, 8, 13), True),
        (3, date(2019, 8, 13), True),
    ],
)
def test_general_outpatient_care_opens_by_tier(tier: int, day: date, offered: bool) -> None:
    assert LOADED["shanggao"].offers("general", tier, day) is offered


class Lookup(NamedTuple):
    """Circumstances and the value that holds in them; amounts in fen, ``case`` is stage.case."""

    scheme: str
    case: str
    parameter: str
    value: object
    day: str = "2019-05-06"
    tier: int = 3
    groups: str = ""
    place: Place | None = None
    card_class: str | None = None


LOOKUPS = [
    # by tier; a township hospital takes tier 1's where it has none of its own
    Lookup("fusong", "0.0", "deductible", 80000, tier=3),
    Lookup("fusong", "0.0", "deductible", 20000, tier=1),
    Lookup("fusong", "0.0", "deductible", 20000, tier=0),
    Lookup("changzhi", "0.0", "deductible", 10000, tier=0),
    Lookup("changzhi", "2.0", "out_of_catalog_control", Fraction(15, 100), tier=0, groups="registered_poor poor"),
    # by date
    Lookup("fusong", "1.0", "line", 1000000, day="2018-12-31"),
    Lookup("fusong", "1.0", "line", 600000, day="2019-01-01"),
    Lookup("fusong", "1.0", "line", 500000, day="2018-12-31", groups="registered_poor poor"),
    Lookup("fusong", "1.0", "line", 300000, day="2019-01-01", groups="registered_poor poor"),
    Lookup("fusong", "1.0", "cap", 30000000, day="2018-12-31", groups="orphan poor"),
    Lookup("fusong", "1.0", "cap", None, day="2019-01-01", groups="orphan poor"),
    # by category: the first that has a value; dibao has none in 抚松
    Lookup("fusong", "2.0", "ratio", Fraction(80, 100), groups="destitute registered_poor poor"),
    Lookup("fusong", "2.0", "ratio", Fraction(70, 100), groups="dibao registered_poor poor"),
    Lookup("anyi", "3.0", "limit", None, groups="destitute dibao registered_poor poor"),
    Lookup("anyi", "3.0", "ratio", Fraction(75, 100), groups="dibao registered_poor poor"),
    Lookup("anyi", "3.0", "ratio", Fraction(50, 100), groups="registered_poor veteran poor"),
    Lookup("shanggao", "3.0", "deductible", 500000, groups="registered_poor poor"),
    Lookup("shanggao", "3.0", "deductible", 0, groups="dibao registered_poor poor"),
    Lookup("changzhi", "2.1", "limit", 2000000, groups="low_income"),
    Lookup("changzhi", "2.1", "limit", 2000000, groups="illness_poor"),
    # by class of the chronic card
    Lookup("anyi", "0.2", "cap", 10000000, card_class="I"),
    Lookup("anyi", "0.2", "cap", 500000, card_class="II"),
    # by place, at every tier
    Lookup("jiamusi", "0.0", "ratio", Fraction(65, 100), groups="veteran"),
    Lookup("jiamusi", "0.0", "ratio", Fraction(70, 100), groups="dibao poor"),
    Lookup("jiamusi", "0.0", "ratio", Fraction(60, 100), place="province", tier=0),
    Lookup("jiamusi", "0.0", "ratio", Fraction(55, 100), place="elsewhere", groups="dibao poor"),
    Lookup("jiamusi", "0.0", "ratio", Fraction(45, 100), place="unfiled", groups="dibao poor"),
    Lookup("jiamusi", "0.0", "deductible", 150000, place="unfiled", tier=1),
    # where a scheme gives none for other places, the local ones hold
    Lookup("jiamusi", "0.0", "cap", 8000000, place="unfiled"),
    Lookup("liaoning", "0.0", "deductible", 40000, place="elsewhere", tier=2),
    # bands: edges in fen above the line
    Lookup(
        "changzhi",
        "1.0",
        "bands",
        (Band(4000000, Fraction(65, 100)), Band(9000000, Fraction(70, 100)), Band(None, Fraction(80, 100))),
        groups="dibao poor",
    ),
]


@pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: f"{lookup.scheme}-{lookup.case}-{lookup.parameter}")
def test_the_value_that_holds(lookup: Lookup) -> None:
    stage, case = lookup.case.split(".")
    parameter = LOADED[lookup.scheme].parameters[f"stages[{stage}].cases[{case}].{lookup.parameter}"]
    found = parameter.at(
        Circumstances(
            day=date.fromisoformat(lookup.day),
            tier=lookup.tier,
            place=lookup.place,
            card_class=lookup.card_class,
            disease=None,
            groups=(*lookup.groups.split(), "general"),
        )
    )
    assert found.value == lookup.value


@pytest.mark.parametrize(
    ("disease", "tier", "tariff"),
    [
        ("thalassemia", 2, 1500000),
        ("thalassemia", 3, 2400000),
        ("hyperthyroidism", 2, 600000),
        ("thalassemia", 1, None),  # quotas are for tier 2 and 3
        ("thalassemia", 0, None),
        ("diabetes", 3, None),
        (None, 3, None),
    ],
)
def test_the_tariff_of_a_case(disease: str | None, tier: int, tariff: int | None) -> None:
    quota = LOADED["anyi"].case_quota
    assert quota is not None
    found = quota.tariff.find(
        Circumstances(date(2018, 5, 1), tier, None, None, disease, ("registered_poor", "poor", "general"))
    )
    assert (found and found.value) == tariff


def test_every_quota_disease_has_a_tariff_at_both_tiers() -> None:
    quota = LOADED["anyi"].case_quota
    assert quota is not None
    named = [(row.disease, *(row.tier or ())) for row in quota.tariff.root]
    assert len(named) == len(set(named)) == 15 * 2


def cited(value: object) -> Iterator[Cited]:
    """Everything in a scheme that carries a grade and a citation."""
    if isinstance(value, Cited):
        yield value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from cited(getattr(value, name))
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from cited(item)


@pytest.mark.parametrize("name", sorted(LOADED))
def test_what_the_seed_states_is_cited_by_document_and_clause(name: str) -> None:
    document = LOADED[name].document.split("（")[0]
    for statement in cited(LOADED[name]):
        if statement.grade == "seed":
            _, before, clause = statement.cite.partition(f"{document} ")
            assert before, f"{statement.cite!r} does not name {document}"
            assert clause[0] in "一二三四", f"{statement.cite!r} names no clause"


def test_the_published_year_adds_up() -> None:
    published = LOADED["shanggao"].published
    assert published is not None
    assert sum(published.paid.values()) == published.total == 37_576_700_00


def test_premiums_of_one_group_and_payer_never_overlap() -> None:
    for scheme in LOADED.values():
        for day in (date(year, 1, 1) for year in range(2017, 2022)):
            held = [
                (premium.layer, category, premium.payer)
                for premium in scheme.premiums
                if premium.holds_on(day)
                for category in premium.for_
            ]
            assert len(held) == len(set(held)), f"{scheme.name} on {day}"


@pytest.mark.parametrize(("year", "yuan"), [(2017, 150), (2018, 180), (2019, 220), (2020, 250)])
@pytest.mark.parametrize(
    ("category", "payer"),
    [("dibao", "civil_affairs"), ("destitute", "civil_affairs"), ("registered_poor", "county_finance")],
)
def test_premiums_of_changzhi_by_year(year: int, yuan: int, category: str, payer: str) -> None:
    held = [
        premium
        for premium in LOADED["changzhi"].premiums
        if premium.holds_on(date(year, 1, 1)) and category in premium.for_
    ]
    assert [(premium.payer, premium.value, premium.refund_self_paid) for premium in held] == [(payer, yuan * 100, True)]
