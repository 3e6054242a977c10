"""The six schemes that come with the ledger: whom they serve, and which value holds for whom, where and when."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import NamedTuple

import pytest
from pydantic import BaseModel

from policies.arithmetic import Band
from policies.claim import Place
from policies.loader import SCHEMES, load_directory
from policies.values import Circumstances, Cited

LOADED = {scheme.name: scheme for scheme in load_directory()}


def test_the_six_schemes_load_under_their_file_names() -> None:
    assert (
        set(LOADED)
        == {path.stem for path in SCHEMES.glob("*.yaml")}
        == {"fusong", "changzhi", "shanggao", "anyi", "liaoning", "jiamusi"}
    )


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
    Lookup("anyi", "3.1", "limit", None, groups="destitute dibao registered_poor poor"),
    Lookup("anyi", "3.1", "ratio", Fraction(75, 100), groups="dibao registered_poor poor"),
    Lookup("anyi", "3.1", "ratio", Fraction(50, 100), groups="registered_poor veteran poor"),
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
